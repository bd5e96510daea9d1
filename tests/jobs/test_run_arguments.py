"""Arguments of runs: what a job takes, what is refused, and that runs and dry runs use them."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.crm import customers, orders, products
from chalicelib.errors import InvalidInput
from chalicelib.jobs import catalog, ledger, low_stock, operator_actions, run_arguments, run_records, runner
from chalicelib.jobs.run_records import Status
from chalicelib.settings import settings
from tests.as_operator import execute
from tests.builders import a_customer, a_product
from tests.jobs.job_runs import SLOT, Clock, Consumer, dump, find_run, take_messages, with_page_size

RUN = """mutation ($name: String!, $slot: DateTime, $dry: Boolean, $cap: Int, $given: [RunArgumentInput!]) {
  runJob(name: $name, slot: $slot, dryRun: $dry, cap: $cap, arguments: $given) {
    run { slot arguments { name value } } preview { summary lines } } }"""


def given(**values: object) -> list[dict[str, str]]:
    return [{"name": name, "value": str(value)} for name, value in values.items()]


def ask(document: str, **variables: object) -> Any:
    answer = execute(document, variables)
    assert "errors" not in answer, answer
    return answer["data"]


def refusal(**variables: object) -> tuple[str, str | None, str]:
    (error,) = execute(RUN, variables)["errors"]
    return error["extensions"]["code"], error["extensions"].get("field"), error["message"]


def test_every_argument_of_a_run_is_declared_by_the_job_that_takes_it() -> None:
    declared = {argument.name: argument for job in catalog.JOBS.values() for argument in job.arguments}
    internal = {"again", "customer"}
    assert set(declared) | internal == set(run_arguments.RunArguments.__annotations__)
    for argument in declared.values():
        assert argument.help.endswith(".")
        if argument.default is not None:
            assert argument.parse(str(argument.default)) == argument.default


def test_the_api_lists_the_arguments_with_their_bounds() -> None:
    document = '{ job(name: "low_stock") { arguments { name type default minimum maximum help } } }'
    assert ask(document)["job"]["arguments"][0] == {
        "name": "threshold",
        "type": "INTEGER",
        "default": settings.low_stock_threshold,
        "minimum": 1,
        "maximum": 1_000_000_000,
        "help": "Restock products with less than this in stock.",
    }
    (period,) = ask('{ job(name: "weekly_report") { arguments { name type default } } }')["job"]["arguments"]
    assert period == {"name": "period", "type": "WEEK", "default": None}
    assert ask('{ job(name: "heartbeat") { arguments { name } } }')["job"]["arguments"] == []


WRONG = {
    "unknown": ("low_stock", given(cap=3), "arguments", "It takes the arguments threshold, amount"),
    "none at all": ("heartbeat", given(days=3), "arguments", "It takes no arguments"),
    "too small": ("low_stock", given(threshold=0), "threshold", "from 1 to 1000000000"),
    "too large": ("low_stock", given(amount=1_000_000_001), "amount", "from 1 to 1000000000"),
    "negative": ("low_stock", given(amount=-1), "amount", "whole number"),
    "no number": ("order_reminders", given(days="seven"), "days", "whole number from 1 to 366"),
    "other digits": ("order_reminders", given(days="\u0667"), "days", "whole number"),
    "a fraction": ("order_reminders", given(days="1.0"), "days", "whole number"),
    "empty": ("order_reminders", given(days=""), "days", "whole number"),
    "endless": ("order_reminders", given(days="1" * 5000), "days", "whole number"),
    "twice": ("low_stock", given(amount=1) + given(amount=1), "amount", "given twice"),
    "active customers": ("customer_cleanup", given(inactive_days=364), "inactiveDays", "from 365 to 36500"),
    "no week": ("weekly_report", given(period="2026-47"), "period", "such as 2026-W47"),
    "week of the future": ("weekly_report", given(period="2026-W48"), "period", "past ISO week"),
    "internal": ("weekly_report", given(again="true"), "arguments", "has no argument 'again'"),
}


@pytest.mark.parametrize("dry", [False, True], ids=["run", "dry run"])
@pytest.mark.parametrize(("name", "wrong", "field", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_arguments_are_refused_before_anything_is_written(  # noqa: PLR0913, PLR0917
    name: str,
    wrong: list[dict[str, str]],
    field: str,
    message: str,
    dry: bool,  # noqa: FBT001
    time: Clock,
) -> None:
    code, found_field, found_message = refusal(name=name, given=wrong, dry=dry)
    assert (code, found_field) == ("INVALID_INPUT", field)
    assert message in found_message
    assert run_records.latest(name, 5) == []
    assert take_messages() == []
    assert time.now


def test_a_restock_uses_threshold_and_amount(time: Clock) -> None:
    made = [a_product(f"P{stock}", stock=stock) for stock in (9, 10, 49, 50)]
    wanted = given(threshold=50, amount=100)
    shown = ask(RUN, name="low_stock", given=wanted, dry=True)["runJob"]["preview"]
    assert (shown["summary"], len(shown["lines"])) == ("3 products would be restocked", 3)
    run = ask(RUN, name="low_stock", given=wanted)["runJob"]["run"]
    assert run["arguments"] == wanted
    time.later(seconds=10)
    Consumer().deliver_all()
    stocks = [found.stock for product in made if (found := products.find(product.id))]
    assert stocks == [109, 110, 149, 50]
    assert find_run("low_stock", run["slot"]).counts == {"restocked": 3}


def test_reminders_go_back_as_many_days_as_given(time: Clock) -> None:
    customer, lamp = a_customer(), a_product(stock=500)
    for days in (3, 20, 40):
        orders.place(customer.id, {lamp.id: 1}, time.now - timedelta(days=days))
    wanted = given(days=30)
    shown = ask(RUN, name="order_reminders", given=wanted, dry=True)["runJob"]["preview"]
    assert shown["summary"] == "2 orders are due for a reminder"
    run = ask(RUN, name="order_reminders", given=wanted)["runJob"]["run"]
    Consumer().deliver_all()
    assert find_run("order_reminders", run["slot"]).counts["reminded"] == 2


def test_a_cleanup_spares_customers_who_were_active_in_the_given_days(time: Clock) -> None:
    kept = a_customer("Kept", created_at=time.now - timedelta(days=700))
    gone = a_customer("Gone", created_at=time.now - timedelta(days=800))
    wanted = given(inactive_days=730)
    shown = ask(RUN, name="customer_cleanup", given=wanted, dry=True)["runJob"]["preview"]
    assert shown["summary"] == "1 customer would be deleted"
    run = ask(RUN, name="customer_cleanup", given=wanted, cap=5)["runJob"]["run"]
    Consumer().deliver_all()
    assert find_run("customer_cleanup", run["slot"]).arguments == {"inactive_days": 730, "cap": 5}
    assert (customers.find(kept.id) is not None, customers.find(gone.id) is not None) == (True, False)


@pytest.mark.usefixtures("time")
def test_the_cap_may_be_given_in_two_ways_but_only_once() -> None:
    assert refusal(name="customer_cleanup", given=given(cap=3), cap=4)[1:] == ("cap", "cap is given twice")


def test_a_run_that_has_begun_goes_on_with_its_arguments(time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The position in a list belongs to the list of one threshold."""
    monkeypatch.setattr(low_stock, "SELECT", with_page_size(low_stock.SELECT, 1))
    for number in range(3):
        a_product(f"P{number}", stock=number)
    asked = operator_actions.run_now(catalog.LOW_STOCK, "ann", {"threshold": 5})
    run = ledger.claim(catalog.LOW_STOCK, asked.slot)
    assert run
    run = ledger.checkpoint(run, catalog.LOW_STOCK.step(runner.step_context(run, execute=execute, cache={})))
    ledger.end(run, Status.FAILED, error="broken")
    with pytest.raises(InvalidInput, match="begun with another threshold") as refused:
        operator_actions.run_again(catalog.LOW_STOCK, asked.slot, "bob", {"threshold": 9})
    assert refused.value.field == "threshold"
    before = dump()
    with pytest.raises(InvalidInput, match="begun with another amount"):
        operator_actions.run_again(catalog.LOW_STOCK, asked.slot, "bob", {"amount": 9})
    assert dump() == before
    operator_actions.run_again(catalog.LOW_STOCK, asked.slot, "bob", {"threshold": 5})
    time.later(seconds=1)
    Consumer().deliver_all()
    assert find_run("low_stock", asked.slot).counts == {"restocked": 3}


def test_a_run_that_did_nothing_yet_may_get_other_arguments(time: Clock) -> None:
    ledger.end(run_records.new("low_stock", SLOT, run_records.Trigger.SCHEDULE), Status.MISSED, reason="asleep")
    product = a_product(stock=15)
    operator_actions.run_again(catalog.LOW_STOCK, SLOT, "ann", {"threshold": 20, "amount": 7})
    time.later(seconds=1)
    Consumer().deliver_all()
    found = products.find(product.id)
    assert found
    assert found.stock == 22


def test_the_mutation_of_a_restock_has_the_same_bounds() -> None:
    document = "mutation ($threshold: Int, $amount: Int) { updateLowStockProducts(threshold: $threshold, amount: $amount) { message } }"
    a_product(stock=30)
    for wrong in ({"threshold": 0}, {"amount": 0}, {"amount": 1_000_000_001}, {"threshold": -5}):
        (error,) = execute(document, wrong)["errors"]
        assert error["extensions"]["field"] in wrong
    assert ask(document, threshold=31, amount=5)["updateLowStockProducts"]["message"] == "1 product restocked"


def test_the_days_of_the_list_of_reminders_are_bounded() -> None:
    document = "query ($days: Int) { ordersDueForReminder(days: $days) { edges { cursor } } }"
    for wrong in (0, -1, 367):
        (error,) = execute(document, {"days": wrong})["errors"]
        assert error["extensions"]["field"] == "days"
    assert ask(document, days=366)["ordersDueForReminder"]["edges"] == []

"""customer_cleanup moves customers without an order for a year to the archive, and never more than its cap."""

from dataclasses import replace
from datetime import date
from itertools import cycle
from typing import cast

import pytest

from chalicelib.crm import counters, customers, deleted_customers, imported_orders, orders
from chalicelib.crm.customers import Customer
from chalicelib.jobs import customer_cleanup, ledger, operator_actions, run_records, runner
from chalicelib.jobs.catalog import CUSTOMER_CLEANUP
from chalicelib.jobs.run_records import Status
from chalicelib.jobs.slots import Slot
from chalicelib.settings import settings
from chalicelib.store import connection, index_scan
from tests.as_operator import execute
from tests.builders import a_customer, a_past_order, a_product, moment
from tests.jobs.job_runs import Clock, Consumer, dump, find_run, make_runner, preview_of, stored_lines, with_page_size

NAME = CUSTOMER_CLEANUP.name
SUNDAY = Slot("2026-11-22T02:00:00Z")


@pytest.fixture(autouse=True)
def _early_on_sunday(time: Clock) -> None:
    time.at("2026-11-22T02:00:00")


def since(day: str, name: str = "Ann") -> Customer:
    """Create a customer on that day, without orders."""
    return a_customer(name, created_at=moment(f"{day}T12:00:00"))


def ids_of(*customers: Customer) -> list[str]:
    return sorted(person.id for person in customers)


def left() -> list[str]:
    return sorted(item["id"]["S"] for item in connection.client().scan(TableName="crm-test-customers")["Items"])


def deleted() -> list[str]:
    """Return the ids that the run has stored as deleted."""
    contents = (record.content for record in run_records.step_records(NAME, SUNDAY))
    return sorted(key for content in contents for key in cast("list[str] | None", content) or ())


def test_only_customers_inactive_for_over_a_year_are_deleted(time: Clock) -> None:
    long_ago, a_day_too_long, just_so, new = (
        since(day) for day in ("2020-01-01", "2025-11-21", "2025-11-22", "2026-11-22")
    )
    ordered = since("2020-01-01")
    history_of(ordered, "2026-05-05T10:00:00")
    ordered_long_ago = since("2020-01-01")
    history_of(ordered_long_ago, "2024-05-05T10:00:00")
    make_runner().fire(CUSTOMER_CLEANUP, time.now)
    gone = ids_of(long_ago, a_day_too_long, ordered_long_ago)
    assert left() == ids_of(just_so, new, ordered)
    assert deleted() == gone
    run = find_run(NAME, SUNDAY)
    assert (run.status, run.counts) == (Status.SUCCEEDED, {"deleted": 3})
    assert stored_lines(NAME, SUNDAY) == ["[2026-11-22 02:00:00] Deleted 3 inactive customers"]
    assert all(deleted_customers.find(key) for key in gone)
    assert counters.stats().customers == 3
    assert counters.stats().orders == 2, "the orders stay"


def history_of(customer: Customer, date: str) -> None:
    past = a_past_order(customer, (a_product(), 1, "5.00"), reference=f"R-{customer.id}", date=moment(date))
    imported_orders.record(past)


def test_without_inactive_customers_the_line_says_0(time: Clock) -> None:
    since("2026-01-01")
    make_runner().fire(CUSTOMER_CLEANUP, time.now)
    assert stored_lines(NAME, SUNDAY) == ["[2026-11-22 02:00:00] Deleted 0 inactive customers"]
    assert find_run(NAME, SUNDAY).status is Status.SUCCEEDED


@pytest.fixture
def cautious(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the cap to two or half of all customers."""
    monkeypatch.setattr(customer_cleanup, "settings", replace(settings, cleanup_floor=2, cleanup_percent=50))


@pytest.mark.usefixtures("cautious")
def test_above_the_cap_nothing_is_deleted_and_the_error_says_what_to_do(time: Clock) -> None:
    for _ in range(3):
        since("2020-01-01")
    since("2026-01-01")
    before = left()
    make_runner().fire(CUSTOMER_CLEANUP, time.now)
    run = find_run(NAME, SUNDAY)
    assert (run.status, run.attempts, left()) == (Status.FAILED, 1, before)
    assert run.error == (
        "3 customers would be deleted, more than the cap of 2. Look at inactiveCustomers; if they are to be deleted, "
        'run the job with a higher cap: runJob(name: "customer_cleanup", cap: 3), or crmctl run customer_cleanup --cap 3'
    )
    time.later(minutes=1)
    raised = operator_actions.run_now(CUSTOMER_CLEANUP, "ann", {"cap": 3})
    Consumer().deliver_all()
    assert find_run(NAME, raised.slot).counts == {"deleted": 3}
    assert len(left()) == 1


@pytest.mark.usefixtures("cautious")
def test_the_cap_is_the_floor_or_the_share_whichever_is_higher(time: Clock) -> None:
    for _ in range(3):
        since("2020-01-01")
        since("2026-01-01")
    make_runner().fire(CUSTOMER_CLEANUP, time.now)
    assert find_run(NAME, SUNDAY).counts == {"deleted": 3}


@pytest.mark.usefixtures("cautious")
def test_a_lower_cap_is_respected(time: Clock) -> None:
    since("2020-01-01")
    since("2020-01-01")
    asked = operator_actions.run_now(CUSTOMER_CLEANUP, "ann", {"cap": 1})
    Consumer().deliver_all()
    assert find_run(NAME, asked.slot).status is Status.FAILED
    assert len(left()) == 2
    assert time.now


def _select_and_die(time: Clock) -> None:
    """Leave a run whose worker died right after it had selected the customers."""
    run = ledger.claim(CUSTOMER_CLEANUP, SUNDAY)
    assert run
    for _ in range(2):
        page = CUSTOMER_CLEANUP.step(runner.step_context(run, execute=execute, cache={}))
        assert not page.content
        run = ledger.checkpoint(run, page)
    assert run.state["ids"]
    time.later(minutes=7)


def test_a_customer_who_orders_meanwhile_is_kept(time: Clock) -> None:
    ann, bob = since("2020-01-01", "Ann"), since("2020-01-01", "Bob")
    _select_and_die(time)
    orders.place(ann.id, {a_product().id: 1})
    make_runner().run(CUSTOMER_CLEANUP, SUNDAY)
    assert left() == [ann.id]
    assert deleted() == [bob.id]
    assert stored_lines(NAME, SUNDAY) == ["[2026-11-22 02:07:00] Deleted 1 inactive customers"]


def test_a_worker_that_dies_after_deleting_leaves_the_same_result(time: Clock) -> None:
    ann, bob = since("2020-01-01", "Ann"), since("2020-01-01", "Bob")
    _select_and_die(time)
    variables = {"before": "2025-11-22", "ids": [ann.id], "slot": SUNDAY}
    assert execute(customer_cleanup.DELETE.document, variables)["data"]["deleteInactiveCustomers"] == {
        "deleted": [ann.id]
    }
    make_runner().run(CUSTOMER_CLEANUP, SUNDAY)
    assert deleted() == ids_of(ann, bob)
    assert find_run(NAME, SUNDAY).counts == {"deleted": 2}
    assert counters.stats().customers == 0


def test_a_restored_customer_survives_the_next_clean_up(time: Clock) -> None:
    ann = since("2020-01-01")
    make_runner().fire(CUSTOMER_CLEANUP, time.now)
    time.later(days=3)
    deleted_customers.restore(ann.id)
    for sunday in ("2026-11-29T02:00:00", "2027-11-21T02:00:00"):
        make_runner().fire(CUSTOMER_CLEANUP, time.at(sunday))
        assert left() == [ann.id]
    time.at("2027-11-28T02:00:00")
    make_runner().fire(CUSTOMER_CLEANUP, time.now)
    assert left() == []


def test_a_late_run_deletes_the_same_customers_as_one_on_time(time: Clock) -> None:
    ann, bob = since("2025-11-21"), since("2025-11-23")
    time.later(days=5)
    make_runner().run(CUSTOMER_CLEANUP, SUNDAY)
    assert (left(), deleted()) == ([bob.id], [ann.id])


@pytest.mark.parametrize("count", [6, 7])
def test_many_customers_are_deleted_page_by_page_with_hand_overs(
    count: int, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customer_cleanup, "SELECT", with_page_size(customer_cleanup.SELECT, 3))
    made = ids_of(*(since("2020-01-01") for _ in range(count)))
    one_page_each = make_runner(cycle([300.0, 1.0]).__next__)
    one_page_each.fire(CUSTOMER_CLEANUP, time.now)
    Consumer(one_page_each).deliver_all()
    run = find_run(NAME, SUNDAY)
    assert (run.status, run.counts, run.attempts, left()) == (Status.SUCCEEDED, {"deleted": count}, 1, [])
    assert stored_lines(NAME, SUNDAY) == [f"[2026-11-22 02:00:00] Deleted {count} inactive customers"]
    assert deleted() == made


@pytest.mark.parametrize(("many", "sums"), [(10, 0), (11, 1)])
@pytest.mark.usefixtures("time")
def test_all_customers_are_counted_only_above_the_floor(many: int, sums: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default floor is 10."""
    asked: list[object] = []
    stats = counters.stats

    def noted(*days: date | None) -> counters.Stats:
        asked.append(days)
        return stats(*days)

    monkeypatch.setattr(counters, "stats", noted)
    monkeypatch.setattr(index_scan, "count", lambda _: many)
    shown = preview_of(CUSTOMER_CLEANUP)
    assert shown.summary.startswith(f"{many} customers would be deleted")
    assert len(asked) == sums


@pytest.mark.usefixtures("cautious", "time")
def test_the_preview_lists_the_customers_and_applies_the_cap() -> None:
    for name in ("Ann", "Bob", "Cyd"):
        long_ago = moment("2020-01-01T12:00:00")
        customers.create(name, f"{name.lower()}@example.com", None, long_ago, added_at=long_ago)
    before = dump()
    shown = preview_of(CUSTOMER_CLEANUP)
    assert shown.summary == "3 customers would be deleted, more than the cap of 2: the run would stop"
    assert sorted(shown.lines) == [
        f"Customer: {name}, Email: {name.lower()}@example.com" for name in ("Ann", "Bob", "Cyd")
    ]
    assert preview_of(CUSTOMER_CLEANUP, {"cap": 3}).summary == "3 customers would be deleted"
    assert dump() == before

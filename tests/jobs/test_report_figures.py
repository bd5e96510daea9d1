"""A report never contradicts itself, whatever an index or other people do while the orders are read."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from chalicelib.crm import cancellation, orders, reports
from chalicelib.crm.orders import Order
from chalicelib.jobs import backoff, weekly_report
from chalicelib.jobs.catalog import WEEKLY_REPORT
from chalicelib.jobs.run_records import Run, Status
from chalicelib.jobs.runner import Runner
from chalicelib.jobs.slots import Slot
from chalicelib.store import timestamps
from tests.as_operator import execute
from tests.builders import a_customer, a_product, moment
from tests.jobs.job_runs import Clock, Consumer, find_run, with_page_size

MONDAY = "2026-11-23T06:00:00Z"
Pages = Callable[[int, dict[str, Any]], None]


@pytest.fixture(autouse=True)
def _monday_at_six(time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    time.at("2026-11-23T06:00:00")
    monkeypatch.setattr(weekly_report, "INDEX_LAG", 0.0)
    monkeypatch.setattr(weekly_report, "ORDERS", with_page_size(weekly_report.ORDERS, 2))


def placed(count: int) -> list[Order]:
    customer, lamp = a_customer(), a_product(price="10.00", stock=100)
    return [orders.place(customer.id, {lamp.id: 1}, moment(f"2026-11-{17 + n}T12:00:00")).order for n in range(count)]


def make(changed: Pages) -> None:
    """Make the report. `changed` changes the answer with a page of orders, given its number."""
    runner, _ = runner_with(changed)
    runner.fire(WEEKLY_REPORT, moment(MONDAY[:-1]))
    Consumer(runner).deliver_all()


def after_attempt(runner: Runner) -> Run:
    """Return the run after an attempt."""
    runner.run(WEEKLY_REPORT, Slot(MONDAY))
    return find_run("weekly_report", MONDAY)


def runner_with(changed: Pages) -> tuple[Runner, list[int]]:
    """Return a runner, and the numbers of the pages that it reads."""
    pages: list[int] = []

    def run_operation(document: str, variables: Mapping[str, object]) -> Mapping[str, Any]:
        answer = execute(document, variables)
        if document == weekly_report.ORDERS.document:
            pages.append(len(pages) + 1)
            changed(pages[-1], answer["data"]["allOrders"])
        return answer

    return Runner(lambda _actor: run_operation, lambda: 300.0), pages


def figures() -> tuple[dict[str, Any], dict[str, Any]]:
    made = reports.find(weekly_report.KIND, "2026-W47")
    assert made
    return made.content["week"], made.content["totals"]


def test_orders_that_the_index_did_not_have_yet_are_read_again() -> None:
    placed(5)

    def lag(number: int, page: dict[str, Any]) -> None:
        if number in {3, 5}:  # the last page of the week, and then that of Tuesday
            page["edges"].pop()

    make(lag)
    week, totals = figures()
    assert (week["orders"], week["cents"]) == (totals["orders"], totals["cents"]) == (5, 5000)
    assert find_run("weekly_report", MONDAY).counts == {"reports_made": 1, "orders": 5}


def test_an_order_cancelled_meanwhile_is_in_none_of_the_figures() -> None:
    made = placed(5)

    def cancel(number: int, _page: dict[str, Any]) -> None:
        if number == 2:
            cancellation.cancel(made[0].id)

    make(cancel)
    week, totals = figures()
    assert (week["orders"], week["cents"]) == (totals["orders"], totals["cents"]) == (4, 4000)


def test_people_who_keep_changing_the_orders_of_one_day_do_not_keep_the_other_days_from_being_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever reads the whole week again, has read a week that is over by the time of the last page."""
    monkeypatch.setattr(weekly_report, "MAX_WALKS", 2)
    customer, lamp = a_customer(), a_product(price="10.00", stock=100)
    placed(5)
    pages_before_sunday = 3 + 6

    def order_on_sunday(number: int, _page: dict[str, Any]) -> None:
        if number <= pages_before_sunday:
            orders.place(customer.id, {lamp.id: 1}, moment("2026-11-22T12:00:00"))

    make(order_on_sunday)
    week, totals = figures()
    assert (week["orders"], week["cents"]) == (totals["orders"], totals["cents"]) == (14, 14000)
    run = find_run("weekly_report", MONDAY)
    assert (run.attempts, run.counts) == (1, {"reports_made": 1, "orders": 14})


def test_a_day_that_changes_while_it_is_read_is_read_again() -> None:
    made = placed(5)

    def cancel(number: int, _page: dict[str, Any]) -> None:
        if number in {1, 5, 6}:  # the first page of the week, and Tuesday's, twice
            cancellation.cancel(made[number % 5].id)

    make(cancel)
    week, totals = figures()
    assert (week["orders"], week["cents"]) == (totals["orders"], totals["cents"]) == (3, 3000)


def test_a_report_waits_for_people_who_keep_changing_orders(time: Clock) -> None:
    """Here they do so in the first two attempts, and then they go home."""
    placed(2)
    runner, numbers = runner_with(lambda number, page: page["edges"].clear() if number <= 9 else None)
    runner.fire(WEEKLY_REPORT, moment(MONDAY[:-1]))
    delays = []
    while (run := after_attempt(runner)).next_attempt_at:
        due = timestamps.from_text(run.next_attempt_at)
        delays.append(due - time.now)
        time.now = due
    readings_in_vain = 4 + 4  # of the week, and then of Tuesday; those of the empty days agree
    assert (run.status, run.attempts, len(numbers)) == (Status.SUCCEEDED, 3, readings_in_vain + 7)
    assert [delay >= expected for delay, expected in zip(delays, backoff.DELAYS[:2], strict=True)] == [True, True]
    week, totals = figures()
    assert (week["orders"], week["cents"]) == (totals["orders"], totals["cents"]) == (2, 2000)


def test_figures_that_never_agree_make_no_report(time: Clock) -> None:
    placed(2)
    runner, numbers = runner_with(lambda _number, page: page["edges"].clear())
    runner.fire(WEEKLY_REPORT, moment(MONDAY[:-1]))
    while (run := after_attempt(runner)).next_attempt_at:
        time.now = timestamps.from_text(run.next_attempt_at)
    assert (run.status, run.attempts) == (Status.FAILED, backoff.MAX_ATTEMPTS_WITHOUT_PROGRESS)
    mondays = 1
    assert len(numbers) == weekly_report.MAX_WALKS * backoff.MAX_ATTEMPTS_WITHOUT_PROGRESS + mondays
    assert run.error
    assert "The orders of 2026-W47 did not add up to its totals, 24 times" in run.error
    assert reports.find(weekly_report.KIND, "2026-W47") is None

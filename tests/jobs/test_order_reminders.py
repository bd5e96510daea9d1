"""order_reminders logs one line per order and day."""

from datetime import timedelta

import pytest

from chalicelib.crm import cancellation, deleted_customers, orders, refunds
from chalicelib.crm.orders import Order
from chalicelib.jobs import operator_actions, order_reminders
from chalicelib.jobs.catalog import ORDER_REMINDERS
from chalicelib.jobs.run_records import Status
from chalicelib.jobs.slots import Slot
from tests.builders import a_customer, a_product, moment
from tests.jobs.job_runs import (
    Clock,
    Consumer,
    dump,
    find_run,
    info_messages,
    make_runner,
    many_orders,
    preview_of,
    stored_lines,
)
from tests.metering import metered

NAME = ORDER_REMINDERS.name
TODAY, TOMORROW = "2026-11-22T08:00:00Z", "2026-11-23T08:00:00Z"


@pytest.fixture(autouse=True)
def _at_eight(time: Clock) -> None:
    time.at("2026-11-22T08:00:00")


def placed(*days_ago: float, email: str = "ann@example.com") -> list[Order]:
    """Place orders of one customer."""
    customer, lamp = a_customer(email=email), a_product(stock=500)
    now = moment("2026-11-22T08:00:00")
    return [orders.place(customer.id, {lamp.id: 1}, now - timedelta(days=days)).order for days in days_ago]


def reminded(slot: str = TODAY) -> list[str]:
    """Return the order ids in the lines of a run."""
    return [line.split("Order ID: ")[1].split(",")[0] for line in stored_lines(NAME, slot)]


def test_orders_of_the_last_seven_days_get_a_line(time: Clock, log: pytest.LogCaptureFixture) -> None:
    made = placed(8, 7, 3, 0)
    make_runner().fire(ORDER_REMINDERS, time.now)
    assert reminded() == [order.id for order in made[1:]]
    line = f"[2026-11-22 08:00:00] - Order ID: {made[1].id}, Customer Email: ann@example.com"
    assert info_messages(log)[0] == stored_lines(NAME, TODAY)[0] == line
    assert find_run(NAME, TODAY).counts == {"reminded": 3, "already_reminded": 0}
    assert log.records[0].__dict__["personal"] is True


def test_the_first_and_the_last_day_are_whole_days(time: Clock) -> None:
    midnight = 8 / 24
    _, first = placed(7 + midnight + 0.0001, 7 + midnight)
    make_runner().fire(ORDER_REMINDERS, time.now)
    assert reminded() == [first.id]
    assert order_reminders.window(time.now.date()) == (moment("2026-11-15T00:00").date(), time.now.date())


def test_an_order_is_due_until_all_of_it_is_refunded(time: Clock) -> None:
    customer, desk, lamp = a_customer(), a_product("Desk", stock=9), a_product("Lamp", stock=9)
    yesterday = moment("2026-11-21T08:00:00")
    part, whole = (orders.place(customer.id, {desk.id: 2, lamp.id: 1}, yesterday).order for _ in range(2))
    for order in (part, whole):
        refunds.refund(order.id, {desk.id: 2}, "broken", restock=False)
    refunds.refund(whole.id, {lamp.id: 1}, "late", restock=True)
    make_runner().fire(ORDER_REMINDERS, time.now)
    assert reminded() == [part.id]


def test_cancelled_orders_and_those_of_deleted_customers_are_left_out(time: Clock) -> None:
    kept, cancelled = placed(1, 2)
    cancellation.cancel(cancelled.id)
    (gone,) = placed(3, email="bob@example.com")
    deleted_customers.delete(gone.customer_id)
    make_runner().fire(ORDER_REMINDERS, time.now)
    assert reminded() == [kept.id]
    assert find_run(NAME, TODAY).counts == {"reminded": 1, "already_reminded": 0, "customer_gone": 1}


def test_a_second_run_on_a_day_reminds_only_of_new_orders(time: Clock) -> None:
    first, second = placed(2, 1)
    make_runner().fire(ORDER_REMINDERS, time.now)
    time.later(hours=2)
    (third,) = placed(0, email="bob@example.com")
    for _ in range(2):
        again = operator_actions.run_now(ORDER_REMINDERS, "ann", {})
        Consumer().deliver_all()
        time.later(hours=1)
        assert reminded(again.slot) in ([third.id], [])
    assert find_run(NAME, again.slot).counts == {"reminded": 0, "already_reminded": 3}
    make_runner().fire(ORDER_REMINDERS, time.at(TOMORROW[:-1]))
    assert sorted(reminded(TOMORROW)) == sorted([first.id, second.id, third.id])


def test_many_orders_each_get_one_line(time: Clock) -> None:
    (first,) = placed(2)
    made = [first.id, *many_orders(first, 102)]
    assert preview_of(ORDER_REMINDERS).summary == "At least 100 orders are due for a reminder"
    make_runner().fire(ORDER_REMINDERS, time.now)
    run = find_run(NAME, TODAY)
    assert (run.status, run.pages, run.counts) == (Status.SUCCEEDED, 2, {"reminded": 103, "already_reminded": 0})
    assert reminded() == made


def test_a_second_run_on_a_day_reads_the_earlier_reminders_once(time: Clock) -> None:
    (first,) = placed(2)
    many_orders(first, 302)
    with metered() as once:
        make_runner().fire(ORDER_REMINDERS, time.now)
    time.later(hours=1)
    again = operator_actions.run_now(ORDER_REMINDERS, "ann", {})
    with metered() as twice:
        Consumer().deliver_all()
    assert find_run(NAME, again.slot).counts == {"reminded": 0, "already_reminded": 303}
    assert once.calls["Query"] == 4 + 1 + 2 + 1, "the pages, the other runs of the day, those that wait, the channels"
    assert twice.calls["Query"] == once.calls["Query"] + 1


def test_a_caught_up_run_sends_the_reminders_of_its_own_day(time: Clock) -> None:
    old, new = placed(8, 1)
    time.later(days=1)
    make_runner().run(ORDER_REMINDERS, Slot("2026-11-21T08:00:00Z"))
    assert reminded("2026-11-21T08:00:00Z") == [old.id, new.id]


def test_without_orders_the_run_succeeds_without_lines(time: Clock) -> None:
    make_runner().fire(ORDER_REMINDERS, time.now)
    assert (find_run(NAME, TODAY).status, stored_lines(NAME, TODAY)) == (Status.SUCCEEDED, [])


@pytest.mark.usefixtures("time")
def test_the_preview_lists_the_orders_and_writes_nothing() -> None:
    made = placed(8, 1)
    before = dump()
    shown = preview_of(ORDER_REMINDERS)
    assert (shown.summary, shown.more) == ("1 order is due for a reminder", False)
    assert made[1].id in shown.lines[0]
    assert dump() == before

"""A cancelled order no longer counts as the customer's latest one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.crm import (
    cancellation,
    customer_rows,
    customers,
    deleted_customers,
    latest_order,
    order_quantities,
    order_rows,
    orders,
)
from chalicelib.crm.customers import Customer
from chalicelib.crm.orders import OrderLine
from chalicelib.errors import NotFound
from chalicelib.store import reads, tables, timestamps
from chalicelib.store.transaction import Stale
from tests.builders import a_customer, a_product, moment, rows_of
from tests.metering import metered

CREATED = moment("2024-01-01T00:00:00")
DAYS = ("2025-01-01", "2025-02-01", "2025-03-01")


def place(customer: Customer, product_id: str, day: str) -> str:
    return orders.place(customer.id, {product_id: 1}, moment(f"{day}T08:00:00")).order.id


def a_buyer(count: int = 3) -> tuple[Customer, list[str]]:
    ann, lamp = a_customer(created_at=CREATED), a_product(stock=100)
    return ann, [place(ann, lamp.id, day) for day in DAYS[:count]]


def last_day(customer_id: str) -> str | None:
    """Return the day of the latest order, and check that the index of the clean-up agrees with it."""
    customer = customers.require(customer_id)
    row = rows_of(tables.Customer)[customer_id,]
    assert row["act_k"]["S"].startswith(customer.active_on)
    return customer.last_order and customer.last_order[:10]


def test_the_latest_order_is_the_newest_one_that_is_not_cancelled() -> None:
    ann, (first, second, third) = a_buyer()
    cancellation.cancel(third)
    assert last_day(ann.id) == DAYS[1]
    cancellation.cancel(first)
    assert last_day(ann.id) == DAYS[1]
    cancellation.cancel(second)
    assert last_day(ann.id) is None
    assert customers.require(ann.id).active_on == "2024-01-01"
    assert customers.require(ann.id).orders == 3
    place(ann, a_product().id, DAYS[0])
    assert last_day(ann.id) == DAYS[0]


def test_cancelled_orders_in_between_are_passed_over() -> None:
    ann, lamp = a_customer(created_at=CREATED), a_product(stock=100)
    placed = [place(ann, lamp.id, f"2025-{month:02}-{day:02}") for month in (1, 2) for day in range(1, 28)]
    for order_id in (*placed[1:-1], placed[-1]):
        cancellation.cancel(order_id)
    assert last_day(ann.id) == "2025-01-01"


def test_one_of_two_orders_at_the_same_time_keeps_the_date() -> None:
    ann, (first, *_) = a_buyer(1)
    twin = place(ann, a_product().id, DAYS[0])
    for order_id, day in ((first, DAYS[0]), (twin, None)):
        cancellation.cancel(order_id)
        assert last_day(ann.id) == day


def test_an_order_that_is_placed_meanwhile_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    ann, (_, _, third) = a_buyer()
    find = latest_order.find
    meddle: list[Callable[[], object]] = [
        lambda: place(ann, a_product().id, "2025-02-20"),  # between the others: it does not move the latest date itself
        lambda: place(ann, a_product().id, "2025-04-01"),
    ]

    def find_then_meddle(*given: object, **named: object) -> orders.Order | None:
        found = find(*given, **named)  # type: ignore[arg-type]
        if meddle:
            meddle.pop(0)()
        return found

    monkeypatch.setattr(latest_order, "find", find_then_meddle)
    cancellation.cancel(third)
    assert meddle == []
    assert last_day(ann.id) == "2025-04-01"


def test_an_index_that_lags_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ann, (_, second, third) = a_buyer()
    query, lagging = reads.query, [True, True]

    def without_second(*given: int, **request: object) -> object:
        for item in query(*given, **request):
            if not (lagging and request.get("IndexName") == "by_customer" and item["id"]["S"] == second):
                yield item
        if request.get("IndexName") == "by_customer" and lagging:
            lagging.pop()

    monkeypatch.setattr(reads, "query", without_second)
    with pytest.raises(Stale):
        latest_order.find(ann.id, 3, without=third)
    cancellation.cancel(third)
    assert last_day(ann.id) == DAYS[1]


def test_a_deleted_customer_returns_with_the_latest_order_that_is_left() -> None:
    ann, (_, _, third) = a_buyer()
    deleted_customers.delete(ann.id)
    cancellation.cancel(third)
    deleted_customers.restore(ann.id)
    assert last_day(ann.id) == DAYS[1]


def test_an_order_cancelled_while_its_customer_is_restored_is_not_the_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    ann, (_, _, third) = a_buyer()
    deleted_customers.delete(ann.id)
    find = latest_order.find
    waiting = [third]

    def find_then_cancel(*given: object, **named: object) -> orders.Order | None:
        found = find(*given, **named)  # type: ignore[arg-type]
        if waiting:
            cancellation.cancel(waiting.pop())
        return found

    monkeypatch.setattr(latest_order, "find", find_then_cancel)
    deleted_customers.restore(ann.id)
    assert last_day(ann.id) == DAYS[1]


def test_a_customer_restored_while_an_order_is_cancelled_forgets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ann, (_, _, third) = a_buyer()
    deleted_customers.delete(ann.id)
    find = customers.find
    calls = []

    def find_then_restore(customer_id: str) -> Customer | None:
        found = find(customer_id)
        calls.append(customer_id)
        if len(calls) == 1:
            deleted_customers.restore(ann.id)
        return found

    monkeypatch.setattr(customers, "find", find_then_restore)
    cancellation.cancel(third)
    monkeypatch.undo()
    assert last_day(ann.id) == DAYS[1]


def test_a_customer_who_is_gone_for_good_stops_no_cancellation() -> None:
    ann, (first, *_) = a_buyer(1)
    deleted_customers.delete(ann.id)
    tables.AuxRow(deleted_customers.PARTITION, ann.id).delete()
    assert cancellation.cancel(first).status == orders.CANCELLED
    with pytest.raises(NotFound):
        deleted_customers.restore(ann.id)


def test_an_order_of_96_lines_can_be_cancelled() -> None:
    ann = a_customer()
    order = orders.place(
        ann.id, {a_product(f"Product {number}").id: 1 for number in range(order_quantities.MAX_LINES)}
    ).order
    assert cancellation.cancel(order.id).status == orders.CANCELLED


def test_a_cancellation_reads_the_other_orders_only_if_it_was_the_latest() -> None:
    _, (first, _, third) = a_buyer()
    with metered() as meter:
        cancellation.cancel(first)
    assert meter.calls == {"GetItem": 2, "TransactWriteItems": 1}
    with metered() as meter:
        cancellation.cancel(third)
    assert meter.calls == {"GetItem": 2, "Query": 1, "BatchGetItem": 1, "TransactWriteItems": 1}


def a_buyer_of(statuses: list[str]) -> Customer:
    """Write a customer and one order per minute, the oldest first."""
    like, lamp = a_customer(created_at=CREATED), a_product(stock=100)
    with tables.Order.batch_write() as batch:
        for number, status in enumerate(statuses):
            date = timestamps.to_text(CREATED + timedelta(minutes=number))
            lines = (OrderLine(lamp.id, lamp.name, 1, 100),)
            order = orders.new_order(f"ord_{number:026d}", like.id, date, lines)
            batch.save(order_rows.to_row(replace(order, status=status)))
    customer = replace(like, orders=len(statuses), cancelled=statuses.count(orders.CANCELLED))
    customer_rows.to_row(customer).save()
    return customer


@pytest.mark.parametrize(("cancelled", "latest"), [(18, 0), (19, 0), (119, 0), (518, 0), (600, 82), (3000, 2482)])
def test_however_many_orders_are_cancelled_few_are_read(cancelled: int, latest: int) -> None:
    """Beyond the latest 520, the customer counts as active on the day of the oldest of these."""
    customer = a_buyer_of([orders.PLACED, *[orders.CANCELLED] * cancelled])
    last = place(customer, a_product().id, "2025-01-01")
    with metered() as meter:
        cancellation.cancel(last)
    assert customers.require(customer.id).last_order == timestamps.to_text(CREATED + timedelta(minutes=latest))
    assert meter.total_calls <= 16
    assert meter.rows <= 2 * 520 + 2
    deleted_customers.delete(customer.id)
    with metered() as meter:
        restored = deleted_customers.restore(customer.id)
    assert restored.last_order == timestamps.to_text(CREATED + timedelta(minutes=max(0, cancelled + 1 - 519)))
    assert meter.total_calls <= 24


def test_an_index_of_many_orders_that_lags_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    customer = a_buyer_of([orders.PLACED] * 30)
    call = reads.call

    def without_one(operation: str, *given: int, **request: object) -> reads.Response:
        response = call(operation, *given, **request)
        return {**response, "Count": response["Count"] - 1} if "Select" in request else response

    monkeypatch.setattr(reads, "call", without_one)
    with pytest.raises(Stale):
        latest_order.find(customer.id, 30)

"""Orders: placed at current stock and prices, counted for customer and day, and cancelled once."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.crm import cancellation, counters, customers, deleted_customers, orders, products
from chalicelib.crm.customers import Customer
from chalicelib.errors import (
    AlreadyCancelled,
    Conflict,
    CrmError,
    InsufficientStock,
    InvalidInput,
    InvalidStock,
    NotFound,
    UnknownCustomer,
)
from chalicelib.store import change_marks, reads, tables
from tests.builders import a_customer, a_product, moment, rows_of, time_is
from tests.metering import metered

UNKNOWN = "prd_" + "0" * 26


def stock_of(product: products.Product) -> int:
    found = products.find(product.id)
    assert found is not None
    return found.stock


def stored(customer: Customer) -> Customer:
    found = customers.find(customer.id)
    assert found is not None
    return found


def test_an_order_takes_stock_and_keeps_current_names_and_prices() -> None:
    ann, lamp, chair = a_customer(), a_product("Lamp", "12.50", 5), a_product("Chair", "100", 2)
    order = orders.place(ann.id, {lamp.id: 2, chair.id: 1}).order
    products.update(lamp.id, {"name": "Light", "price": Decimal(1)})
    assert orders.find(order.id) == order == orders.find_all([order.id])[order.id]
    assert [(line.name, line.quantity, line.unit_price, line.line_total) for line in order.lines] == [
        ("Lamp", 2, Decimal("12.50"), Decimal("25.00")),
        ("Chair", 1, Decimal("100.00"), Decimal("100.00")),
    ]
    assert (order.cents, order.status, order.takes_stock) == (12500, orders.PLACED, True)
    assert (stock_of(lamp), stock_of(chair)) == (3, 1)
    assert stored(ann).orders == 1
    assert {key[0] for key in rows_of(tables.Line)} == {lamp.id, chair.id}


@pytest.mark.parametrize(
    ("quantities", "code", "says"),
    [
        ({}, "NO_LINES", "At least one product must be selected"),
        ({UNKNOWN: 0}, "INVALID_INPUT", "Quantity must be from 1 to 1000000"),
        ({UNKNOWN: -1}, "INVALID_INPUT", "Quantity must be from 1 to 1000000"),
        ({UNKNOWN: 10**6 + 1}, "INVALID_INPUT", "Quantity must be from 1 to 1000000"),
        ({UNKNOWN: 1}, "INVALID_PRODUCT_IDS", f"Invalid product IDs: '{UNKNOWN}'"),
        ({"": 1}, "INVALID_PRODUCT_IDS", "Invalid product IDs: ''"),
        ({f"prd_{n}": 1 for n in range(97)}, "TOO_MANY_LINES", "An order has at most 96 lines, not 97"),
    ],
)
def test_an_invalid_order_is_rejected(quantities: dict[str, int], code: str, says: str) -> None:
    ann = a_customer()
    before = rows_of(tables.AuxRow)
    with pytest.raises(InvalidInput) as raised:
        orders.place(ann.id, quantities)
    assert (raised.value.code, raised.value.message) == (code, says)
    assert rows_of(tables.AuxRow) == before
    assert rows_of(tables.Line) == {}


def test_an_order_takes_three_calls_however_many_lines_it_has() -> None:
    ann = a_customer()
    for many in (1, 20):
        quantities = {a_product(f"Product {number}").id: 1 for number in range(many)}
        with metered() as meter:
            orders.place(ann.id, quantities)
        assert meter.calls == {"BatchGetItem": 1, "BatchWriteItem": 1, "TransactWriteItems": 1}


@pytest.mark.parametrize("date", [None, "2026-01-01T00:00:00"])
def test_placing_an_order_returns_customer_and_products_as_it_left_them(date: str | None) -> None:
    ann, lamp, chair = a_customer(), a_product(stock=5), a_product(stock=2)
    orders.place(ann.id, {chair.id: 1})
    placed = orders.place(ann.id, {lamp.id: 2, chair.id: 1}, moment(date) if date else None)
    assert placed.customers == customers.find_all([ann.id])
    assert placed.products == products.find_all([lamp.id, chair.id])


def test_an_order_after_a_retry_returns_the_rows_it_read_last(monkeypatch: pytest.MonkeyPatch) -> None:
    ann, lamp = a_customer(), a_product(stock=5, price="1.00")
    meanwhile(monkeypatch, lambda: products.update(lamp.id, {"price": Decimal(2), "stock": 9}))
    placed = orders.place(ann.id, {lamp.id: 2})
    assert placed.products == products.find_all([lamp.id])
    assert placed.customers == customers.find_all([ann.id])


def test_a_product_id_is_not_a_customer_id() -> None:
    lamp = a_product()
    with pytest.raises(UnknownCustomer):
        orders.place(lamp.id, {lamp.id: 1})


@pytest.mark.parametrize("customer_id", ["", "42", "cus_" + "0" * 26])
def test_an_order_needs_an_existing_customer(customer_id: str) -> None:
    with pytest.raises(UnknownCustomer) as raised:
        orders.place(customer_id, {a_product().id: 1})
    assert (raised.value.code, raised.value.message) == ("INVALID_CUSTOMER_ID", "Invalid customer ID")


def test_missing_stock_is_named_and_none_is_taken() -> None:
    ann, lamp, chair = a_customer(), a_product("Lamp", stock=5), a_product("Chair", stock=1)
    with pytest.raises(InsufficientStock) as raised:
        orders.place(ann.id, {lamp.id: 5, chair.id: 2})
    assert raised.value.code == "INSUFFICIENT_STOCK"
    assert raised.value.message == "Not enough of 'Chair' in stock: 2 ordered, 1 available"
    assert (stock_of(lamp), stock_of(chair)) == (5, 1)
    assert rows_of(tables.Order) == rows_of(tables.Line) == {}


def test_an_order_has_up_to_96_lines() -> None:
    ann = a_customer()
    stocked = [a_product(f"Product {number}") for number in range(96)]
    # With an Idempotency-Key, whose mark takes the last of the 100 actions of a transaction.
    with change_marks.request("seed", clock.now(), is_replay=False):
        order = orders.place(ann.id, {product.id: 1 for product in stocked}).order
    assert len(order.lines) == 96 == len(rows_of(tables.Line))
    assert stock_of(stocked[95]) == 4


def test_an_order_has_a_highest_total() -> None:
    gold = a_product("Gold", "999999999.99", stock=10**6)
    with pytest.raises(InvalidInput, match="The total of an order must be below 1000000000000"):
        orders.place(a_customer().id, {gold.id: 2000})
    assert stock_of(gold) == 10**6


@pytest.mark.parametrize("date", ["2999-01-01T00:00:00", "1850-01-01T00:00:00"])
def test_an_impossible_order_date_is_rejected(date: str) -> None:
    with pytest.raises(InvalidInput, match="The date must be between 1900 and now") as raised:
        orders.place(a_customer().id, {a_product().id: 1}, moment(date))
    assert raised.value.field == "order_date"


def test_an_order_of_an_older_date_does_not_move_last_activity_back() -> None:
    lamp = a_product()
    with time_is("2026-01-10T12:00:00"):
        ann = a_customer()
    with time_is("2026-11-22T12:00:00"):
        for date, last, day in (
            ("2026-01-05T00:00:00", "2026-01-05T00:00:00.000000Z", "2026-01-10"),
            ("2026-03-01T10:00:00", "2026-03-01T10:00:00.000000Z", "2026-03-01"),
            ("2026-02-01T10:00:00", "2026-03-01T10:00:00.000000Z", "2026-03-01"),
            ("2026-03-01T11:00:00", "2026-03-01T11:00:00.000000Z", "2026-03-01"),
        ):
            orders.place(ann.id, {lamp.id: 1}, moment(date))
            row = rows_of(tables.Customer)[(ann.id,)]
            assert (row["last_order"]["S"], row["act_k"]["S"][:10]) == (last, day)
    assert stored(ann).orders == 4


def test_a_cancelled_order_gives_back_stock_and_totals_once() -> None:
    ann, lamp = a_customer(), a_product(stock=5)
    order = orders.place(ann.id, {lamp.id: 2}).order
    orders.place(ann.id, {lamp.id: 1})
    cancelled = cancellation.cancel(order.id)
    assert cancelled.status == orders.CANCELLED
    with pytest.raises(AlreadyCancelled) as raised:
        cancellation.cancel(order.id)
    assert (raised.value.code, raised.value.field) == ("ALREADY_CANCELLED", "id")
    assert orders.find(order.id) == cancelled
    assert stock_of(lamp) == 4
    stats = counters.stats()
    assert (stats.orders, stats.revenue, stats.average_order) == (1, Decimal("12.50"), Decimal("12.50"))


def test_a_cancellation_that_takes_stock_above_an_int_is_refused() -> None:
    ann, lamp, desk = a_customer(), a_product(stock=5), a_product(stock=5)
    order = orders.place(ann.id, {lamp.id: 2, desk.id: 2}).order
    tables.Product(id=lamp.id).update([tables.Product.stock.set(2**31 - 2)])
    with pytest.raises(InvalidStock, match=f"{lamp.id} would be above 2147483647"):
        cancellation.cancel(order.id)
    assert orders.find(order.id) == order
    assert (stock_of(lamp), stock_of(desk), counters.stats().orders) == (2**31 - 2, 3, 1)
    tables.Product(id=lamp.id).update([tables.Product.stock.set(2**31 - 3)])
    cancellation.cancel(order.id)
    assert (stock_of(lamp), stock_of(desk)) == (2**31 - 1, 5)


@pytest.mark.parametrize("order_id", ["", "42", "ord_" + "0" * 26])
def test_an_unknown_order_cannot_be_cancelled(order_id: str) -> None:
    with pytest.raises(NotFound) as raised:
        cancellation.cancel(order_id)
    assert (raised.value.code, raised.value.field) == ("NOT_FOUND", "id")


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Any]) -> None:
    """`happens` once, between what an order has read and its transaction."""
    start, todo = orders.start, [happens]

    def late_start(*arguments: Any) -> Any:
        if todo:
            todo.pop()()
        return start(*arguments)

    monkeypatch.setattr(orders, "start", late_start)


def test_an_order_has_the_price_that_changed_while_it_was_placed(monkeypatch: pytest.MonkeyPatch) -> None:
    ann, lamp = a_customer(), a_product(price="1.00")
    meanwhile(monkeypatch, lambda: products.update(lamp.id, {"price": Decimal(2)}))
    order = orders.place(ann.id, {lamp.id: 1}).order
    assert order.cents == 200
    assert orders.find(order.id) == order


def test_a_concurrent_order_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    ann, lamp = a_customer(), a_product(stock=5)
    other = orders.place
    meanwhile(monkeypatch, lambda: other(ann.id, {lamp.id: 1}))
    orders.place(ann.id, {lamp.id: 4})
    assert stock_of(lamp) == 0
    assert stored(ann).orders == 2


@pytest.mark.parametrize(
    ("happens", "code"),
    [
        (lambda _, lamp: products.update(lamp.id, {"stock": 0}), "INSUFFICIENT_STOCK"),
        (lambda _, lamp: products.delete(lamp.id), "INVALID_PRODUCT_IDS"),
        (lambda ann, _: deleted_customers.delete(ann.id), "INVALID_CUSTOMER_ID"),
    ],
)
def test_a_concurrent_change_that_prevents_an_order_is_reported(
    monkeypatch: pytest.MonkeyPatch, happens: Callable[..., Any], code: str
) -> None:
    ann, lamp = a_customer(), a_product()
    meanwhile(monkeypatch, lambda: happens(ann, lamp))
    with pytest.raises(CrmError) as raised:
        orders.place(ann.id, {lamp.id: 1})
    assert raised.value.code == code
    assert rows_of(tables.Order) == rows_of(tables.Line) == {}
    assert counters.stats().orders == 0


def test_an_order_that_always_loses_ends_as_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    ann, lamp = a_customer(), a_product()
    seen = reads.get_from_tables({tables.Customer: [ann.id], tables.Product: [lamp.id]})
    products.update(lamp.id, {"price": Decimal(2)})
    monkeypatch.setattr(reads, "get_from_tables", lambda _: seen)
    with pytest.raises(Conflict) as raised:
        orders.place(ann.id, {lamp.id: 1})
    assert raised.value.code == "CONFLICT"
    assert rows_of(tables.Line) == {}

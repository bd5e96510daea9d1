"""Changed orders: stock, totals and the change row fit the lines, and what cannot be changed is refused."""

from decimal import Decimal
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.crm import cancellation, counters, imported_orders, list_queries, order_edits, orders, products
from chalicelib.crm.list_filters import OrderFilter
from chalicelib.crm.orders import Order
from chalicelib.errors import CrmError
from chalicelib.store import change_marks, tables
from chalicelib.store.pagination import PageArgs, read_page
from tests.builders import a_customer, a_past_order, a_product, changes_of, rows_of
from tests.metering import metered


def stock_of(*product_ids: str) -> list[int]:
    found = products.find_all(product_ids, consistent=True)
    return [found[product_id].stock for product_id in product_ids]


def stored(order: Order) -> Order:
    found = orders.find(order.id)
    assert found
    return found


def lines_of(order: Order) -> list[tuple[str, int, int]]:
    return [(line.name, line.quantity, line.cents) for line in order.lines]


def test_quantities_change_lines_come_and_go_and_those_that_stay_keep_their_price() -> None:
    lamp, desk, chair = (a_product(name, "10.00", 20) for name in ("Lamp", "Desk", "Chair"))
    order = orders.place(a_customer().id, {lamp.id: 2, desk.id: 3}).order
    for product in (lamp, desk, chair):
        products.update(product.id, {"price": Decimal("11.00")})
    with change_marks.made_by("Ann"):
        changed = order_edits.update(order.id, {chair.id: 4, lamp.id: 5}, Decimal("50.00"))
    assert lines_of(changed) == lines_of(stored(order)) == [("Lamp", 5, 1000), ("Chair", 4, 1100)]
    assert stock_of(lamp.id, desk.id, chair.id) == [15, 20, 16]
    assert (stored(order).cents, counters.stats().cents, counters.stats().orders) == (9400, 9400, 1)
    (change,) = changes_of(order.id)
    assert change.actor == "Ann"
    assert change.before == {"totalAmount": "50.00", "quantities": {lamp.id: 2, desk.id: 3}}
    assert change.after == {"totalAmount": "94.00", "quantities": {lamp.id: 5, chair.id: 4}}


def test_lists_find_the_order_by_its_new_products_and_total() -> None:
    lamp, desk = a_product("Lamp", "10.00"), a_product("Desk", "20.00")
    order = orders.place(a_customer().id, {lamp.id: 1}).order
    order_edits.update(order.id, {desk.id: 1})
    for wanted, found in (
        (OrderFilter(product_id=desk.id), True),
        (OrderFilter(product_id=lamp.id), False),
        (OrderFilter(cents_from=2000), True),
        (OrderFilter(cents_to=1999), False),
    ):
        page = read_page(list_queries.list_orders(wanted), PageArgs())
        assert [edge.node.id for edge in page.edges] == [order.id] * found
    assert products.delete(desk.id).archived_at, "an order names it"


def test_a_cancelled_order_returns_what_it_has_by_then() -> None:
    lamp, desk = a_product("Lamp", stock=9), a_product("Desk", stock=9)
    order = orders.place(a_customer().id, {lamp.id: 2}).order
    order_edits.update(order.id, {lamp.id: 1, desk.id: 4})
    cancellation.cancel(order.id)
    assert stock_of(lamp.id, desk.id) == [9, 9]
    assert (counters.stats().cents, counters.stats().orders) == (0, 0)


def test_the_same_lines_write_nothing() -> None:
    lamp = a_product(stock=9)
    order = orders.place(a_customer().id, {lamp.id: 2}).order
    with metered() as meter:
        assert order_edits.update(order.id, {lamp.id: 2}) == order
    assert meter.write_units == 0


def refused(order_id: str, quantities: dict[str, int], total: str | None = None) -> tuple[str, str]:
    before = [rows_of(table) for table in (tables.Order, tables.Product, tables.Line, tables.AuxRow)]
    with pytest.raises(CrmError) as raised:
        order_edits.update(order_id, quantities, None if total is None else Decimal(total))
    assert [rows_of(table) for table in (tables.Order, tables.Product, tables.Line, tables.AuxRow)] == before
    return raised.value.code, raised.value.message


def test_what_cannot_be_changed_is_refused_and_nothing_is_written() -> None:
    customer = a_customer()
    lamp, desk, gone = a_product("Lamp", "10.00", 9), a_product("Desk", "10.00", 3), a_product("Gone", "1.00", 9)
    order = orders.place(customer.id, {lamp.id: 2, gone.id: 1}).order
    products.delete(gone.id)
    imported, _ = imported_orders.record(a_past_order(customer, (lamp, 1, "2.00")))
    cancelled = cancellation.cancel(orders.place(customer.id, {lamp.id: 1}).order.id)
    assert refused("ord_x", {lamp.id: 1})[0] == "NOT_FOUND"
    assert refused(order.id, {}) == ("NO_LINES", refused(order.id, {})[1])
    assert refused(order.id, {lamp.id: 0})[0] == "INVALID_INPUT"
    assert refused(order.id, {lamp.id: 2, desk.id: 4}) == (
        "INSUFFICIENT_STOCK",
        "Not enough of 'Desk' in stock: 4 ordered, 3 available",
    )
    assert refused(order.id, {lamp.id: 10, gone.id: 1})[1].endswith("8 ordered, 7 available")
    assert refused(order.id, {lamp.id: 2, "prd_x": 1})[0] == "INVALID_PRODUCT_IDS"
    assert refused(order.id, {lamp.id: 2, gone.id: 2})[0] == "INVALID_PRODUCT_IDS", "it is archived"
    assert refused(order.id, {lamp.id: 1}, "20.99") == ("CONFLICT", "The total is 21.00, not 20.99")
    assert refused(imported.id, {lamp.id: 2}) == ("INVALID_INPUT", "An imported order cannot be changed")
    assert refused(cancelled.id, {lamp.id: 2})[0] == "ALREADY_CANCELLED"


def test_less_of_an_archived_product_is_put_back() -> None:
    lamp = a_product("Lamp", stock=9)
    order = orders.place(a_customer().id, {lamp.id: 3}).order
    products.delete(lamp.id)
    order_edits.update(order.id, {lamp.id: 1})
    assert stock_of(lamp.id) == [8]


def test_94_products_may_change_at_a_time() -> None:
    goods = [a_product(f"Product {number}", stock=3).id for number in range(order_edits.MAX_CHANGED + 2)]
    order = orders.place(a_customer().id, dict.fromkeys(goods, 1)).order
    with change_marks.request("seed", clock.now(), is_replay=False), change_marks.made_by("Ann"):
        with pytest.raises(CrmError, match="At most 94 products can change at a time, not 95"):
            order_edits.update(order.id, dict.fromkeys(goods[:95], 2) | {goods[95]: 1})
        order_edits.update(order.id, dict.fromkeys(goods[:94], 2) | dict.fromkeys(goods[94:], 1))
    assert stock_of(*goods) == [1] * 94 + [2, 2]


def test_an_order_that_somebody_else_changes_meanwhile_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    lamp = a_product(stock=20)
    order = orders.place(a_customer().id, {lamp.id: 2}).order
    find = orders.find

    def find_and_change(order_id: str) -> Any:
        found = find(order_id)
        monkeypatch.setattr(orders, "find", find)
        order_edits.update(order.id, {lamp.id: 7})
        return found

    monkeypatch.setattr(orders, "find", find_and_change)
    order_edits.update(order.id, {lamp.id: 3})
    assert (stored(order).lines[0].quantity, stock_of(lamp.id)) == (3, [17])
    monkeypatch.setattr(orders, "find", find_and_change)
    cancellation.cancel(order.id)
    assert (stored(order).status, stock_of(lamp.id), counters.stats().cents) == (orders.CANCELLED, [20], 0)


def test_two_changes_that_add_the_same_product_leave_its_index_row(monkeypatch: pytest.MonkeyPatch) -> None:
    lamp, desk = a_product("Lamp", stock=20), a_product("Desk", stock=20)
    order = orders.place(a_customer().id, {lamp.id: 2}).order
    find = orders.find

    def find_and_change(order_id: str) -> Any:
        found = find(order_id)
        monkeypatch.setattr(orders, "find", find)
        order_edits.update(order.id, {lamp.id: 2, desk.id: 5})
        return found

    monkeypatch.setattr(orders, "find", find_and_change)
    order_edits.update(order.id, {lamp.id: 3, desk.id: 1})
    page = read_page(list_queries.list_orders(OrderFilter(product_id=desk.id)), PageArgs())
    assert [edge.node.id for edge in page.edges] == [order.id]

"""Refunds: the credit note, the order, stock, totals, the customer and the history fit, and the bound holds."""

from decimal import Decimal
from typing import Any

import pytest

from chalicelib.crm import (
    cancellation,
    counters,
    customers,
    deleted_customers,
    imported_orders,
    list_queries,
    order_edits,
    orders,
    products,
    refunds,
    row_history,
)
from chalicelib.crm.list_filters import OrderFilter
from chalicelib.crm.orders import Order
from chalicelib.errors import CrmError
from chalicelib.store import change_marks, tables
from chalicelib.store.pagination import PageArgs, read_page
from tests.builders import a_customer, a_past_order, a_product, changes_of, moment, rows_of, time_is
from tests.metering import metered

TABLES = (tables.Order, tables.Product, tables.Line, tables.Customer, tables.AuxRow)


def stored(order_id: str) -> Order:
    found = orders.find(order_id)
    assert found
    return found


def refused(work: Any, *arguments: Any, **options: Any) -> tuple[str, str]:
    before = [rows_of(table) for table in TABLES]
    with pytest.raises(CrmError) as raised:
        work(*arguments, **options)
    assert [rows_of(table) for table in TABLES] == before, "a refusal writes nothing"
    return raised.value.code, raised.value.message


def test_a_credit_note_has_the_orders_prices_its_own_day_and_counts() -> None:
    customer = a_customer()
    lamp, desk = a_product("Lamp", "10.00", 9), a_product("Desk", "20.00", 9)
    with time_is("2026-11-20T12:00:00"):
        order = orders.place(customer.id, {lamp.id: 3, desk.id: 2}).order
    products.update(lamp.id, {"price": Decimal("11.00")})
    with time_is("2026-11-23T09:00:00"), change_marks.made_by("Ann"):
        note = refunds.refund(order.id, {lamp.id: 2, desk.id: 1}, " too bright ", restock=True)
    assert stored(note.id) == note
    assert [(line.name, line.quantity, line.cents) for line in note.lines] == [("Lamp", -2, 1000), ("Desk", -1, 2000)]
    assert (note.cents, note.date, note.customer_id) == (-4000, "2026-11-23T09:00:00.000000Z", customer.id)
    assert (note.refund_of, note.reference, note.created_by) == (order.id, None, "Ann")
    after = stored(order.id)
    assert (after.lines, after.cents, after.status) == (order.lines, 7000, orders.PLACED)
    assert dict(after.refunded) == {lamp.id: 2, desk.id: 1}
    assert [products.require(each.id).stock for each in (lamp, desk)] == [8, 8]
    days = [counters.stats(moment(day).date(), moment(day).date()) for day in ("2026-11-20", "2026-11-23")]
    assert [(day.orders, day.cents) for day in days] == [(1, 7000), (1, -4000)]
    holder = customers.require(customer.id)
    assert (holder.orders, holder.last_order) == (2, note.date)


def test_one_change_row_says_what_was_refunded_why_and_by_which_credit_note() -> None:
    lamp = a_product("Lamp", "10.00", 9)
    order = orders.place(a_customer().id, {lamp.id: 3}).order
    with change_marks.made_by("Ann"):
        refunds.refund(order.id, {lamp.id: 1}, "too bright", restock=False)
        note = refunds.refund(order.id, {lamp.id: 2}, "broken", restock=False)
    first, second = changes_of(order.id)
    assert (first.reason, second.reason, second.actor) == ("too bright", "broken", "Ann")
    assert (second.before, second.after) == (
        {"refunded": {lamp.id: 1}},
        {"refunded": {lamp.id: 3}, "creditNote": note.id},
    )
    assert changes_of(note.id) == []
    entries = [edge.node for edge in row_history.read_page(stored(order.id), None, None).edges[:2]]
    assert [(entry.field, entry.before, entry.after, entry.product_id) for entry in entries] == [
        ("refunded", "1", "3", lamp.id),
        ("creditNote", None, note.id, None),
    ]


@pytest.mark.parametrize(("restock", "delta", "left"), [(True, 2, 8), (False, None, 6)])
def test_a_products_history_has_the_credit_note_and_adds_up(*, restock: bool, delta: int | None, left: int) -> None:
    lamp = a_product("Lamp", "10.00", 9)
    order = orders.place(a_customer().id, {lamp.id: 3}).order
    note = refunds.refund(order.id, {lamp.id: 2}, "broken", restock=restock)
    entries = [edge.node for edge in row_history.read_page(products.require(lamp.id), None, None).edges]
    (entry,) = [entry for entry in entries if entry.order_id == note.id]
    assert (entry.action, entry.delta) == ("refundOrder", delta)
    assert sum(entry.delta or 0 for entry in entries) == products.require(lamp.id).stock == left
    assert row_history.read_page(note, None, None).edges[-1].node.action == "refundOrder"
    page = read_page(list_queries.list_orders(OrderFilter(product_id=lamp.id)), PageArgs())
    assert {edge.node.id for edge in page.edges} == {order.id, note.id}


def test_all_refunds_together_never_exceed_the_order() -> None:
    lamp = a_product("Lamp", "10.00", 9)
    order = orders.place(a_customer().id, {lamp.id: 3}).order
    assert refused(refunds.refund, order.id, {lamp.id: 4}, "x", restock=True)[0] == "INVALID_INPUT"
    refunds.refund(order.id, {lamp.id: 2}, "x", restock=True)
    message = "At most 1 of 'Lamp' can be refunded, not 2"
    assert refused(refunds.refund, order.id, {lamp.id: 2}, "x", restock=True) == ("INVALID_INPUT", message)
    refunds.refund(order.id, {lamp.id: 1}, "x", restock=True)
    assert refused(refunds.refund, order.id, {lamp.id: 1}, "x", restock=True)[1].startswith("At most 0")
    assert (products.require(lamp.id).stock, counters.stats().cents) == (9, 0)


def test_a_refund_that_another_one_overtakes_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    lamp = a_product("Lamp", "10.00", 9)
    order = orders.place(a_customer().id, {lamp.id: 3}).order
    check = refunds._check

    def overtaken(found: Order) -> None:
        monkeypatch.setattr(refunds, "_check", check)
        refunds.refund(order.id, {lamp.id: 2}, "first", restock=True)
        check(found)

    monkeypatch.setattr(refunds, "_check", overtaken)
    with pytest.raises(CrmError, match="At most 1 of 'Lamp'"):
        refunds.refund(order.id, {lamp.id: 2}, "second", restock=True)
    assert (dict(stored(order.id).refunded), products.require(lamp.id).stock) == ({lamp.id: 2}, 8)
    assert len(rows_of(tables.Order)) == 2


def test_what_cannot_be_refunded_is_refused_and_nothing_is_written() -> None:
    customer, lamp = a_customer(), a_product("Lamp", "10.00", 99)
    order = orders.place(customer.id, {lamp.id: 3}).order
    note = refunds.refund(order.id, {lamp.id: 1}, "x", restock=True)
    imported, _ = imported_orders.record(a_past_order(customer, (lamp, 1, "2.00")))
    cancelled = cancellation.cancel(orders.place(customer.id, {lamp.id: 1}).order.id)

    def refuse(order_id: str, quantities: dict[str, int], reason: str = "x") -> str:
        return refused(refunds.refund, order_id, quantities, reason, restock=True)[0]

    assert refuse("ord_x", {lamp.id: 1}) == "NOT_FOUND"
    assert refuse(order.id, {}) == "NO_LINES"
    assert refuse(order.id, {lamp.id: 0}) == "INVALID_INPUT"
    assert refuse(order.id, {lamp.id: -1}) == "INVALID_INPUT"
    assert refuse(order.id, {lamp.id: 1}, " ") == "INVALID_INPUT"
    assert refuse(order.id, {"prd_x": 1}) == "INVALID_PRODUCT_IDS"
    assert refuse(note.id, {lamp.id: 1}) == "INVALID_INPUT"
    assert refuse(imported.id, {lamp.id: 1}) == "INVALID_INPUT"
    assert refuse(cancelled.id, {lamp.id: 1}) == "ALREADY_CANCELLED"
    deleted_customers.delete(customer.id)
    assert refuse(order.id, {lamp.id: 1}) == "INVALID_CUSTOMER_ID"
    deleted_customers.restore(customer.id)
    refunds.refund(order.id, {lamp.id: 1}, "x", restock=True)


def test_refunded_orders_and_credit_notes_are_not_cancelled_and_keep_what_was_refunded() -> None:
    lamp, desk = a_product("Lamp", "10.00", 9), a_product("Desk", "20.00", 9)
    order = orders.place(a_customer().id, {lamp.id: 3, desk.id: 1}).order
    for restock in (True, False):
        note = refunds.refund(order.id, {lamp.id: 1}, "x", restock=restock)
        assert refused(cancellation.cancel, note.id)[1] == "A credit note cannot be cancelled"
        assert refused(order_edits.update, note.id, {lamp.id: 1})[1] == "A credit note cannot be changed"
    assert refused(cancellation.cancel, order.id)[1].startswith("The order was refunded")
    assert refused(order_edits.update, order.id, {lamp.id: 1, desk.id: 1})[0] == "INVALID_INPUT"
    assert refused(order_edits.update, order.id, {desk.id: 1})[0] == "INVALID_INPUT", "the line cannot go"
    assert order_edits.update(order.id, {lamp.id: 2}).refunded == {lamp.id: 2}
    assert (counters.stats().cents, products.require(lamp.id).stock, products.require(desk.id).stock) == (0, 8, 9)


def test_an_archived_product_is_put_back() -> None:
    lamp = a_product("Lamp", "10.00", 9)
    order = orders.place(a_customer().id, {lamp.id: 3}).order
    products.delete(lamp.id)
    refunds.refund(order.id, {lamp.id: 3}, "x", restock=True)
    assert products.find_all([lamp.id], consistent=True)[lamp.id].stock == 9


def test_95_products_may_be_refunded_at_a_time() -> None:
    goods = [a_product(f"Product {number}", stock=3).id for number in range(refunds.MAX_REFUNDED + 1)]
    order = orders.place(a_customer().id, dict.fromkeys(goods, 1)).order
    with change_marks.made_by("Ann"):
        refuse = refused(refunds.refund, order.id, dict.fromkeys(goods, 1), "x", restock=True)
        assert refuse == ("TOO_MANY_LINES", "At most 95 products can be refunded at a time, not 96")
        refunds.refund(order.id, dict.fromkeys(goods[:95], 1), "x", restock=True)
    found = products.find_all(goods, consistent=True)
    assert [found[key].stock for key in goods] == [3] * 95 + [2]


@pytest.mark.ministack
@pytest.mark.parametrize("lines", [1, 5])
def test_a_credit_note_costs_what_an_order_does_and_five_write_units(lines: int) -> None:
    goods = dict.fromkeys((a_product(f"Product {number}").id for number in range(lines)), 1)
    order = orders.place(a_customer().id, goods).order
    with change_marks.made_by("Ann"), metered() as meter:
        refunds.refund(order.id, goods, "broken", restock=True)
    assert meter.write_units <= 9 + 6 * lines + 5
    assert meter.total_calls <= 4

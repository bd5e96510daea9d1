"""Imported orders: once by reference, with their own prices, up to 1,000 lines, and stock left alone."""

from decimal import Decimal
from typing import Any

import pytest

from chalicelib.crm import (
    cancellation,
    counters,
    customers,
    deleted_customers,
    imported_orders,
    orders,
    products,
    unique_values,
)
from chalicelib.crm.list_filters import ProductFilter
from chalicelib.crm.list_queries import list_products
from chalicelib.crm.products import Product
from chalicelib.errors import Conflict, CrmError, InvalidInput, ReferenceConflict, UnknownCustomer
from chalicelib.store import tables
from chalicelib.store.pagination import PageArgs, read_page
from chalicelib.store.transaction import Transaction
from tests.builders import a_customer, a_past_order, a_product, moment, rows_of, some_products


def test_an_imported_order_has_its_own_prices_and_leaves_stock_alone() -> None:
    ann, lamp = a_customer(), a_product(price="12.50", stock=1)
    order, new = imported_orders.record(a_past_order(ann, (lamp, 3, "9.99")))
    assert new
    assert orders.find(order.id) == order
    assert (order.cents, order.date, order.takes_stock) == (2997, "2025-03-01T10:00:00.000000Z", False)
    assert products.find(lamp.id) == lamp
    assert counters.stats().cents == 2997
    cancelled = cancellation.cancel(order.id)
    assert cancelled.status == orders.CANCELLED
    assert products.find(lamp.id) == lamp


def test_an_invoice_of_540_lines_is_stored_without_a_deep_copy_of_each_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """`dataclasses.astuple` makes one of each value: a twelfth of the time of an import."""
    ann, goods = a_customer(), some_products(30)
    lines = [(goods[number % 30], 1 + number % 7, "9.99") for number in range(540)]
    copied: list[object] = []
    monkeypatch.setattr("copy.deepcopy", copied.append)
    order, new = imported_orders.record(a_past_order(ann, *lines))
    assert new
    assert copied == []
    assert [line.quantity for line in order.lines] == [line[1] for line in lines]
    assert orders.find(order.id) == order


def test_a_repeated_import_finds_its_order() -> None:
    ann, lamp, chair = a_customer(), a_product(), a_product("Chair")
    order, _ = imported_orders.record(a_past_order(ann, (lamp, 3, "9.99"), (chair, 1, "5")))
    again = imported_orders.record(a_past_order(ann, (chair, 1, "5"), (lamp, 3, "9.99"), reference=" INV-1 "))
    found = imported_orders.find_by_reference(" INV-1 ")
    assert found is not None
    assert found.id == again[0].id
    assert [imported_orders.find_by_reference(other) for other in ("inv-1", "", "x" * 2000)] == [None] * 3
    assert again == (order, False)
    assert len(rows_of(tables.Order)) == 1
    assert len(rows_of(tables.Line)) == 2
    assert counters.stats().orders == 1


@pytest.mark.parametrize("other", ["inv-1", "INV-\uff11", "INV  1"])
def test_references_that_only_look_alike_are_two_orders(other: str) -> None:
    ann, lamp = a_customer(), a_product()
    first, _ = imported_orders.record(a_past_order(ann, (lamp, 3, "9.99")))
    second, is_new = imported_orders.record(a_past_order(ann, (lamp, 3, "9.99"), reference=other))
    assert is_new
    assert first.id != second.id
    assert counters.stats().orders == 2


@pytest.mark.parametrize(
    ("quantity", "price", "more"),
    [(2, "9.99", {}), (3, "9.98", {}), (3, "9.99", {"date": moment("2025-03-02T10:00:00")})],
)
def test_other_content_with_the_same_reference_is_a_conflict(quantity: int, price: str, more: dict[str, Any]) -> None:
    ann, lamp = a_customer(), a_product()
    imported_orders.record(a_past_order(ann, (lamp, 3, "9.99")))
    with pytest.raises(ReferenceConflict) as raised:
        imported_orders.record(a_past_order(ann, (lamp, quantity, price), **more))
    assert (raised.value.code, raised.value.field) == ("REFERENCE_CONFLICT", "reference")
    assert len(rows_of(tables.Line)) == 1


def test_another_customer_with_the_same_reference_is_a_conflict_unless_the_first_is_deleted() -> None:
    ann, bob, lamp = a_customer(), a_customer(), a_product()
    order, _ = imported_orders.record(a_past_order(ann, (lamp, 3, "9.99")))
    with pytest.raises(ReferenceConflict, match="Another customer"):
        imported_orders.record(a_past_order(bob, (lamp, 3, "9.99")))
    deleted_customers.delete(ann.id)
    assert imported_orders.record(a_past_order(bob, (lamp, 3, "9.99"))) == (order, False)


def test_an_import_of_1000_lines_is_one_order() -> None:
    lines = [(product, 1, "1.00") for product in some_products(1000)]
    order, _ = imported_orders.record(a_past_order(a_customer(), *lines))
    found = orders.find(order.id)
    assert found is not None
    assert (len(found.lines), found.cents) == (1000, 100_000)
    assert len(rows_of(tables.Line)) == 1000


def test_an_order_too_large_for_a_row_is_invalid() -> None:
    lines = [(product, 1, "1.00") for product in some_products(1000, "\u5f20" * 190)]
    with pytest.raises(InvalidInput, match="fewer lines or shorter product names") as raised:
        imported_orders.record(a_past_order(a_customer(), *lines))
    assert raised.value.code == "TOO_MANY_LINES"


def test_each_row_of_a_file_is_a_line_of_its_own() -> None:
    lamp = a_product()
    lines = [(lamp, 3, "16.00"), (lamp, 1, "0.00"), (lamp, 1, "15.50"), (lamp, -1, "16.00"), (lamp, 3, "16.00")]
    past = a_past_order(a_customer(), *lines)
    order, _ = imported_orders.record(past)
    found = orders.find(order.id)
    assert found is not None
    assert [(line.quantity, line.cents) for line in found.lines] == [
        (3, 1600),
        (1, 0),
        (1, 1550),
        (-1, 1600),
        (3, 1600),
    ]
    assert found.cents == 9550
    assert len(rows_of(tables.Line)) == 1
    assert imported_orders.record(past) == (order, False)


def test_a_credit_note_counts_as_an_order_with_its_negative_total() -> None:
    ann, lamp = a_customer(), a_product(stock=5)
    imported_orders.record(a_past_order(ann, (lamp, 2, "16.00")))
    note, _ = imported_orders.record(a_past_order(ann, (lamp, -1, "16.00"), reference="CN-1"))
    totals = counters.stats(moment("2025-03-01T00:00:00").date(), moment("2025-03-01T00:00:00").date())
    assert (note.cents, totals.orders, totals.cents, totals.average_order) == (-1600, 2, 1600, Decimal(8))
    found = customers.find(ann.id)
    assert found is not None
    assert found.orders == 2
    assert products.find(lamp.id) == lamp
    cancellation.cancel(note.id)
    assert (counters.stats().orders, counters.stats().cents) == (1, 3200)


@pytest.mark.parametrize("renamed", [False, True])
def test_an_order_is_recognised_by_what_its_lines_say_after_its_product_was_archived(*, renamed: bool) -> None:
    ann, lamp = a_customer(), a_product(sku="LAMP")
    order, _ = imported_orders.record(a_past_order(ann, (lamp, 3, "9.99")))
    products.delete(lamp.id)
    again = a_product("Lamp II" if renamed else "Lamp", sku="lamp")
    assert imported_orders.record(a_past_order(ann, (again, 3, "9.99"))) == (order, False)
    with pytest.raises(ReferenceConflict):
        imported_orders.record(a_past_order(ann, (again, 2, "9.99")))
    with pytest.raises(ReferenceConflict):
        imported_orders.record(a_past_order(ann, (a_product(sku="LAMP-2"), 3, "9.99")))


def test_a_product_that_is_deleted_before_its_order_is_written_is_archived() -> None:
    ann, lamp = a_customer(), a_product("Lamp", sku="LAMP")
    past = a_past_order(ann, (lamp, 3, "9.99"))
    assert products.delete(lamp.id).archived_at is None
    again = a_product("Lamp II", sku="LAMP")
    order, is_new = imported_orders.record(past)
    assert is_new
    kept = products.find(order.lines[0].product_id)
    assert kept is not None
    assert (kept.name, kept.sku, kept.cents, kept.archived_at is None) == ("Lamp", "LAMP", lamp.cents, False)
    assert products.find_by_sku("LAMP") == again
    assert [edge.node.id for edge in read_page(list_products(ProductFilter()), PageArgs(first=9)).edges] == [again.id]


def test_a_product_whose_order_is_imported_before_its_deletion_is_made_is_archived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ann, lamp = a_customer(), a_product(sku="LAMP")
    deletion = products._deletion

    def import_and_delete(old: Product) -> Transaction:
        imported_orders.record(a_past_order(ann, (lamp, 3, "9.99")))
        return deletion(old)

    monkeypatch.setattr(products, "_deletion", import_and_delete)
    deleted = products.delete(lamp.id)
    assert deleted.archived_at is not None
    assert products.find(lamp.id) == deleted


def test_lines_without_an_sku_are_recognised_by_their_name() -> None:
    ann, lamp = a_customer(), a_product("Lamp")
    order, _ = imported_orders.record(a_past_order(ann, (lamp, 3, "9.99")))
    assert imported_orders.record(a_past_order(ann, (a_product("Lamp", sku="LAMP"), 3, "9.99"))) == (order, False)
    with pytest.raises(ReferenceConflict):
        imported_orders.record(a_past_order(ann, (a_product("Chair", sku="CHAIR"), 3, "9.99")))


@pytest.mark.parametrize(
    ("lines", "more", "code"),
    [
        ([], {}, "NO_LINES"),
        ([(1, "1")] * 1001, {}, "TOO_MANY_LINES"),
        ([(0, "1")], {}, "INVALID_INPUT"),
        ([(10**6 + 1, "1")], {}, "INVALID_INPUT"),
        ([(-(10**6) - 1, "1")], {}, "INVALID_INPUT"),
        ([(1, "-1")], {}, "INVALID_PRICE"),
        ([(1, "0.005")], {}, "INVALID_INPUT"),
        ([(10**6, "999999999")] * 2, {}, "INVALID_INPUT"),
        ([(-(10**6), "999999999")] * 2, {}, "INVALID_INPUT"),
        ([(1, "1")], {"reference": " "}, "INVALID_INPUT"),
        ([(1, "1")], {"reference": "x" * 65}, "INVALID_INPUT"),
        ([(1, "1")], {"reference": "a\x00"}, "INVALID_INPUT"),
        ([(1, "1")], {"date": moment("2999-01-01T00:00:00")}, "INVALID_INPUT"),
    ],
)
def test_an_invalid_import_is_rejected(lines: list[tuple[int, str]], more: dict[str, Any], code: str) -> None:
    ann, lamp = a_customer(), a_product()
    with pytest.raises(CrmError) as raised:
        imported_orders.record(a_past_order(ann, *((lamp, quantity, price) for quantity, price in lines), **more))
    assert raised.value.code == code
    assert rows_of(tables.Order) == rows_of(tables.Line) == {}


def test_a_customer_who_has_just_been_deleted_gets_no_order() -> None:
    ann, lamp = a_customer(), a_product()
    deleted_customers.delete(ann.id)
    with pytest.raises(UnknownCustomer, match="has just been deleted"):
        imported_orders.record(a_past_order(ann, (lamp, 1, "1")))
    assert rows_of(tables.Order) == rows_of(tables.Line) == {}
    assert unique_values.owner_of(unique_values.REFERENCE, "INV-1") is None


def test_a_customer_with_orders_since_is_read_again() -> None:
    ann, lamp = a_customer(), a_product()
    orders.place(ann.id, {lamp.id: 1})
    imported_orders.record(a_past_order(ann, (lamp, 1, "1")))
    found = customers.find(ann.id)
    assert found is not None
    assert found.orders == 2
    assert found.last_order is not None
    assert found.last_order > "2025-03-02"


def test_the_loser_of_a_race_for_a_reference_gets_the_order_of_the_winner(monkeypatch: pytest.MonkeyPatch) -> None:
    ann, pen = a_customer(), a_product()
    order, _ = imported_orders.record(a_past_order(ann, (pen, 1, "1")))
    monkeypatch.setattr(unique_values, "owners_of", lambda *_: {})
    assert imported_orders.record(a_past_order(ann, (pen, 1, "1"))) == (order, False)
    assert len(rows_of(tables.Line)) == 1


def test_an_import_that_always_loses_ends_as_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    ann, lamp = a_customer(), a_product()
    orders.place(ann.id, {lamp.id: 1})
    monkeypatch.setattr(customers, "find", lambda _: ann)
    with pytest.raises(Conflict):
        imported_orders.record(a_past_order(ann, (lamp, 1, "1")))
    assert len(rows_of(tables.Line)) == 1

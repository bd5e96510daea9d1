"""Imported orders, many at a time: shared reads, a result of its own for each row, and the same ids when repeated."""

from collections.abc import Sequence
from decimal import Decimal

from chalicelib.crm import customers, deleted_customers, imported_orders, orders
from chalicelib.crm.imported_orders import ImportResult
from chalicelib.crm.imported_rows import LineRow, OrderRow
from chalicelib.errors import CrmError, InvalidInput, UnknownCustomer, UnknownProducts
from chalicelib.store import change_marks, tables
from tests.builders import a_customer, a_past_order, a_product, moment, rows_of, some_products
from tests.metering import metered


def test_orders_recorded_together_share_reads_and_lines() -> None:
    ann, stocked = a_customer(), [a_product(f"Product {number}") for number in range(5)]
    lines = [(product, 1, "1.00") for product in stocked]
    past = [
        a_past_order(ann, *lines, reference=f"R{number}", date=moment(f"2025-03-{28 - number}T10:00:00"))
        for number in range(10)
    ]
    with metered() as meter:
        recorded = imported_orders.record_all(past)
    # The newest first: each but the first finds a customer with a later order than it has read.
    assert meter.calls == {"BatchGetItem": 2, "BatchWriteItem": 3, "TransactWriteItems": 10}
    assert len(rows_of(tables.Line)) == 50
    assert recorded == [(orders.find(order.id), True) for order, _ in map(_good, recorded)]
    found = customers.find(ann.id)
    assert found is not None
    assert (found.orders, found.last_order) == (10, "2025-03-28T10:00:00.000000Z")
    with metered() as meter:
        again = imported_orders.record_all(past)
    assert again == [(order, False) for order, _ in map(_good, recorded)]
    assert meter.calls == {"BatchGetItem": 2}


def test_an_invalid_order_does_not_affect_the_others() -> None:
    ann, lamp = a_customer(), a_product()
    archived = a_customer()
    deleted_customers.delete(archived.id)
    line = (lamp, 1, "1.00")
    past = [
        a_past_order(ann, line, reference="A"),
        a_past_order(ann, reference="B"),
        a_past_order(archived, line, reference="C"),
        a_past_order(ann, line, reference="A"),
        a_past_order(ann, (lamp, 2, "1.00"), reference="A"),
        a_past_order(ann, line, reference="D"),
    ]
    recorded = imported_orders.record_all(past)
    codes = [one.code if isinstance(one, CrmError) else _good(one)[1] for one in recorded]
    assert codes == [True, "NO_LINES", "INVALID_CUSTOMER_ID", False, "REFERENCE_CONFLICT", True]
    assert recorded[3] == (_good(recorded[0])[0], False)
    assert {key[1][-30:] for key in rows_of(tables.Line)} == {key[0] for key in rows_of(tables.Order)}


def _good(recorded: imported_orders.ImportResult | Exception) -> imported_orders.ImportResult:
    assert not isinstance(recorded, Exception), recorded
    return recorded


def test_older_orders_of_a_customer_read_the_customer_again_only_once() -> None:
    ann, (pen,) = a_customer(created_at=moment("2020-01-01T00:00:00")), some_products(1)
    imported_orders.record(a_past_order(ann, (pen, 1, "1.00"), reference="late", date=moment("2026-01-01T00:00:00")))
    past = [
        a_past_order(ann, (pen, 1, "1.00"), reference=f"R{number}", date=moment(f"2025-01-{number:02d}T00:00:00"))
        for number in range(1, 21)
    ]
    with metered() as meter:
        assert all(_good(recorded)[1] for recorded in imported_orders.record_all(past))
    assert meter.calls["TransactWriteItems"] == 21


def a_row(email: str = "ann@example.com", sku: str = "L-1", reference: str = "INV-1") -> OrderRow:
    return OrderRow(reference, email, moment("2025-03-01T10:00:00"), (LineRow(sku, 3, Decimal("9.99")),))


def test_rows_name_customers_by_e_mail_and_products_by_sku_in_any_case() -> None:
    ann, lamp = a_customer(email="ann@example.com"), a_product(sku="L-1")
    ((order, is_new),) = imported([a_row("ANN@example.com", "l-1")])
    assert is_new
    assert (order.customer_id, order.lines[0].product_id) == (ann.id, lamp.id)


def test_each_row_has_its_own_result_in_the_order_of_the_rows() -> None:
    a_customer(email="ann@example.com")
    a_product(sku="L-1")
    rows = [a_row("bob@example.com"), a_row(reference="A"), None, a_row(sku="L-2"), a_row(reference="B")]
    unknown_email, first, empty, unknown_sku, second = imported_orders.import_rows(rows)
    assert isinstance(unknown_email, UnknownCustomer)
    assert unknown_email.field == "customer_email"
    assert isinstance(empty, InvalidInput)
    assert isinstance(unknown_sku, UnknownProducts)
    assert unknown_sku.field == "sku"
    assert isinstance(first, tuple)
    assert isinstance(second, tuple)
    assert (first[0].reference, second[0].reference) == ("A", "B")


def test_rows_that_fail_do_not_change_the_ids_of_the_others() -> None:
    a_product(sku="L-1")
    rows = [a_row("bob@example.com", reference="A"), a_row(reference="B")]
    a_customer(email="ann@example.com")
    with change_marks.request("seed", moment("2026-11-22T12:00:00"), is_replay=False):
        _, first = imported_orders.import_rows(rows)
    a_customer(email="bob@example.com")
    with change_marks.request("seed", moment("2026-11-22T12:00:00"), is_replay=True):
        _, second = imported_orders.import_rows(rows)
    assert isinstance(first, tuple)
    assert isinstance(second, tuple)
    assert first[0].id == second[0].id
    assert (first[1], second[1]) == (True, False)


def test_customers_and_products_of_all_rows_are_read_together() -> None:
    a_customer(email="ann@example.com")
    a_product(sku="L-1")
    with metered() as meter:
        imported([a_row(reference=f"R{number}") for number in range(10)])
    # E-mail addresses, SKUs, customers, products and references; no order has one of them yet. The products again at the
    # end, because they may have been deleted meanwhile.
    assert meter.calls["BatchGetItem"] == 6


def imported(rows: Sequence[OrderRow | None]) -> list[ImportResult]:
    results = imported_orders.import_rows(rows)
    assert all(isinstance(result, tuple) for result in results), results
    return [result for result in results if isinstance(result, tuple)]

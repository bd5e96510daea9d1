"""Adjustments of imported orders: the total is that of the source, and credit notes may be an amount only."""

from decimal import Decimal

import pytest

from chalicelib.crm import adjustments, cancellation, counters, imported_orders, orders
from chalicelib.errors import CrmError
from tests.as_operator import execute
from tests.builders import a_customer, a_past_order, a_product, moment

SHOP = (("DISCOUNT", Decimal("-5.00")), ("SHIPPING", Decimal("6.00")), ("TAX", Decimal("3.29")))


def test_the_total_is_that_of_the_shop() -> None:
    ann, fern = a_customer(), a_product("Fern", sku="FERN")
    order, _ = imported_orders.record(a_past_order(ann, (fern, 2, "16.00"), (fern, 1, "20.00"), adjustments=SHOP))
    assert order.cents == 5629
    assert orders.find(order.id) == order
    assert counters.stats().cents == 5629
    cancellation.cancel(order.id)
    assert counters.stats().cents == 0


def test_a_refund_is_an_amount_on_its_own_day() -> None:
    ann = a_customer()
    refund = a_past_order(ann, date=moment("2025-04-02T10:00:00"), adjustments=(("REFUND", Decimal("-12.50")),))
    order, is_new = imported_orders.record(refund)
    assert (is_new, order.lines, order.cents) == (True, (), -1250)
    assert counters.stats(moment("2025-04-02T00:00:00").date()).cents == -1250
    assert imported_orders.record(refund) == (order, False)


def test_other_adjustments_are_other_content() -> None:
    ann, fern = a_customer(), a_product("Fern", sku="FERN")
    first, _ = imported_orders.record(a_past_order(ann, (fern, 1, "16.00"), adjustments=SHOP))
    again, is_new = imported_orders.record(a_past_order(ann, (fern, 1, "16.00"), adjustments=SHOP[::-1]))
    assert (again.id, is_new) == (first.id, False)
    for other in ((), SHOP[:2]):
        with pytest.raises(CrmError) as raised:
            imported_orders.record(a_past_order(ann, (fern, 1, "16.00"), adjustments=other))
        assert raised.value.code == "REFERENCE_CONFLICT"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([("DISCOUNT", "5")], "A DISCOUNT is a negative amount"),
        ([("REFUND", "0.01")], "A REFUND is a negative amount"),
        ([("TAX", "0.005")], "at most two decimal places"),
        ([("TAX", "1e9")], "must be below"),
        ([("TAX", "NaN")], "must be below"),
        ([("TAX", "1")] * 21, "at most 20 adjustments, not 21"),
    ],
)
@pytest.mark.no_database
def test_wrong_adjustments_are_refused(given: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(CrmError, match=message) as raised:
        adjustments.checked([(kind, Decimal(amount)) for kind, amount in given])
    assert raised.value.field == "adjustments"


@pytest.mark.no_database
def test_adjustments_of_zero_say_nothing() -> None:
    assert adjustments.checked([("TAX", Decimal(0)), ("DISCOUNT", Decimal("-0.00"))]) == ()


DOCUMENT = """mutation($input: [BulkCreateOrdersInput]!) { bulkCreateOrders(input: $input) {
  results { order { totalAmount adjustments { kind amount } } error { code field } } } }"""


def test_the_api_takes_and_shows_adjustments() -> None:
    ann, _ = a_customer(), a_product("Fern", sku="FERN")
    order = {"customerEmail": ann.email, "orderDate": "2025-03-01T10:00:00Z", "lines": []}
    line = {"sku": "FERN", "quantity": 1, "unitPrice": "16.00"}
    given = [{"kind": "DISCOUNT", "amount": "-0.50"}, {"kind": "SHIPPING", "amount": 4}]
    rows = [
        {**order, "reference": "A", "lines": [line], "adjustments": given},
        {**order, "reference": "B", "lines": [line], "adjustments": None},
        {**order, "reference": "C", "adjustments": [{"kind": "DISCOUNT", "amount": "1"}]},
        {**order, "reference": "D"},
    ]
    results = execute(DOCUMENT, {"input": rows})["data"]["bulkCreateOrders"]["results"]
    assert results == [
        {
            "order": {
                "totalAmount": "19.50",
                "adjustments": [{"kind": "DISCOUNT", "amount": "-0.50"}, {"kind": "SHIPPING", "amount": "4.00"}],
            },
            "error": None,
        },
        {"order": {"totalAmount": "16.00", "adjustments": []}, "error": None},
        {"order": None, "error": {"code": "INVALID_INPUT", "field": "adjustments"}},
        {"order": None, "error": {"code": "NO_LINES", "field": "lines"}},
    ]

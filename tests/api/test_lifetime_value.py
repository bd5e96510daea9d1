"""What a customer has ordered in all: exact, whatever became of the orders, or said to be partial."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.crm import cancellation, imported_orders, lifetime_values, orders, refunds
from chalicelib.crm.customers import Customer
from tests.as_operator import execute
from tests.builders import a_customer, a_past_order, a_product

DOCUMENT = """query ($id: ID!) {
  customer(id: $id) { lifetimeValue { orders revenue averageOrder firstOrderAt lastOrderAt partial } }
}"""


def value_of(customer: Customer) -> dict[str, Any]:
    answer = execute(DOCUMENT, {"id": customer.id})
    assert "errors" not in answer, answer
    found: dict[str, Any] = answer["data"]["customer"]["lifetimeValue"]
    return found


def test_cancelled_orders_do_not_count_and_credit_notes_are_subtracted() -> None:
    ann, bob, lamp = a_customer(), a_customer(), a_product("Lamp", "40.00", stock=50)
    assert value_of(ann) == {
        "orders": 0,
        "revenue": "0.00",
        "averageOrder": None,
        "firstOrderAt": None,
        "lastOrderAt": None,
        "partial": False,
    }
    first, _ = imported_orders.record(
        a_past_order(ann, (lamp, 1, "10.00"), reference="A", date=clock.now() - timedelta(days=9))
    )
    refund = a_past_order(ann, (lamp, -1, "2.50"), reference="A-refund", date=clock.now() - timedelta(days=10))
    imported_orders.record(refund)
    placed = orders.place(ann.id, {lamp.id: 2}).order
    refunds.refund(placed.id, {lamp.id: 1}, "broken", restock=True)
    cancellation.cancel(orders.place(ann.id, {lamp.id: 9}).order.id)
    orders.place(bob.id, {lamp.id: 5})
    assert value_of(ann) == {
        "orders": 2,
        "revenue": "47.50",
        "averageOrder": "23.75",
        "firstOrderAt": first.date,
        "lastOrderAt": placed.date,
        "partial": False,
    }


def test_more_orders_than_are_read_make_it_partial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifetime_values, "MAX_ORDERS", 3)
    ann, lamp = a_customer(), a_product("Lamp", "40.00", stock=50)
    for _ in range(3):
        orders.place(ann.id, {lamp.id: 1})
    assert value_of(ann) == value_of(ann) | {"orders": 3, "partial": False}
    last = orders.place(ann.id, {lamp.id: 2}).order
    assert value_of(ann) == {
        "orders": 3,
        "revenue": "160.00",
        "averageOrder": "53.33",
        "firstOrderAt": None,
        "lastOrderAt": last.date,
        "partial": True,
    }

"""Returns and credit notes in the API: sorted before zero, filtered, counted, and reminded of to nobody."""

from typing import Any

import pytest

from chalicelib import clock
from chalicelib.access.authorization import Caller
from chalicelib.access.roles import Role
from chalicelib.api.graphql import execution
from chalicelib.crm import imported_orders, orders
from tests.as_operator import execute
from tests.builders import a_customer, a_past_order, a_product


@pytest.fixture(autouse=True)
def _books() -> None:
    ann, lamp = a_customer(), a_product("Lamp", sku="LAMP")
    totals = {"A": (1, "9.50"), "B": (-1, "12.00"), "C": (1, "0"), "D": (-2, "100.00"), "E": (-1, "0.01")}
    for reference, line in totals.items():
        imported_orders.record(a_past_order(ann, (lamp, *line), reference=reference, date=clock.now()))


def ask(document: str) -> Any:
    answer = execute(document)
    assert "errors" not in answer, answer
    return answer["data"]


def references(arguments: str) -> list[str]:
    found = ask(f"{{ allOrders({arguments}) {{ edges {{ node {{ reference }} }} }} }}")["allOrders"]["edges"]
    return [edge["node"]["reference"] for edge in found]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('orderBy: ["totalAmount"]', "DBECA"),
        ('orderBy: ["-totalAmount"]', "ACEBD"),
        ('totalAmountLte: "-0.01"', "DBE"),
        ('totalAmountGte: "-12.004", totalAmountLte: 0', "BEC"),
        ('totalAmountGte: "-1e30", totalAmountLte: "1e30"', "DBECA"),
        ('totalAmountLte: "-12.001"', "D"),
    ],
)
def test_negative_totals_sort_before_zero(arguments: str, expected: str) -> None:
    assert references(arguments) == list(expected)


def test_totals_and_lines_are_negative() -> None:
    document = """{ crmStats { orders revenue averageOrder }
      allOrders(orderBy: ["totalAmount"], first: 1) { edges { node {
        totalAmount products { name } lines { quantity unitPrice lineTotal } } } } }"""
    data = ask(document)
    assert data["crmStats"] == {"orders": 5, "revenue": "-202.51", "averageOrder": "-40.50"}
    assert data["allOrders"]["edges"][0]["node"] == {
        "totalAmount": "-200.00",
        "products": [{"name": "Lamp"}],
        "lines": [{"quantity": -2, "unitPrice": "100.00", "lineTotal": "-200.00"}],
    }


def test_nobody_is_reminded_of_a_credit_note() -> None:
    due = ask("{ ordersDueForReminder { edges { node { reference } } } }")["ordersDueForReminder"]["edges"]
    assert sorted(edge["node"]["reference"] for edge in due) == ["A", "C"]


def test_an_order_that_is_placed_here_needs_a_positive_quantity() -> None:
    answer = execute(
        """mutation ($c: ID!, $p: ID!) {
          createOrder(input: {customerId: $c, lines: [{productId: $p, quantity: -1}]}) { order { id } } }""",
        {"c": a_customer().id, "p": a_product().id},
    )
    assert answer["errors"][0]["extensions"] == {"code": "INVALID_INPUT", "field": "quantity"}


REFUND = """mutation ($o: ID!, $p: ID!, $n: Int!) {
  refundOrder(id: $o, lines: [{productId: $p, quantity: $n}], restock: false, reason: "broken") {
    order { id refundOf refunded { quantity } reference totalAmount lines { quantity unitPrice lineTotal } } } }"""


def test_a_refund_answers_with_a_credit_note_that_sorts_counts_and_is_reminded_of_to_nobody() -> None:
    pen = a_product("Pen", "50.00", 9)
    order = orders.place(a_customer().id, {pen.id: 3}).order
    note = execute(REFUND, {"o": order.id, "p": pen.id, "n": 2})["data"]["refundOrder"]["order"]
    note_id = note.pop("id")
    assert note == {
        "refundOf": order.id,
        "refunded": [],
        "reference": None,
        "totalAmount": "-100.00",
        "lines": [{"quantity": -2, "unitPrice": "50.00", "lineTotal": "-100.00"}],
    }
    document = f"""{{ order(id: "{order.id}") {{ refundOf totalAmount refunded {{ productId quantity }} }}
      crmStats {{ orders revenue }} ordersDueForReminder {{ edges {{ node {{ id }} }} }}
      allOrders(orderBy: ["totalAmount"], first: 2) {{ edges {{ node {{ id }} }} }} }}"""
    data = ask(document)
    assert data["order"] == {
        "refundOf": None,
        "totalAmount": "150.00",
        "refunded": [{"productId": pen.id, "quantity": 2}],
    }
    assert data["crmStats"] == {"orders": 7, "revenue": "-152.51"}
    assert data["allOrders"]["edges"][1]["node"]["id"] == note_id
    due = [edge["node"]["id"] for edge in data["ordersDueForReminder"]["edges"]]
    assert order.id in due
    assert note_id not in due


@pytest.mark.parametrize(("role", "code"), [(Role.VIEWER, "FORBIDDEN"), (Role.EDITOR, None)])
def test_editors_refund_and_viewers_do_not(role: Role, code: str | None) -> None:
    pen = a_product("Pen", "50.00", 9)
    order = orders.place(a_customer().id, {pen.id: 3}).order
    variables = {"o": order.id, "p": pen.id, "n": 1}
    answer = execution.execute(REFUND, variables, Caller("0123456789ab", "Kim", role, "Kim"))
    assert [error["extensions"]["code"] for error in answer.get("errors", [])] == [code] * bool(code)
    stored = orders.find(order.id)
    assert stored
    assert dict(stored.refunded) == ({} if code else {pen.id: 1})

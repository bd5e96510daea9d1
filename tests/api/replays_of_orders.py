"""Replays of the mutations of orders."""

from chalicelib.crm import order_edits, orders, refunds
from chalicelib.store import tables
from tests.api.replay_scenario import Ids, Scenario
from tests.api.replays_of_data import buy_sixty, sold_product, stock_of
from tests.builders import a_customer, a_product, rows_of


def placed_order() -> Ids:
    product = a_product(stock=5)
    order = orders.place(a_customer().id, {product.id: 2}).order
    return {"order": order.id, "id": product.id}


def quantities_of(ids: Ids) -> list[int]:
    order = orders.find(ids["order"])
    assert order
    return [line.quantity for line in order.lines]


def refunded_of(ids: Ids) -> int:
    order = orders.find(ids["order"])
    assert order
    return order.refunded.get(ids["id"], 0)


def order_status(ids: Ids) -> str:
    order = orders.find(ids["order"])
    assert order
    return order.status


SCENARIOS = {
    "createOrder": Scenario(
        document="""mutation ($id: ID!, $customer: ID!) {
          createOrder(input: {customerId: $customer, productIds: [$id]}) { order { id } } }""",
        prepare=sold_product,
        was_made=lambda _: bool(rows_of(tables.Order)),
        meddle=buy_sixty,
        is_right=lambda ids, _, reply: (
            reply.data["createOrder"]["order"] is not None and (stock_of(ids), len(rows_of(tables.Order))) == (9, 2)
        ),
    ),
    "updateOrder": Scenario(
        document="""mutation ($order: ID!, $id: ID!) {
          updateOrder(id: $order, lines: [{productId: $id, quantity: 3}]) { order { lines { quantity } } } }""",
        prepare=placed_order,
        was_made=lambda ids: quantities_of(ids) == [3],
        meddle=lambda ids: order_edits.update(ids["order"], {ids["id"]: 4}),
        is_right=lambda ids, made, reply: (
            reply.data["updateOrder"]["order"] is not None
            and quantities_of(ids) == [4 if made else 3]
            and stock_of(ids) == 5 - quantities_of(ids)[0]
        ),
    ),
    "refundOrder": Scenario(
        document="""mutation ($order: ID!, $id: ID!) {
          refundOrder(id: $order, lines: [{productId: $id, quantity: 1}], restock: true, reason: "broken") {
            order { refundOf lines { quantity } } } }""",
        prepare=placed_order,
        was_made=lambda ids: refunded_of(ids) == 1,
        meddle=lambda ids: refunds.refund(ids["order"], {ids["id"]: 1}, "late", restock=True),
        is_right=lambda ids, _, reply: (
            reply.data["refundOrder"]["order"] == {"refundOf": ids["order"], "lines": [{"quantity": -1}]}
            and (refunded_of(ids), stock_of(ids), len(rows_of(tables.Order))) == (2, 5, 3)
        ),
    ),
    "cancelOrder": Scenario(
        document="mutation ($order: ID!) { cancelOrder(id: $order) { order { status } } }",
        prepare=placed_order,
        was_made=lambda ids: order_status(ids) == orders.CANCELLED,
        is_right=lambda ids, _, reply: (
            reply.data["cancelOrder"]["order"]["status"] == "CANCELLED" and stock_of(ids) == 5
        ),
    ),
    "bulkCreateOrders": Scenario(
        document="""mutation { bulkCreateOrders(input: [{reference: "R", customerEmail: "ann@example.com",
          orderDate: "2026-01-01T00:00:00Z", adjustments: [{kind: TAX, amount: "0.38"}],
          lines: [{sku: "PEN", quantity: 1, unitPrice: "2.00"}]}]) { errors } }""",
        prepare=lambda: {"id": a_product(sku="PEN").id, "customer": a_customer(email="ann@example.com").id},
        was_made=lambda _: bool(rows_of(tables.Order)),
        is_right=lambda _, __, reply: (
            reply.data["bulkCreateOrders"]["errors"] == [] and len(rows_of(tables.Order)) == 1
        ),
    ),
}

"""What clerks do with orders: place, change, refund, cancel and import them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from chalicelib import clock
from tests.soak.clerk import Clerk
from tests.soak.shop import rows_of

PLACE = """mutation ($customer: ID!, $lines: [OrderLineInput!]!) {
  createOrder(input: {customerId: $customer, lines: $lines}) { order { id totalAmount lines { productId quantity } } } }"""
CHANGE = """mutation ($id: ID!, $lines: [OrderLineInput!]!, $total: Decimal) {
  updateOrder(id: $id, lines: $lines, expectedTotal: $total) { order { id totalAmount lines { productId quantity } } } }"""
REFUND = """mutation ($id: ID!, $lines: [OrderLineInput!]!, $restock: Boolean!) {
  refundOrder(id: $id, lines: $lines, restock: $restock, reason: "broken") {
    order { id totalAmount refundOf lines { productId quantity } } } }"""
CANCEL = "mutation ($id: ID!) { cancelOrder(id: $id) { order { id status totalAmount } } }"
IMPORT = """mutation ($rows: [BulkCreateOrdersInput]!) { bulkCreateOrders(input: $rows) {
  results { id created error { code message } order { id totalAmount lines { productId quantity } } } } }"""
GONE = frozenset({"INVALID_CUSTOMER_ID"})
"""Another clerk has deleted the customer, or the clean-up has."""
IMPORTED_ROWS = 8
IMPORTED_TWICE = 0.15
MAX_AGE_HOURS = 20 * 24


def place_order(clerk: Clerk) -> None:
    lines = clerk.some_products(4)
    customer = clerk.dice.choice(clerk.shop.customers[-200:])
    data = clerk.client.change(
        "place order", PLACE, GONE | {"INSUFFICIENT_STOCK"}, customer=customer.id, lines=_inputs(lines)
    )
    if data:
        order = data["createOrder"]["order"]
        _expect(clerk, order, lines)
        clerk.journal.add_order(order, lines)
        clerk.journal.move_stock(lines, -1)


def change_order(clerk: Clerk) -> None:
    order_id = clerk.open_order()
    if order_id is None:
        return
    told = clerk.journal.orders[order_id]
    lines = {**told.lines, **clerk.some_products(1)}
    if len(lines) > 1 and clerk.dice.random() < 0.5:
        del lines[next(iter(lines))]
    total = str(told.total) if clerk.dice.random() < 0.5 else None
    data = clerk.client.change(
        "change order", CHANGE, {"INSUFFICIENT_STOCK"}, id=order_id, lines=_inputs(lines), total=total
    )
    if data:
        order = data["updateOrder"]["order"]
        _expect(clerk, order, lines)
        clerk.journal.change_order(order, lines)


def refund_order(clerk: Clerk) -> None:
    order_id = clerk.open_order()
    if order_id is None:
        return
    product_id, quantity = clerk.dice.choice(list(clerk.journal.orders[order_id].lines.items()))
    lines, restock = {product_id: clerk.dice.randint(1, quantity)}, clerk.dice.random() < 0.5
    data = clerk.client.change("refund order", REFUND, GONE, id=order_id, lines=_inputs(lines), restock=restock)
    if data:
        note = data["refundOrder"]["order"]
        negative = {key: -number for key, number in lines.items()}
        _expect(clerk, note, negative)
        clerk.journal.add_order(note, negative, is_open=False)
        clerk.journal.orders[order_id].is_open = False
        clerk.journal.move_stock(lines, int(restock))


def cancel_order(clerk: Clerk) -> None:
    order_id = clerk.open_order()
    if order_id is None:
        return
    data = clerk.client.change("cancel order", CANCEL, id=order_id)
    if data:
        clerk.journal.cancel_order(order_id)


def import_orders(clerk: Clerk) -> None:
    rows = [_a_past_order(clerk) for _ in range(IMPORTED_ROWS)]
    expected = frozenset({*GONE, "CONFLICT"})
    data = clerk.client.change("import orders", IMPORT, rows=rows)
    accepted = rows_of(clerk.client, data, "bulkCreateOrders", expected)
    for result in accepted:
        lines = {line["productId"]: line["quantity"] for line in result["order"]["lines"]}
        clerk.journal.add_order(result["order"], lines, is_open=False)
    if len(accepted) == len(rows) and clerk.dice.random() < IMPORTED_TWICE:
        again = clerk.client.change("import orders again", IMPORT, rows=rows)
        created = [
            result["id"] for result in rows_of(clerk.client, again, "bulkCreateOrders", expected) if result["created"]
        ]
        if created:
            clerk.client.faults.append(f"imported twice: {created}")


def _a_past_order(clerk: Clerk) -> dict[str, Any]:
    dice, shop = clerk.dice, clerk.shop
    date = clock.now() - timedelta(hours=dice.uniform(1, MAX_AGE_HOURS))
    lines = [
        {"sku": sku, "quantity": dice.randint(1, 5), "unitPrice": str(Decimal(dice.randrange(100, 9000)) / 100)}
        for sku in dice.sample(shop.skus, dice.randint(1, 3))
    ]
    return {
        "reference": f"soak-{clerk.mark()}",
        "customerEmail": dice.choice(shop.customers[-200:]).email,
        "orderDate": f"{date:%Y-%m-%dT%H:%M:%S}Z",
        "lines": lines,
    }


def _inputs(lines: dict[str, int]) -> list[dict[str, Any]]:
    return [{"productId": product_id, "quantity": quantity} for product_id, quantity in lines.items()]


def _expect(clerk: Clerk, order: dict[str, Any], lines: dict[str, int]) -> None:
    found = {line["productId"]: line["quantity"] for line in order["lines"]}
    if found != lines:
        clerk.client.faults.append(f"order {order['id']} has {found} instead of {lines}")

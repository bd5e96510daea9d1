"""The commands about one order: find and show it, change its lines, refund them."""

from collections.abc import Callable
from typing import Any

import click

from crmctl import order_records
from crmctl.client import Client
from crmctl.commands import CommandError, with_client
from crmctl.products import BY_SKU
from crmctl.terminal import print_text

ORDER = """query Order($id: ID!) {
  order(id: $id) { id totalAmount lines { productId name quantity product { sku } } }
}"""
UPDATE = """mutation UpdateOrder($id: ID!, $lines: [OrderLineInput!]!, $total: Decimal) {
  updateOrder(id: $id, lines: $lines, expectedTotal: $total) {
    order { totalAmount lines { name quantity unitPrice lineTotal } }
  }
}"""
REFUND = """mutation RefundOrder($id: ID!, $lines: [OrderLineInput!]!, $restock: Boolean!, $reason: String!) {
  refundOrder(id: $id, lines: $lines, restock: $restock, reason: $reason) {
    order { id totalAmount lines { name quantity unitPrice lineTotal } }
  }
}"""


class Line(click.ParamType[tuple[str, int]]):
    """A SKU or a product id, and how many."""

    name = "product=quantity"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        product, _, quantity = str(value).rpartition("=")
        if not product or not quantity.isascii() or not quantity.isdigit():
            self.fail(f"{value!r} is not PRODUCT=QUANTITY, such as LAMP=3", param, ctx)
        return product, int(quantity)


def line_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option `--line PRODUCT=N`, whose help is `text`."""
    told = f"{text} Can be given several times."
    return click.option("--line", "lines", metavar="PRODUCT=N", type=Line(), multiple=True, required=True, help=told)


@click.group()
def orders() -> None:
    """Find, show, change and refund orders."""


orders.add_command(order_records.find)
orders.add_command(order_records.show)


@orders.command()
@click.argument("order_id")
@line_option("Have N of the product with this SKU or id; 0 removes its line.")
@with_client
def edit(client: Client, order_id: str, lines: tuple[tuple[str, int], ...]) -> None:
    """Change quantities in an order, add products, and remove them.

    Products that are not named stay as they are. If somebody else changes the order at the same time, nothing is changed.
    """
    order = _find(client, order_id)
    quantities = {line["productId"]: line["quantity"] for line in order["lines"]}
    for product, quantity in lines:
        quantities[_product_id(client, order, product)] = quantity
    wanted = [{"productId": key, "quantity": quantity} for key, quantity in quantities.items() if quantity]
    variables = {"id": order["id"], "lines": wanted, "total": order["totalAmount"]}
    changed = client.execute_once(UPDATE, variables)["updateOrder"]["order"]
    _print_lines(changed)
    print_text(f"Total: {changed['totalAmount']}, before: {order['totalAmount']}")


@orders.command()
@click.argument("order_id")
@line_option("Refund N of the product with this SKU or id.")
@click.option("--restock/--no-restock", required=True, help="Whether the products return to stock.")
@click.option("--reason", required=True, help="Why. It is kept with the change.")
@with_client
def refund(client: Client, order_id: str, lines: tuple[tuple[str, int], ...], reason: str, *, restock: bool) -> None:
    """Refund some of an order, or all of it, with a credit note.

    The credit note is an order of today with negative lines, at the prices of the order. It cannot be taken back.
    """
    order = _find(client, order_id)
    wanted = [{"productId": _product_id(client, order, product), "quantity": quantity} for product, quantity in lines]
    variables = {"id": order["id"], "lines": wanted, "restock": restock, "reason": reason}
    note = client.execute_once(REFUND, variables)["refundOrder"]["order"]
    _print_lines(note)
    print_text(f"Credit note {note['id']}: {note['totalAmount']}")


def _find(client: Client, order_id: str) -> dict[str, Any]:
    order: dict[str, Any] | None = client.execute(ORDER, {"id": order_id})["order"]
    if order is None:
        raise CommandError(f"There is no order {order_id!r}.")
    return order


def _print_lines(order: dict[str, Any]) -> None:
    for line in order["lines"]:
        print_text(f"{line['quantity']} x {line['name']} at {line['unitPrice']}: {line['lineTotal']}")


def _product_id(client: Client, order: dict[str, Any], product: str) -> str:
    """Return the id of a product that is given by SKU or id, first of those in the order. Raises CommandError."""
    for line in order["lines"]:
        sku = line["product"] and line["product"]["sku"]
        if product == line["productId"] or (sku and product.casefold() == sku.casefold()):
            return str(line["productId"])
    if product.startswith("prd_"):
        return product
    found = client.execute(BY_SKU, {"sku": product})["product"]
    if found is None:
        raise CommandError(f"There is no product with the SKU {product!r}.")
    return str(found["id"])

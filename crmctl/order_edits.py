"""The command that changes the lines of an order."""

from typing import Any

import click

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


class Line(click.ParamType[tuple[str, int]]):
    """A SKU or a product id, and how many."""

    name = "product=quantity"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        product, _, quantity = str(value).rpartition("=")
        if not product or not quantity.isascii() or not quantity.isdigit():
            self.fail(f"{value!r} is not PRODUCT=QUANTITY, such as LAMP=3", param, ctx)
        return product, int(quantity)


@click.group()
def orders() -> None:
    """Change orders."""


@orders.command()
@click.argument("order_id")
@click.option(
    "--line",
    "lines",
    metavar="PRODUCT=N",
    type=Line(),
    multiple=True,
    required=True,
    help="Have N of the product with this SKU or id; 0 removes its line. Can be given several times.",
)
@with_client
def edit(client: Client, order_id: str, lines: tuple[tuple[str, int], ...]) -> None:
    """Change quantities in an order, add products, and remove them.

    Products that are not named stay as they are. If somebody else changes the order at the same time, nothing is changed.
    """
    order = client.execute(ORDER, {"id": order_id})["order"]
    if order is None:
        raise CommandError(f"There is no order {order_id!r}.")
    quantities = {line["productId"]: line["quantity"] for line in order["lines"]}
    for product, quantity in lines:
        quantities[_product_id(client, order, product)] = quantity
    wanted = [{"productId": key, "quantity": quantity} for key, quantity in quantities.items() if quantity]
    variables = {"id": order["id"], "lines": wanted, "total": order["totalAmount"]}
    changed = client.execute_once(UPDATE, variables)["updateOrder"]["order"]
    for line in changed["lines"]:
        print_text(f"{line['quantity']} x {line['name']} at {line['unitPrice']}: {line['lineTotal']}")
    print_text(f"Total: {changed['totalAmount']}, before: {order['totalAmount']}")


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

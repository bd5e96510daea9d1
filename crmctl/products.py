"""Commands for the stock of products."""

import click

from crmctl import paging, tables
from crmctl.client import Client
from crmctl.commands import CommandError, json_option, limit_option, print_if_more, with_client
from crmctl.tables import Column
from crmctl.terminal import print_text
from crmctl.time_arguments import EMPTY_CELL

LOW = """query Low($threshold: Int, $first: Int, $after: String) {
  list: lowStockProducts(threshold: $threshold, first: $first, after: $after) {
    edges { node { id sku name price stock } }
    pageInfo { hasNextPage endCursor }
  }
}"""
BY_SKU = "query BySku($sku: String) { product(sku: $sku) { id } }"
ADJUST = """mutation Adjust($id: ID!, $delta: Int!, $reason: String!) {
  adjustStock(productId: $id, delta: $delta, reason: $reason) { product { name stock } }
}"""
COLUMNS = (
    Column("id", lambda product: product["id"], no_wrap=True),
    Column("sku", lambda product: product["sku"] or EMPTY_CELL),
    Column("name", lambda product: product["name"]),
    Column("stock", lambda product: str(product["stock"]), align_right=True),
)


@click.command()
@click.option(
    "--threshold",
    metavar="N",
    type=int,
    help="Only products with less stock than N.  [default: the restock job's threshold]",
)
@limit_option(100)
@json_option
@with_client
def low_stock(client: Client, threshold: int | None, limit: int, *, as_json: bool) -> None:
    """Show the products that the restock job would restock."""
    listed = paging.read(client, LOW, limit, threshold=threshold)
    tables.print_rows(listed.rows, COLUMNS, as_json=as_json, empty="No product is low on stock.")
    print_if_more(listed)


@click.command()
@click.argument("sku")
@click.option("--by", "delta", metavar="N", type=int, required=True, help="How many to add; negative to take away.")
@click.option("--reason", required=True, help="Why. It is kept with the change.")
@with_client
def adjust_stock(client: Client, sku: str, delta: int, reason: str) -> None:
    """Add to or take from the stock of the product with this SKU.

    Orders that are placed at the same time are not undone.
    """
    found = client.execute(BY_SKU, {"sku": sku})["product"]
    if found is None:
        raise CommandError(f"There is no product with the SKU {sku!r}.")
    variables = {"id": found["id"], "delta": delta, "reason": reason}
    product = client.execute_once(ADJUST, variables)["adjustStock"]["product"]
    print_text(f"{product['name']}: {product['stock']} in stock")

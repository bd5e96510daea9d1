"""The command that lists products low on stock."""

import click

from crmctl import paging, tables
from crmctl.client import Client
from crmctl.commands import json_option, limit_option, print_if_more, with_client
from crmctl.tables import Column
from crmctl.time_arguments import EMPTY_CELL

LOW = """query Low($threshold: Int, $first: Int, $after: String) {
  list: lowStockProducts(threshold: $threshold, first: $first, after: $after) {
    edges { node { id sku name price stock } }
    pageInfo { hasNextPage endCursor }
  }
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

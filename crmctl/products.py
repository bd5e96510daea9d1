"""Which products would a restock add to?"""

import click

from crmctl import paging, tables
from crmctl.client import Client
from crmctl.commands import json_option, limit_option, say_if_more, with_client
from crmctl.tables import Column
from crmctl.time_arguments import NOTHING

LOW = """query Low($threshold: Int, $first: Int, $after: String) {
  list: lowStockProducts(threshold: $threshold, first: $first, after: $after) {
    edges { node { id sku name price stock } }
    pageInfo { hasNextPage endCursor }
  }
}"""
COLUMNS = (
    Column("id", lambda product: product["id"], whole=True),
    Column("sku", lambda product: product["sku"] or NOTHING),
    Column("name", lambda product: product["name"]),
    Column("stock", lambda product: str(product["stock"]), right=True),
)


@click.command()
@click.option(
    "--threshold", metavar="N", type=int, help="Less in stock than that.  [default: as a restock now would ask]"
)
@limit_option(100)
@json_option
@with_client
def low_stock(client: Client, threshold: int | None, limit: int, *, as_json: bool) -> None:
    """Show the products that a restock would add to."""
    listed = paging.read(client, LOW, limit, threshold=threshold)
    tables.show(listed.rows, COLUMNS, as_json=as_json, none="No product is low.")
    say_if_more(listed)

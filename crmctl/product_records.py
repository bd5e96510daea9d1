"""The commands that find, show and change a product."""

from typing import Any

import click

from crmctl import row_history, row_lookup, tables
from crmctl.client import Client
from crmctl.commands import CommandError, json_option, with_client
from crmctl.row_lookup import find_row
from crmctl.search import find_command
from crmctl.tables import Column, Row
from crmctl.time_arguments import EMPTY_CELL

FIELDS = "id sku name price stock archived createdBy"
SHOW = f"""query ShowProduct($key: String!, $id: ID!) {{
  byId: product(id: $id) {{ ...shown }}
  bySku: product(sku: $key) {{ ...shown }}
}}
fragment shown on Product {{
  {FIELDS}
  {row_history.SELECTION}
}}"""
UPDATE = f"""mutation UpdateProduct($id: ID!, $input: UpdateProductInput!) {{
  updateProduct(id: $id, input: $input) {{ product {{ {FIELDS} }} }}
}}"""


def _stock(product: Row) -> str:
    return "archived" if product["archived"] else f"{product['stock']:,}"


FOUND_COLUMNS = (
    Column("id", lambda product: product["id"], no_wrap=True, rank=1),
    Column("sku", lambda product: product["sku"] or EMPTY_CELL, no_wrap=True),
    Column("name", lambda product: product["name"]),
    Column("price", lambda product: product["price"], align_right=True),
    Column("stock", _stock, align_right=True),
)
COLUMNS = (
    Column("name", lambda product: product["name"]),
    Column("id", lambda product: product["id"]),
    Column("sku", lambda product: product["sku"] or EMPTY_CELL),
    Column("price", lambda product: product["price"]),
    Column("stock", _stock),
    Column("created by", lambda product: product["createdBy"] or EMPTY_CELL),
)


@click.group()
def products() -> None:
    """Find, show and change products."""


products.add_command(find_command("product", FOUND_COLUMNS))


@products.command()
@click.argument("product", metavar="ID|SKU")
@json_option
@with_client
def show(client: Client, product: str, *, as_json: bool) -> None:
    """Show a product with its latest changes, orders included."""
    found = find_row(client, SHOW, "product", product)
    if as_json:
        tables.print_json(found)
        return
    tables.print_row(found, COLUMNS)
    row_history.print_history(found)


@products.command()
@click.argument("product", metavar="ID|SKU")
@click.option("--name")
@click.option("--price", help="The new price, such as 12.50.")
@click.option("--sku", help="The new SKU; an empty one removes it.")
@with_client
def edit(client: Client, /, product: str, **changes: str | None) -> None:
    """Change a product. Fields that are not given stay as they are. To change the stock, use `crmctl adjust-stock`."""
    given: dict[str, Any] = {name: value for name, value in changes.items() if value is not None}
    if not given:
        raise CommandError("Say what to change: --name, --price or --sku.")
    if given.get("sku") == "":
        given["sku"] = None
    found = find_row(client, row_lookup.PRODUCT, "product", product)
    variables = {"id": found["id"], "input": given}
    tables.print_row(client.execute_once(UPDATE, variables)["updateProduct"]["product"], COLUMNS)

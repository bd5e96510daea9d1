"""The commands that find, show and change a product."""

import click

from crmctl import row_history, row_lookup, tables
from crmctl.client import Client
from crmctl.commands import json_option, with_client
from crmctl.row_edits import VERSION_COLUMN, EditedKind, edit_row, seen_option
from crmctl.row_lookup import find_row
from crmctl.search import find_command
from crmctl.tables import Column, Row
from crmctl.time_arguments import EMPTY_CELL

FIELDS = "id sku name price stock archived createdBy updatedAt"
SHOW = f"""query ShowProduct($key: String!, $id: ID!) {{
  byId: product(id: $id) {{ ...shown }}
  bySku: product(sku: $key) {{ ...shown }}
}}
fragment shown on Product {{
  {FIELDS}
  {row_history.SELECTION}
}}"""
EDITED = EditedKind(
    name="product",
    lookup=row_lookup.PRODUCT,
    update=f"""mutation UpdateProduct($id: ID!, $input: UpdateProductInput!, $expectedUpdatedAt: DateTime) {{
  updateProduct(id: $id, input: $input, expectedUpdatedAt: $expectedUpdatedAt) {{ product {{ {FIELDS} }} }}
}}""",
    options="--name, --price or --sku",
    clearable="sku",
)


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
    VERSION_COLUMN,
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
@seen_option
@with_client
def edit(client: Client, /, product: str, *, seen: str | None, **changes: str | None) -> None:
    """Change a product. Fields that are not given stay as they are. To change the stock, use `crmctl adjust-stock`."""
    tables.print_row(edit_row(client, EDITED, product, changes, seen), COLUMNS)

"""The commands that find and show an order."""

import click

from crmctl import row_history, tables
from crmctl.client import Client
from crmctl.commands import json_option, with_client
from crmctl.row_lookup import find_row
from crmctl.search import find_command
from crmctl.tables import Column, Row, time_column
from crmctl.terminal import print_text
from crmctl.time_arguments import EMPTY_CELL

SHOW = f"""query ShowOrder($key: String!, $id: ID!) {{
  byId: order(id: $id) {{ ...shown }}
  byReference: order(reference: $key) {{ ...shown }}
}}
fragment shown on Order {{
  id reference orderDate totalAmount status refundOf createdBy updatedAt
  customer {{ id name email }}
  lines {{ name quantity unitPrice lineTotal product {{ sku }} }}
  adjustments {{ kind amount }}
  {row_history.SELECTION}
}}"""


def customer_text(order: Row) -> str:
    return order["customer"]["name"] if order["customer"] else "(deleted)"


FOUND_COLUMNS = (
    Column("id", lambda order: order["id"], no_wrap=True),
    Column("reference", lambda order: order["reference"] or EMPTY_CELL, no_wrap=True, rank=1),
    Column("customer", customer_text),
    time_column("ordered", lambda order: order["orderDate"], rank=2),
    Column("total", lambda order: order["totalAmount"], align_right=True),
    Column("status", lambda order: order["status"].lower(), rank=3),
)
COLUMNS = (
    Column("order", lambda order: order["reference"] or order["id"]),
    Column("id", lambda order: order["id"]),
    Column("customer", customer_text),
    Column("email", lambda order: order["customer"]["email"] if order["customer"] else EMPTY_CELL),
    time_column("ordered", lambda order: order["orderDate"]),
    Column("status", lambda order: order["status"].lower()),
    Column("refund of", lambda order: order["refundOf"] or EMPTY_CELL),
    Column("placed by", lambda order: order["createdBy"] or EMPTY_CELL),
    time_column("updated", lambda order: order["updatedAt"]),
)
LINE_COLUMNS = (
    Column("product", lambda line: line["name"]),
    Column("sku", lambda line: (line["product"] and line["product"]["sku"]) or EMPTY_CELL, no_wrap=True, rank=1),
    Column("quantity", lambda line: f"{line['quantity']:,}", align_right=True),
    Column("price", lambda line: line["unitPrice"], align_right=True, rank=2),
    Column("total", lambda line: line["lineTotal"], align_right=True),
)

find = find_command("order", FOUND_COLUMNS)


@click.command()
@click.argument("order", metavar="ID|REFERENCE")
@json_option
@with_client
def show(client: Client, order: str, *, as_json: bool) -> None:
    """Show an order with its lines and its latest changes."""
    found = find_row(client, SHOW, "order", order)
    if as_json:
        tables.print_json(found)
        return
    tables.print_row(found, COLUMNS)
    click.echo()
    tables.print_rows(found["lines"], LINE_COLUMNS, as_json=False, empty="There are no lines.")
    for adjustment in found["adjustments"]:
        print_text(f"{adjustment['kind'].lower()}: {adjustment['amount']}")
    print_text(f"Total: {found['totalAmount']}")
    row_history.print_history(found)

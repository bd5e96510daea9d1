"""The commands that find, show and change a customer."""

import click

from crmctl import customer_merges, row_history, row_lookup, tables
from crmctl.client import Client
from crmctl.commands import json_option, with_client
from crmctl.row_edits import VERSION_COLUMN, EditedKind, edit_row, seen_option
from crmctl.row_lookup import find_row
from crmctl.search import find_command
from crmctl.suppressions import suppression_text
from crmctl.tables import Column, Row, time_column
from crmctl.terminal import print_text
from crmctl.time_arguments import EMPTY_CELL

FIELDS = "id name email phone createdAt createdBy updatedAt lastOrderAt inactiveFrom emailSuppression { reason since }"
SHOW = f"""query ShowCustomer($key: String!, $id: ID!) {{
  byId: customer(id: $id) {{ ...shown }}
  byEmail: customer(email: $key) {{ ...shown }}
}}
fragment shown on Customer {{
  {FIELDS}
  orders(first: 5, orderBy: ["-orderDate"]) {{
    edges {{ node {{ id reference orderDate totalAmount status }} }} pageInfo {{ hasNextPage }}
  }}
  merges {{ absorbedId name email undoableUntil }}
  {row_history.SELECTION}
}}"""
EDITED = EditedKind(
    name="customer",
    lookup=row_lookup.CUSTOMER,
    update=f"""mutation UpdateCustomer($id: ID!, $input: UpdateCustomerInput!, $expectedUpdatedAt: DateTime) {{
  updateCustomer(id: $id, input: $input, expectedUpdatedAt: $expectedUpdatedAt) {{ customer {{ {FIELDS} }} }}
}}""",
    options="--name, --email or --phone",
    clearable="phone",
)


def _merged_text(merge: Row) -> str:
    return f"{merge['name'] or ''} <{merge['email']}> {merge['absorbedId']}".strip()


FOUND_COLUMNS = (
    Column("id", lambda customer: customer["id"], no_wrap=True, rank=1),
    Column("name", lambda customer: customer["name"]),
    Column("email", lambda customer: customer["email"]),
    Column("phone", lambda customer: customer["phone"] or EMPTY_CELL, no_wrap=True),
)
COLUMNS = (
    Column("name", lambda customer: customer["name"]),
    Column("id", lambda customer: customer["id"]),
    Column("email", lambda customer: customer["email"]),
    Column("phone", lambda customer: customer["phone"] or EMPTY_CELL),
    time_column("created", lambda customer: customer["createdAt"]),
    Column("created by", lambda customer: customer["createdBy"] or EMPTY_CELL),
    time_column("last order", lambda customer: customer["lastOrderAt"]),
    Column("clean-up from", lambda customer: customer["inactiveFrom"]),
    Column("no e-mails", suppression_text),
    VERSION_COLUMN,
    Column("merged with", lambda customer: ", ".join(map(_merged_text, customer.get("merges", ()))) or EMPTY_CELL),
)
ORDER_COLUMNS = (
    Column("order", lambda order: order["reference"] or order["id"], no_wrap=True),
    time_column("ordered", lambda order: order["orderDate"]),
    Column("total", lambda order: order["totalAmount"], align_right=True),
    Column("status", lambda order: order["status"].lower(), rank=1),
)


@click.group()
def customers() -> None:
    """Find, show, change and merge customers."""


customers.add_command(find_command("customer", FOUND_COLUMNS))
customers.add_command(customer_merges.merge)
customers.add_command(customer_merges.undo_merge)


@customers.command()
@click.argument("customer", metavar="ID|EMAIL")
@json_option
@with_client
def show(client: Client, customer: str, *, as_json: bool) -> None:
    """Show a customer with the latest orders and changes."""
    found = find_row(client, SHOW, "customer", customer)
    if as_json:
        tables.print_json(found)
        return
    tables.print_row(found, COLUMNS)
    click.echo()
    orders = [edge["node"] for edge in found["orders"]["edges"]]
    tables.print_rows(orders, ORDER_COLUMNS, as_json=False, empty="There are no orders.")
    if found["orders"]["pageInfo"]["hasNextPage"]:
        print_text("There are older orders.")
    row_history.print_history(found)


@customers.command()
@click.argument("customer", metavar="ID|EMAIL")
@click.option("--name")
@click.option("--email", help="The new e-mail address.")
@click.option("--phone", help="The new phone number; an empty one removes it.")
@seen_option
@with_client
def edit(client: Client, /, customer: str, *, seen: str | None, **changes: str | None) -> None:
    """Change a customer. Fields that are not given stay as they are."""
    tables.print_row(edit_row(client, EDITED, customer, changes, seen), COLUMNS)

"""Which customers would a clean-up delete, which are deleted, and how does one of them come back?"""

from datetime import datetime

import click

from crmctl import paging, tables
from crmctl.client import Client
from crmctl.commands import json_option, limit_option, say_if_more, with_client
from crmctl.tables import Column
from crmctl.text import plain
from crmctl.time_arguments import to_minute

INACTIVE = """query Inactive($before: Date, $first: Int, $after: String) {
  list: inactiveCustomers(activeBefore: $before, first: $first, after: $after) {
    edges { node { id name email createdAt lastOrderAt } }
    pageInfo { hasNextPage endCursor }
  }
}"""
INACTIVE_COUNT = "query InactiveCount($before: Date) { inactiveCustomerCount(activeBefore: $before) }"
DELETED = """query Deleted($first: Int, $after: String) {
  list: deletedCustomers(first: $first, after: $after) {
    edges { node { id name email phone createdAt deletedAt } }
    pageInfo { hasNextPage endCursor }
  }
}"""
RESTORE = "mutation Restore($id: ID!) { restoreCustomer(id: $id) { customer { id name email } } }"
WHO = (
    Column("id", lambda customer: customer["id"], whole=True),
    Column("name", lambda customer: customer["name"]),
    Column("email", lambda customer: customer["email"]),
    Column("created", lambda customer: to_minute(customer["createdAt"])),
)
LAST_ORDER = Column("last order", lambda customer: to_minute(customer["lastOrderAt"]))
DELETED_AT = Column("deleted", lambda customer: to_minute(customer["deletedAt"]))


@click.command()
@click.option(
    "--active-before",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Last active before that day.  [default: as a clean-up now would ask]",
)
@limit_option(100)
@json_option
@with_client
def inactive_customers(client: Client, active_before: datetime | None, limit: int, *, as_json: bool) -> None:
    """Show whom a clean-up would delete, and how many."""
    before = active_before.date().isoformat() if active_before else None
    listed = paging.read(client, INACTIVE, limit, before=before)
    tables.show(listed.rows, (*WHO, LAST_ORDER), as_json=as_json, none="There are no inactive customers.")
    say_if_more(listed)
    if listed.rows and not as_json:
        count = client.execute(INACTIVE_COUNT, {"before": before})["inactiveCustomerCount"]
        click.echo(f"\nInactive in all: {count:,}")


@click.command()
@limit_option(100)
@json_option
@with_client
def deleted_customers(client: Client, limit: int, *, as_json: bool) -> None:
    """Show customers that can still be restored.

    Those created last come first.
    """
    listed = paging.read(client, DELETED, limit)
    tables.show(listed.rows, (*WHO, DELETED_AT), as_json=as_json, none="There are no deleted customers.")
    say_if_more(listed)


@click.command()
@click.argument("customer_id")
@with_client
def restore(client: Client, customer_id: str) -> None:
    """Bring a deleted customer back.

    E-mail address and history come along, and the next clean-up passes over them.
    """
    restored = client.execute(RESTORE, {"id": customer_id})["restoreCustomer"]["customer"]
    click.echo(plain(f"{restored['name']} <{restored['email']}> is back: {restored['id']}"))

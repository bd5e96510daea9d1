"""Which orders is a reminder due for?"""

from datetime import datetime

import click

from crmctl import paging, tables
from crmctl.client import Client
from crmctl.commands import json_option, limit_option, say_if_more, with_client
from crmctl.tables import Column, Row
from crmctl.time_arguments import to_minute

DUE = """query Due($day: Date, $first: Int, $after: String) {
  list: ordersDueForReminder(day: $day, first: $first, after: $after) {
    edges { node { id orderDate totalAmount customer { name email } } }
    pageInfo { hasNextPage endCursor }
  }
}"""


def _customer(field: str) -> Column:
    def cell(order: Row) -> str:
        return str(order["customer"][field]) if order["customer"] else "(deleted)"

    return Column(field, cell)


COLUMNS = (
    Column("id", lambda order: order["id"], whole=True),
    Column("ordered", lambda order: to_minute(order["orderDate"])),
    _customer("name"),
    _customer("email"),
    Column("total", lambda order: order["totalAmount"], right=True),
)


@click.command()
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="The day of the reminders.  [default: today]")
@limit_option(100)
@json_option
@with_client
def due_reminders(client: Client, day: datetime | None, limit: int, *, as_json: bool) -> None:
    """Show the orders that a reminder is due for.

    Whoever was reminded already on that day is shown too, and not reminded again; nor is a deleted customer.
    """
    listed = paging.read(client, DUE, limit, day=day.date().isoformat() if day else None)
    tables.show(listed.rows, COLUMNS, as_json=as_json, none="No order is due for a reminder.")
    say_if_more(listed)

"""The command that lists orders due for a reminder."""

import click

from crmctl import paging, tables
from crmctl.client import Client
from crmctl.commands import json_option, limit_option, print_if_more, with_client
from crmctl.suppressions import suppression_text
from crmctl.tables import Column, Row, time_column
from crmctl.time_arguments import EMPTY_CELL, Day

DUE = """query Due($day: Date, $first: Int, $after: String) {
  list: ordersDueForReminder(day: $day, first: $first, after: $after) {
    edges { node { id orderDate totalAmount customer { name email emailSuppression { reason since } } } }
    pageInfo { hasNextPage endCursor }
  }
}"""


def _customer_column(field: str) -> Column:
    def cell(order: Row) -> str:
        return str(order["customer"][field]) if order["customer"] else "(deleted)"

    return Column(field, cell)


COLUMNS = (
    Column("id", lambda order: order["id"], no_wrap=True),
    time_column("ordered", lambda order: order["orderDate"], rank=2),
    _customer_column("name"),
    _customer_column("email"),
    Column("total", lambda order: order["totalAmount"], align_right=True, rank=1),
    Column(
        "suppressed", lambda order: suppression_text(order["customer"]) if order["customer"] else EMPTY_CELL, rank=3
    ),
)


@click.command()
@click.option("--day", type=Day(), help="Orders due on this day.  [default: today]")
@limit_option(100)
@json_option
@with_client
def due_reminders(client: Client, day: str | None, limit: int, *, as_json: bool) -> None:
    """Show orders that are due for a reminder.

    The list includes orders already reminded on that day and orders of deleted customers. Neither is reminded again.
    Customers whose e-mail address is suppressed get no e-mail.
    """
    listed = paging.read(client, DUE, limit, day=day)
    tables.print_rows(listed.rows, COLUMNS, as_json=as_json, empty="No order is due for a reminder.")
    print_if_more(listed)

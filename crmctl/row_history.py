"""The latest changes of a customer, an order or a product, as `show` prints them."""

import click

from crmctl import tables
from crmctl.tables import Column, Row, time_column
from crmctl.terminal import print_text
from crmctl.time_arguments import EMPTY_CELL

SELECTION = """history(first: 10) {
    edges { node { at actor action field before after delta orderId reason } } pageInfo { hasNextPage }
  }"""


def _change_text(entry: Row) -> str:
    """Return the field with its values; of an order that took stock, by how much it moved, which is all that is known."""
    if entry["field"] is None or (entry["before"] is None and entry["after"] is None and not entry["delta"]):
        return EMPTY_CELL
    if entry["before"] is None and entry["delta"]:
        return f"{entry['field']}: {entry['delta']:+,}"
    return f"{entry['field']}: {entry['before'] or EMPTY_CELL} -> {entry['after'] or EMPTY_CELL}"


def _reason(entry: Row) -> str:
    return entry["reason"] or entry["orderId"] or EMPTY_CELL


COLUMNS = (
    time_column("when", lambda entry: entry["at"]),
    Column("by", lambda entry: entry["actor"] or EMPTY_CELL, rank=2),
    Column("action", lambda entry: entry["action"], no_wrap=True, rank=1),
    Column("change", _change_text),
    Column("reason", _reason, rank=3),
)


def print_history(row: Row) -> None:
    """Print the changes of a row that was read with SELECTION."""
    entries = [edge["node"] for edge in row["history"]["edges"]]
    click.echo()
    tables.print_rows(entries, COLUMNS, as_json=False, empty="Nothing has been changed.")
    if row["history"]["pageInfo"]["hasNextPage"]:
        print_text("There are older changes: see the page in the console, or `crmctl audit --subject ID`.")

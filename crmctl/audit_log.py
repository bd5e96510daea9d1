"""The command that shows the audit log: who changed what, when, from what to what."""

import json
from typing import Any

import click

from crmctl import paging, tables
from crmctl.client import Client
from crmctl.commands import json_option, limit_option, print_if_more, with_client
from crmctl.tables import Column, Row, time_column
from crmctl.time_arguments import EMPTY_CELL

LOG = """query AuditLog($first: Int, $after: String, $actor: String, $subject: ID) {
  list: auditLog(first: $first, after: $after, actor: $actor, subject: $subject) {
    edges { node { at actor action subject before after reason requestId } } pageInfo { hasNextPage endCursor } }
}"""


def change_text(entry: Row) -> str:
    """Return what changed, such as `phone: - -> +1 555 0100`."""
    before, after = (None if entry[name] is None else json.loads(entry[name]) for name in ("before", "after"))
    fields = {**(before or {}), **(after or {})}
    return ", ".join(_field_text(name, before, after) for name in fields) or EMPTY_CELL


def _name_of(actor: str) -> str:
    """Return the name of a key without its id: "web shop (0123456789ab)"."""
    return actor.partition(" (")[0]


def _field_text(name: str, before: Row | None, after: Row | None) -> str:
    if before is None or after is None:
        return f"{name}: {_value_text((after or before or {}).get(name))}"
    return f"{name}: {_value_text(before.get(name))} -> {_value_text(after.get(name))}"


def _value_text(value: Any) -> str:
    if value is None:
        return EMPTY_CELL
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


COLUMNS = (
    time_column("at", lambda entry: entry["at"]),
    Column("by", lambda entry: entry["actor"], short_cell=lambda entry: _name_of(entry["actor"]), rank=1),
    Column("action", lambda entry: entry["action"], no_wrap=True),
    Column("subject", lambda entry: entry["subject"]),
    Column("reason", lambda entry: entry["reason"] or EMPTY_CELL, rank=2),
    Column("change", change_text),  # the last, because it can be very long: nothing has to stand beyond it
)


@click.command("audit")
@click.option(
    "--actor", help="Only changes by this key, given by its name or its id, or by a job such as job:low_stock."
)
@click.option("--subject", help="Only changes of this row, job, run or key, such as cus_... or job:low_stock.")
@limit_option(50)
@json_option
@with_client
def audit(client: Client, limit: int, actor: str | None, subject: str | None, *, as_json: bool) -> None:
    """Show who changed what, the latest first. Needs a key with the role OPERATOR."""
    listed = paging.read(client, LOG, limit, actor=actor, subject=subject)
    tables.print_rows(listed.rows, COLUMNS, as_json=as_json, empty="There are no changes.")
    print_if_more(listed)

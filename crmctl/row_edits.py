"""Change fields of a row as somebody has seen it, and say what others have changed since."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from crmctl.client import ApiRefused, Client
from crmctl.commands import CommandError
from crmctl.differences import EMPTY
from crmctl.row_lookup import find_row
from crmctl.tables import Column, Row

VERSION_COLUMN = Column("version", lambda row: row["updatedAt"], no_wrap=True)
seen_option = click.option(
    "--seen",
    metavar="VERSION",
    help="Refuse the change unless this is still the version, as `show` prints it.  [default: the one of now]",
)


@dataclass(frozen=True, slots=True)
class EditedKind:
    """How rows of one kind are changed."""

    name: str
    lookup: str
    """The document that finds a row by its key, with id, updatedAt and the fields that can be changed."""
    update: str
    """The document that changes it."""
    options: str
    """The options of the command, in words."""
    clearable: str
    """The field that an empty text removes."""


def edit_row(client: Client, kind: EditedKind, key: str, changes: Mapping[str, str | None], seen: str | None) -> Row:
    """Return the row as it is after the change. Raises CommandError, also if somebody else has changed it since."""
    given = {name: value for name, value in changes.items() if value is not None}
    if not given:
        raise CommandError(f"Say what to change: {kind.options}.")
    found = find_row(client, kind.lookup, kind.name, key)
    new = {name: None if name == kind.clearable and value == "" else value for name, value in given.items()}
    variables = {"id": found["id"], "input": new, "expectedUpdatedAt": seen or found["updatedAt"]}
    try:
        (payload,) = client.execute_once(kind.update, variables).values()
    except ApiRefused as error:
        if error.current is None:
            raise
        raise CommandError(
            f"Nothing was changed. {conflict_text(error.current)}. If your change still holds, repeat the command with "
            f"--seen {error.current['updatedAt']}"
        ) from error
    row: Row = payload[kind.name]
    return row


def conflict_text(current: Mapping[str, Any]) -> str:
    """Return what the row is now, after somebody else has changed it."""
    values = ", ".join(
        f"{name} {EMPTY if value is None else value}" for name, value in current.items() if name != "updatedAt"
    )
    return f"Somebody has changed it since. It has now {values}"

"""Refuse an operator's edit of a schedule or a channel that somebody else has changed meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.errors import RowChanged
from chalicelib.store import timestamps


@dataclass(frozen=True, slots=True)
class SeenVersion:
    """The `updatedAt` that the operator has seen: None if nobody had changed the row."""

    updated_at: datetime | None


def check(seen: SeenVersion | None, updated_at: str | None, values: Mapping[str, object]) -> None:
    """Raise RowChanged with the `values` of the row unless it was changed last when `seen` says. Without it, accept any."""
    if seen is None:
        return
    expected = timestamps.to_text(seen.updated_at) if seen.updated_at else None
    if expected != updated_at:
        raise RowChanged({**values, "updatedAt": updated_at})

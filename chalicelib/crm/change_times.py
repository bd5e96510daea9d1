"""The time of each row's last change, the lists sorted by it, and the check that an edit knows the latest one.

From these lists other systems learn what has changed.

A row counts as changed when a person or a key edits it, when it is restored, and when it comes into this system. So an
imported row is new on the day of the import, however old it is. What orders and restocks do to a row is no change of it.

A key in one more index for every row would make each customer and each order dearer by one write unit. So only products,
which are few and have no index by their creation, all have one. A customer or an order has one if it was changed after its
creation, or was given an earlier date when it was written:

    by_updated            rows with a key of their own, at the time of their latest change
    by_created, by_date   all rows, at the time of their creation; lists pass over those with a key of their own

Lists merge both. A key is the time and the id in either, so a cursor is a place in both at once.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chalicelib import clock
from chalicelib.errors import RowChanged
from chalicelib.store import index_keys, timestamps
from chalicelib.store.index_scan import IndexRange

_TICK = timedelta(microseconds=1)


class Row(Protocol):
    """A customer, a product or an order."""

    @property
    def id(self) -> str: ...
    @property
    def updated_at(self) -> str: ...


def after(previous: str) -> str:
    """Return the time of a change that is made now. It is later than that of the one before, whatever the clocks say."""
    return max(timestamps.to_text(clock.now()), timestamps.to_text(timestamps.from_text(previous) + _TICK))


def check_unchanged(row: Row, expected: datetime | None, values: Mapping[str, object]) -> None:
    """Raise RowChanged with the `values` of the row if an `expected` time is given, and the row was changed at another."""
    if expected is not None and timestamps.to_text(expected) != row.updated_at:
        raise RowChanged({**values, "updatedAt": row.updated_at})


def key(row: Row) -> str:
    return index_keys.sort_key(row.updated_at, row.id)


def attributes(row: Row, created: str | None) -> dict[str, Any]:
    """Return what a new row stores: nothing if it is in an index by `created`, and that is the time of its last change."""
    return {} if row.updated_at == created else {"updated_at": row.updated_at, "updated_key": key(row)}


def actions(table: Any, row: Row) -> list[Action]:
    """Return what an update of the row sets."""
    return [table.updated_at.set(row.updated_at), table.updated_key.set(key(row))]


def index_range(
    table: type[Model], shards: tuple[str, ...], since: str | None, created: tuple[str, str] | None
) -> IndexRange:
    """Return the rows that were changed at `since` or later. `created` is the index of the creation, and its range key."""
    return IndexRange(
        table, "by_updated", "list_s", "updated_k", shards, low=since, second=created, has_changing_shards=bool(created)
    )


def bound(since: datetime | None) -> str | None:
    return timestamps.to_text(since) if since else None

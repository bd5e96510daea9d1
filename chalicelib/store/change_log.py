"""Read change rows, those of one row or all of them, newest first. `change_marks` writes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ulid import ULID

from chalicelib import clock
from chalicelib.store import reads, tables, timestamps
from chalicelib.store.change_marks import LOG, PREFIX
from chalicelib.store.index_keys import SEPARATOR, sort_key
from chalicelib.store.index_scan import IndexRange, end_of_prefix


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`before` and `after` have the changed fields only. One of them is None if a whole row appeared or disappeared."""

    id: str
    subject: str
    at: str
    actor: str
    action: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    reason: str | None
    request_id: str | None


def range_of(subject: str) -> IndexRange:
    """Return the changes of one row."""
    return IndexRange(tables.AuxRow, None, "pk", "sk", (f"{PREFIX}{subject}",), id_name="sk")


def range_of_all() -> IndexRange:
    # Positions name the change alone, since the key of the index would need the partition of its row as well.
    return IndexRange(tables.AuxRow, "by_change", "change_log", "sk", (LOG,), id_name="sk", has_changing_shards=True)


def find_all(change_ids: Iterable[str]) -> dict[str, Change]:
    """Return {id: change} for those that are kept. Marks without an author are no changes."""
    keys = [{"pk": {"S": f"{PREFIX}{_subject_of(each)}"}, "sk": {"S": each}} for each in change_ids]
    now = clock.now().timestamp()
    rows = [
        item for item in reads.get_all(tables.AuxRow, keys) if "change_log" in item and reads.number(item, "ttl") > now
    ]
    return {item["sk"]["S"]: _load(item) for item in rows}


def time_key(change_id: str) -> str:
    """Return a key by which changes and orders can be merged in the order of time."""
    return sort_key(timestamps.to_text(ULID.from_str(change_id[:26]).datetime), change_id)


def end_of_time(key: str) -> str:
    """Return a bound after all changes of the millisecond in which this key, of a change or an order, begins."""
    moment = timestamps.from_text(key.partition(SEPARATOR)[0])
    last = ULID(int(moment.timestamp() * 1000).to_bytes(6) + b"\xff" * 10)
    return end_of_prefix(f"{last}{SEPARATOR}")


def _subject_of(change_id: str) -> str:
    return change_id.partition(SEPARATOR)[2]


def _load(item: reads.Item) -> Change:
    change_id = item["sk"]["S"]
    content = reads.json_of(item, "content")
    return Change(
        id=change_id,
        subject=_subject_of(change_id),
        at=content["at"],
        actor=content["actor"],
        action=content["action"],
        before=content["before"],
        after=content["after"],
        reason=content["reason"],
        request_id=content["request"],
    )

"""Marks of changes: how a request that is repeated with its Idempotency-Key recognises what it has already done.

A change made for such a request writes one more row in its own transaction: its mark. The mark can be written only once,
so the change and its mark are either both made or both not made, whatever became of the answer. The key of a mark follows
from the Idempotency-Key, from the place in the response that the change is for, and from the row that it changes.

Requests without an Idempotency-Key, and jobs, write no marks: they recognise their own writes by other means.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ulid import ULID

from chalicelib import clock
from chalicelib.store import ids, reads, tables, timestamps
from chalicelib.store.index_keys import SEPARATOR

LIFETIME = timedelta(days=2)
"""Longer than the 24 hours for which an Idempotency-Key is remembered, so that a mark is there as long as its request."""


@dataclass(slots=True, kw_only=True)
class _Request:
    partition: str
    actor: str
    began: datetime
    is_replay: bool
    place: str = ""
    made: set[str] = field(default_factory=set)


_request: ContextVar[_Request | None] = ContextVar("request with an Idempotency-Key", default=None)


@contextmanager
def request(seed: str, actor: str, began: datetime, *, is_replay: bool) -> Iterator[set[str]]:
    """Mark each change made meanwhile as one of the request that `seed` stands for. Yield the ids of the changed rows.

    New rows get the same ids when the request is replayed. `is_replay` says that an earlier attempt at the same request may have made some of the changes already.
    """
    digest = hashlib.sha256(f"{seed} {began.isoformat()}".encode()).hexdigest()
    current = _Request(partition=f"change#{digest}", actor=actor, began=began, is_replay=is_replay)
    before = _request.set(current)
    try:
        with ids.deterministic_ids(seed, began):
            yield current.made
    finally:
        _request.reset(before)


@contextmanager
def place(name: str) -> Iterator[None]:
    """The changes made meanwhile are for this place in the response, such as `createOrder` or `row 7` within it."""
    current = _request.get()
    if current is None:
        yield
        return
    outer = current.place
    current.place = f"{outer}{SEPARATOR}{name}" if outer else name
    try:
        yield
    finally:
        current.place = outer


def mark_of(subject: str, before: Mapping[str, object] | None = None) -> tables.AuxRow | None:
    """Return the mark to write together with a change of the row `subject`, or None if none is needed.

    `before` is the row as it was, for those who must answer a replay after the row is gone.
    """
    current = _request.get()
    if current is None:
        return None
    content = {"actor": current.actor, "at": timestamps.to_text(clock.now()), "subject": subject, "before": before}
    ttl = clock.now() + LIFETIME
    return tables.AuxRow(pk=current.partition, sk=_sort_key(current, subject), content=content, ttl=ttl)


def record(subject: str) -> None:
    """Note that the row `subject` was changed."""
    current = _request.get()
    if current is not None:
        current.made.add(subject)


def is_done(subject: str) -> bool:
    """Return whether an earlier attempt at this request has already changed the row `subject` for this place.

    Costs one read when the request is a replay, and nothing otherwise.
    """
    current = _request.get()
    if current is None or not current.is_replay:
        return False
    return reads.get_op(current.partition, _sort_key(current, subject)) is not None


def before(subject: str) -> dict[str, Any]:
    """Return the row `subject` as it was before this request changed it. Only for changes that are done."""
    current = _request.get()
    item = reads.get_op(current.partition, _sort_key(current, subject)) if current else None
    if item is None:
        raise LookupError(subject)
    stored: dict[str, Any] = reads.json_of(item, "content")["before"]
    return stored


def moment() -> datetime:
    """Return the time that a change should carry: when its request began, so that a replay carries the same one."""
    current = _request.get()
    return current.began if current is not None else clock.now()


def token() -> str:
    """Return a token for a change at this place: the same one when the request is replayed, otherwise a new one."""
    current = _request.get()
    if current is None:
        return str(ULID())
    return hashlib.sha256(f"{current.partition}{SEPARATOR}{current.place}".encode()).hexdigest()[:26]


def is_replay() -> bool:
    """Return whether an earlier attempt at this request may have made some of its changes."""
    current = _request.get()
    return current is not None and current.is_replay


def _sort_key(current: _Request, subject: str) -> str:
    return f"{current.place}{SEPARATOR}{subject}"

"""Change rows: the audit log, which also tells a repeated request what it has already changed.

Each says who changed what, when, from what to what, and is written in the transaction of its change.

It is three things at once. It is an entry of the audit log and of the history of its row, for `CRM_HISTORY_DAYS`. And it is
the mark by which a request that is repeated with its Idempotency-Key recognises what it has already done: then its key
follows from the Idempotency-Key, from the place in the response that the change is for, and from the row that it changes.
A change row can be written only once, so the change and its row are both made or both not made, whatever became of the
answer.

    ops: pk = change#<subject>                          all changes of one row, and all that names it, in one partition
         sk = <ULID of the time> <separator> <subject>  in the order of time, in the partition and in the index of all

`subject` is what is changed: the id of a row, or `job:<name>`, `run:<job>:<slot>`, `key:<id>`, `queue`.

A change that nobody asked for, such as a step of a run, has no row. The creation of a customer, a product or an order is
in the row that is created: it says who created it. With an Idempotency-Key it leaves a mark for two days.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ulid import ULID

from chalicelib import clock
from chalicelib.settings import settings
from chalicelib.store import ids, reads, tables, timestamps
from chalicelib.store.index_keys import SEPARATOR

PREFIX = "change#"
LOG = "changes"
"""The partition of the index that has all changes."""
MARK_LIFETIME = timedelta(days=2)
"""Longer than the 24 hours for which an Idempotency-Key is remembered, so that a mark is there as long as its request."""

Values = Mapping[str, object]
"""The values of the fields that a change changes, as the API shows them. Secrets and their hashes never belong here."""


@dataclass(slots=True, kw_only=True)
class _Request:
    """A request with an Idempotency-Key."""

    digest: str
    began: datetime
    is_replay: bool
    made: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class _Place:
    """A place in the response. `number` says which of the mutations of the document it belongs to."""

    name: str
    action: str
    number: int


@dataclass(slots=True, kw_only=True)
class _Author:
    name: str
    request_id: str | None
    mutations: int = 0


_request: ContextVar[_Request | None] = ContextVar("request with an Idempotency-Key", default=None)
_author: ContextVar[_Author | None] = ContextVar("who asked for the changes", default=None)
_place: ContextVar[_Place | None] = ContextVar("place in the response", default=None)


@contextmanager
def request(seed: str, began: datetime, *, is_replay: bool) -> Iterator[set[str]]:
    """Mark each change made meanwhile as one of the request that `seed` stands for. Yield the ids of the changed rows.

    New rows get the same ids when the request is replayed. `is_replay` says that an earlier attempt at the same request may have made some of the changes already.
    """
    digest = hashlib.sha256(f"{seed} {began.isoformat()}".encode()).hexdigest()
    current = _Request(digest=digest, began=began, is_replay=is_replay)
    before = _request.set(current)
    try:
        with ids.deterministic_ids(seed, began):
            yield current.made
    finally:
        _request.reset(before)


@contextmanager
def made_by(name: str, request_id: str | None = None) -> Iterator[None]:
    """The changes made meanwhile are those of this person, key or job, and of the request with this id."""
    before = _author.set(_Author(name=name, request_id=request_id))
    try:
        yield
    finally:
        _author.reset(before)


@contextmanager
def place(name: str, action: str = "") -> Iterator[None]:
    """The changes made meanwhile are for this place in the response, such as `createOrder` or `row 7` within it.

    `action` names what is done, such as `updateCustomer`. By default it is that of the place around.
    """
    outer, author = _place.get(), _author.get()
    if outer:
        inner = _Place(name=f"{outer.name}{SEPARATOR}{name}", action=action or outer.action, number=outer.number)
    else:
        inner = _Place(name=name, action=action or name, number=author.mutations if author else 0)
        if author:
            author.mutations += 1
    before = _place.set(inner)
    try:
        yield
    finally:
        _place.reset(before)


def row_of(
    subject: str,
    before: Values | None = None,
    after: Values | None = None,
    reason: str | None = None,
    *,
    is_logged: bool = True,
) -> tables.AuxRow | None:
    """Return the row to write together with a change of `subject`, or None if none is needed.

    `before` and `after` have the changed fields only. One of them is None if the whole row appears or disappears.
    Without `is_logged` it is a mark and nothing else.
    """
    author, current = _author.get(), _request.get()
    is_logged = is_logged and author is not None
    if not is_logged and current is None:
        return None
    now = clock.now()
    row = tables.AuxRow(pk=f"{PREFIX}{subject}", sk=_sort_key(subject), content={"before": before, "after": after})
    if author is None or not is_logged:
        row.ttl = now + MARK_LIFETIME
        return row
    where = _place.get()
    row.content |= {"at": timestamps.to_text(now), "actor": author.name, "action": where.action if where else ""}
    row.content |= {"reason": reason, "request": author.request_id}
    row.change_log = LOG
    row.ttl = now + timedelta(days=settings.history_days)
    return row


def leading_to(row: tables.AuxRow, subjects: Iterable[str]) -> list[reads.Item]:
    """Return rows that lead from the changes of `subjects` to a change row. Readers look for that, and ignore those alone."""
    ends = {"sk": {"S": row.sk}, "ttl": {"N": str(int(row.ttl.timestamp()))}}
    return [{"pk": {"S": f"{PREFIX}{subject}"}, **ends} for subject in subjects]


def differences(old: Values, new: Values) -> tuple[dict[str, object], dict[str, object]]:
    """Return the fields in which two states of a row differ, as they were and as they are."""
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return {name: old.get(name) for name in names}, {name: new.get(name) for name in names}


def record(subject: str) -> None:
    """Note that the row `subject` was changed."""
    current = _request.get()
    if current is not None:
        current.made.add(subject)


def is_done(subject: str) -> bool:
    """Return whether an earlier attempt at this request has already changed the row `subject` for this place.

    Costs one read when the request is a replay, and nothing otherwise.
    """
    return is_replay() and _stored(subject) is not None


def before(subject: str) -> dict[str, Any]:
    """Return what was before this request changed `subject`. Only for changes that are done."""
    return _values(subject, "before")


def after(subject: str) -> dict[str, Any]:
    """Return what this request has made of `subject`. Only for changes that are done."""
    return _values(subject, "after")


def moment() -> datetime:
    """Return the time that a change should carry: when its request began, so that a replay carries the same one."""
    current = _request.get()
    return current.began if current is not None else clock.now()


def actor() -> str | None:
    """Return who asked for what is being done: a person, a key or a job. None if nobody did."""
    author = _author.get()
    return author.name if author else None


def token() -> str:
    """Return a token for a change at this place: the same one when the request is replayed, otherwise a new one."""
    current = _request.get()
    if current is None:
        return str(ULID())
    return _digest(current).hex()[:26]


def is_replay() -> bool:
    """Return whether an earlier attempt at this request may have made some of its changes."""
    current = _request.get()
    return current is not None and current.is_replay


def _values(subject: str, side: str) -> dict[str, Any]:
    item = _stored(subject)
    if item is None:
        raise LookupError(subject)
    values: dict[str, Any] = reads.json_of(item, "content")[side]
    return values


def _stored(subject: str) -> reads.Item | None:
    return reads.get_op(f"{PREFIX}{subject}", _sort_key(subject)) if _request.get() else None


def _sort_key(subject: str) -> str:
    """Return the key of a change that is made now. In a request with an Idempotency-Key it is the same in each attempt.

    Changes within one millisecond are in the order of the mutations of their document.
    """
    current, where = _request.get(), _place.get()
    milliseconds = int(moment().timestamp() * 1000).to_bytes(6)
    number = (where.number if where else 0).to_bytes(2)
    mark = os.urandom(8) if current is None else _digest(current, subject)[:8]
    return f"{ULID(milliseconds + number + mark)}{SEPARATOR}{subject}"


def _digest(current: _Request, *subject: str) -> bytes:
    where = _place.get()
    return hashlib.sha256(SEPARATOR.join([current.digest, where.name if where else "", *subject]).encode()).digest()

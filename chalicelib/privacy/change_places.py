"""Traces in the audit log: changes of the customer, and what people have written about other changes.

The changes of the customer are in one partition. Free text is in a reason or a note: those of refunds are found by the
customer's orders, all others by the time of the change. Only changes of products, schedules and jobs are read for that.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

from ulid import ULID

from chalicelib.privacy import rewriting
from chalicelib.privacy.person import ERASED, Person
from chalicelib.privacy.traces import Found, Search, Trace, TraceKind
from chalicelib.store import change_log, ids, partition_pages, reads, timestamps
from chalicelib.store.change_marks import PREFIX
from chalicelib.store.cursors import Position
from chalicelib.store.index_keys import SEPARATOR
from chalicelib.store.index_scan import IndexScan
from chalicelib.store.tables import AuxRow

_HARMLESS = frozenset({"archived", "customer", "emailSuppression", "erasure", "mergedInto", "movedOrders", "restored"})
"""Fields of changes of customers that say nothing about the person. All others are taken out, those of the future too."""
_OF_ERASURES = frozenset({"eraseCustomer", "erasePersonalData"})
_PER_STEP = 50
_KEYS_PER_STEP = 100


def changes(search: Search, after: str) -> Found:
    """Find what change rows say about the customer. They stay, without the person."""
    number, _, last = after.partition(" ")
    place = int(number or 0)
    items, rest = partition_pages.read(f"{PREFIX}{search.person.ids[place]}", last, limit=_PER_STEP)
    traces = list(_traces_of(items, _without_contact))
    if rest:
        return Found(traces, f"{place} {rest}")
    return Found(traces, f"{place + 1} " if place + 1 < len(search.person.ids) else None)


def other_changes(search: Search, after: str) -> Found:
    """Find reasons and notes of other changes that name the person, from the customer's creation on."""
    created = timestamps.from_text(min(map(ids.created_at, search.person.ids)))
    low = str(ULID(int(created.timestamp() * 1000).to_bytes(6) + bytes(10)))
    start = Position(after, 0, after) if after else None
    scan = IndexScan(replace(change_log.range_of_all(), low=low), up=True, start=start, batch=_KEYS_PER_STEP)
    positions = list(islice(scan.positions(), _KEYS_PER_STEP))
    wanted = [position.key for position in positions if ids.kind_of(_subject_of(position.key)) in {None, ids.PRODUCT}]
    keys = [{"pk": {"S": f"{PREFIX}{_subject_of(key)}"}, "sk": {"S": key}} for key in wanted]
    found = _traces_of(reads.get_all(AuxRow, keys), partial(_without_sentences, person=search.person))
    return Found(list(found), positions[-1].key if len(positions) == _KEYS_PER_STEP else None)


def reasons_of(subject: str, person: Person) -> Iterator[Trace]:
    """Yield the changes of a row whose reason names the person."""
    after: str | None = ""
    while after is not None:
        items, after = partition_pages.read(f"{PREFIX}{subject}", after)
        yield from _traces_of(items, partial(_without_sentences, person=person))


def _traces_of(items: Iterable[reads.Item], redact: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[Trace]:
    for item in items:
        content = reads.json_of(item, "content")
        redacted = redact(content) if content else content
        if redacted != content:
            yield Trace(TraceKind.CHANGE, _describe(content), partial(rewriting.replace_content, item, redacted))


def _without_contact(content: dict[str, Any]) -> dict[str, Any]:
    """Return a change of the customer without the person. Whatever the reason says, it is about this person."""
    redacted = {**content}
    for side in ("before", "after"):
        values = content.get(side)
        if isinstance(values, dict):
            redacted[side] = {
                name: value if name in _HARMLESS or value is None else ERASED for name, value in values.items()
            }
    if content.get("reason") and content.get("action") not in _OF_ERASURES:
        redacted["reason"] = ERASED
    return redacted


def _without_sentences(content: dict[str, Any], person: Person) -> dict[str, Any]:
    redacted: dict[str, Any] = rewriting.redacted_fields(content, person.redact)
    return redacted


def _describe(content: dict[str, Any]) -> str:
    parts = [str(content[name]) for name in ("at", "actor", "action") if content.get(name)]
    parts += [f"{side}: {_values(content[side])}" for side in ("before", "after") if content.get(side)]
    parts += [f"reason: {content['reason']}"] if content.get("reason") else []
    return ", ".join(parts)


def _values(values: dict[str, Any]) -> str:
    return " ".join(f"{name}={value!r}" for name, value in values.items())


def _subject_of(change_id: str) -> str:
    return change_id.partition(SEPARATOR)[2]

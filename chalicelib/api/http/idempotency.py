"""Idempotency-Key: a mutation that is sent again with the same key is carried out once and gets the same answer.

The key is claimed before the mutation begins and holds the answer for 24 hours. It is bound to the caller, the document
and the variables (https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header). An attempt that dies before
its answer is stored may have made some of its changes. The next attempt makes the rest: it uses the same ids, and finds
the marks of the changes that were made (see `store.change_marks`).

An attempt that changed nothing, and is not in doubt, releases the key: what refused it may change.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.condition import Condition

from chalicelib import clock
from chalicelib.access import key_format
from chalicelib.access.authorization import Caller
from chalicelib.api.graphql import error_format
from chalicelib.errors import IdempotencyConflict, InProgress, InvalidInput, Unavailable
from chalicelib.store import change_marks, kept_responses, reads, tables, timestamps
from chalicelib.store.put_once import put_once
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import new_token

BUSY = timedelta(seconds=60)
"""A request without an answer after this time has died: API Gateway ends it after 29 s, Lambda at its time limit."""
_MAX_LENGTH = 255
_MAX_STORED = 300_000
_IN_DOUBT = {"UNAVAILABLE", "INTERNAL", "CONFLICT"}

StoredResponse = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row `(idempotency#caller, key)` of `ops`. Without an answer, its request is in progress until `busy_until`."""

    pk: str
    sk: str
    request: str
    began: str
    busy_until: str
    token: str
    answer: str | None = None
    again: bool = field(default=False, compare=False)
    """Whether an earlier attempt may have made changes already."""


def once(
    key: str, caller: Caller, request: Mapping[str, Any], change: Callable[[], StoredResponse]
) -> tuple[StoredResponse, bool]:
    """Return the answer of `change`, and whether it is an earlier one. Raises IdempotencyConflict, InProgress, InvalidInput."""
    if not key or not key.isascii() or not key.isprintable() or len(key) > _MAX_LENGTH:
        raise InvalidInput(f"Idempotency-Key must have 1 to {_MAX_LENGTH} printable ASCII characters")
    entry = _claim(kept_responses.partition(caller.id), key, _digest(request))
    if entry.answer is not None:
        return _unpack(entry.answer), True
    seed = f"{entry.pk} {entry.sk} {entry.request}"
    began = timestamps.from_text(entry.began)
    with (
        change_marks.request(seed, began, is_replay=entry.again) as changed,
        error_format.collect_codes() as codes,
    ):
        answer = change()
    if changed or codes & _IN_DOUBT or any((answer.get("data") or {}).values()):
        _keep(entry, answer, codes)
    else:
        _release(entry)
    return answer, False


def _claim(pk: str, sk: str, request: str) -> _Entry:
    """Return an entry that this request may work on, or that has its answer.

    Raises IdempotencyConflict, InProgress, Unavailable.
    """
    for _ in retry_delays():
        now = clock.now()
        token, busy = new_token(), timestamps.to_text(now + BUSY)
        entry = _Entry(pk, sk, request, timestamps.to_text(now), busy, token)
        # Write before reading: the key is nearly always new.
        other = _write(entry, replaces=tables.AuxRow.ttl <= now)
        if other is None:
            return entry
        found = _load(other)
        if found is None:
            continue
        if found.request != request:
            raise IdempotencyConflict
        if found.answer is not None:
            return found
        if found.busy_until > timestamps.to_text(now):
            raise InProgress
        entry = replace(found, busy_until=busy, token=token, again=True)
        if _write(entry, replaces=tables.AuxRow.token == found.token) is None:
            return entry
    raise Unavailable


def _keep(entry: _Entry, answer: StoredResponse, codes: set[str]) -> None:
    """Store the answer, unless it is in doubt: repeating the request then finds out what was done.

    `codes` has the codes of all errors, including those of single rows, which the client may not have selected.
    """
    packed = None if codes & _IN_DOUBT else _pack(answer)
    if packed and len(packed) > _MAX_STORED:
        packed = None
    try:
        now = timestamps.to_text(clock.now())
        done = replace(entry, answer=packed, busy_until=now, token=new_token())
        _write(done, replaces=tables.AuxRow.token == entry.token)
    except Unavailable:
        return  # the change is made; repeating the request finds it by its ids


def _release(entry: _Entry) -> None:
    """Forget the key of a request that changed nothing: what refused it, such as too little stock, may change."""
    with suppress(Unavailable, PynamoDBException):
        tables.AuxRow(pk=entry.pk, sk=entry.sk).delete(tables.AuxRow.token == entry.token)


def _write(entry: _Entry, replaces: Condition) -> reads.Item | None:
    """Store `entry` if its key is free or its row meets `replaces`; otherwise return that row. Raises Unavailable."""
    content = {"request": entry.request, "began": entry.began, "busy_until": entry.busy_until, "answer": entry.answer}
    ttl = timestamps.from_text(entry.began) + kept_responses.KEPT
    row = tables.AuxRow(pk=entry.pk, sk=entry.sk, content=content, token=entry.token, ttl=ttl)
    return put_once(row, replaces)


def _load(item: reads.Item) -> _Entry | None:
    """Return the entry of a row, None if it has expired: rows may outlive their TTL by days."""
    if reads.number(item, "ttl") <= clock.now().timestamp():
        return None
    return _Entry(item["pk"]["S"], item["sk"]["S"], token=item["token"]["S"], **reads.json_of(item, "content"))


def _digest(request: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def _pack(answer: StoredResponse) -> str:
    return kept_responses.pack(key_format.redact(json.dumps(answer)))


def _unpack(packed: str) -> StoredResponse:
    answer: StoredResponse = json.loads(kept_responses.unpack(packed))
    return answer

"""Traces of requests: responses that are kept for a day, and documents that are kept for a month.

No index leads from a customer to them, because a response may name anybody. So those of all keys are looked through: as many
as there were changes with an Idempotency-Key in 24 hours.
"""

import json
from functools import partial
from typing import Any

from chalicelib import clock
from chalicelib.access import api_keys
from chalicelib.access.authorization import DEVELOPER
from chalicelib.jobs import error_text
from chalicelib.privacy import rewriting
from chalicelib.privacy.run_places import INDEX_LAG
from chalicelib.privacy.traces import Found, Search, Trace, TraceKind
from chalicelib.store import change_marks, kept_responses, partition_pages, reads, timestamps

_PER_STEP = 25


def responses(search: Search, after: str) -> Found:
    """Find kept responses that name the person. They stay, without the person, so that no change is made again."""
    callers = sorted([DEVELOPER.id, *(key.id for key in api_keys.stored_keys())])
    caller, _, last = after.partition(" ")
    caller = caller or callers[0]
    items, rest = partition_pages.read(kept_responses.partition(caller), last, limit=_PER_STEP)
    traces = [trace for item in items for trace in _traces_of(item, search)]
    unfinished = next((each for item in items if (each := _may_still_write(item, search))), None)
    following = next((each for each in callers if each > caller), None)
    if rest:
        return Found(traces, f"{caller} {rest}", unfinished)
    return Found(traces, f"{following} " if following else None, unfinished)


def documents(search: Search, after: str) -> Found:
    """Find persisted documents that quote the person instead of using variables. Clients send them again in full."""
    items, rest = partition_pages.read(kept_responses.DOCUMENTS, after, limit=_PER_STEP)
    traces = [
        Trace(
            TraceKind.DOCUMENT,
            error_text.shorten(reads.json_of(item, "content")["text"]),
            partial(rewriting.delete, item),
        )
        for item in items
        if search.person.is_named_in(reads.json_of(item, "content")["text"])
    ]
    return Found(traces, rest)


def _traces_of(item: reads.Item, search: Search) -> list[Trace]:
    content: dict[str, Any] = reads.json_of(item, "content")
    if not content["answer"]:
        return []
    response = json.loads(kept_responses.unpack(content["answer"]))
    redacted = search.person.redact_all(response)
    if redacted == response:
        return []
    packed = kept_responses.pack(json.dumps(redacted))
    erase = partial(rewriting.replace_content, item, {**content, "answer": packed})
    return [Trace(TraceKind.RESPONSE, f"the response to a change of {content['began']}", erase)]


def _may_still_write(item: reads.Item, search: Search) -> str | None:
    """Return which request may still keep a response that it made before the erasure."""
    content: dict[str, Any] = reads.json_of(item, "content")
    is_own = content["began"] == timestamps.to_text(change_marks.moment())  # the erasure itself may have a key, too
    if search.erased_at is None or content["answer"] or is_own:
        return None
    is_busy = content["busy_until"] > timestamps.to_text(clock.now())
    until = timestamps.from_text(search.erased_at) + INDEX_LAG
    return "a request in progress" if is_busy and timestamps.from_text(content["began"]) <= until else None

"""Traces in small partitions that quote errors and reasons: alerts, notifications, schedules that paused, paused jobs.

Nobody else's rows are in them, so each is read as a whole.
"""

from functools import partial

from chalicelib.jobs import alerts, job_state, notification_channels, operator_schedules
from chalicelib.privacy import rewriting
from chalicelib.privacy.traces import Found, Search, Trace, TraceKind
from chalicelib.store import partition_pages, reads

_PARTITIONS = (
    (alerts.PARTITION, ""),
    (notification_channels.PARTITION, notification_channels.DELIVERY),
    (notification_channels.PARTITION, notification_channels.STATUS),
    (operator_schedules.PARTITION, ""),
    (job_state.PARTITION, ""),
)


def messages(search: Search, after: str) -> Found:
    """Find sentences that name the person, a page of one partition at a time."""
    number, _, last = after.partition(" ")
    place = int(number or 0)
    pk, prefix = _PARTITIONS[place]
    items, rest = partition_pages.read(pk, last, prefix=prefix)
    traces = [trace for item in items for trace in _traces_of(item, search)]
    if rest:
        return Found(traces, f"{place} {rest}")
    return Found(traces, f"{place + 1} " if place + 1 < len(_PARTITIONS) else None)


def _traces_of(item: reads.Item, search: Search) -> list[Trace]:
    found: list[Trace] = []
    name = f"{item['pk']['S']} {item['sk']['S']}"
    content = reads.json_of(item, "content")
    redacted = rewriting.redacted_fields(content, search.person.redact)
    if redacted != content:
        found.append(Trace(TraceKind.MESSAGE, name, partial(rewriting.replace_content, item, redacted)))
    reason = reads.text(item, "reason")
    if reason and search.person.is_named_in(reason):
        erase = partial(rewriting.replace_reason, item, search.person.redact(reason))
        found.append(Trace(TraceKind.MESSAGE, name, erase))
    return found

"""Traces in dead letters: events of SES that could not be read, and messages that are none of ours."""

from functools import partial

from chalicelib.jobs import queue, ses_events
from chalicelib.privacy.traces import Found, Search, Trace, TraceKind

_QUEUES = (queue.DEAD, ses_events.DEAD)
_HIDDEN_SECONDS = 20
"""How long letters are hidden that were looked at: shorter than the pause before the next attempt of an erasure."""


def dead_letters(search: Search, after: str) -> Found:
    """Find dead letters that name the person, in one queue at a time."""
    place = int(after or 0)
    name = _QUEUES[place]
    rest = str(place + 1) if place + 1 < len(_QUEUES) else None
    if search.erased_at and queue.hidden_count(name):
        # Somebody else is looking at letters, which this search would not get to see.
        return Found([], rest, f"somebody who looks at {name}")
    received = [letter for batch in queue.receive_from(name, _HIDDEN_SECONDS) for letter in batch]
    named = [letter for letter in received if search.person.is_named_in(letter.body)]
    others = [letter for letter in received if letter not in named]
    queue.make_visible(others if search.erased_at else received, name)
    text = "a message in {} of {}"
    traces = [
        Trace(TraceKind.DEAD_LETTER, text.format(name, letter.sent_at), partial(queue.remove, letter, name))
        for letter in named
    ]
    return Found(traces, rest)

"""What a place of the data says about a person: traces, each of which can be erased.

A place is a part of the data in which a person may be named, such as log lines or kept responses. It is read a step at a
time. A disclosure shows what an erasure erases: both read the same places.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from chalicelib.privacy.person import Person


class TraceKind(StrEnum):
    SEARCH_WORD = "SEARCH_WORD"
    CHANGE = "CHANGE"
    REPORT = "REPORT"
    LOG_LINE = "LOG_LINE"
    RUN = "RUN"
    MESSAGE = "MESSAGE"
    DOCUMENT = "DOCUMENT"
    RESPONSE = "RESPONSE"
    DEAD_LETTER = "DEAD_LETTER"


@dataclass(frozen=True, slots=True)
class Trace:
    kind: TraceKind
    text: str
    erase: Callable[[], None]
    """Takes the person out of it. Safe to repeat. Raises Stale if it has changed meanwhile, Unavailable."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a step has found, and where the next step of the place begins; None at its end."""

    traces: list[Trace] = field(default_factory=list)
    rest: str | None = None
    unfinished: str | None = None
    """What began before the erasure and may still write about the person. The erasure comes back to it."""


@dataclass(frozen=True, slots=True)
class Search:
    """Whom to look for. `erased_at` is when the customer was erased; None while the customer is still there."""

    person: Person
    erased_at: str | None = None


Place: TypeAlias = Callable[[Search, str], Found]
"""Takes one step, from where the step before has ended; empty at the beginning. Raises Unavailable."""

"""Slots: each run of a job is keyed by one. A slot is a UTC instant as text, so text order is time order.

The slot of a scheduled run is the instant it was due, to the second: 2026-11-22T08:00:00Z. If an operator's own schedule
was due, the slot names it as well: 2026-11-22T08:00:00Z@sch_.... The slot of a run that an operator starts is the instant
of the request, to the microsecond, so that it never equals a scheduled one.
"""

from datetime import datetime
from typing import NewType

from chalicelib.store import timestamps

Slot = NewType("Slot", str)
_BUILT_IN = ".default"
LAST = "~"
"""It sorts behind all that a slot can contain."""
_SEPARATOR = "@"
"""It sorts behind the end of an instant, so that the slots of one instant are together."""


def of(moment: datetime, schedule: str | None = None) -> Slot:
    """Return the slot of a moment: of the job's own schedule, or of the operator's schedule with this id."""
    instant = timestamps.to_text(moment).replace(".000000Z", "Z")
    return Slot(f"{instant}{_SEPARATOR}{schedule}" if schedule else instant)


def start_of(moment: datetime) -> str:
    """Return a bound before all slots of the second of `moment`."""
    return of(moment.replace(microsecond=0)).removesuffix("Z")


def end_of(moment: datetime) -> str:
    """Return a bound behind all slots of the second of `moment`."""
    return f"{of(moment.replace(microsecond=0))}{LAST}"


def of_request(moment: datetime) -> Slot:
    return of(moment if moment.microsecond else moment.replace(microsecond=1))


def moment_of(slot: str) -> datetime:
    return timestamps.from_text(instant_of(slot))


def instant_of(slot: str) -> str:
    """Return the instant of a slot as text."""
    return slot.partition(_SEPARATOR)[0]


def schedule_of(slot: str) -> str | None:
    """Return the id of the operator's schedule that was due; None if it was the job's own."""
    return slot.partition(_SEPARATOR)[2] or None


def built_in_id(job: str) -> str:
    """Return the id of a job's own schedule."""
    return f"{job}{_BUILT_IN}"


def is_slot(text: str) -> bool:
    """Return whether a text is a slot in its only notation. Raises ValueError, OverflowError if it is no instant at all."""
    return of(moment_of(text), schedule_of(text)) == text

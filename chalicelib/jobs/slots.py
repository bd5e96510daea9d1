"""Slots: each run of a job is keyed by one. A slot is a UTC instant as text, so text order is time order.

The slot of a scheduled run is the instant it was due, to the second: 2026-11-22T08:00:00Z. The slot of a run that an
operator starts is the instant of the request, to the microsecond, so that it never equals a scheduled one.
"""

from datetime import datetime
from typing import NewType

from chalicelib.store import timestamps

Slot = NewType("Slot", str)


def of(moment: datetime) -> Slot:
    return Slot(timestamps.to_text(moment).replace(".000000Z", "Z"))


def of_request(moment: datetime) -> Slot:
    return of(moment if moment.microsecond else moment.replace(microsecond=1))


def moment_of(slot: Slot) -> datetime:
    return timestamps.from_text(slot)

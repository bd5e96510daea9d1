"""Slots: the instants that runs are keyed by, as texts in their order.

A scheduled run's slot is the instant it was due, to the second: 2026-11-22T08:00:00Z. One that was asked for has the
instant of the request, to the microsecond, so that the two never meet.
"""

from datetime import datetime

from chalicelib.store import timestamps


def of(moment: datetime) -> str:
    return timestamps.to_text(moment).replace(".000000Z", "Z")


def of_request(moment: datetime) -> str:
    return of(moment if moment.microsecond else moment.replace(microsecond=1))


def moment_of(slot: str) -> datetime:
    return timestamps.from_text(slot)

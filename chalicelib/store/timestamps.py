"""Timestamps: times as they are stored, in UTC and ISO 8601, always with microseconds, so that they sort as text."""

from datetime import UTC, datetime, timedelta
from typing import NewType

from chalicelib import clock
from chalicelib.errors import InvalidInput

Timestamp = NewType("Timestamp", str)
"""For example 2026-11-22T08:00:00.000000Z."""

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


def to_text(moment: datetime) -> Timestamp:
    # Not strftime: its %Y has no leading zeros.
    return Timestamp(moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z")


def from_text(text: str) -> datetime:
    return datetime.fromisoformat(text)


def checked_past(moment: datetime | None, field: str) -> datetime:
    """Return `moment`, or now without one. Raises InvalidInput for times before 1900 or in the future.

    One day of tolerance allows for clocks and time zones.
    """
    if moment is None:
        return clock.now()
    if not EARLIEST <= moment <= clock.now() + timedelta(days=1):
        raise InvalidInput("The date must be between 1900 and now", field=field)
    return moment

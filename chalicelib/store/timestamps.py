"""Times as they are stored: UTC, ISO-8601, always with microseconds, so that their order is the order of the text."""

from datetime import UTC, date, datetime, timedelta

from chalicelib import clock
from chalicelib.errors import InvalidInput

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


def to_text(moment: datetime) -> str:
    # Not strftime: its %Y has no leading zeros.
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def from_text(text: str) -> datetime:
    return datetime.fromisoformat(text)


def day_after(day: date) -> str:
    """The first text that no moment of `day` reaches: an exclusive upper bound."""
    return (day + timedelta(days=1)).isoformat() if day < date.max else "~"


def checked_past(moment: datetime | None, field: str) -> datetime:
    """`moment`, or now. A day of tolerance for clocks and zones; later, or before 1900, is refused."""
    if moment is None:
        return clock.now()
    if not EARLIEST <= moment <= clock.now() + timedelta(days=1):
        raise InvalidInput("The date must be between 1900 and now", field=field)
    return moment

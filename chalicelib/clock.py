"""The clock: the only place that reads the time, so that tests and the development clock can move it."""

from collections.abc import Callable
from datetime import UTC, datetime

_source: Callable[[], datetime] | None = None


def now() -> datetime:
    """Return the current time, with the time zone UTC."""
    return _source() if _source else datetime.now(UTC)


def set_source(source: Callable[[], datetime] | None) -> None:
    """Take the time from `source`; None takes it from the system again."""
    global _source  # noqa: PLW0603 - the seam itself: one clock for the process
    _source = source

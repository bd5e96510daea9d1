"""The one place that asks what time it is, so that tests and the development clock can move it."""

from collections.abc import Callable
from datetime import UTC, datetime

_source: Callable[[], datetime] | None = None


def now() -> datetime:
    """The current time, aware, in UTC."""
    return _source() if _source else datetime.now(UTC)


def set_source(source: Callable[[], datetime] | None) -> None:
    """Take the time from `source`, or from the system again with None."""
    global _source  # noqa: PLW0603 - the seam itself: one clock for the process
    _source = source

"""Read and print times, always in UTC."""

from datetime import UTC, datetime
from typing import Any

import click

from crmctl import clock
from crmctl.typed_times import EXAMPLES, TimeParser

EMPTY_CELL = "-"
MINUTE, HOUR = 60, 60
"""Seconds per minute, minutes per hour."""
MAX_RELATIVE_DAYS = 60


def utc_text(value: datetime) -> str:
    """Return ISO 8601 in UTC, ending in Z. Raises ValueError for the first and the last hours that Python knows."""
    try:
        utc = value.astimezone(UTC) if value.tzinfo else value
    except OverflowError as error:
        raise ValueError(value) from error
    return utc.replace(tzinfo=None).isoformat() + "Z"


def format_time(timestamp: str | None) -> str:
    """Return the form 2026-11-22 08:00 UTC."""
    if timestamp is None:
        return EMPTY_CELL
    return datetime.fromisoformat(timestamp).astimezone(UTC).replace(tzinfo=None).isoformat(" ", "minutes") + " UTC"


def format_relative(timestamp: str | None) -> str:
    """Return how long ago or how far ahead a time is, such as `3 min ago` or `in 2 h`; beyond 60 days the day itself."""
    if timestamp is None:
        return EMPTY_CELL
    seconds = (datetime.fromisoformat(timestamp) - clock.now()).total_seconds()
    if abs(seconds) >= MAX_RELATIVE_DAYS * 24 * HOUR * MINUTE:
        return format_time(timestamp).partition(" ")[0]
    text = _largest_unit(abs(seconds))
    return f"in {text}" if seconds > 0 else f"{text} ago"


def _largest_unit(seconds: float) -> str:
    for unit, size in (("d", 24 * HOUR * MINUTE), ("h", HOUR * MINUTE), ("min", MINUTE)):
        if seconds >= (2 * size if unit == "d" else size):
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def format_duration(seconds: float | None) -> str:
    """Return a duration in the unit that shows it best: `25 ms`, `4.2 s`, `3 min 20 s`, `2 h 01 min`."""
    if seconds is None:
        return EMPTY_CELL
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if round(seconds, 1) < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), MINUTE)
    return f"{minutes} min {rest:02d} s" if minutes < HOUR else f"{minutes // HOUR} h {minutes % HOUR:02d} min"


class Timestamp(click.ParamType[str]):
    """A time as people type it. With `ahead`, `2h` is in two hours and `08:00` the next one, and otherwise the last one.

    With `is_end`, a day alone is its last second, and otherwise its first.
    """

    name = "time"

    def __init__(self, *, ahead: bool = False, is_end: bool = False) -> None:
        self._ahead = ahead
        self._is_end = is_end

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            parser = TimeParser(clock.now(), self._ahead)
            return utc_text(parser.parse_end(value) if self._is_end else parser.parse(value))
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is not a date or time. Use one such as {EXAMPLES}. The zone is UTC if none is named.",
                param,
                ctx,
            )


class Day(click.ParamType[str]):
    """A day in UTC, such as `yesterday` or `2026-11-22`."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return TimeParser(clock.now(), ahead=False).parse(value).date().isoformat()
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a day. Use one such as yesterday, monday or 2026-11-22.", param, ctx)

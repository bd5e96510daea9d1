"""Read and print times, always in UTC."""

from datetime import UTC, datetime
from typing import Any

import click

EMPTY_CELL = "-"
MINUTE, HOUR = 60, 60
"""Seconds per minute, minutes per hour."""


def to_utc(text: str) -> str:
    """Return ISO 8601 in UTC, ending in Z. The default time is midnight, the default zone UTC. Raises ValueError."""
    return utc_text(datetime.fromisoformat(text))


def utc_text(value: datetime) -> str:
    """Return ISO 8601 in UTC, ending in Z. Raises ValueError for the first and the last hours that Python knows."""
    try:
        utc = value.astimezone(UTC) if value.tzinfo else value
    except OverflowError as error:
        raise ValueError(value) from error
    return utc.replace(tzinfo=None).isoformat() + "Z"


def format_time(timestamp: str | None) -> str:
    """Return the form 2026-11-22 08:00."""
    if timestamp is None:
        return EMPTY_CELL
    return datetime.fromisoformat(timestamp).astimezone(UTC).replace(tzinfo=None).isoformat(" ", "minutes")


def format_duration(seconds: float | None) -> str:
    if seconds is None:
        return EMPTY_CELL
    if round(seconds, 1) < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), MINUTE)
    return f"{minutes} min {rest:02d} s" if minutes < HOUR else f"{minutes // HOUR} h {minutes % HOUR:02d} min"


class Timestamp(click.ParamType[str]):
    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return to_utc(value)
        except ValueError:
            self.fail(f"{value!r} is not a date or time; use 2026-11-22T08:00 (UTC) or 2026-11-22.", param, ctx)

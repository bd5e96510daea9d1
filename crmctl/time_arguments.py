"""How are moments read from users, and how are they shown? In UTC, always."""

from datetime import UTC, datetime
from typing import Any

import click

NOTHING = "-"
MINUTE, HOUR = 60, 60
"""In seconds, in minutes."""


def utc(text: str) -> str:
    """ISO-8601 in UTC with Z. Without a time it is midnight, without a zone it is UTC. Raises ValueError."""
    try:
        value = datetime.fromisoformat(text)
        moment = value.astimezone(UTC) if value.tzinfo else value
    except OverflowError as problem:
        raise ValueError(text) from problem
    return moment.replace(tzinfo=None).isoformat() + "Z"


def to_minute(moment: str | None) -> str:
    """2026-11-22 08:00"""
    if moment is None:
        return NOTHING
    return datetime.fromisoformat(moment).astimezone(UTC).replace(tzinfo=None).isoformat(" ", "minutes")


def lasting(seconds: float | None) -> str:
    if seconds is None:
        return NOTHING
    if round(seconds, 1) < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), MINUTE)
    return f"{minutes} min {rest:02d} s" if minutes < HOUR else f"{minutes // HOUR} h {minutes % HOUR:02d} min"


class Moment(click.ParamType[str]):
    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return utc(value)
        except ValueError:
            self.fail(f"{value!r} is no moment; expected 2026-11-22T08:00 (UTC) or 2026-11-22.", param, ctx)

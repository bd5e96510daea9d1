"""Bounds of lists: what a filter by days, times or amounts means for index keys and for rows."""

from datetime import date, datetime
from typing import TypeAlias, TypeVar

from chalicelib.crm import calendar_days, money
from chalicelib.store import timestamps
from chalicelib.store.index_scan import end_of_value

Bound = TypeVar("Bound", int, str)
Bounds: TypeAlias = tuple[str | None, str | None]


def of_times(first: date | None, last: date | None, since: datetime | None, before: datetime | None) -> Bounds:
    """Return the bounds of timestamps: from `first` and `since` on, up to the end of `last`, and before `before`."""
    lows = [calendar_days.bound_before(first) if first else "", timestamps.to_text(since) if since else ""]
    highs = [calendar_days.bound_after(last) if last else "", timestamps.to_text(before) if before else ""]
    return max(lows) or None, min(filter(None, highs), default=None)


def is_time_within(bounds: Bounds, moment: str) -> bool:
    """The upper bound is excluded, as it is for index keys, which continue after the time."""
    low, high = bounds
    return (low is None or low <= moment) and (high is None or moment < high)


def of_amounts(low: int | None, high: int | None) -> Bounds:
    """Return the bounds of index keys of amounts in cents, both included."""
    return None if low is None else money.cents_key(low), None if high is None else end_of_value(money.cents_key(high))


def is_within(bounds: tuple[Bound | None, Bound | None], value: Bound) -> bool:
    low, high = bounds
    return (low is None or low <= value) and (high is None or value <= high)

"""Read dates as shops and spreadsheets write them.

ISO forms mean one thing. `3/4/2024` is in March or in April, so the user says which, or another date of the column does:
`3/15/2024` has no other meaning.
"""

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone

MONTHS = 12
_NOON = 12
_TIME = (
    r"(?:,?[ T]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
)
_ZONE = r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
_LOCAL = re.compile(rf"(?P<first>\d{{1,2}})([./-])(?P<second_>\d{{1,2}})\2(?P<year>\d{{4}}){_TIME}{_ZONE}", re.ASCII)
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})([./-])(?P<first>\d{{1,2}})\2(?P<second_>\d{{1,2}}){_TIME}{_ZONE}", re.ASCII
)


class AmbiguousDate(ValueError):
    """Day-first and month-first are both possible."""


@dataclass(slots=True)
class DateEvidence:
    """Which order of day and month the dates of a table show."""

    _orders: set[str] = field(default_factory=set)

    def note(self, text: str) -> None:
        found = _LOCAL.fullmatch(text)
        if found and (int(found["first"]) > MONTHS) != (int(found["second_"]) > MONTHS):
            self._orders.add("dmy" if int(found["first"]) > MONTHS else "mdy")

    @property
    def order(self) -> str | None:
        """The only order that was seen, or None."""
        return next(iter(self._orders)) if len(self._orders) == 1 else None


def parse_moment(text: str, order: str | None) -> datetime | date:
    """Return the time as written, with its zone if it has one, or the day if no time is written.

    `order` is `dmy`, `mdy` or None. Raises ValueError, of which AmbiguousDate is one.
    """
    with suppress(ValueError):
        return date.fromisoformat(text)
    with suppress(ValueError):
        return datetime.fromisoformat(text)
    if found := _YEAR_FIRST.fullmatch(text):
        return _moment(found, int(found["first"]), int(found["second_"]))
    found = _LOCAL.fullmatch(text)
    if not found:
        raise ValueError(text)
    first, second = int(found["first"]), int(found["second_"])
    if first == second:
        return _moment(found, first, second)
    if order is None:
        raise AmbiguousDate(text)
    return _moment(found, *((second, first) if order == "dmy" else (first, second)))


def _moment(found: re.Match[str], month: int, day: int) -> datetime | date:
    written = date(int(found["year"]), month, day)
    if not found["hour"] and not found["zone"]:
        return written
    at = time()
    if found["hour"]:
        at = time(_hour(int(found["hour"]), found["half"]), int(found["minute"]), int(found["second"] or 0))
    return datetime.combine(written, at, _zone(found["zone"]))


def _hour(hour: int, half: str | None) -> int:
    if half is None:
        return hour
    if not 1 <= hour <= _NOON:
        raise ValueError(hour)
    return hour % _NOON + (_NOON if half[0] in "Pp" else 0)


def _zone(text: str | None) -> timezone:
    if text is None or text[0] not in "+-":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))

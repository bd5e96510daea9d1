"""Crontabs in any time zone, for operators' schedules: find their next instants, also where clocks are changed.

cronsim parses them and finds the days; this module turns local times into instants.

Daylight saving follows Debian's cron and cronie. If minute or hour begin with `*`, the crontab fires whenever the clock on
the wall shows a matching time. Otherwise it fires once for each matching time: the first time if the clock is set back
over it, and right after the gap if the clock is set forward over it.

The search for instants is our own: near a change of the clock, cronsim skips times (in zones that move by half an hour),
returns times that do not exist, and can return an instant before the one that it starts from.
"""

from bisect import bisect_right
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import count
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from chalicelib import time_zones
from chalicelib.jobs.crontab_words import in_words
from chalicelib.time_zones import UnknownTimeZone

ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
MAX_LENGTH = 200
"""Characters of a crontab."""
FIELDS = 5
WEEKDAY = 4
_MAX_IDLE_DAYS = 366 * 41
"""No crontab that fires waits longer: February 29 falls on the same day of the week every 28 years, around 2100 every 40."""
_HORIZON = timedelta(days=36_525)
"""How far a search goes: 100 years."""
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


class BadCrontab(ValueError):
    """The crontab or its time zone cannot be used"""


@lru_cache(maxsize=256)
def parsed(text: str, zone_name: str) -> "Crontab":
    """Return a crontab that is used again and again: whether it ever fires takes a search of its own. Raises BadCrontab."""
    return Crontab(text, zone_name)


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone of the IANA database. Raises BadCrontab."""
    try:
        return time_zones.find(name)
    except UnknownTimeZone as error:
        raise BadCrontab(str(error)) from None


@dataclass(frozen=True)
class Crontab:
    """Raises BadCrontab if the text is not a crontab, never fires, or fires at other times than its author expects."""

    text: str
    zone_name: str = "UTC"

    def __post_init__(self) -> None:
        check_terms(self.fields, parse(self.fields))
        if next(self.after(_ANY_TIME), None) is None:
            raise BadCrontab(f"{self.text!r} never fires")

    @property
    def fields(self) -> str:
        """The five fields: of an alias such as @daily, what it stands for."""
        return ALIASES.get(self.text.strip().lower(), self.text)

    @property
    def words(self) -> str:
        return f"{in_words(self.fields, self._parsed)}, {self.zone_name}"

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the instants of the 100 years after `moment`, in UTC and in order."""
        day = moment.astimezone(self._zone).date() - _DAY
        last = moment
        ahead = _instants_of(self, day)
        idle = 0
        horizon = day + _HORIZON
        while idle < _MAX_IDLE_DAYS and day < horizon:
            # When the clock is set back over midnight, a day begins before the one before it has ended.
            today, ahead = ahead, _instants_of(self, day + _DAY)
            early = ahead[: bisect_right(ahead, today[-1])] if today else ()
            due = sorted({*today, *early}) if early else today
            for instant in due[bisect_right(due, last) :]:
                last = instant
                yield instant
            following = day + _DAY if due or ahead else self._skip_months(day + _DAY)
            idle = 0 if due else idle + (following - day).days
            day = following

    def _skip_months(self, day: date) -> date:
        """Return `day`, or the last day of its month if nothing is due in that month: a search visits most days in vain."""
        if day.month in self._parsed.months:
            return day
        return (day.replace(day=1) + 31 * _DAY).replace(day=1) - _DAY

    @cached_property
    def _zone(self) -> ZoneInfo:
        return zone_of(self.zone_name)

    @cached_property
    def _parsed(self) -> CronSim:
        return parse(self.fields)

    @cached_property
    def _is_wildcard(self) -> bool:
        minute, hour, *_ = self.fields.split()
        return minute.startswith("*") or hour.startswith("*")

    @cached_property
    def _times(self) -> list[time]:
        return [time(hour, minute) for hour in sorted(self._parsed.hours) for minute in sorted(self._parsed.minutes)]

    def instants(self, day: date) -> list[datetime]:
        """Return the instants that belong to a day, in no order."""
        if day.month not in self._parsed.months or not self._parsed.match_day(day):
            return []
        midnight = datetime.combine(day, time(), self._zone)
        offsets = {moment.utcoffset() or timedelta() for moment in (midnight + days * _DAY for days in range(-1, 3))}
        if len(offsets) == 1:
            (offset,) = offsets
            return [datetime.combine(day, at, UTC) - offset for at in self._times]
        return [instant for at in self._times for instant in self._near_change(datetime.combine(day, at), offsets)]

    def _near_change(self, local: datetime, offsets: AbstractSet[timedelta]) -> list[datetime]:
        """Return the instants of one local time. `offsets` are those that the zone has in these days."""
        found = self._shown_at(local, offsets)
        if self._is_wildcard or found:
            return found if self._is_wildcard else found[:1]
        skipped = (local + timedelta(minutes=minutes) for minutes in count(1))  # the first minute after the gap
        return next(instants for instants in (self._shown_at(later, offsets) for later in skipped) if instants)[:1]

    def _shown_at(self, local: datetime, offsets: AbstractSet[timedelta]) -> list[datetime]:
        """Return the instants at which the clock on the wall shows `local`: none, one, or two."""
        instants = sorted((local - offset).replace(tzinfo=UTC) for offset in offsets)
        return [instant for instant in instants if instant.astimezone(self._zone).replace(tzinfo=None) == local]


@lru_cache(maxsize=64)
def _instants_of(crontab: Crontab, day: date) -> tuple[datetime, ...]:
    """Return the instants that belong to a day, in order. A search for the next one starts with the same days again and again."""
    return tuple(sorted(set(crontab.instants(day))))


def parse(text: str) -> CronSim:
    """Parse five fields. Raises BadCrontab."""
    if len(text) > MAX_LENGTH or len(text.split()) != FIELDS:
        raise BadCrontab(f"{text[:MAX_LENGTH]!r}: a schedule has five fields: minute hour day month weekday")
    try:
        return CronSim(text, _ANY_TIME)
    except CronSimError as error:
        raise BadCrontab(f"{text!r}: {error}") from None


def check_terms(text: str, parsed: CronSim) -> None:
    """Refuse a field that cronsim accepts, but that fires at other times than its author is likely to expect.

    `*/90` minutes would fire once an hour, and `0,7` names Sunday twice. Raises BadCrontab.
    """
    fields = parsed.parts[-FIELDS:]
    for position, field in enumerate(fields):
        named: set[int] = set()
        for term in field.split(","):
            numbers = _numbers(position, term)
            if "/" in term and len(numbers) == 1:
                raise BadCrontab(f"{text!r}: the step of {term} leads beyond the last value")
            if term != "*" and (len(set(numbers)) < len(numbers) or named.intersection(numbers)):
                raise BadCrontab(f"{text!r}: {term} names a value a second time; 0 and 7 are both Sunday")
            named.update(numbers)


def _numbers(position: int, term: str) -> list[int]:
    """Return the values of one term of a field. Sunday is 0, also where it was written as 7."""
    fields = ["*"] * FIELDS
    fields[position] = term
    parsed = CronSim(" ".join(fields), _ANY_TIME)
    values = (parsed.minutes, parsed.hours, parsed.days, parsed.months, parsed.weekdays)[position]
    return [number % 7 if position == WEEKDAY else number for number in values if isinstance(number, int)]

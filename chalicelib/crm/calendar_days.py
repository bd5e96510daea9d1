"""Calendar days in the company's time zone: what a day is for totals, reports, filters and the clean-up.

No other module turns instants into days.

A day is one of the time zone CRM_TIME_ZONE. It begins when the clock there leaves the day before for good, and ends where
the next one begins, so days have no gaps and do not overlap:

    the clock is set      forward     forward over midnight     back     back over midnight
    the day has           23 hours    begins at 01:00           25       begins at the second midnight

A day that a country has left out, as Samoa did on 2011-12-30, begins where the next one does: nothing happens on it.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from chalicelib import clock, time_zones
from chalicelib.settings import settings
from chalicelib.store import timestamps

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_LAST = "~"
"""It sorts behind all timestamps."""


def time_zone() -> str:
    """Return the name of the time zone whose days are meant."""
    return settings.time_zone


def is_utc() -> bool:
    return settings.time_zone == time_zones.UTC_NAME


def today() -> date:
    return day_of(clock.now())


def day_of(moment: datetime) -> date:
    """Return the day that an instant belongs to."""
    if is_utc():
        return moment.astimezone(UTC).date()
    day = moment.astimezone(time_zones.find(settings.time_zone)).date()
    while moment < start_of(day):  # the clock will be set back over midnight
        day -= _DAY
    return day


def day_of_text(timestamp: str) -> str:
    """Return the day (YYYY-MM-DD) that a stored timestamp belongs to."""
    return timestamp[:10] if is_utc() else day_of(timestamps.from_text(timestamp)).isoformat()


def start_of(day: date) -> datetime:
    """Return the first instant of a day, in UTC. Raises OverflowError for days that Python's clock cannot reach."""
    return datetime.combine(day, time(), UTC) if is_utc() else _start_of(settings.time_zone, day)


def bound_before(day: date) -> str:
    """Return an inclusive lower bound for the stored timestamps of a day and the days after it."""
    try:
        return timestamps.to_text(start_of(day))
    except OverflowError:  # next to the first or the last day that Python knows, of which nothing is stored
        return day.isoformat()


def bound_after(day: date) -> str:
    """Return an exclusive upper bound for the stored timestamps of a day and the days before it."""
    return bound_before(day + _DAY) if day < date.max else _LAST


@lru_cache(maxsize=4096)
def _start_of(zone_name: str, day: date) -> datetime:
    midnight = datetime.combine(day, time())
    zone = time_zones.find(zone_name)

    def shown_at(instant: datetime) -> datetime:
        return instant.astimezone(zone).replace(tzinfo=None)

    near = (midnight + days * _DAY for days in range(-2, 3))
    offsets = {moment.replace(tzinfo=zone).utcoffset() or timedelta() for moment in near}
    instants = [(midnight - offset).replace(tzinfo=UTC) for offset in offsets]
    begins = [at for at in instants if shown_at(at) == midnight and shown_at(at - _SECOND) < midnight]
    if begins:
        return max(begins)
    # The clock is set forward over midnight. Look for the second at which that happens.
    before, after = min(instants) - _SECOND, max(instants)
    while after - before > _SECOND:
        middle = before + (after - before) // (2 * _SECOND) * _SECOND
        before, after = (middle, after) if shown_at(middle) < midnight else (before, middle)
    return after

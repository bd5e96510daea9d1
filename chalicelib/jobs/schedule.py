"""A job's own schedule: a crontab in UTC that EventBridge can express. `operator_schedules` has those that people add.

EventBridge has six fields, names for weekdays, and requires `?` in exactly one of the two day fields. A schedule that it
cannot express is refused when it is created, that is when the program starts:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import takewhile

from cronsim import CronSim

from chalicelib.jobs import crontab
from chalicelib.jobs.crontab import BadCrontab
from chalicelib.jobs.crontab_words import in_words

_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


@dataclass(frozen=True, slots=True)
class Schedule:
    """Raises BadCrontab if crontab does not know the syntax or EventBridge cannot express it."""

    crontab: str

    def __post_init__(self) -> None:
        _ = self.eventbridge

    def after(self, moment: datetime) -> datetime:
        """Return the first firing after `moment`."""
        return _first_after(self.crontab, moment.replace(second=0, microsecond=0))

    def until(self, moment: datetime) -> datetime:
        """Return the last firing at or before `moment`."""
        return _last_until(self.crontab, moment.replace(second=0, microsecond=0))

    def between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Yield all firings after `after` and up to `until`, in order."""
        if self.after(after) > until:  # mostly so, and then the crontab need not be parsed again
            return iter(())
        return takewhile(lambda firing: firing <= until, CronSim(self.crontab, after))

    @property
    def words(self) -> str:
        """The schedule in English, e.g. "At 02:00 on Sunday, UTC"."""
        return f"{in_words(self.crontab, crontab.parse(self.crontab))}, UTC"

    @property
    def eventbridge(self) -> tuple[str, str, str, str, str, str]:
        """The six fields: minutes, hours, day of the month, month, day of the week, year."""
        parsed = crontab.parse(self.crontab)
        minute, hour, day, month, weekday = self.crontab.upper().split()
        if "*" not in {day, weekday}:
            raise BadCrontab(f"{self.crontab!r}: EventBridge takes a day of the month or days of the week, not both")
        if not all(isinstance(number, int) and number >= 0 for number in [*parsed.days, *parsed.weekdays]):
            raise BadCrontab(f"{self.crontab!r}: L and # are not supported")
        crontab.check_terms(self.crontab, parsed)
        return (
            _field(minute, parsed.minutes, first=0),
            _field(hour, parsed.hours, first=0),
            _field(day, parsed.days, first=1) if weekday == "*" else "?",
            _field(month, parsed.months, first=1),
            "?" if weekday == "*" else _weekdays(parsed),
            "*",
        )


# Several parts of one check or page ask for the same minute, and a crontab fires at whole minutes only.
@lru_cache(maxsize=256)
def _first_after(text: str, minute: datetime) -> datetime:
    return next(CronSim(text, minute))


@lru_cache(maxsize=256)
def _last_until(text: str, minute: datetime) -> datetime:
    return next(CronSim(text, minute + timedelta(seconds=1), reverse=True))


def _field(text: str, numbers: set[int], first: int) -> str:
    """Keep steps that start at the first value; write anything else, such as steps in a range, as a list."""
    if text == "*":
        return text
    if text.startswith("*/") and "," not in text:
        return f"{first}{text[1:]}"
    return ",".join(map(str, sorted(numbers)))


def _weekdays(parsed: CronSim) -> str:
    numbers = sorted({number % 7 for number in parsed.weekdays if isinstance(number, int)})
    return ",".join(_DAYS[number] for number in numbers)

"""A crontab in English, as people say it: "Every 12 hours, at 00:00 and 12:00".

cronsim explains any crontab, but steps as "At minute 0 past every 12th hour". The times of such crontabs are put in words
here; what it says of days, months and all others is kept.
"""

import re
from typing import Final

from cronsim import CronSim

_MAX_TIMES: Final = 6
"""As many times of the day are listed."""
_DAY: Final = 24
_HOUR: Final = 60
_STEPS: Final = re.compile(r"\*/(\d+)")
_SPAN: Final = re.compile(r"(?P<first>\d+)-(?P<last>\d+)(?:/(?P<step>\d+))?")
_EVERY_DAY: Final = " every day"


def in_words(fields: str, parsed: CronSim) -> str:
    """Return the words of five fields. `parsed` is what cronsim has made of them."""
    minute, hour, *days = fields.split()
    time = _time(minute, hour, sorted(parsed.minutes), sorted(parsed.hours))
    if time is None:
        return parsed.explain()
    date = CronSim(" ".join(["0", "0", *days]), parsed.dt).explain().removeprefix("At 00:00")
    # "Every 5 minutes" is every day.
    return time + (date.removeprefix(_EVERY_DAY) if time.startswith("Every") else date)


def _time(minute: str, hour: str, minutes: list[int], hours: list[int]) -> str | None:
    """Return the words of minute and hour, or None if cronsim says them as well."""
    if step := _STEPS.fullmatch(minute):
        return _steps_of_minutes(int(step[1]), hour, minutes)
    if len(minutes) != 1:
        return None
    times = [f"{each:02}:{minutes[0]:02}" for each in hours]
    if step := _STEPS.fullmatch(hour):
        return _steps_of_hours(int(step[1]), times)
    if (span := _SPAN.fullmatch(hour)) and len(times) > 1:
        return f"{_every(int(span['step'] or 1), 'hour')} from {times[0]} to {times[-1]}"
    return None


def _steps_of_minutes(step: int, hour: str, minutes: list[int]) -> str | None:
    if _HOUR % step or step == 1:
        return None
    every = _every(step, "minute")
    if hour == "*":
        return every
    if span := _SPAN.fullmatch(hour):
        first, last = f"{int(span['first']):02}:00", f"{int(span['last']):02}:{minutes[-1]:02}"
        return None if span["step"] else f"{every} from {first} to {last}"
    return None


def _steps_of_hours(step: int, times: list[str]) -> str | None:
    if step == 1:
        return None
    is_even = not _DAY % step
    if len(times) > _MAX_TIMES:
        return f"{_every(step, 'hour')}, from {times[0]}" if is_even else None
    listed = " and ".join(filter(None, [", ".join(times[:-1]), times[-1]]))
    return f"{_every(step, 'hour')}, at {listed}" if is_even else f"At {listed}"


def _every(step: int, unit: str) -> str:
    return f"Every {unit}" if step == 1 else f"Every {step} {unit}s"

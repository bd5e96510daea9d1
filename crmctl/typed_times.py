"""Times as people type them: `2h`, `tomorrow 08:00`, `yesterday`, `monday 8:30 Europe/Berlin`, `2026-11-22T08:00`."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from crmctl.local_zone import local_zone

EXAMPLES = "2h, yesterday, tomorrow 08:00, friday 8:30 Europe/Berlin or 2026-11-22T08:00"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PART = re.compile(
    r"(\d+(?:\.\d+)?) ?(s|sec|secs|seconds?|m|mins?|minutes?|h|hours?|d|days?|w|weeks?)(?![a-z])", re.IGNORECASE
)
_CLOCK = re.compile(r"(\d{1,2})(?::(\d\d)(?::(\d\d))?)? ?(am|pm)?", re.IGNORECASE)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ISO_DAY = r"\d{4}-\d\d-\d\d"
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}


@dataclass(frozen=True, slots=True)
class TimeParser:
    """Reads a time. A bare duration, weekday or time of day is the next one if `ahead`, and otherwise the last one."""

    now: datetime
    ahead: bool

    def parse(self, text: str) -> datetime:
        """Return the time, with its zone; the default zone is UTC. Raises ValueError."""
        text = " ".join(text.split())
        try:
            exact = datetime.fromisoformat(text)
        except ValueError:
            return self._parse_words(text)
        return exact if exact.tzinfo else exact.replace(tzinfo=UTC)

    def parse_end(self, text: str) -> datetime:
        """Return the time, or the last second of the day if `text` is a day alone. Raises ValueError."""
        words, _ = _split_zone(" ".join(text.split()))
        is_weekday = len(words) > 2 and _find_weekday(words) is not None  # noqa: PLR2004 - `mon`
        is_day = is_weekday or re.fullmatch(_ISO_DAY, words) or words.lower() in _DAYS
        return self.parse(text) + (timedelta(hours=23, minutes=59, seconds=59) if is_day else timedelta())

    def _parse_words(self, text: str) -> datetime:
        if text.lower() == "now":
            return self.now
        moved = self._parse_duration(text)
        if moved is not None:
            return self.now + moved
        words, zone = _split_zone(text)
        return self._parse_day(words, zone)

    def _parse_duration(self, text: str) -> timedelta | None:
        """Return `2h`, `in 1d 12h` or `2h ago` as a distance from now, or None if it is not one."""
        body, is_ahead = text.lower(), self.ahead
        if body.startswith(("in ", "+")):
            body, is_ahead = body.removeprefix("in ").removeprefix("+"), True
        elif body.endswith(" ago") or body.startswith("-"):
            body, is_ahead = body.removesuffix(" ago").removeprefix("-"), False
        if not body.strip() or _PART.sub("", body).strip():
            return None
        seconds = sum(float(count) * _UNITS[unit[0]] for count, unit in _PART.findall(body))
        return timedelta(seconds=seconds if is_ahead else -seconds)

    def _parse_day(self, words: str, zone: tzinfo) -> datetime:
        """Return a day, a time of day or both. A day alone begins at midnight."""
        here = self.now.astimezone(zone)
        day, _, rest = words.partition(" ")
        if day.lower() in _DAYS:
            date = here.date() + timedelta(days=_DAYS[day.lower()])
        elif len(day) > 2 and (weekday := _find_weekday(day)) is not None:  # noqa: PLR2004 - `mon`
            date = here.date() + timedelta(days=(weekday - here.weekday()) % 7)
            found = datetime.combine(date, _parse_clock(rest), zone)
            return self._shift(found, here, timedelta(days=7))
        elif re.fullmatch(_ISO_DAY, day):
            date = datetime.fromisoformat(day).date()
        elif ":" in words or re.search("[ap]m$", words, re.IGNORECASE):
            found = datetime.combine(here.date(), _parse_clock(words), zone)
            return self._shift(found, here, timedelta(days=1))
        else:
            raise ValueError(words)
        return datetime.combine(date, _parse_clock(rest), zone)

    def _shift(self, found: datetime, here: datetime, period: timedelta) -> datetime:
        """Return the next one if we look ahead, and otherwise the last one."""
        if self.ahead and found <= here:
            return found + period
        return found - period if not self.ahead and found > here else found


def _find_weekday(word: str) -> int | None:
    return next((number for number, name in enumerate(_WEEKDAYS) if name.startswith(word.lower())), None)


def _parse_clock(text: str) -> time:
    if not text:
        return time()
    found = _CLOCK.fullmatch(text.removeprefix("at "))
    if found is None or not (found[2] or found[4]):
        raise ValueError(text)
    hour = int(found[1])
    if found[4]:
        if not 1 <= hour <= 12:  # noqa: PLR2004 - a clock's face
            raise ValueError(text)
        hour = hour % 12 + (12 if found[4].lower() == "pm" else 0)
    return time(hour, int(found[2] or 0), int(found[3] or 0))


def _split_zone(text: str) -> tuple[str, tzinfo]:
    """Return the text without its zone, and the zone. Raises ValueError for a zone that does not exist."""
    words, _, last = text.rpartition(" ")
    if last.lower() in {"utc", "z", "gmt"}:
        return words, UTC
    if last.lower() == "local":
        return words, local_zone()
    if "/" in last:
        try:
            return words, ZoneInfo(last)
        except (KeyError, OSError) as error:
            raise ValueError(text) from error
    return text, UTC

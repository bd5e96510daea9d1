"""Crontabs in time zones, against a reference that looks at every minute around every change of the clocks."""

import os
import random
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest

from chalicelib.jobs.crontab import ALIASES, BadCrontab, Crontab, _instants_of, zone_of
from tests.builders import moment

pytestmark = pytest.mark.no_database

FULL = bool(os.environ.get("CRM_FULL_SIZE"))
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BEGIN, END = datetime(2016, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
ZONES = (
    *("Europe/Berlin", "Europe/Dublin", "Europe/Lisbon", "Atlantic/Azores", "Africa/Casablanca", "Africa/Cairo"),
    *("America/New_York", "America/St_Johns", "America/Havana", "America/Santiago", "America/Sao_Paulo"),
    *("America/Asuncion", "Asia/Beirut", "Asia/Jerusalem", "Asia/Tehran", "Asia/Gaza"),
    *("Australia/Adelaide", "Australia/Lord_Howe", "Pacific/Chatham", "Antarctica/Troll"),
)
"""They change by half an hour, by two hours, at midnight, in the afternoon of UTC, and backwards (Dublin, Casablanca)."""
WILDCARDS = ("*/15 * * * *", "0 * * * *", "7 */2 * * *", "*/20 1-3 * * *", "*/10 0,23 * * *", "30 * * * 0")
FIXED = ("30 2 * * *", "0 0 * * *", "15 1,2,3 * * *", "59 23 * * *", "5 0-4 * * *", "45 1 * * 0", "0,30 2-3 1-15 * *")


def transitions(name: str) -> list[datetime]:
    """Return the instants of ten years at which the clocks of a zone change."""
    zone, found, day = ZoneInfo(name), [], BEGIN
    before = day.astimezone(zone).utcoffset()
    while day < END:
        day += DAY
        after = day.astimezone(zone).utcoffset()
        if after != before:
            minute = next(
                minute
                for minute in (day - DAY + number * MINUTE for number in range(24 * 60 + 1))
                if minute.astimezone(zone).utcoffset() == after
            )
            found.append(minute)
            before = after
    return found


def values(field: str, first: int, last: int) -> set[int]:
    found: set[int] = set()
    for term in field.split(","):
        span, _, step = term.partition("/")
        low, _, high = (str(first), "-", str(last)) if span == "*" else span.partition("-")
        found |= set(range(int(low), int(high or low) + 1, int(step or 1)))
    return found


@lru_cache(maxsize=1)  # many crontabs are compared over the same hours
def clock_on_the_wall(zone: ZoneInfo, begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Return each minute, and what the clock on the wall shows then."""
    minutes = (begin + number * MINUTE for number in range((end - begin) // MINUTE + 1))
    return [(now, now.astimezone(zone).replace(tzinfo=None)) for now in minutes]


def reference(text: str, zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the minutes at which cron would start a job: it looks at the clock on the wall every minute."""
    minute, hour, day, month, weekday = text.split()
    minutes, hours, days = values(minute, 0, 59), values(hour, 0, 23), values(day, 1, 31)
    months, weekdays = values(month, 1, 12), values(weekday, 0, 6)
    is_wildcard = minute.startswith("*") or hour.startswith("*")
    shown: set[datetime] = set()
    before = None

    def fits(local: datetime) -> bool:
        return (
            local.minute in minutes
            and local.hour in hours
            and local.day in days
            and local.month in months
            and local.isoweekday() % 7 in weekdays
        )

    for now, local in clock_on_the_wall(zone, begin, end):
        skipped: list[datetime] = []
        if before and not is_wildcard:
            skipped = [before + number * MINUTE for number in range(1, int((local - before) / MINUTE))]
        if any(map(fits, skipped)) or (fits(local) and (is_wildcard or local not in shown)):
            yield now
        shown.add(local)
        before = local


def between(crontab: Crontab, begin: datetime, end: datetime) -> list[datetime]:
    return list(takewhile(lambda firing: firing <= end, crontab.after(begin - MINUTE)))


@pytest.mark.parametrize("name", ZONES)
def test_every_change_of_the_clocks_is_as_a_look_at_each_minute_finds_it(name: str) -> None:
    zone, changes = ZoneInfo(name), transitions(name)
    assert changes
    reach = 2 * DAY if FULL else 8 * HOUR
    for number, change in enumerate(changes):
        for text in (*WILDCARDS, *FIXED):
            if not FULL and (number + len(text)) % 5:
                continue
            begin, end = change - reach, change + reach
            crontab = Crontab(text, name)
            assert between(crontab, begin, end) == list(reference(text, zone, begin, end)), (text, change)


def test_a_whole_day_that_is_skipped_fires_once_after_it() -> None:
    """Samoa had no December 30 in 2011."""
    found = list(islice(Crontab("0 8 * * *", "Pacific/Apia").after(moment("2011-12-29T12:00:00")), 3))
    assert [each.isoformat() for each in found] == [
        "2011-12-29T18:00:00+00:00",
        "2011-12-30T10:00:00+00:00",
        "2011-12-30T18:00:00+00:00",
    ]


def test_a_search_that_starts_in_the_repeated_hour_never_goes_back() -> None:
    second_time = datetime(2026, 11, 1, 6, 10, tzinfo=UTC)  # 01:10 EST, after 01:10 EDT
    assert next(Crontab("30 1 * * *", "America/New_York").after(second_time)) == datetime(
        2026, 11, 2, 6, 30, tzinfo=UTC
    )


def test_the_search_may_start_anywhere() -> None:
    """Each firing is the next one of any moment since the firing before it."""
    chance = random.Random(7)
    crontab = Crontab("*/20 1-3 * * *", "Australia/Lord_Howe")
    firings = list(islice(crontab.after(moment("2026-03-28T00:00:00")), 150))
    for before, after in chance.sample(list(pairwise(firings)), 40):
        at = before + (after - before) * chance.random()
        assert next(crontab.after(at)) == (after if at >= before else before)


GOOD = {
    "0 0 L * *": "2026-11-30T00:00:00",
    "0 9 * * FRI#2": "2026-12-11T09:00:00",
    "0 9 * * 5L": "2026-11-27T09:00:00",
    "0 9 LW * *": "2026-11-30T09:00:00",
    "0 0 13 * FRI": "2026-11-27T00:00:00",
    "0 0 29 2 *": "2028-02-29T00:00:00",
    "@daily": "2026-11-23T00:00:00",
    "@Weekly": "2026-11-29T00:00:00",
}


@pytest.mark.parametrize("text", GOOD)
def test_what_cronsim_knows_is_accepted(text: str) -> None:
    crontab = Crontab(text)
    assert next(crontab.after(moment("2026-11-22T12:00:00"))) == moment(GOOD[text])
    assert crontab.words.endswith(", UTC")


def test_every_alias_is_a_crontab() -> None:
    for alias in ALIASES:
        assert next(Crontab(alias).after(BEGIN))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "*/90 * * * *",
        "0 0 * * 0,7",
        "0 0 30 2 *",
        "0 0 31 4,6 *",
        "@never",
        f"0 0 * * *{' ' * 300}",
        "1" * 300,
    ],
)
def test_what_is_no_crontab_or_never_fires_is_refused(text: str) -> None:
    with pytest.raises(BadCrontab):
        Crontab(text)


@pytest.mark.parametrize(
    "name",
    ["", "Berlin", "Europe", "../etc/passwd", "/etc/localtime", "localtime", "Europe/Berlin\x00", "x" * 500, "Zürich"],
)
def test_what_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(BadCrontab, match="not a time zone"):
        zone_of(name)


def test_500_firings_are_computed_at_once() -> None:
    for text in ("* * * * *", "0 0 29 2 *", "0 0 * * MON#5"):
        firings = list(islice(Crontab(text, "Europe/Berlin").after(BEGIN), 500))
        assert len(firings) == 500 or firings[-1].year > 2110
        assert all(before < after for before, after in pairwise(firings))


def test_a_search_for_a_rare_day_visits_few_others(monkeypatch: pytest.MonkeyPatch) -> None:
    fifth_monday = Crontab("0 0 * 2 1#5", "Europe/Berlin")
    visited: list[date] = []
    look = Crontab.instants

    def noted(self: Crontab, day: date) -> list[datetime]:
        visited.append(day)
        return look(self, day)

    monkeypatch.setattr(Crontab, "instants", noted)
    _instants_of.cache_clear()  # the days that its own check has visited count, too
    found = list(fifth_monday.after(moment("2026-11-27T12:00:00")))
    assert found == [moment(f"{year}-02-28T23:00:00") for year in (2044, 2072, 2112)]
    assert len(visited) < 100 * (29 + 2 * 11)


WORDS = {
    "*/5 * * * *": "Every 5 minutes",
    "0 */12 * * *": "Every 12 hours, at 00:00 and 12:00",
    "30 */2 * * *": "Every 2 hours, from 00:30",
    "0 */6 1 * *": "Every 6 hours, at 00:00, 06:00, 12:00 and 18:00 on the first day of every month",
    "15 */7 * * *": "At 00:15, 07:15, 14:15 and 21:15 every day",
    "*/15 9-17 * * MON-FRI": "Every 15 minutes from 09:00 to 17:45 on Monday through Friday",
    "0 9-17/2 * * *": "Every 2 hours from 09:00 to 17:00",
    "*/10 * * 1 *": "Every 10 minutes in January",
    "@hourly": "At the start of every hour",
    "0 8 * * *": "At 08:00 every day",
    # No even steps, so they are what they were.
    "*/7 * * * *": "Every seventh minute of every hour",
    "*/1 */1 * * *": "Every minute",
    "*/10 */2 * * *": "Every 10th minute past every second hour",
}


@pytest.mark.parametrize("text", WORDS)
def test_the_words_are_those_that_people_use(text: str) -> None:
    assert Crontab(text).words == f"{WORDS[text]}, UTC"


def test_the_hours_in_the_words_are_those_at_which_it_fires() -> None:
    """The first and last firing of a day, for all steps and spans whose words name them."""
    for hour in [f"*/{step}" for step in range(2, 13)] + ["6-18", "6-18/3", "8-9"]:
        crontab = Crontab(f"20 {hour} * * *")
        day = [each for each in islice(crontab.after(BEGIN), 60) if each.date() == BEGIN.date() + timedelta(days=1)]
        named = re.findall(r"\d\d:\d\d", crontab.words)
        assert named[0] == f"{day[0]:%H:%M}", crontab.words
        assert named[-1] == f"{day[-1]:%H:%M}" or "hours, from" in crontab.words, crontab.words

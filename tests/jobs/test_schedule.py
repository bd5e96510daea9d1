"""Schedules: when they fire, and their EventBridge expressions, checked by an interpreter in this module.

CRM_FULL_SIZE=1 compares more crontabs, and has all heartbeats of a year.
"""

import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from chalicelib.jobs.catalog import JOBS
from chalicelib.jobs.crontab import BadCrontab
from chalicelib.jobs.schedule import Schedule
from tests.builders import moment

pytestmark = pytest.mark.no_database
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DAY = timedelta(days=1)
FULL = bool(os.environ.get("CRM_FULL_SIZE"))
COMPARED = 320 if FULL else 120
"""Random crontabs, of which about half fire within the few days that are compared."""
NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def firings(crontab: str, first: str, last: str) -> list[str]:
    return [f"{firing:%m-%d %H:%M}" for firing in Schedule(crontab).between(moment(first), moment(last))]


@pytest.mark.parametrize(
    ("crontab", "first", "last", "expected"),
    [
        ("0 8 * * *", "2028-02-28T09:00", "2028-03-01T09:00", ["02-29 08:00", "03-01 08:00"]),
        ("0 8 * * *", "2026-02-27T09:00", "2026-03-01T09:00", ["02-28 08:00", "03-01 08:00"]),
        ("0 0 29 2 *", "2026-01-01T00:00", "2029-01-01T00:00", ["02-29 00:00"]),
        ("0 6 * * 1", "2026-12-22T00:00", "2027-01-12T00:00", ["12-28 06:00", "01-04 06:00", "01-11 06:00"]),
        ("0 */12 * * *", "2026-12-31T12:00", "2027-01-01T12:00", ["01-01 00:00", "01-01 12:00"]),
        ("*/5 * * * *", "2026-12-31T23:52", "2027-01-01T00:05", ["12-31 23:55", "01-01 00:00", "01-01 00:05"]),
        ("0 2 * * 7", "2026-11-20T00:00", "2026-11-23T00:00", ["11-22 02:00"]),
    ],
)
def test_firings_around_leap_days_week_53_and_year_ends(
    crontab: str, first: str, last: str, expected: list[str]
) -> None:
    assert firings(crontab, first, last) == expected


def test_after_and_until_at_the_exact_firing() -> None:
    schedule = Schedule("0 8 * * *")
    eight = moment("2026-11-22T08:00")
    second = timedelta(seconds=1)
    assert schedule.after(eight) == eight + DAY
    assert schedule.after(eight - second) == eight
    assert schedule.until(eight) == eight
    assert schedule.until(eight - second) == eight - DAY
    assert schedule.until(eight + DAY - second) == eight


@pytest.mark.parametrize("microseconds", [1, 499_999, 500_000, 999_999])
def test_until_never_returns_a_later_firing(microseconds: int) -> None:
    eight = moment("2026-11-22T08:00")
    short_of = eight - timedelta(microseconds=microseconds)
    assert Schedule("0 8 * * *").until(short_of) == eight - DAY
    assert Schedule("0 8 * * *").until(eight + timedelta(microseconds=microseconds)) == eight
    assert Schedule("0 8 * * *").after(short_of) == eight


@pytest.mark.parametrize(
    ("crontab", "expression"),
    [
        ("*/5 * * * *", "0/5 * * * ? *"),
        ("0 */12 * * *", "0 0/12 * * ? *"),
        ("0 8 * * *", "0 8 * * ? *"),
        ("0 2 * * 0", "0 2 ? * SUN *"),
        ("0 6 * * 1", "0 6 ? * MON *"),
        ("0 2 * * 7", "0 2 ? * SUN *"),
        ("0 2 * * SUN", "0 2 ? * SUN *"),
        ("15,45 9-17/4 1,15 */6 *", "15,45 9,13,17 1,15 1/6 ? *"),
        ("0 0 * jan-mar mon-fri", "0 0 ? 1,2,3 MON,TUE,WED,THU,FRI *"),
        ("0 0 * * 5-7", "0 0 ? * SUN,FRI,SAT *"),
        ("10-14 * * * *", "10,11,12,13,14 * * * ? *"),
        ("0 0 */10 * *", "0 0 1/10 * ? *"),
        ("*/59 * * * *", "0/59 * * * ? *"),
        ("0 0 * * */2", "0 0 ? * SUN,TUE,THU,SAT *"),
        ("5/20 * * * *", "5,25,45 * * * ? *"),
    ],
)
def test_the_eventbridge_expression(crontab: str, expression: str) -> None:
    assert " ".join(Schedule(crontab).eventbridge) == expression


def test_the_schedules_of_the_five_jobs() -> None:
    assert {name: (job.schedule.crontab, job.schedule.words) for name, job in JOBS.items()} == {
        "heartbeat": ("*/5 * * * *", "Every 5 minutes, UTC"),
        "low_stock": ("0 */12 * * *", "Every 12 hours, at 00:00 and 12:00, UTC"),
        "order_reminders": ("0 8 * * *", "At 08:00 every day, UTC"),
        "customer_cleanup": ("0 2 * * 0", "At 02:00 on Sunday, UTC"),
        "weekly_report": ("0 6 * * 1", "At 06:00 on Monday, UTC"),
    }


@pytest.mark.parametrize(
    ("crontab", "problem"),
    [
        ("0 0 1 * 1", "a day of the month or days of the week, not both"),
        ("0 0 */2 * 1", "a day of the month or days of the week, not both"),
        ("0 0 1 * */2", "a day of the month or days of the week, not both"),
        ("0 0 L * *", "L and # are not supported"),
        ("0 0 LW * *", "L and # are not supported"),
        ("0 0 1,L * *", "L and # are not supported"),
        ("0 0 * * 5L", "L and # are not supported"),
        ("0 0 * * 1#2", "L and # are not supported"),
        ("0 0 * * 1,5#2", "L and # are not supported"),
        ("0 0 15W * *", "Bad day-of-month"),
        ("0 0 0 * * *", "five fields"),
        ("0 0 * *", "five fields"),
        ("@daily", "five fields"),
        ("", "five fields"),
        ("60 * * * *", "Bad minute"),
        ("* 24 * * *", "Bad hour"),
        ("* * 32 * *", "Bad day-of-month"),
        ("* * 0 * *", "Bad day-of-month"),
        ("* * * 13 *", "Bad month"),
        ("* * * * 8", "Bad day-of-week"),
        ("*/0 * * * *", "Bad minute"),
        ("5-1 * * * *", "Bad minute"),
        ("x * * * *", "Bad minute"),
        ("? * * * *", "Bad minute"),
        ("0 0 ? * 1", "Bad day-of-month"),
        ("-1 * * * *", "Bad minute"),
        (", * * * *", "Bad minute"),
        ("0 0 30 2 *", "Bad day-of-month"),
        ("0 0 31 2,4,6,9,11 *", "Bad day-of-month"),
        ("*/90 * * * *", "the step of \\*/90 leads beyond the last value"),
        ("*/60 * * * *", "leads beyond the last value"),
        ("0 */24 * * *", "leads beyond the last value"),
        ("0 0 */31 * *", "leads beyond the last value"),
        ("10-20/30 * * * *", "leads beyond the last value"),
        ("0,50/20 * * * *", "leads beyond the last value"),
        ("0 2 * * 0,7", "7 names a value a second time; 0 and 7 are both Sunday"),
        ("0 2 * * sun,7", "names a value a second time"),
        ("0 2 * * */7", "names a value a second time"),
        ("0 2 * * 0-7", "names a value a second time"),
        ("5,0-10 * * * *", "names a value a second time"),
    ],
)
def test_unusable_schedules_are_refused_with_a_reason(crontab: str, problem: str) -> None:
    with pytest.raises(BadCrontab, match=problem) as refused:
        Schedule(crontab)
    assert repr(crontab) in str(refused.value)


def expanded(field: str, first: int, last: int) -> set[int]:
    """Return the numbers of an EventBridge field: `*`, `?`, numbers, names, lists, a/n."""
    if field in {"*", "?"}:
        return set(range(first, last + 1))
    if "/" in field:
        start, step = map(int, field.split("/"))
        assert first <= start <= last
        assert 1 <= step <= last
        return set(range(start, last + 1, step))
    return {NAMES.index(part) + 1 if part in NAMES else int(part) for part in field.split(",")}


def as_eventbridge_fires(expression: tuple[str, ...], first: datetime, last: datetime) -> Iterator[datetime]:
    """Yield the firings, minute by minute; days and hours without firings are skipped."""
    minute, hour, day, month, weekday, year = expression
    assert (day == "?") != (weekday == "?")
    assert year == "*"
    minutes, hours = expanded(minute, 0, 59), expanded(hour, 0, 23)
    days, months, weekdays = expanded(day, 1, 31), expanded(month, 1, 12), expanded(weekday, 1, 7)
    at = first
    while at <= last:
        if at.day not in days or at.month not in months or at.isoweekday() % 7 + 1 not in weekdays:
            at = at.replace(hour=0, minute=0) + DAY
            continue
        if at.hour not in hours:
            at = at.replace(minute=0) + HOUR
            continue
        if at.minute in minutes:
            yield at
        at += MINUTE


def a_field(chance: random.Random, first: int, last: int) -> str:
    def number() -> int:
        return chance.randint(first, last)

    def item() -> str:
        low, high = sorted((number(), number()))
        step = chance.randint(1, last + 5)
        return chance.choice([str(low), f"{low}-{high}", f"{low}-{high}/{step}", f"*/{step}", f"{low}/{step}"])

    return chance.choice(["*", "*", item(), ",".join(item() for _ in range(chance.randint(2, 3)))])


def an_expression(chance: random.Random) -> str:
    day, weekday = a_field(chance, 1, 31), a_field(chance, 0, 7)
    if chance.random() < 0.5:
        day = "*"
    else:
        weekday = "*"
    return " ".join([a_field(chance, 0, 59), a_field(chance, 0, 23), day, a_field(chance, 1, 12), weekday])


def test_the_eventbridge_expression_fires_when_the_crontab_does() -> None:
    chance = random.Random(20261122)
    compared = fired = 0
    never: list[str] = []
    while compared < COMPARED:
        crontab = an_expression(chance)
        try:
            schedule = Schedule(crontab)
        except BadCrontab as refused:
            never.append(str(refused))
            continue
        first = datetime(2026, 1, 1, tzinfo=UTC) + chance.randint(0, 4 * 365) * DAY
        last = first + 4 * DAY
        expected = list(as_eventbridge_fires(schedule.eventbridge, first, last))
        assert list(schedule.between(first - MINUTE, last)) == expected, (crontab, schedule.eventbridge)
        compared += 1
        fired += bool(expected)
    assert fired > COMPARED / 3.2
    reasons = ("Bad day-of-month", "beyond the last value", "both Sunday")
    assert all(text.endswith(reasons) for text in never), "such as 31 February"


YEARS = [(name, year) for name in JOBS for year in (2026, 2028) if (name, year) != ("heartbeat", 2026)]
"""A year with 53 weeks, and a leap year."""


@pytest.mark.parametrize(("name", "year"), YEARS)
def test_over_a_year_each_slot_comes_once(name: str, year: int) -> None:
    schedule = JOBS[name].schedule
    chance = random.Random(year)
    begin, end = datetime(year - 1, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    if name == "heartbeat" and not FULL:  # the end of the year and the leap day are among these months
        end = end.replace(month=3)
    whole = list(schedule.between(begin, end))
    pieces: list[datetime] = []
    at = begin
    while at < end:
        until = min(end, at + timedelta(seconds=chance.randint(1, 40 * 86400), microseconds=chance.randint(0, 999999)))
        pieces += schedule.between(at, until)
        at = until
    assert pieces == whole == sorted(set(whole))
    days = (end - begin).days
    weeks = sum((begin.date() + (n + 1) * DAY).isoweekday() == (7 if "cleanup" in name else 1) for n in range(days))
    expected = {"heartbeat": days * 288, "low_stock": days * 2, "order_reminders": days}
    assert len(whole) == expected.get(name, weeks)
    if name != "heartbeat":
        assert [schedule.until(slot) for slot in whole] == whole
        assert [schedule.after(slot) for slot in whole[:-1]] == whole[1:]
    else:
        assert {after - before for before, after in pairwise(whole)} == {timedelta(minutes=5)}


def test_2026_has_53_weekly_reports() -> None:
    slots = JOBS["weekly_report"].schedule.between(moment("2026-01-06T00:00"), moment("2027-01-05T00:00"))
    weeks = [(slot - 7 * DAY).isocalendar()[:2] for slot in slots]
    assert weeks == [(2026, week) for week in range(2, 54)]

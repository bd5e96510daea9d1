"""Business days against a plain model: for every minute around odd changes of the clock, and for instants of all kinds."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.crm import calendar_days
from chalicelib.settings import settings
from chalicelib.store import timestamps
from tests.builders import business_zone

pytestmark = pytest.mark.no_database
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
ZONES = (
    "UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe",
    "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Kwajalein", "America/Sao_Paulo", "America/Havana", "America/St_Johns",
    "Africa/Cairo", "Asia/Tehran", "Etc/GMT+12",
)  # fmt: skip
CHANGES = [
    ("Europe/Berlin", "2026-03-29"),  # 23 hours
    ("Europe/Berlin", "2026-10-25"),  # 25 hours
    ("Australia/Lord_Howe", "2026-04-05"),  # 24 hours and a half
    ("America/Sao_Paulo", "2018-11-04"),  # set forward over midnight: the day begins at 01:00
    ("America/Sao_Paulo", "2018-02-18"),  # set back at midnight to 23:00
    ("America/Havana", "2020-11-01"),  # set back from 01:00 to 00:00
    ("America/St_Johns", "2009-11-01"),  # set back at 00:01 to 23:01: midnight comes twice
    ("America/St_Johns", "2009-03-08"),  # set forward at 00:01
    ("Africa/Cairo", "2023-04-28"),
    ("Asia/Tehran", "2022-03-22"),
    ("Pacific/Apia", "2011-12-30"),  # left out
    ("Pacific/Kiritimati", "1994-12-31"),  # left out
    ("Pacific/Kwajalein", "1993-08-21"),  # left out
    ("Pacific/Kwajalein", "1969-10-01"),  # the day before came twice
    ("America/Los_Angeles", "2026-07-01"),  # an ordinary day
]


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_a_day_ends_when_the_clock_leaves_it_for_good(zone: str, day: str) -> None:
    """The model: an instant belongs to the earliest day that the clock shows from then on."""
    middle = datetime.fromisoformat(day).replace(tzinfo=UTC)
    minutes = [middle + MINUTE * number for number in range(-3 * 1440, 4 * 1440)]
    shown = [at.astimezone(ZoneInfo(zone)).date() for at in minutes]
    expected, earliest = [], date.max
    for each in reversed(shown):
        earliest = min(earliest, each)
        expected.append(earliest)
    expected.reverse()
    with business_zone(zone):
        assert [calendar_days.day_of(at) for at in minutes] == expected
        for around in (middle.date() + DAY * number for number in range(-1, 3)):
            first = next(at for at, its_day in zip(minutes, expected, strict=True) if its_day >= around)
            assert calendar_days.start_of(around) == first, around


def test_hours_of_days() -> None:
    def hours(zone: str, day: str) -> float:
        with business_zone(zone):
            first = date.fromisoformat(day)
            return (calendar_days.start_of(first + DAY) - calendar_days.start_of(first)) / timedelta(hours=1)

    found = [hours(*change) for change in CHANGES]
    assert found[:6] == [23, 25, 24.5, 23, 24, 25]
    assert found[10:13] == [0, 0, 0]


@given(
    st.sampled_from(ZONES),
    st.integers(-70 * 365 * 1440, 230 * 365 * 1440).map(
        lambda minutes: datetime(1970, 1, 1, tzinfo=UTC) + MINUTE * minutes
    ),
    st.integers(0, 10**6),
)
@example("America/St_Johns", datetime(2009, 11, 1, 2, 30, 30, tzinfo=UTC), 1)
def test_days_have_no_gaps_and_do_not_overlap(zone: str, moment: datetime, later: int) -> None:
    with business_zone(zone):
        day = calendar_days.day_of(moment)
        assert calendar_days.start_of(day) <= moment < calendar_days.start_of(day + DAY)
        assert calendar_days.day_of(calendar_days.start_of(day)) == day
        assert calendar_days.day_of(calendar_days.start_of(day) - timedelta(microseconds=1)) < day
        assert calendar_days.day_of(moment + timedelta(seconds=later)) >= day
        text = timestamps.to_text(moment)
        assert calendar_days.day_of_text(text) == day.isoformat()
        assert calendar_days.bound_before(day) <= text < calendar_days.bound_after(day)
        assert not calendar_days.bound_before(day + DAY) <= text
        assert not text < calendar_days.bound_after(day - DAY)


@pytest.fixture(params=ZONES)
def _zone(request: pytest.FixtureRequest) -> Iterator[None]:
    with business_zone(request.param):
        yield


@pytest.mark.usefixtures("_zone")
def test_bounds_of_days_that_the_clock_cannot_reach_hold_for_all_timestamps() -> None:
    first, last = timestamps.to_text(timestamps.EARLIEST), timestamps.to_text(datetime(9999, 12, 31, tzinfo=UTC))
    for lowest in (date.min, date.min + DAY, date(2, 1, 1)):
        assert calendar_days.bound_before(lowest) <= first
    assert calendar_days.bound_after(date.min) < first
    assert calendar_days.bound_after(date.max) > last


def test_in_utc_a_day_is_the_date_of_the_timestamp() -> None:
    assert calendar_days.time_zone() == "UTC"
    assert calendar_days.is_utc()
    assert calendar_days.day_of_text("2026-11-22T23:59:59.999999Z") == "2026-11-22"
    assert calendar_days.start_of(date(2026, 11, 22)) == datetime(2026, 11, 22, tzinfo=UTC)
    assert replace(settings, time_zone="UTC") == settings


def test_no_other_module_turns_instants_into_days() -> None:
    cut = re.compile(r"\.date\(\)|(?:date|due|slot|_at|Date\"\]|At\"\])\[:10\]")
    root = Path(calendar_days.__file__).parents[1]
    found = {
        (str(file.relative_to(root)), line.strip())
        for file in root.rglob("*.py")
        for line in file.read_text("utf-8").splitlines()
        if cut.search(line) and "EARLIEST.date()" not in line
    }
    # The schedules of operators have time zones of their own.
    assert {file for file, _ in found} == {"crm/calendar_days.py", "jobs/crontab.py"}, found

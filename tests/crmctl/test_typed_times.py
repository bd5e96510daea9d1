"""Times as hands type them at 3 a.m."""

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from chalicelib.jobs import job_state
from crmctl.cli import main
from crmctl.time_arguments import format_relative
from crmctl.typed_times import TimeParser
from tests.builders import time_is
from tests.crmctl.api_server import ApiServer

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)  # a Friday


def parse(text: str, *, ahead: bool) -> str:
    return TimeParser(NOW, ahead).parse(text).astimezone(UTC).isoformat(" ", "minutes").removesuffix("+00:00")


@pytest.mark.no_database
@pytest.mark.parametrize(
    ("text", "last", "coming"),
    [
        ("now", "2026-11-27 12:00", "2026-11-27 12:00"),
        ("2h", "2026-11-27 10:00", "2026-11-27 14:00"),
        ("90 min", "2026-11-27 10:30", "2026-11-27 13:30"),
        ("1d 12h", "2026-11-26 00:00", "2026-11-29 00:00"),
        ("1.5 hours", "2026-11-27 10:30", "2026-11-27 13:30"),
        ("2h ago", "2026-11-27 10:00", "2026-11-27 10:00"),
        ("in 2h", "2026-11-27 14:00", "2026-11-27 14:00"),
        ("yesterday", "2026-11-26 00:00", "2026-11-26 00:00"),
        ("Tomorrow 08:00", "2026-11-28 08:00", "2026-11-28 08:00"),
        ("tomorrow 8pm", "2026-11-28 20:00", "2026-11-28 20:00"),
        ("today 12:30 am", "2026-11-27 00:30", "2026-11-27 00:30"),
        ("08:00", "2026-11-27 08:00", "2026-11-28 08:00"),
        ("15:00", "2026-11-26 15:00", "2026-11-27 15:00"),
        ("mon", "2026-11-23 00:00", "2026-11-30 00:00"),
        ("friday 8:30", "2026-11-27 08:30", "2026-12-04 08:30"),
        ("08:00 Europe/Berlin", "2026-11-27 07:00", "2026-11-28 07:00"),
        ("tomorrow 08:00 America/New_York", "2026-11-28 13:00", "2026-11-28 13:00"),
        ("2026-07-01 08:00 Europe/Berlin", "2026-07-01 06:00", "2026-07-01 06:00"),
        ("2026-11-22", "2026-11-22 00:00", "2026-11-22 00:00"),
        ("2026-11-22T08:00", "2026-11-22 08:00", "2026-11-22 08:00"),
        ("2026-11-22T08:00+02:00", "2026-11-22 06:00", "2026-11-22 06:00"),
    ],
)
def test_a_time_is_the_last_or_the_coming_one(text: str, last: str, coming: str) -> None:
    assert (parse(text, ahead=False), parse(text, ahead=True)) == (last, coming)


@pytest.mark.no_database
@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2026-11-22", "2026-11-22 23:59:59"),
        ("2026-11-22 Europe/Berlin", "2026-11-22 22:59:59"),
        ("Yesterday", "2026-11-26 23:59:59"),
        ("wed", "2026-11-25 23:59:59"),
        ("2026-03-29 Europe/Berlin", "2026-03-29 21:59:59"),
        ("2026-11-22 08:00", "2026-11-22 08:00:00"),
        ("2h", "2026-11-27 10:00:00"),
    ],
)
def test_the_end_of_a_range_includes_a_day_that_is_named_alone(text: str, end: str) -> None:
    assert TimeParser(NOW, ahead=False).parse_end(text).astimezone(UTC).isoformat(" ") == f"{end}+00:00"


@pytest.mark.no_database
@pytest.mark.parametrize(
    "text", ["", "soon", "2", "2x", "8", "25:00", "tomorrow 8", "m", "ago", "2h 3", "08:00 Europe/Nowhere", "13pm"]
)
def test_what_has_two_meanings_or_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - that of `time` has its own words
        parse(text, ahead=True)


@pytest.mark.no_database
def test_local_means_the_zone_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert parse("tomorrow 08:00 local", ahead=True) == "2026-11-27 23:00"


def test_a_pause_until_tomorrow_says_until_when_with_the_zone(crm: ApiServer) -> None:
    with time_is("2026-11-27T12:00:00"):
        paused = crm.crmctl("pause", "low_stock", "--reason", "stock-taking", "--until", "tomorrow 08:00 Europe/Berlin")
        assert "until 2026-11-28 07:00 UTC: stock-taking" in paused.stdout
        pause = job_state.find("low_stock").pause
    assert pause
    assert pause.until == "2026-11-28T07:00:00.000000Z"


@pytest.mark.no_database
def test_the_message_says_which_times_there_are_and_in_which_zone() -> None:
    result = CliRunner().invoke(main, ["pause", "low_stock", "--reason", "x", "--until", "later"])
    message = " ".join(result.stderr.split())
    assert "'later' is not a date or time. Use one such as 2h, yesterday, tomorrow 08:00" in message
    assert "The zone is UTC if none is named." in message


@pytest.mark.no_database
@pytest.mark.parametrize(
    ("time", "text"),
    [
        ("2026-11-27T11:59:30Z", "30 s ago"),
        ("2026-11-27T11:57:00Z", "3 min ago"),
        ("2026-11-27T13:10:00Z", "in 1 h"),
        ("2026-11-25T13:00:00Z", "47 h ago"),
        ("2026-11-20T12:00:00Z", "7 d ago"),
        ("2026-08-01T12:00:00Z", "2026-08-01"),
        (None, "-"),
    ],
)
def test_times_are_shown_relative_to_now(time: str | None, text: str) -> None:
    with time_is("2026-11-27T12:00:00"):
        assert format_relative(time) == text

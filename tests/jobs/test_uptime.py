"""The heartbeat's uptime by hour, and the cost of the console's queries."""

from datetime import timedelta

import pytest

from chalicelib.jobs import uptime
from chalicelib.jobs.run_records import Run, Status
from tests.as_operator import execute
from tests.browser.console_data import a_run, put_runs
from tests.builders import moment
from tests.jobs.job_runs import NOON, Clock
from tests.metering import Meter, metered

pytestmark = pytest.mark.usefixtures("time")
CONSOLE = (
    """{ jobs { name state problems lastRun nextRun averageSeconds pause { reason }
      recent { slot status startedAt durationSeconds reason error counts { name value } pages } } }""",
    '{ jobRuns(job: "low_stock", first: 50) { edges { node { slot status } } pageInfo { hasNextPage } } }',
    "{ uptime(days: 1) { hour up down missing averageMs } }",
)
"""The queries of the console's pages for jobs, runs and health."""


def beat(minutes_ago: int, status: Status = Status.SUCCEEDED, **counts: int) -> Run:
    return a_run("heartbeat", moment(NOON) - timedelta(minutes=minutes_ago), status, counts=counts)


def test_each_hour_counts_up_down_and_missing() -> None:
    put_runs(
        [
            beat(0, up=1, latency_ms=50),
            beat(5, up=1, latency_ms=10),
            beat(10, up=1, latency_ms=31),
            beat(15, up=0, latency_ms=9000),
            beat(20, Status.MISSED),
            beat(25, Status.FAILED),
            beat(70, up=1),
        ]
    )
    *_, earlier, before, now = uptime.hours(1)
    assert now == uptime.Hour(hour="2026-11-22T12:00:00Z", up=1, down=0, missing=0, average_ms=50)
    assert before == uptime.Hour(hour="2026-11-22T11:00:00Z", up=2, down=1, missing=2, average_ms=20)
    assert earlier == uptime.Hour(hour="2026-11-22T10:00:00Z", up=1, down=0, missing=0, average_ms=None)


@pytest.mark.parametrize("days", [1, 7, 14])
def test_there_is_one_entry_per_hour_oldest_first(days: int, time: Clock) -> None:
    time.at("2026-11-22T12:34:56")
    hours = uptime.hours(days)
    assert len(hours) == days * 24
    assert hours[-1].hour == "2026-11-22T12:00:00Z"
    assert hours == sorted(hours, key=lambda hour: hour.hour)
    assert {(hour.up, hour.down, hour.missing, hour.average_ms) for hour in hours} == {(0, 0, 0, None)}


def test_at_most_31_days_of_uptime_can_be_requested() -> None:
    for days in (0, 32):
        (error,) = execute("query ($days: Int) { uptime(days: $days) { hour } }", {"days": days})["errors"]
        assert error["extensions"] == {"code": "INVALID_INPUT", "field": "days"}


def cost() -> list[Meter]:
    found = []
    for document in CONSOLE:
        with metered() as meter:
            assert "errors" not in execute(document)
        found.append(meter)
    return found


def test_the_consoles_queries_cost_the_same_with_few_and_many_runs() -> None:
    execute(CONSOLE[1])  # the first cursor makes its secret
    latest = moment("2026-11-22T00:00:00")
    put_runs([a_run("low_stock", latest - timedelta(hours=12 * n), counts={"restocked": 1}) for n in range(60)])
    put_runs([beat(5 * n, up=1, latency_ms=20) for n in range(1, 288)])
    few = cost()
    put_runs([a_run("low_stock", latest - timedelta(hours=12 * n), counts={"restocked": 1}) for n in range(60, 300)])
    put_runs([beat(5 * n, up=1, latency_ms=20) for n in range(288, 400)])
    many = cost()
    assert [meter.calls for meter in many] == [meter.calls for meter in few]
    assert [meter.read_units for meter in many] == [meter.read_units for meter in few]
    assert many[0].read_units < 200

"""A job's health is assessed from its rows: its state, and the problem texts."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.jobs import health
from chalicelib.jobs.health import Health, HealthStatus
from chalicelib.jobs.job_state import JobState, Pause
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.slots import Slot
from tests.builders import moment
from tests.jobs.job_runs import make_job, one_page

pytestmark = pytest.mark.no_database
NOW = moment("2026-11-22T12:30:00")
JOB = make_job(one_page, max_runs=3, alarm=lambda counts: "bad" if counts.get("bad") else None)
PAUSE = Pause("why", "ann", "2026-11-22T10:00:00.000000Z", None)
CHECKED = JobState("tally", checked_until=Slot("2026-11-22T11:00:00Z"))


def a_run(hour: int, status: Status = Status.SUCCEEDED, **more: Any) -> Run:
    slot = Slot(f"2026-11-22T{hour:02d}:00:00Z")
    started = None if status in {Status.MISSED, Status.SKIPPED, Status.WAITING} else slot.replace("Z", ".000000Z")
    return replace(Run("tally", slot, Trigger.SCHEDULE, slot, status, started_at=started, **more))


def assess(*recent: Run, state: JobState = CHECKED, now: datetime = NOW) -> Health:
    unfinished = [run for run in recent if not run.finished]
    return health.assess(JOB, state, sorted(recent, key=lambda run: run.slot, reverse=True), unfinished, now)


@pytest.mark.parametrize(
    ("recent", "job_state", "expected"),
    [
        ([], JobState("tally"), HealthStatus.NEVER_RAN),
        ([a_run(11, Status.SKIPPED)], CHECKED, HealthStatus.NEVER_RAN),
        ([a_run(12), a_run(11)], CHECKED, HealthStatus.OK),
        ([a_run(12, Status.SKIPPED), a_run(11)], CHECKED, HealthStatus.OK),
        ([a_run(12, Status.RUNNING, lease_until="2026-11-22T12:31:00.000000Z")], CHECKED, HealthStatus.RUNNING),
        ([a_run(12, Status.RUNNING, lease_until="2026-11-22T12:30:00.000000Z"), a_run(11)], CHECKED, HealthStatus.OK),
        ([a_run(12, Status.FAILED), a_run(11)], CHECKED, HealthStatus.FAILING),
        ([a_run(12, Status.SKIPPED), a_run(11, Status.FAILED)], CHECKED, HealthStatus.FAILING),
        ([a_run(12), a_run(11, Status.FAILED)], CHECKED, HealthStatus.OK),
        ([a_run(11, Status.WAITING)], CHECKED, HealthStatus.LATE),
        ([a_run(12, Status.MISSED), a_run(11)], CHECKED, HealthStatus.LATE),
        ([a_run(12), a_run(11, Status.MISSED)], CHECKED, HealthStatus.OK),
        ([a_run(12, Status.FAILED)], replace(CHECKED, pause=PAUSE), HealthStatus.PAUSED),
        ([a_run(12)], replace(CHECKED, pause=replace(PAUSE, until="2026-11-22T12:30:00.000000Z")), HealthStatus.OK),
    ],
)
def test_the_most_important_state_is_shown(recent: list[Run], job_state: JobState, expected: HealthStatus) -> None:
    assert assess(*recent, state=job_state).state is expected


def test_an_unstarted_slot_is_late_even_before_the_watchdog_has_recorded_it() -> None:
    eleven = moment("2026-11-22T11:00:00")
    checked = replace(CHECKED, checked_until=Slot("2026-11-22T10:00:00Z"))
    assert assess(a_run(10), state=checked, now=eleven + JOB.grace - timedelta(seconds=1)).late is None
    late = assess(a_run(10), state=checked, now=eleven + JOB.grace).late
    assert late == "the run of 2026-11-22T11:00:00Z has not started 1:00:00 after it was due"
    assert assess(a_run(11), a_run(10), state=checked, now=eleven + JOB.grace).late is None
    unchecked = assess(state=JobState("tally"), now=eleven + JOB.grace)
    assert unchecked.late is None, "the watchdog has never run, so no slot counts as missed"


def test_the_late_text_names_the_oldest_unfinished_run() -> None:
    found = assess(a_run(11, Status.WAITING), a_run(10, Status.WAITING))
    assert found.late == "the run of 2026-11-22T10:00:00Z has not started 1:00:00 after it was due"
    assert not found.recovered


def test_too_many_runs_are_counted_by_start_time_within_the_window() -> None:
    runs = [a_run(hour, reason=None) for hour in (8, 9, 10, 11)]
    within = [replace(run, started_at=f"2026-11-22T12:{n:02d}:00.000000Z") for n, run in enumerate(runs)]
    assert assess(*within[:3]).too_frequent is None
    assert assess(*within).too_frequent == "4 runs within 1:00:00, more than 3"
    assert assess(*within, now=NOW + timedelta(minutes=30)).too_frequent is None


def test_the_alarm_comes_from_the_latest_successful_run() -> None:
    bad = a_run(10, counts={"bad": 1})
    assert assess(bad).alarm == "bad"
    assert assess(bad, a_run(11, Status.FAILED)).alarm == "bad"
    assert assess(bad, a_run(11)).alarm is None
    assert assess(a_run(11, Status.FAILED)).alarm is None

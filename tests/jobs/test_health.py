"""How a job is doing, from its rows: the states, and what is complained of when."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.jobs import health
from chalicelib.jobs.health import State
from chalicelib.jobs.job_state import JobState, Pause
from chalicelib.jobs.run_records import Run, Status, Trigger
from tests.builders import moment
from tests.jobs.job_runs import a_job, one_page

pytestmark = pytest.mark.no_database
NOW = moment("2026-11-22T12:30:00")
JOB = a_job(one_page, max_runs=3, alarm=lambda counts: "bad" if counts.get("bad") else None)
PAUSE = Pause("why", "ann", "2026-11-22T10:00:00.000000Z", None)
WATCHED = JobState("tally", watched="2026-11-22T11:00:00Z")


def a_run(hour: int, status: Status = Status.SUCCEEDED, **more: Any) -> Run:
    slot = f"2026-11-22T{hour:02d}:00:00Z"
    started = None if status in {Status.MISSED, Status.SKIPPED, Status.WAITING} else slot.replace("Z", ".000000Z")
    return replace(Run("tally", slot, Trigger.SCHEDULE, slot, status, started_at=started, **more))


def of(*recent: Run, control: JobState = WATCHED, now: Any = NOW) -> health.Health:
    unfinished = [run for run in recent if not run.finished]
    return health.of(JOB, control, sorted(recent, key=lambda run: run.slot, reverse=True), unfinished, now)


@pytest.mark.parametrize(
    ("recent", "control", "state"),
    [
        ([], JobState("tally"), State.NEVER_RAN),
        ([a_run(11, Status.SKIPPED)], WATCHED, State.NEVER_RAN),
        ([a_run(12), a_run(11)], WATCHED, State.OK),
        ([a_run(12, Status.SKIPPED), a_run(11)], WATCHED, State.OK),
        ([a_run(12, Status.RUNNING, lease_until="2026-11-22T12:31:00.000000Z"), a_run(11)], WATCHED, State.RUNNING),
        ([a_run(12, Status.RUNNING, lease_until="2026-11-22T12:30:00.000000Z"), a_run(11)], WATCHED, State.OK),
        ([a_run(12, Status.FAILED), a_run(11)], WATCHED, State.FAILING),
        ([a_run(12, Status.SKIPPED), a_run(11, Status.FAILED)], WATCHED, State.FAILING),
        ([a_run(12), a_run(11, Status.FAILED)], WATCHED, State.OK),
        ([a_run(11, Status.WAITING)], WATCHED, State.LATE),
        ([a_run(12, Status.MISSED), a_run(11)], WATCHED, State.LATE),
        ([a_run(12), a_run(11, Status.MISSED)], WATCHED, State.OK),
        ([a_run(12, Status.FAILED)], replace(WATCHED, pause=PAUSE), State.PAUSED),
        ([a_run(12)], replace(WATCHED, pause=replace(PAUSE, until="2026-11-22T12:30:00.000000Z")), State.OK),
    ],
)
def test_a_job_is_in_the_state_that_matters_most(recent: list[Run], control: JobState, state: State) -> None:
    assert of(*recent, control=control).state is state


def test_a_slot_that_nobody_has_begun_is_late_though_no_watch_has_looked() -> None:
    eleven = moment("2026-11-22T11:00:00")
    watched = replace(WATCHED, watched="2026-11-22T10:00:00Z")
    assert of(a_run(10), control=watched, now=eleven + JOB.grace - timedelta(seconds=1)).late is None
    late = of(a_run(10), control=watched, now=eleven + JOB.grace).late
    assert late == "the run of 2026-11-22T11:00:00Z was not begun, 1:00:00 after it was due"
    assert of(a_run(11), a_run(10), control=watched, now=eleven + JOB.grace).late is None
    assert of(control=JobState("tally"), now=eleven + JOB.grace).late is None, "nobody has begun to watch"


def test_the_oldest_run_that_is_not_finished_is_named() -> None:
    found = of(a_run(11, Status.WAITING), a_run(10, Status.RUNNING))
    assert found.late == "the run of 2026-11-22T10:00:00Z is not finished, 1:00:00 after it was due"
    assert not found.recovered


def test_too_many_runs_within_the_span_are_counted_by_when_they_began() -> None:
    begun = [a_run(hour, reason=None) for hour in (8, 9, 10, 11)]
    within = [replace(run, started_at=f"2026-11-22T12:{n:02d}:00.000000Z") for n, run in enumerate(begun)]
    assert of(*within[:3]).too_frequent is None
    assert of(*within).too_frequent == "4 runs within 1:00:00, more than 3"
    assert of(*within, now=NOW + timedelta(minutes=30)).too_frequent is None


def test_what_is_alarming_is_said_by_the_last_run_that_succeeded() -> None:
    bad = a_run(10, counts={"bad": 1})
    assert of(bad).alarm == "bad"
    assert of(bad, a_run(11, Status.FAILED)).alarm == "bad"
    assert of(bad, a_run(11)).alarm is None
    assert of(a_run(11, Status.FAILED)).alarm is None

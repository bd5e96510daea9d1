"""A deployment that changes a schedule makes no slot due that was not due when it passed."""

import pytest

from chalicelib.jobs import job_state, missed_slots, overview, run_records, watchdog
from chalicelib.jobs.health import HealthStatus
from chalicelib.jobs.job import CatchUp
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.schedule import Schedule
from chalicelib.jobs.slots import Slot
from chalicelib.store import tables
from tests.builders import moment
from tests.jobs.job_runs import (
    Clock,
    Consumer,
    find_run,
    info_messages,
    make_job,
    make_runner,
    one_page,
    take_messages,
    use_jobs,
    warning_messages,
)

TUESDAY, WEDNESDAY = "0 2 * * 2", "0 2 * * 3"


def deploy(patch: pytest.MonkeyPatch, crontab: str) -> None:
    use_jobs(patch, make_job(one_page, schedule=Schedule(crontab), catch_up=CatchUp.LATEST))


def test_slots_that_never_were_due_are_not_missed_not_late_and_not_run(
    time: Clock, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    time.at("2026-11-16T12:00:00")
    deploy(monkeypatch, TUESDAY)
    watchdog.run_checks()
    make_runner().fire(make_job(one_page, schedule=Schedule(TUESDAY)), time.at("2026-11-17T02:00:00"))
    time.later(minutes=15)
    watchdog.run_checks()
    log.clear()
    time.at("2026-11-19T12:00:00")  # a Thursday: by the new schedule, the job would have been due the day before
    deploy(monkeypatch, WEDNESDAY)
    assert [job.state for job in overview.load_all()] == [HealthStatus.OK], "even before the watchdog has seen it"
    watchdog.run_checks()
    assert [run.slot for run in run_records.latest("tally", 9)] == ["2026-11-17T02:00:00Z"]
    assert take_messages() == []
    assert warning_messages(log) == []
    assert info_messages(log) == [
        "tally: the schedule has changed from '0 2 * * 2' to '0 2 * * 3'; slots count from now on"
    ]
    watchdog.run_checks()
    assert len(info_messages(log)) == 1


def test_after_the_change_the_slots_of_the_new_schedule_are_watched(
    time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(monkeypatch, "0 */12 * * *")
    watchdog.run_checks()
    time.later(hours=23)
    deploy(monkeypatch, "0 */3 * * *")
    watchdog.run_checks()
    assert run_records.latest("tally", 9) == []
    time.later(hours=1, minutes=15)
    watchdog.run_checks()
    Consumer().deliver_all()
    run = find_run("tally", "2026-11-23T12:00:00Z")
    assert (run.status, run.trigger) == (Status.SUCCEEDED, Trigger.CATCH_UP)


def test_a_row_from_before_schedules_were_remembered_goes_on_counting(
    time: Clock, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = tables.AuxRow.checked_until.set(Slot("2026-11-22T11:00:00Z"))
    tables.AuxRow("job", "tally").update([checked])
    deploy(monkeypatch, "0 * * * *")
    watchdog.run_checks()
    assert job_state.find("tally").schedule == "0 * * * *"
    assert job_state.find("tally").checked_until == "2026-11-22T11:00:00Z"
    assert info_messages(log) == []
    time.at("2026-11-22T12:10:00")
    watchdog.run_checks()
    assert find_run("tally").trigger is Trigger.CATCH_UP
    assert moment("2026-11-22T12:00:00") == find_run("tally").due


def test_one_of_two_checks_at_once_says_it(
    time: Clock, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(monkeypatch, TUESDAY)
    watchdog.run_checks()
    time.later(hours=1)
    seen = job_state.find("tally")
    job = make_job(one_page, schedule=Schedule(WEDNESDAY))
    for _ in range(2):
        missed_slots.record(job, seen, time.later(seconds=1) - missed_slots.MISSED_AFTER)
    assert len(info_messages(log)) == 1

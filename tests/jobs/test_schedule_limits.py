"""Limits of schedules: when a run is late to start or takes too long, what is caught up, and when a schedule pauses itself."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.errors import InvalidInput
from chalicelib.jobs import (
    dispatcher,
    ledger,
    operator_actions,
    operator_schedules,
    overview,
    run_records,
    schedule_changes,
    watchdog,
)
from chalicelib.jobs.job import CatchUp, Job, RunRefused, StepContext, StepResult
from chalicelib.jobs.operator_schedules import OperatorSchedule
from chalicelib.jobs.run_records import Run
from chalicelib.jobs.slots import Slot
from tests.jobs.job_runs import (
    Clock,
    Consumer,
    make_job,
    make_runner,
    one_page,
    use_jobs,
    warning_messages,
)
from tests.jobs.schedule_runs import create, runs, statuses, update


def alerts_of(log: pytest.LogCaptureFixture) -> list[str]:
    """Return the kinds of the alerts that the watchdog raises or clears now, with the first words."""
    log.clear()
    watchdog.run_checks()
    return [text for text in warning_messages(log) if ": tally: " in text]


def slow_and_late(job: Job) -> tuple[str | None, str | None]:
    found = overview.load(job).health
    return found.late, found.slow


def started(job: Job, slot: Slot) -> Run:
    run = ledger.claim(job, slot)
    assert run
    return ledger.checkpoint(run, StepResult({"page": 2}))


def test_a_late_start_and_a_long_run_are_separate_alerts(job: Job, time: Clock, log: pytest.LogCaptureFixture) -> None:
    made = create(job, start_limit=2, run_limit=4)
    time.at("2026-11-22T12:30:00")
    dispatcher.serve()
    slot = Slot(f"2026-11-22T12:30:00Z@{made.id}")
    time.later(minutes=2)
    assert alerts_of(log) == []
    time.later(seconds=1)
    assert alerts_of(log) == [f"LATE: tally: the run of {slot} has not started 0:02:00 after it was due"]
    run = started(job, slot)
    assert alerts_of(log) == ["RECOVERED: tally: no longer late"]
    time.later(minutes=4)
    assert alerts_of(log) == []
    time.later(seconds=1)
    assert alerts_of(log) == [f"SLOW: tally: the run of {slot} takes longer than 0:04:00"]
    assert overview.load(job).problems == [f"the run of {slot} takes longer than 0:04:00"]
    ledger.finish(run, StepResult(None))
    assert alerts_of(log) == ["RECOVERED: tally: no longer slow"]


@pytest.mark.parametrize(("usual", "limit"), [(5, timedelta(minutes=1)), (60, timedelta(minutes=3))])
def test_by_default_a_run_may_take_three_times_its_usual_time(
    usual: int, limit: timedelta, job: Job, time: Clock
) -> None:
    for hour in (12, 13):
        time.at(f"2026-11-22T{hour}:00:00")
        run = started(job, Slot(f"2026-11-22T{hour}:00:00Z"))
        time.later(seconds=usual)
        ledger.finish(run, StepResult(None))
    time.at("2026-11-22T14:00:00")
    started(job, Slot("2026-11-22T14:00:00Z"))
    time.now += limit
    assert slow_and_late(job) == (None, None)
    time.later(seconds=1)
    assert slow_and_late(job) == (None, f"the run of 2026-11-22T14:00:00Z takes longer than {limit}")


def test_a_run_that_waits_for_its_next_attempt_may_take_as_long_as_it_may_be_late(job: Job, time: Clock) -> None:
    make_runner().fire(job, time.now)
    time.at("2026-11-22T13:00:00")
    run = started(job, Slot("2026-11-22T13:00:00Z"))
    ledger.retry_or_fail(job, run, "broken", "")
    time.later(minutes=59)
    assert slow_and_late(job) == (None, None)
    time.later(minutes=2)
    assert slow_and_late(job) == (None, "the run of 2026-11-22T13:00:00Z takes longer than 1:00:00")


def test_the_catalog_has_limits_too(job: Job, time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    limited = replace(job, run_limit=timedelta(minutes=7), grace=timedelta(minutes=3))
    use_jobs(monkeypatch, limited)
    run = started(limited, Slot("2026-11-22T12:00:00Z"))
    ledger.record(run_records.new("tally", Slot("2026-11-22T12:01:00Z"), run.trigger))
    time.later(minutes=4, seconds=1)
    late, slow = slow_and_late(limited)
    assert (late, slow) == ("the run of 2026-11-22T12:01:00Z has not started 0:03:00 after it was due", None)
    time.later(minutes=3)
    assert slow_and_late(limited)[1] == "the run of 2026-11-22T12:00:00Z takes longer than 0:07:00"


@pytest.mark.parametrize("where", ["schedule", "catalog"])
def test_slots_older_than_the_window_are_not_caught_up(
    where: str, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = timedelta(minutes=90)
    job = make_job(one_page, catch_up=CatchUp.ALL, catch_up_window=window if where == "catalog" else None)
    use_jobs(monkeypatch, job)
    watchdog.run_checks()
    create(job, catch_up_window=90 if where == "schedule" else None)
    time.at("2026-11-22T15:15:00")
    watchdog.run_checks()
    found = {slot: status for slot, status in statuses().items() if slot.endswith("@")}
    assert found == {"12:30:00@": "MISSED", "13:30:00@": "MISSED", "14:30:00@": "WAITING"}
    assert runs()["12:30:00@"].reason == "did not start on time; only slots of the last 1:30:00 are caught up"
    own = [status for slot, status in statuses().items() if not slot.endswith("@")]
    assert own == (["MISSED", "WAITING", "WAITING"] if where == "catalog" else ["WAITING"] * 3)


class Broken:
    """A job whose runs fail until it is repaired."""

    is_broken = True

    def step(self, _context: StepContext) -> StepResult:
        if self.is_broken:
            raise RunRefused("out of paper")
        return StepResult(None)


@pytest.fixture
def broken() -> Broken:
    return Broken()


@pytest.fixture
def failing(broken: Broken, time: Clock, monkeypatch: pytest.MonkeyPatch) -> Job:
    job = make_job(broken.step)
    use_jobs(monkeypatch, job)
    watchdog.run_checks()
    assert time.now
    return job


def run_until(time: Clock, until: str, *, looks: bool = False) -> None:
    """Let each half hour pass, with the dispatcher, and the watchdog if it `looks`."""
    while time.now.isoformat()[:19] < until:
        time.later(minutes=30)
        dispatcher.serve()
        Consumer().deliver_all()
        if looks:
            watchdog.run_checks()


def stored(schedule: OperatorSchedule) -> OperatorSchedule:
    found = operator_schedules.find(schedule.id)
    assert found
    return found


def test_a_schedule_pauses_itself_after_as_many_failures_as_it_allows(
    failing: Job, broken: Broken, time: Clock, log: pytest.LogCaptureFixture
) -> None:
    made = create(failing, pause_after=3)
    run_until(time, "2026-11-22T14:30:00")
    assert list(statuses().values()) == ["FAILED"] * 3
    paused = "paused itself after 3 failed runs, the last of which says: out of paper"
    assert f"PAUSED: tally: {made.id} {paused}" in alerts_of(log)
    assert (stored(made).enabled, stored(made).paused, stored(made).next_runs(1)) == (False, paused, [])
    assert f"{made.id} {paused}" in overview.load(failing).problems
    run_until(time, "2026-11-22T18:00:00", looks=True)
    assert [slot for slot in statuses() if slot.endswith("@")] == ["12:30:00@", "13:30:00@", "14:30:00@"]
    broken.is_broken = False
    again = update(made.id, enabled=True)
    assert (again.paused, again.next_at) == (None, "2026-11-22T18:30:00Z")
    assert "RECOVERED: tally: no longer paused" in alerts_of(log)
    run_until(time, "2026-11-22T19:30:00", looks=True)
    assert [status for slot, status in statuses().items() if slot in {"18:30:00@", "19:30:00@"}] == ["SUCCEEDED"] * 2


def test_without_the_watchdog_the_next_slot_is_skipped(failing: Job, time: Clock) -> None:
    made = create(failing, pause_after=2)
    run_until(time, "2026-11-22T16:00:00")
    assert statuses() == {"12:30:00@": "FAILED", "13:30:00@": "FAILED", "14:30:00@": "SKIPPED"}
    assert runs()["14:30:00@"].reason == f"the schedule {stored(made).paused}"
    assert not stored(made).enabled


def test_a_success_between_or_later_keeps_a_schedule_running(failing: Job, broken: Broken, time: Clock) -> None:
    made = create(failing, pause_after=2)
    run_until(time, "2026-11-22T12:30:00")
    broken.is_broken = False
    run_until(time, "2026-11-22T13:30:00", looks=True)
    broken.is_broken = True
    run_until(time, "2026-11-22T14:30:00", looks=True)
    broken.is_broken = False
    run_until(time, "2026-11-22T15:30:00", looks=True)
    broken.is_broken = True
    run_until(time, "2026-11-22T16:30:00", looks=True)
    assert stored(made).enabled
    broken.is_broken = False
    operator_actions.run_again(failing, runs()["16:30:00@"].slot, "ann")
    Consumer().deliver_all()
    broken.is_broken = True
    run_until(time, "2026-11-22T17:30:00", looks=True)
    assert stored(made).enabled, "the failed run was repeated with success"
    run_until(time, "2026-11-22T18:30:00", looks=True)
    assert not stored(made).enabled


def test_the_schedule_of_the_catalog_pauses_itself_and_starts_again(
    broken: Broken, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(broken.step, pause_after=2)
    use_jobs(monkeypatch, job)
    watchdog.run_checks()
    for _ in range(2):
        make_runner().fire(job, time.later(hours=1))
        watchdog.run_checks()
    paused = operator_schedules.find_changed("tally")
    assert paused
    assert paused.paused == "paused itself after 2 failed runs, the last of which says: out of paper"
    make_runner().fire(job, time.later(hours=1))
    watchdog.run_checks()
    assert statuses() == {"13:00:00": "FAILED", "14:00:00": "FAILED"}
    schedule_changes.reset(job)
    broken.is_broken = False
    for _ in range(2):
        watchdog.run_checks()
        make_runner().fire(job, time.later(hours=1))
    assert operator_schedules.find_changed("tally") is None
    assert statuses() == {
        "13:00:00": "FAILED",
        "14:00:00": "FAILED",
        "16:00:00": "SUCCEEDED",
        "17:00:00": "SUCCEEDED",
    }


def test_a_schedule_that_was_disabled_for_a_week_is_among_the_problems(job: Job, time: Clock) -> None:
    made = create(job)
    update(made.id, enabled=False)
    time.later(days=6)
    assert not [text for text in overview.load(job).problems if "disabled" in text]
    time.later(days=1)
    text = f"{made.id} has been disabled for 7 days: enable it, or delete it"
    assert text in overview.load(job).problems


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"start_limit": 0}, "start limit must be from 1 to 10080 minutes"),
        ({"run_limit": 10081}, "run limit must be from 1"),
        ({"catch_up_window": -1}, "catch up window must be from 1"),
        ({"pause_after": 11}, "pause after must be from 1 to 10 failed runs"),
    ],
)
def test_wrong_limits_are_refused(changes: dict[str, int], text: str, job: Job) -> None:
    with pytest.raises(InvalidInput, match=text):
        create(job, "30 * * * *", **changes)
    (name,) = changes
    made = create(job, "30 * * * *", **{name: 5})
    assert getattr(made, name) == 5
    assert getattr(update(made.id, **{name: None}), name) is None

"""Backfills: slots of the past without a successful run are run, oldest first, one at a time, wherever it is interrupted."""

import json
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.errors import InProgress, InvalidInput, JobPaused, NotFound, RunNotCancellable
from chalicelib.jobs import (
    backfills,
    job_state,
    ledger,
    operator_actions,
    overview,
    queue,
    run_changes,
    run_records,
    schedule_changes,
    watchdog,
)
from chalicelib.jobs.job import CatchUp, Job, RunRefused, StepContext, StepResult
from chalicelib.jobs.operator_schedules import OperatorSchedule
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.store import change_marks, tables
from tests.builders import moment
from tests.jobs.job_runs import Clock, Consumer, find_run, make_job, one_page, queue_down, take_messages, use_jobs
from tests.jobs.schedule_runs import statuses

FIRST, LAST = moment("2026-11-21T08:00:00"), moment("2026-11-21T11:00:00")
SLOTS = [f"2026-11-21T{hour:02d}:00:00Z" for hour in (8, 9, 10, 11)]


def request(job: Job) -> list[Slot]:
    return backfills.request(job, FIRST, LAST, "ann")


def test_each_slot_without_a_successful_run_is_run_oldest_first(job: Job) -> None:
    run = ledger.claim(job, Slot(SLOTS[1]))
    assert run
    ledger.finish(run, StepResult(None))
    ledger.end(run_records.new("tally", Slot(SLOTS[2]), Trigger.SCHEDULE), Status.MISSED, reason="late")
    assert backfills.find_missing(job, FIRST, LAST) == [SLOTS[0], *SLOTS[2:]]
    assert request(job) == [SLOTS[0], *SLOTS[2:]]
    assert statuses() == {"08:00:00": "WAITING", "09:00:00": "SUCCEEDED", "10:00:00": "MISSED"}, "one at a time"
    consumer = Consumer()
    consumer.deliver_all()
    assert [json.loads(body)["slot"] for body in consumer.delivered] == [SLOTS[0], *SLOTS[2:]]
    assert set(statuses().values()) == {"SUCCEEDED"}
    assert {find_run("tally", slot).trigger for slot in (SLOTS[0], *SLOTS[2:])} == {Trigger.BACKFILL}
    assert find_run("tally", SLOTS[3]).actor == "ann"
    assert backfills.find("tally") is None
    assert request(job) == []
    assert take_messages() == []


def test_a_request_during_a_backfill_adds_to_it(job: Job) -> None:
    request(job)
    assert request(job) == SLOTS
    earlier = backfills.request(job, FIRST - timedelta(hours=1), LAST, "bob")
    assert earlier == ["2026-11-21T07:00:00Z", *SLOTS]
    found = backfills.find("tally")
    assert found
    assert (found.total, found.left, found.current) == (5, ("2026-11-21T07:00:00Z", *SLOTS[1:]), SLOTS[0])
    Consumer().deliver_all()
    assert set(statuses().values()) == {"SUCCEEDED"}
    assert len(statuses()) == 5


@pytest.mark.usefixtures("time")
def test_a_run_that_fails_is_left_behind_and_repeated_by_the_next_backfill(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = {SLOTS[1]}

    def step(context: StepContext) -> StepResult:
        if context.slot in broken:
            raise RunRefused("too many")
        return StepResult(None)

    job = make_job(step)
    use_jobs(monkeypatch, job)
    request(job)
    Consumer().deliver_all()
    assert list(statuses().values()) == ["SUCCEEDED", "FAILED", "SUCCEEDED", "SUCCEEDED"]
    broken.clear()
    assert request(job) == [SLOTS[1]]
    Consumer().deliver_all()
    assert set(statuses().values()) == {"SUCCEEDED"}


def test_the_watchdog_goes_on_with_a_backfill_that_was_interrupted(job: Job, time: Clock) -> None:
    with queue_down():
        request(job)
    time.later(minutes=6)
    watchdog.run_checks()  # sends the message of the first run
    Consumer().deliver_all()
    assert set(statuses().values()) == {"SUCCEEDED"}


def test_the_watchdog_notices_that_a_run_has_ended(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    request(job)
    with monkeypatch.context() as patch:
        patch.setattr(backfills, "advance", lambda _job: None)  # the worker dies before it gets there
        Consumer().deliver_all()
    assert statuses() == {"08:00:00": "SUCCEEDED"}
    watchdog.run_checks()
    Consumer().deliver_all()
    assert list(statuses().values()) == ["SUCCEEDED"] * 4


def test_a_pause_holds_a_backfill(job: Job, time: Clock) -> None:
    request(job)
    job_state.pause("tally", "stock-taking", "bob")
    Consumer().deliver_all()
    assert statuses() == {"08:00:00": "SKIPPED"}
    with pytest.raises(JobPaused, match="stock-taking"):
        request(job)
    watchdog.run_checks()
    assert statuses() == {"08:00:00": "SKIPPED"}
    job_state.resume("tally")
    time.later(minutes=5)
    watchdog.run_checks()
    Consumer().deliver_all()
    assert [status for slot, status in statuses().items() if slot < "12"] == ["SUCCEEDED"] * 4


def test_cancelling_its_run_ends_a_backfill(job: Job) -> None:
    request(job)
    operator_actions.cancel_run(job, Slot(SLOTS[0]), "bob", "enough")
    assert backfills.find("tally") is None
    Consumer().deliver_all()
    assert statuses() == {"08:00:00": "CANCELLED"}
    assert request(job) == SLOTS


def test_a_backfill_can_be_ended_while_its_job_is_paused(job: Job) -> None:
    request(job)
    job_state.pause("tally", "wrong range", "bob")
    Consumer().deliver_all()
    assert statuses() == {"08:00:00": "SKIPPED"}
    with pytest.raises(NotFound):
        operator_actions.cancel_run(job, Slot(SLOTS[1]), "bob", "enough")
    began = clock.now()
    for is_replay in (False, True):
        with change_marks.made_by("bob"), change_marks.request("a key", began, is_replay=is_replay):
            assert operator_actions.cancel_run(job, Slot(SLOTS[0]), "bob", "enough").status is Status.SKIPPED
    assert backfills.find("tally") is None
    with pytest.raises(RunNotCancellable):
        operator_actions.cancel_run(job, Slot(SLOTS[0]), "bob", "enough")
    job_state.resume("tally")
    watchdog.run_checks()
    Consumer().deliver_all()
    assert statuses() == {"08:00:00": "SKIPPED"}


def test_a_backfill_that_is_being_cancelled_takes_no_more_slots(job: Job) -> None:
    request(job)
    run = ledger.claim(job, Slot(SLOTS[0]))
    assert run
    operator_actions.cancel_run(job, Slot(SLOTS[0]), "bob", "wrong range")
    with pytest.raises(InProgress, match=f"when the run of {SLOTS[0]} has ended"):
        request(job)
    ledger.checkpoint(run, StepResult({"page": 2}))
    assert statuses() == {"08:00:00": "CANCELLED"}
    assert request(job) == SLOTS, "its worker died before it could delete the backfill"
    Consumer().deliver_all()
    assert list(statuses().values()) == ["SUCCEEDED"] * 4


def test_a_backfill_ends_also_if_its_run_was_done_before_it_could_be_cancelled(job: Job) -> None:
    request(job)
    run = ledger.claim(job, Slot(SLOTS[0]))
    assert run
    operator_actions.cancel_run(job, Slot(SLOTS[0]), "bob", "enough")
    ledger.finish(run, StepResult(None))
    Consumer().deliver_all()
    assert statuses() == {"08:00:00": "SUCCEEDED"}
    assert backfills.find("tally") is None


def test_what_was_run_meanwhile_is_not_run_again(job: Job) -> None:
    request(job)
    for slot in SLOTS[1:3]:
        ledger.end(run_records.new("tally", Slot(slot), Trigger.SCHEDULE), Status.MISSED, reason="late")
        run_changes.reopen(find_run("tally", slot), "bob")
    queue.send("tally", Slot(SLOTS[1]))
    Consumer().deliver_all()
    assert set(statuses().values()) == {"SUCCEEDED"}
    assert find_run("tally", SLOTS[1]).trigger is Trigger.OPERATOR
    assert find_run("tally", SLOTS[1]).attempts == 1


def test_it_uses_the_schedule_and_the_arguments_that_operators_gave_the_job(job: Job) -> None:
    schedule_changes.update("tally.default", {"crontab": "30 10 * * *", "time_zone": "Europe/Berlin"}, "bob")
    assert request(job) == ["2026-11-21T09:30:00Z"]


def test_many_runs_of_a_backfill_raise_no_alarm(job: Job, time: Clock) -> None:
    backfills.request(job, FIRST - timedelta(hours=20), LAST, "ann")
    time.later(minutes=5)
    Consumer().deliver_all()
    found = overview.load(job)
    assert (found.problems, len(found.recent)) == ([], 24)


def test_wrong_ranges_are_refused(job: Job, time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    for since, until, field in (
        (LAST, FIRST, "from"),
        (moment("1999-12-31T00:00:00"), LAST, "from"),
        (moment("2026-01-01T00:00:00"), LAST, "to"),
        (moment("2026-11-22T12:00:01"), moment("2027-01-01T00:00:00"), "from"),
        (moment("9999-01-01T00:00:00"), moment("9999-12-31T00:00:00"), "from"),
    ):
        with pytest.raises(InvalidInput) as refused:
            backfills.find_missing(job, since, until)
        assert refused.value.field == field
    assert backfills.find_missing(job, time.now, moment("2099-01-01T00:00:00")) == ["2026-11-22T12:00:00Z"]
    monkeypatch.setattr(backfills, "MAX_LEFT", 3)
    with pytest.raises(InvalidInput, match="at most 3 slots"):
        request(job)
    with pytest.raises(InvalidInput, match="cannot be run for the past"):
        request(make_job(one_page, catch_up=CatchUp.NONE))
    assert backfills.find("tally") is None


def test_a_backfill_of_a_removed_job_is_dropped(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    request(job)
    use_jobs(monkeypatch, make_job(one_page, name="other"))
    watchdog.run_checks()
    assert backfills.find("tally") is None


def test_a_schedule_that_cannot_be_used_any_more_is_named(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule_changes.update("tally.default", {"time_zone": "Europe/Berlin"}, "bob")
    monkeypatch.setattr(OperatorSchedule, "broken", "tzdata has dropped its zone")
    with pytest.raises(InvalidInput, match="The schedule of tally cannot be used: tzdata has dropped"):
        request(job)


def test_what_a_later_release_has_stored_does_not_stop_the_watchdog(job: Job) -> None:
    request(job)
    (row,) = tables.AuxRow.query(backfills.PARTITION)
    row.content |= {"speed": 2}
    row.save()
    found = backfills.find("tally")
    assert found
    assert found.left == tuple(SLOTS[1:])
    watchdog.run_checks()
    Consumer().deliver_all()
    assert list(statuses().values()) == ["SUCCEEDED"] * 4

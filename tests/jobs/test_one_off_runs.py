"""Runs that an operator requests for a later time: they wait, are started once, and can be cancelled until then."""

from datetime import timedelta

import pytest

from chalicelib.access.audit_log import list_changes
from chalicelib.errors import InvalidInput, NotFound
from chalicelib.jobs import (
    dispatcher,
    job_state,
    one_off_runs,
    operator_actions,
    operator_schedules,
    overview,
    run_records,
    schedule_cap,
    schedule_changes,
    slots,
    watchdog,
)
from chalicelib.jobs.job import Job
from chalicelib.jobs.operator_schedules import OperatorSchedule
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.store import change_marks
from chalicelib.store.pagination import PageArgs, read_page
from tests.builders import moment
from tests.jobs.job_runs import Clock, Consumer, find_run, queue_down, take_messages
from tests.jobs.schedule_runs import create, statuses
from tests.metering import metered

FRIDAY = "2026-11-27T16:00:00"


def request(job: Job, at: str = FRIDAY) -> Run:
    return one_off_runs.request(job, moment(at), "ann", {"cap": 3})


def test_a_run_waits_until_its_time_and_is_run_once(job: Job, time: Clock) -> None:
    run = request(job)
    assert (run.status, run.trigger, run.actor, run.arguments) == (Status.WAITING, Trigger.OPERATOR, "ann", {"cap": 3})
    assert slots.instant_of(run.slot) == f"{FRIDAY}Z"
    assert find_run("tally", run.slot) == run
    for early in ("2026-11-22T12:07:00", "2026-11-26T09:00:00", "2026-11-27T15:59:59"):
        time.at(early)
        dispatcher.serve()
        watchdog.run_checks()
        take_messages()
        Consumer().runner.run(job, run.slot)  # a message too many
        assert find_run("tally", run.slot).status is Status.WAITING
    time.at(f"{FRIDAY}")
    for _ in range(2):
        dispatcher.serve()
    Consumer().deliver_all()
    done = find_run("tally", run.slot)
    assert (done.status, done.attempts, done.trigger) == (Status.SUCCEEDED, 1, Trigger.OPERATOR)
    assert operator_schedules.find_all() == []


def test_a_run_for_later_holds_up_no_other_and_raises_no_alarm(job: Job, time: Clock) -> None:
    later = request(job)
    now = operator_actions.run_now(job, "bob", {})
    Consumer().deliver_all()
    assert find_run("tally", now.slot).status is Status.SUCCEEDED
    time.later(hours=20)
    watchdog.run_checks()
    Consumer().deliver_all()
    found = overview.load(job)
    assert found.problems == []
    assert now.slot in {run.slot for run in found.recent}
    assert later.slot not in {run.slot for run in found.recent}
    assert find_run("tally", later.slot).status is Status.WAITING


def test_many_runs_for_later_hide_no_failure(job: Job, time: Clock) -> None:
    Consumer().runner.run(job, slots.of(time.now))
    for day in range(35):
        request(job, f"2027-01-{day % 28 + 1:02d}T08:00:00")
    assert [run.status for run in overview.load(job).recent] == [Status.SUCCEEDED]


def test_a_cancelled_run_is_never_started(job: Job, time: Clock) -> None:
    run = request(job)
    cancelled = operator_actions.cancel_run(job, operator_actions.slot_at("tally", moment(FRIDAY), None), "bob", "no")
    assert (cancelled.slot, cancelled.status, cancelled.reason) == (run.slot, Status.CANCELLED, "cancelled by bob: no")
    assert operator_schedules.find_all() == []
    time.at(FRIDAY)
    dispatcher.serve()
    watchdog.run_checks()
    assert run.slot not in {slot for _, slot in take_messages()}
    assert find_run("tally", run.slot) == cancelled


def test_to_delete_its_schedule_cancels_the_run(job: Job) -> None:
    run = request(job)
    schedule_changes.delete(run.schedule, "bob")
    ended = find_run("tally", run.slot)
    assert (ended.status, ended.reason) == (Status.CANCELLED, "cancelled by bob: deleted the schedule")
    assert operator_schedules.find_all() == []
    with pytest.raises(NotFound):
        schedule_changes.delete(run.schedule, "bob")


def test_it_can_be_started_early_but_not_moved(job: Job) -> None:
    run = request(job)
    with pytest.raises(InvalidInput, match="Cancel it, and request another"):
        schedule_changes.update(run.schedule, {"at": moment("2026-12-24T00:00:00")}, "bob")
    operator_actions.run_again(job, run.slot, "bob")
    Consumer().deliver_all()
    assert find_run("tally", run.slot).status is Status.SUCCEEDED
    assert operator_schedules.find_all() == []


def test_a_cancellation_wins_over_a_dispatcher_that_has_read_before(
    job: Job, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = request(job)
    time.at(FRIDAY)
    find_all, met = operator_schedules.find_all, iter([1])

    def find_then_cancel() -> list[OperatorSchedule]:
        found = find_all()
        for _ in met:
            operator_actions.cancel_run(job, run.slot, "bob", "no")
        return found

    monkeypatch.setattr(operator_schedules, "find_all", find_then_cancel)
    dispatcher.serve()
    Consumer().deliver_all()
    assert find_run("tally", run.slot).status is Status.CANCELLED


def test_during_a_pause_it_is_skipped_and_an_outage_only_delays_it(job: Job, time: Clock) -> None:
    skipped, late = request(job), request(job, "2026-11-27T18:00:00")
    job_state.pause("tally", "stock-taking", "ann")
    time.at(FRIDAY)
    dispatcher.serve()
    Consumer().deliver_all()
    assert find_run("tally", skipped.slot).reason == "paused by ann: stock-taking"
    job_state.resume("tally")
    time.at("2026-11-27T20:30:00")
    with queue_down():
        dispatcher.serve()
    watchdog.run_checks()
    Consumer().deliver_all()
    assert find_run("tally", late.slot).status is Status.SUCCEEDED


def test_its_history_is_kept_from_its_time_on(job: Job) -> None:
    run = request(job, "2028-01-01T00:00:00")
    assert run_records.to_row(run).numbers["ttl"] >= (run.due + timedelta(days=30)).timestamp()


@pytest.mark.parametrize("how", ["createSchedule", "runJob"])
def test_two_at_the_same_time_cannot_both_take_the_last_place(
    how: str, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule_cap, "MAX_SCHEDULES", 2)
    create(job)
    find_all, met = operator_schedules.find_all, iter([1])

    def find_then_create() -> list[OperatorSchedule]:
        found = find_all()
        for _ in met:
            create(job)
        return found

    monkeypatch.setattr(operator_schedules, "find_all", find_then_create)
    with pytest.raises(InvalidInput, match="There are 2 schedules already"):
        request(job) if how == "runJob" else create(job)
    assert len(find_all()) == 2
    assert statuses() == {}


def test_a_request_costs_three_calls(job: Job) -> None:
    with metered() as meter:
        request(job)
    assert dict(meter.calls) == {"GetItem": 1, "Query": 1, "TransactWriteItems": 1}


def test_the_audit_log_of_run_and_schedule_has_all_that_was_changed(job: Job, time: Clock) -> None:
    def logged(subject: str) -> list[str]:
        page = read_page(list_changes(subject=subject), PageArgs(first=9))
        return [edge.node.action for edge in page.edges]

    def requested() -> tuple[Run, str]:
        with change_marks.made_by("ann"), change_marks.place("runJob"):
            run = request(job)
        time.later(minutes=1)
        return run, slots.schedule_of(run.slot) or ""

    run, schedule_id = requested()
    with change_marks.made_by("bob"), change_marks.place("deleteSchedule"):
        schedule_changes.delete(schedule_id, "bob")
    assert logged(schedule_id) == logged(f"run:tally:{run.slot}") == ["deleteSchedule", "runJob"]
    run, schedule_id = requested()
    with change_marks.made_by("bob"), change_marks.place("cancelRun"):
        operator_actions.cancel_run(job, run.slot, "bob", "too late")
    assert logged(schedule_id) == logged(f"run:tally:{run.slot}") == ["cancelRun", "runJob"]

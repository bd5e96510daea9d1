"""Operators' schedules: each slot gets one answer, whatever is changed, late or done twice."""

import pytest

from chalicelib.errors import InvalidInput, NotFound
from chalicelib.jobs import (
    dispatcher,
    job_state,
    ledger,
    operator_schedules,
    run_records,
    schedule_changes,
    slots,
    watchdog,
)
from chalicelib.jobs.job import CatchUp, Job
from chalicelib.jobs.operator_schedules import OperatorSchedule
from chalicelib.jobs.run_records import Status, Trigger
from tests.builders import moment
from tests.jobs.job_runs import (
    Clock,
    Consumer,
    find_run,
    make_job,
    make_runner,
    one_page,
    queue_down,
    take_messages,
    use_jobs,
)
from tests.jobs.schedule_runs import create, runs, statuses, update
from tests.metering import metered


def test_a_slot_is_run_once_at_its_time_in_its_zone(job: Job, time: Clock) -> None:
    made = create(job, "0 17 * * FRI", time_zone="Europe/Berlin")
    assert made.next_at == "2026-11-27T16:00:00Z"
    assert made.words == "At 17:00 on Friday, Europe/Berlin"
    time.at("2026-11-27T15:59:59")
    dispatcher.serve()
    assert runs() == {}
    time.at("2026-11-27T16:00:01")
    for _ in range(2):
        dispatcher.serve()
    slot = slots.of(moment("2026-11-27T16:00:00"), made.id)
    assert slot == f"2026-11-27T16:00:00Z@{made.id}"
    run = find_run("tally", slot)
    assert (run.status, run.trigger, run.schedule) == (Status.WAITING, Trigger.SCHEDULE, made.id)
    assert take_messages() == [("tally", slot)]
    moved = operator_schedules.find(made.id)
    assert moved
    assert moved.next_at == "2026-12-04T16:00:00Z"
    make_runner().run(job, slot)
    assert find_run("tally", slot).status is Status.SUCCEEDED


def test_a_minute_with_nothing_due_costs_one_call(job: Job, time: Clock) -> None:
    for _ in range(5):
        create(job)
    time.later(minutes=1)
    with metered() as meter:
        dispatcher.serve()
    assert dict(meter.calls) == {"Query": 1}


@pytest.mark.parametrize("seen_by", ["dispatcher", "watchdog"])
def test_one_of_two_that_meet_answers_a_slot(
    seen_by: str, job: Job, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one comes between the look and the write."""
    made = create(job)
    time.at("2026-11-22T12:30:02")
    find_all, met = operator_schedules.find_all, iter([1])

    def find_then_meet() -> list[OperatorSchedule]:
        found = find_all()
        for _ in met:
            (dispatcher.serve if seen_by == "dispatcher" else watchdog.run_checks)()
        return found

    monkeypatch.setattr(operator_schedules, "find_all", find_then_meet)
    dispatcher.serve()
    assert statuses() == {"12:30:00@": "WAITING"}
    after = operator_schedules.find(made.id)
    assert after
    assert after.next_at == "2026-11-22T13:30:00Z"


def test_without_the_dispatcher_the_watchdog_starts_the_runs(job: Job, time: Clock) -> None:
    create(job)
    time.at("2026-11-22T12:35:00")
    watchdog.run_checks()
    Consumer().deliver_all()
    assert statuses() == {"12:30:00@": "SUCCEEDED"}


def test_without_the_queue_a_run_waits_for_the_watchdog(job: Job, time: Clock) -> None:
    create(job)
    time.at("2026-11-22T12:30:01")
    with queue_down():
        dispatcher.serve()
    time.later(minutes=6)
    watchdog.run_checks()
    Consumer().deliver_all()
    assert statuses() == {"12:30:00@": "SUCCEEDED"}


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [
        (CatchUp.ALL, ["WAITING", "WAITING", "WAITING"]),
        (CatchUp.LATEST, ["MISSED", "MISSED", "WAITING"]),
        (CatchUp.NONE, ["MISSED", "MISSED", "MISSED"]),
    ],
)
def test_slots_of_an_outage_are_caught_up_by_the_rules_of_the_job(
    catch_up: CatchUp, expected: list[str], monkeypatch: pytest.MonkeyPatch, time: Clock
) -> None:
    job = make_job(one_page, catch_up=catch_up)
    use_jobs(monkeypatch, job)
    create(job)
    time.at("2026-11-22T15:00:00")
    dispatcher.serve()
    assert [run.status.value for _, run in sorted(runs().items())] == expected
    assert {run.trigger for run in runs().values() if not run.finished} <= {Trigger.CATCH_UP}


def test_a_latest_slot_in_time_does_the_work_of_those_before_it(job: Job, time: Clock) -> None:
    create(job)
    time.at("2026-11-22T14:30:05")
    dispatcher.serve()
    assert statuses() == {"12:30:00@": "MISSED", "13:30:00@": "MISSED", "14:30:00@": "WAITING"}
    assert runs()["14:30:00@"].trigger is Trigger.SCHEDULE


def test_slots_during_a_pause_of_the_job_are_skipped(job: Job, time: Clock) -> None:
    create(job)
    job_state.pause("tally", "stock-taking", "ann")
    time.at("2026-11-22T12:30:01")
    dispatcher.serve()
    Consumer().deliver_all()
    time.at("2026-11-22T14:00:00")
    dispatcher.serve()
    assert statuses() == {"12:30:00@": "SKIPPED", "13:30:00@": "SKIPPED"}
    assert {run.reason for run in runs().values()} == {"paused by ann: stock-taking"}


def test_nothing_of_a_deleted_schedule_is_run(job: Job, time: Clock) -> None:
    made = create(job)
    time.at("2026-11-22T12:30:00")
    assert schedule_changes.delete(made.id, "bob") == made.id
    assert statuses() == {"12:30:00@": "SKIPPED"}
    assert runs()["12:30:00@"].reason == "bob deleted the schedule"
    time.later(hours=5)
    dispatcher.serve()
    watchdog.run_checks()
    assert [slot for slot in statuses() if slot.endswith("@")] == ["12:30:00@"]
    with pytest.raises(NotFound):
        schedule_changes.delete(made.id, "bob")
    with pytest.raises(NotFound):
        update(made.id, note="late")


def test_a_schedule_deleted_while_it_is_served_is_not_run(
    job: Job, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = create(job)
    time.at("2026-11-22T12:29:59")
    due = operator_schedules.find_all()
    schedule_changes.delete(made.id, "bob")
    time.later(seconds=2)
    monkeypatch.setattr(operator_schedules, "find_all", lambda: due)
    dispatcher.serve()
    assert runs() == {}
    assert take_messages() == []


def test_what_was_due_before_a_change_is_run_by_the_old_schedule(job: Job, time: Clock) -> None:
    made = create(job, arguments=[])
    time.at("2026-11-22T12:30:05")
    changed = update(made.id, crontab="45 12 * * *", note="later")
    assert (changed.next_at, changed.updated_by, changed.created_by) == ("2026-11-22T12:45:00Z", "bob", "ann")
    time.at("2026-11-22T13:31:00")
    dispatcher.serve()
    assert statuses() == {"12:30:00@": "WAITING", "12:45:00@": "WAITING"}


def test_a_disabled_schedule_has_no_slots(job: Job, time: Clock) -> None:
    made = create(job)
    assert update(made.id, enabled=False).next_at is None
    time.later(hours=3)
    dispatcher.serve()
    assert runs() == {}
    assert update(made.id, enabled=True).next_at == "2026-11-22T15:30:00Z"


def test_a_single_time_is_run_once_and_the_schedule_is_gone(job: Job, time: Clock) -> None:
    made = schedule_changes.create(job, {"at": moment("2026-11-22T12:07:00")}, "ann")
    assert made.words == "Once, at 2026-11-22T12:07:00Z"
    time.at("2026-11-22T12:07:00")
    dispatcher.serve()
    Consumer().deliver_all()
    assert statuses() == {"12:07:00@": "SUCCEEDED"}
    assert operator_schedules.find_all() == []


def test_a_change_after_which_a_schedule_is_never_due_is_refused(job: Job, time: Clock) -> None:
    once = schedule_changes.create(job, {"at": moment("2026-11-22T12:07:00")}, "ann")
    update(once.id, enabled=False)
    hourly = create(job)
    time.later(hours=1)
    with pytest.raises(InvalidInput, match="at must be in the future") as refused:
        update(once.id, enabled=True)
    assert refused.value.field == "at"
    assert update(once.id, enabled=True, at=moment("2026-11-22T14:00:00")).next_at == "2026-11-22T14:00:00Z"
    with pytest.raises(InvalidInput, match="To stop it, disable it"):
        update(hourly.id, ends_at=time.now)
    assert update(hourly.id, ends_at=moment("2026-11-22T13:30:00")).next_at == "2026-11-22T13:30:00Z"
    time.later(hours=1)
    assert update(hourly.id, note="has ended").next_at is None
    assert update(hourly.id, enabled=False, ends_at=time.now).next_at is None


def test_a_schedule_begins_and_ends_at_its_times(job: Job, time: Clock) -> None:
    made = create(job, starts_at=moment("2026-11-22T13:30:00"), ends_at=moment("2026-11-22T14:30:00"))
    assert made.next_runs(9) == ["2026-11-22T13:30:00Z", "2026-11-22T14:30:00Z"]
    for minute in range(300):
        time.at("2026-11-22T12:00:00")
        time.later(minutes=minute)
        dispatcher.serve()
    assert list(statuses()) == ["13:30:00@", "14:30:00@"]
    ended = operator_schedules.find(made.id)
    assert ended
    assert ended.next_at is None


def test_runs_are_spread(job: Job, time: Clock) -> None:
    made = [create(job, spread=15) for _ in range(6)]
    time.at("2026-11-22T12:30:00")
    dispatcher.serve()
    starts = {run.next_attempt_at for run in run_records.latest("tally", 9)}
    assert len(starts) > 3
    assert all(start is None or "2026-11-22T12:30" <= start < "2026-11-22T12:45" for start in starts)
    slot = max(run_records.latest("tally", 9), key=lambda run: run.next_attempt_at or "").slot
    assert ledger.claim(job, slot) is None  # not before its time
    time.later(minutes=15)
    assert ledger.claim(job, slot)
    assert made


def test_arguments_are_those_of_the_schedule(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    from chalicelib.jobs.catalog import LOW_STOCK  # noqa: PLC0415

    use_jobs(monkeypatch, LOW_STOCK)
    create(LOW_STOCK, arguments=[("threshold", "50"), ("amount", "100")])
    time.at("2026-11-22T12:30:00")
    dispatcher.serve()
    (run,) = run_records.latest("low_stock", 5)
    assert run.arguments == {"threshold": 50, "amount": 100}

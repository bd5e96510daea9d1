"""The watchdog: no slot and no run is lost, whatever was down."""

import pytest

from chalicelib.jobs import job_state, ledger, missed_slots, queue, run_records, runner, watchdog
from chalicelib.jobs.job import CatchUp, Job, StepContext, StepResult
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.slots import Slot
from tests.builders import moment
from tests.jobs.job_runs import (
    SLOT,
    Clock,
    Consumer,
    find_run,
    make_job,
    make_runner,
    one_page,
    queue_down,
    stored_lines,
    take_messages,
    three_pages,
    use_jobs,
    warning_messages,
)

OUTAGE = [f"2026-11-22T{hour}:00:00Z" for hour in (13, 14, 15, 16)]


def use_checked_job(patch: pytest.MonkeyPatch, catch_up: CatchUp = CatchUp.LATEST) -> Job:
    """Use one hourly job, whose slots count from now on."""
    job = make_job(one_page, catch_up=catch_up)
    use_jobs(patch, job)
    watchdog.run_checks()
    return job


def statuses() -> list[Status]:
    """Return the status of each slot of the outage, in order."""
    return [run.status for run in reversed(run_records.latest("tally", 10))]


@pytest.mark.parametrize(
    ("policy", "ends"),
    [
        (CatchUp.ALL, ["SUCCEEDED"] * 4),
        (CatchUp.LATEST, ["MISSED"] * 3 + ["SUCCEEDED"]),
        (CatchUp.NONE, ["MISSED"] * 4),
    ],
)
def test_after_an_outage_every_slot_is_recorded_and_caught_up_by_policy(
    policy: CatchUp, ends: list[str], monkeypatch: pytest.MonkeyPatch, time: Clock
) -> None:
    job = use_checked_job(monkeypatch, policy)
    time.later(hours=4, minutes=30)
    for _ in range(2):
        watchdog.run_checks()
        Consumer().deliver_all()
    rows = {run.slot: run for run in run_records.latest("tally", 10)}
    assert sorted(rows) == OUTAGE
    assert statuses() == ends
    for run in rows.values():
        assert (run.trigger is Trigger.CATCH_UP) == (run.status is Status.SUCCEEDED)
        assert run.reason in {
            "did not start on time; caught up",
            "did not start on time; this job catches up only the latest missed slot",
            "did not start on time; this job catches up no missed slots",
        }
    for slot in OUTAGE:  # EventBridge delivers late what it could not deliver before
        make_runner().fire(job, moment(slot[:-1]))
    Consumer().deliver_all()
    assert {run.slot: run for run in run_records.latest("tally", 10)} == rows


def test_slots_before_the_first_check_do_not_count(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    use_checked_job(monkeypatch, CatchUp.ALL)
    time.later(minutes=30)
    watchdog.run_checks()
    assert run_records.latest("tally", 10) == []


def test_a_slot_is_not_missed_while_eventbridge_may_still_deliver(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    use_checked_job(monkeypatch)
    time.later(minutes=69, seconds=59)
    watchdog.run_checks()
    assert run_records.latest("tally", 10) == []
    time.later(seconds=1)
    watchdog.run_checks()
    assert [run.slot for run in run_records.latest("tally", 10)] == [OUTAGE[0]]


def test_slots_that_started_on_time_are_left_alone(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    job = use_checked_job(monkeypatch, CatchUp.ALL)
    time.later(hours=2)
    make_runner().fire(job, time.now)
    before = find_run("tally", OUTAGE[1])
    time.later(minutes=15)
    watchdog.run_checks()
    assert find_run("tally", OUTAGE[1]) == before
    assert find_run("tally", OUTAGE[0]).trigger is Trigger.CATCH_UP


def test_a_long_outage_is_recorded_over_several_checks(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    monkeypatch.setattr(missed_slots, "MAX_SLOTS_PER_CHECK", 3)
    use_checked_job(monkeypatch)
    time.later(hours=4, minutes=30)
    watchdog.run_checks()
    assert statuses() == ["MISSED"] * 3
    watchdog.run_checks()
    assert statuses() == ["MISSED"] * 3 + ["WAITING"]
    assert job_state.find("tally").checked_until == OUTAGE[3]


def test_slots_missed_during_a_pause_are_skipped_with_actor_and_reason(
    monkeypatch: pytest.MonkeyPatch, time: Clock
) -> None:
    use_checked_job(monkeypatch, CatchUp.ALL)
    time.later(hours=1, minutes=30)
    job_state.pause("tally", "stock-taking", "ann")
    time.later(hours=3)
    watchdog.run_checks()
    assert statuses() == ["WAITING", *["SKIPPED"] * 3]
    assert find_run("tally", OUTAGE[1]).reason == "paused by ann: stock-taking"


def test_a_pause_that_had_ended_skips_no_slots(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    use_checked_job(monkeypatch)
    job_state.pause("tally", "stock-taking", "ann", until=moment("2026-11-22T14:30:00"))
    time.later(hours=4, minutes=30)
    watchdog.run_checks()
    assert statuses() == ["SKIPPED", "SKIPPED", "MISSED", "WAITING"]


def test_a_run_whose_worker_died_continues_through_the_queue(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    job = make_job(three_pages)
    use_jobs(monkeypatch, job)
    run = ledger.claim(job, SLOT)
    assert run
    ledger.checkpoint(run, three_pages(a_context(run)))
    time.later(minutes=5)
    watchdog.run_checks()
    assert take_messages() == [], "its worker may still be alive"
    time.later(minutes=1)
    watchdog.run_checks()
    Consumer().deliver_all()
    done = find_run("tally")
    assert (done.status, done.attempts, done.counts) == (Status.SUCCEEDED, 2, {"pages": 3})
    assert stored_lines("tally") == ["page 1", "page 2", "page 3"]


def a_context(run: Run) -> StepContext:
    return runner.step_context(run, execute=lambda *_: {}, cache={})


def test_a_heartbeat_whose_worker_died_fails(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    job = make_job(one_page, catch_up=CatchUp.NONE)
    use_jobs(monkeypatch, job)
    ledger.claim(job, SLOT)
    time.later(minutes=6)
    watchdog.run_checks()
    run = find_run("tally")
    assert (run.status, run.error) == (
        Status.FAILED,
        "its worker died, and a late result of this job is of no use",
    )
    assert job_state.find("tally").current is None
    assert take_messages() == []


def test_lost_messages_are_sent_again(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    use_jobs(monkeypatch, make_job(one_page))
    ledger.record(run_records.new("tally", SLOT, Trigger.OPERATOR, actor="ann"))
    time.later(minutes=5)
    watchdog.run_checks()
    assert take_messages() == [], "its message may just have been sent"
    time.later(seconds=1)
    watchdog.run_checks()
    Consumer().deliver_all()
    assert find_run("tally").status is Status.SUCCEEDED


def test_an_extra_message_does_no_harm(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    use_jobs(monkeypatch, make_job(three_pages))
    ledger.record(run_records.new("tally", SLOT, Trigger.OPERATOR))
    for _ in range(4):
        time.later(minutes=6)
        watchdog.run_checks()
    consumer = Consumer()
    consumer.deliver_all()
    assert len(consumer.delivered) == 3 + 1
    assert consumer.errors == []
    assert stored_lines("tally") == ["page 1", "page 2", "page 3"]


def test_runs_of_a_removed_job_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.record(run_records.new("gone", SLOT, Trigger.OPERATOR))
    use_jobs(monkeypatch)
    watchdog.run_checks()
    run = find_run("gone")
    assert (run.status, run.error) == (Status.FAILED, "this job no longer exists")


def test_without_the_queue_the_watchdog_records_slots_and_sends_later(
    monkeypatch: pytest.MonkeyPatch, time: Clock, log: pytest.LogCaptureFixture
) -> None:
    use_checked_job(monkeypatch, CatchUp.ALL)
    time.later(hours=4, minutes=30)
    with queue_down():
        watchdog.run_checks()
    assert statuses() == ["WAITING"] * 4
    assert warning_messages(log)[0] == "the queue is unavailable"
    time.later(minutes=6)
    watchdog.run_checks()
    Consumer().deliver_all()
    assert statuses() == ["SUCCEEDED"] * 4


def test_a_slot_that_starts_during_the_check_is_not_missed(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    job = use_checked_job(monkeypatch, CatchUp.NONE)
    time.later(hours=1, minutes=12)
    find_all = run_records.find_all

    def find_then_fire(name: str, found: list[str]) -> dict[Slot, Run]:
        stored = find_all(name, found)
        make_runner().fire(job, moment("2026-11-22T13:00:00"))
        return stored

    monkeypatch.setattr(run_records, "find_all", find_then_fire)
    watchdog.run_checks()
    assert find_run("tally", OUTAGE[0]).status is Status.SUCCEEDED
    assert job_state.find("tally").checked_until == OUTAGE[0]


def test_two_checks_at_once_catch_up_once(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    use_checked_job(monkeypatch, CatchUp.ALL)
    time.later(hours=4, minutes=30)
    find_all = run_records.find_all

    def find_then_look(name: str, found: list[str]) -> dict[Slot, Run]:
        stored = find_all(name, found)
        monkeypatch.setattr(run_records, "find_all", find_all)
        watchdog.run_checks()
        return stored

    monkeypatch.setattr(run_records, "find_all", find_then_look)
    watchdog.run_checks()
    Consumer().deliver_all()
    assert statuses() == ["SUCCEEDED"] * 4
    assert [run.attempts for run in run_records.latest("tally", 10)] == [1] * 4


def test_a_run_whose_hand_over_message_is_lost_continues(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    """The run was handed over, but its message never arrived."""

    def step(work: StepContext) -> StepResult:
        return three_pages(work)

    job = make_job(step)
    use_jobs(monkeypatch, job)
    left = iter((200.0, 1.0))
    make_runner(lambda: next(left)).fire(job, time.now)
    assert take_messages() == [("tally", SLOT)]
    assert queue.depth()["dead"] == 0
    time.later(minutes=5)
    watchdog.run_checks()
    Consumer().deliver_all()
    assert (find_run("tally").attempts, stored_lines("tally")) == (1, ["page 1", "page 2", "page 3"])

"""The watch: no slot and no run is lost, whatever was down."""

import pytest

from chalicelib.jobs import job_state, ledger, queue, run_records, runner, watchdog
from chalicelib.jobs.job import CatchUp, Job, StepContext, StepResult
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.slots import Slot
from tests.builders import moment
from tests.jobs.job_runs import (
    SLOT,
    Clock,
    Consumer,
    a_job,
    a_runner,
    kept_lines,
    known,
    one_page,
    queue_down,
    the_run,
    three_pages,
    waiting_messages,
    warned,
)

OUTAGE = [f"2026-11-22T{hour}:00:00Z" for hour in (13, 14, 15, 16)]


def watched(patch: pytest.MonkeyPatch, catch_up: CatchUp = CatchUp.LATEST) -> Job:
    """A job of every hour whose slots count from now on."""
    job = a_job(one_page, catch_up=catch_up)
    known(patch, job)
    watchdog.run_checks()
    return job


def statuses() -> list[Status]:
    """Of the slots of the outage, in their order."""
    return [run.status for run in reversed(run_records.latest("tally", 10))]


@pytest.mark.parametrize(
    ("policy", "ends"),
    [
        (CatchUp.ALL, ["SUCCEEDED"] * 4),
        (CatchUp.LATEST, ["MISSED"] * 3 + ["SUCCEEDED"]),
        (CatchUp.NONE, ["MISSED"] * 4),
    ],
)
def test_after_an_outage_each_slot_has_a_row_and_is_caught_up_as_the_job_says(
    policy: CatchUp, ends: list[str], monkeypatch: pytest.MonkeyPatch, time: Clock
) -> None:
    job = watched(monkeypatch, policy)
    time.later(hours=4, minutes=30)
    for _ in range(2):
        watchdog.run_checks()
        Consumer().pump()
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
    for slot in OUTAGE:  # EventBridge has kept what it could not deliver
        a_runner().fire(job, moment(slot[:-1]))
    Consumer().pump()
    assert {run.slot: run for run in run_records.latest("tally", 10)} == rows


def test_what_was_before_the_first_look_does_not_count(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    watched(monkeypatch, CatchUp.ALL)
    time.later(minutes=30)
    watchdog.run_checks()
    assert run_records.latest("tally", 10) == []


def test_a_slot_is_not_missed_before_eventbridge_has_given_up(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    watched(monkeypatch)
    time.later(minutes=69, seconds=59)
    watchdog.run_checks()
    assert run_records.latest("tally", 10) == []
    time.later(seconds=1)
    watchdog.run_checks()
    assert [run.slot for run in run_records.latest("tally", 10)] == [OUTAGE[0]]


def test_slots_that_were_begun_at_their_time_are_left_alone(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    job = watched(monkeypatch, CatchUp.ALL)
    time.later(hours=2)
    a_runner().fire(job, time.now)
    before = the_run("tally", OUTAGE[1])
    time.later(minutes=15)
    watchdog.run_checks()
    assert the_run("tally", OUTAGE[1]) == before
    assert the_run("tally", OUTAGE[0]).trigger is Trigger.CATCH_UP


def test_a_long_outage_is_made_up_for_in_several_looks(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    monkeypatch.setattr(watchdog, "MAX_SLOTS_PER_CHECK", 3)
    watched(monkeypatch)
    time.later(hours=4, minutes=30)
    watchdog.run_checks()
    assert statuses() == ["MISSED"] * 3
    watchdog.run_checks()
    assert statuses() == ["MISSED"] * 3 + ["WAITING"]
    assert job_state.find("tally").checked_until == OUTAGE[3]


def test_slots_missed_while_the_job_was_paused_are_skipped_with_who_and_why(
    monkeypatch: pytest.MonkeyPatch, time: Clock
) -> None:
    watched(monkeypatch, CatchUp.ALL)
    time.later(hours=1, minutes=30)
    job_state.pause("tally", "stock-taking", "ann")
    time.later(hours=3)
    watchdog.run_checks()
    assert statuses() == ["WAITING", *["SKIPPED"] * 3]
    assert the_run("tally", OUTAGE[1]).reason == "paused by ann: stock-taking"


def test_a_pause_that_was_over_by_then_skips_nothing(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    watched(monkeypatch)
    job_state.pause("tally", "stock-taking", "ann", until=moment("2026-11-22T14:30:00"))
    time.later(hours=4, minutes=30)
    watchdog.run_checks()
    assert statuses() == ["SKIPPED", "SKIPPED", "MISSED", "WAITING"]


def test_what_a_dead_worker_left_is_carried_on_through_the_queue(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    job = a_job(three_pages)
    known(monkeypatch, job)
    run = ledger.claim(job, SLOT)
    assert run
    ledger.checkpoint(run, three_pages(a_context(run)))
    time.later(minutes=5)
    watchdog.run_checks()
    assert waiting_messages() == [], "it may still be at work"
    time.later(minutes=1)
    watchdog.run_checks()
    Consumer().pump()
    done = the_run("tally")
    assert (done.status, done.attempts, done.counts) == (Status.SUCCEEDED, 2, {"pages": 3})
    assert kept_lines("tally") == ["page 1", "page 2", "page 3"]


def a_context(run: Run) -> StepContext:
    return runner._context(run, execute=lambda *_: {}, cache={})


def test_what_a_dead_heartbeat_would_do_now_is_of_no_use(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    job = a_job(one_page, catch_up=CatchUp.NONE)
    known(monkeypatch, job)
    ledger.claim(job, SLOT)
    time.later(minutes=6)
    watchdog.run_checks()
    run = the_run("tally")
    assert (run.status, run.error) == (
        Status.FAILED,
        "its worker died, and a late result of this job is of no use",
    )
    assert job_state.find("tally").current is None
    assert waiting_messages() == []


def test_lost_messages_are_sent_again(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    known(monkeypatch, a_job(one_page))
    ledger.record(run_records.new("tally", SLOT, Trigger.OPERATOR, actor="ann"))
    time.later(minutes=5)
    watchdog.run_checks()
    assert waiting_messages() == [], "it may just have been sent"
    time.later(seconds=1)
    watchdog.run_checks()
    Consumer().pump()
    assert the_run("tally").status is Status.SUCCEEDED


def test_a_message_too_many_does_no_harm(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    known(monkeypatch, a_job(three_pages))
    ledger.record(run_records.new("tally", SLOT, Trigger.OPERATOR))
    for _ in range(4):
        time.later(minutes=6)
        watchdog.run_checks()
    consumer = Consumer()
    consumer.pump()
    assert len(consumer.delivered) == 3 + 1
    assert consumer.errors == []
    assert kept_lines("tally") == ["page 1", "page 2", "page 3"]


def test_runs_of_a_job_that_is_gone_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.record(run_records.new("gone", SLOT, Trigger.OPERATOR))
    known(monkeypatch)
    watchdog.run_checks()
    run = the_run("gone")
    assert (run.status, run.error) == (Status.FAILED, "this job no longer exists")


def test_without_the_queue_the_watch_does_the_rest_and_makes_up_for_it_later(
    monkeypatch: pytest.MonkeyPatch, time: Clock, log: pytest.LogCaptureFixture
) -> None:
    watched(monkeypatch, CatchUp.ALL)
    time.later(hours=4, minutes=30)
    with queue_down():
        watchdog.run_checks()
    assert statuses() == ["WAITING"] * 4
    assert warned(log)[0] == "the queue is unavailable"
    time.later(minutes=6)
    watchdog.run_checks()
    Consumer().pump()
    assert statuses() == ["SUCCEEDED"] * 4


def test_a_slot_that_begins_while_the_watch_looks_is_not_missed(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    job = watched(monkeypatch, CatchUp.NONE)
    time.later(hours=1, minutes=12)
    find_all = run_records.find_all

    def find_then_fire(name: str, found: list[str]) -> dict[Slot, Run]:
        stored = find_all(name, found)
        a_runner().fire(job, moment("2026-11-22T13:00:00"))
        return stored

    monkeypatch.setattr(run_records, "find_all", find_then_fire)
    watchdog.run_checks()
    assert the_run("tally", OUTAGE[0]).status is Status.SUCCEEDED
    assert job_state.find("tally").checked_until == OUTAGE[0]


def test_two_looks_at_once_do_it_once(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    watched(monkeypatch, CatchUp.ALL)
    time.later(hours=4, minutes=30)
    find_all = run_records.find_all

    def find_then_look(name: str, found: list[str]) -> dict[Slot, Run]:
        stored = find_all(name, found)
        monkeypatch.setattr(run_records, "find_all", find_all)
        watchdog.run_checks()
        return stored

    monkeypatch.setattr(run_records, "find_all", find_then_look)
    watchdog.run_checks()
    Consumer().pump()
    assert statuses() == ["SUCCEEDED"] * 4
    assert [run.attempts for run in run_records.latest("tally", 10)] == [1] * 4


def test_pages_of_a_run_are_not_lost_when_its_message_is(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    """Handed over, and the message never came."""

    def step(work: StepContext) -> StepResult:
        return three_pages(work)

    job = a_job(step)
    known(monkeypatch, job)
    left = iter((200.0, 1.0))
    a_runner(lambda: next(left)).fire(job, time.now)
    assert waiting_messages() == [("tally", SLOT)]
    assert queue.depth()["dead"] == 0
    time.later(minutes=5)
    watchdog.run_checks()
    Consumer().pump()
    assert (the_run("tally").attempts, kept_lines("tally")) == (1, ["page 1", "page 2", "page 3"])

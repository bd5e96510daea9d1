"""The ledger: every transition of a run, and the transitions that must not exist."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.errors import RunNotRepeatable
from chalicelib.jobs import backoff, job_state, ledger, run_changes, run_records
from chalicelib.jobs.job import Overlap, StepResult
from chalicelib.jobs.ledger import LostLease
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.store import timestamps
from chalicelib.store.transaction import Stale
from tests.jobs.job_runs import SLOT, Clock, find_run, make_job, one_page, stored_lines

JOB = make_job(one_page)
SKIPPING = make_job(one_page, overlap=Overlap.SKIP)
LATER_SLOT = Slot("2026-11-22T13:00:00Z")
MORE = StepResult({"at": 2}, ("one",), {"rows": 2}, ["content"])
LAST = StepResult(None, ("two",), {"rows": 1})
pytestmark = pytest.mark.usefixtures("time")


def claimed(slot: str = SLOT) -> Run:
    run = ledger.claim(JOB, Slot(slot))
    assert run is not None
    return run


def stored_as(run: Run) -> bool:
    return run_records.find(run.job, run.slot) == run


def test_a_claim_stores_the_run_and_holds_it_for_one_lease() -> None:
    run = claimed()
    assert stored_as(run)
    assert (run.status, run.trigger, run.attempts, run.attempts_since_progress) == (
        Status.RUNNING,
        Trigger.SCHEDULE,
        1,
        1,
    )
    assert run.lease_until == timestamps.to_text(clock.now() + ledger.LEASE)
    assert run.started_at == timestamps.to_text(clock.now())
    assert job_state.find(JOB.name).current == SLOT


def test_a_held_run_cannot_be_claimed(time: Clock) -> None:
    run = claimed()
    time.later(seconds=179)
    assert ledger.claim(JOB, SLOT) is None
    assert stored_as(run)


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED, Status.SKIPPED, Status.MISSED])
def test_a_run_that_has_ended_cannot_be_claimed(status: Status, time: Clock) -> None:
    run = claimed()
    ended = ledger.finish(run, LAST) if status is Status.SUCCEEDED else ledger.end(run, status)
    time.later(days=1)
    assert ledger.claim(JOB, SLOT) is None
    assert stored_as(ended)
    assert job_state.find(JOB.name).current is None


def test_after_the_lease_another_worker_continues_the_run(time: Clock) -> None:
    first = ledger.checkpoint(claimed(), MORE)
    time.later(minutes=6)
    second = claimed()
    assert second.owner != first.owner
    assert (second.state, second.counts, second.pages, second.attempts) == ({"at": 2}, {"rows": 2}, 1, 2)
    assert second.started_at == first.started_at


WRITES: dict[str, Callable[[Run], Run]] = {
    "checkpoint": lambda run: ledger.checkpoint(run, MORE),
    "finish": lambda run: ledger.finish(run, LAST),
    "hand_over": ledger.hand_over,
    "retry_or_fail": lambda run: ledger.retry_or_fail(JOB, run, "broken", ""),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_worker_without_the_lease_cannot_write(write: Callable[[Run], Run], time: Clock) -> None:
    slow = claimed()
    time.later(minutes=6)
    quick = claimed()
    with pytest.raises(LostLease):
        write(slow)
    assert stored_as(quick)
    assert stored_lines(JOB.name) == []
    finished = ledger.finish(quick, LAST)
    with pytest.raises(LostLease):
        write(slow)
    assert stored_as(finished)
    assert stored_lines(JOB.name) == ["two"]


def test_each_step_renews_the_lease(time: Clock) -> None:
    run = claimed()
    for _ in range(3):
        time.later(minutes=5)
        run = ledger.checkpoint(run, MORE)
    time.later(minutes=5)
    assert ledger.claim(JOB, SLOT) is None


def test_steps_add_up_to_the_result() -> None:
    run = ledger.finish(ledger.checkpoint(claimed(), MORE), LAST)
    assert stored_as(run)
    assert (run.status, run.counts, run.pages, run.state) == (Status.SUCCEEDED, {"rows": 3}, 2, {})
    assert (run.finished_at, run.lease_until) == (timestamps.to_text(clock.now()), None)
    assert [(page.lines, page.content) for page in run_records.step_records(JOB.name, SLOT)] == [
        (["one"], ["content"]),
        (["two"], None),
    ]


def test_a_step_without_lines_or_content_stores_no_row() -> None:
    ledger.finish(claimed(), StepResult(None))
    assert list(run_records.step_records(JOB.name, SLOT)) == []


def test_failures_count_as_attempts_and_hand_overs_do_not(time: Clock) -> None:
    run = claimed()
    for _ in range(10):
        ledger.hand_over(run)
        run = claimed()
    assert (run.attempts, run.attempts_since_progress) == (1, 1)
    for number in range(2, 5):
        waiting = ledger.retry_or_fail(JOB, run, f"broken {number}", "")
        assert (waiting.status, waiting.error) == (Status.WAITING, f"broken {number}")
        run = claimed()
        assert (run.attempts, run.attempts_since_progress) == (number, number)
        time.later(minutes=1)


def test_an_error_that_is_no_utf8_is_stored_without_the_damage() -> None:
    waiting = ledger.retry_or_fail(JOB, claimed(), "half \ud83d", "")
    assert waiting.error == "half ?"
    assert stored_as(waiting)
    failed = ledger.end(claimed(), Status.FAILED, error="half \ud83d, again")
    assert failed.error == "half ?, again"


def test_progress_resets_the_attempts() -> None:
    ledger.retry_or_fail(JOB, claimed(), "broken", "")
    run = ledger.checkpoint(claimed(), MORE)
    assert (run.attempts, run.attempts_since_progress, run.error) == (2, 1, None)


def test_a_run_fails_after_too_many_dead_workers(time: Clock) -> None:
    for _ in range(backoff.MAX_ATTEMPTS_WITHOUT_PROGRESS):
        claimed()
        time.later(minutes=6)
    assert ledger.claim(JOB, SLOT) is None
    run = find_run(JOB.name)
    assert (run.status, run.error) == (Status.FAILED, "its worker died 6 times")
    assert job_state.find(JOB.name).current is None


def test_a_recorded_run_waits_and_is_recorded_once() -> None:
    run = ledger.record(run_records.new(JOB.name, SLOT, Trigger.CATCH_UP, reason="late"))
    assert (run.status, run.reason, run.trigger) == (Status.WAITING, "late", Trigger.CATCH_UP)
    assert ledger.record(run_records.new(JOB.name, SLOT, Trigger.OPERATOR, actor="ann")) == run
    running = claimed()
    assert (running.trigger, running.reason) == (Trigger.CATCH_UP, "late")
    assert ledger.record(run_records.new(JOB.name, SLOT, Trigger.SCHEDULE)) == running


def test_overlap_wait_waits_and_names_the_run_it_waits_for(time: Clock) -> None:
    first = claimed()
    time.later(minutes=1)
    assert ledger.claim(JOB, LATER_SLOT) is None
    waiting = find_run(JOB.name, LATER_SLOT)
    assert (waiting.status, waiting.reason) == (Status.WAITING, f"waits for the run of {SLOT}")
    assert ledger.claim(JOB, LATER_SLOT) is None
    assert stored_as(waiting), "another claim changes nothing"
    ledger.finish(first, LAST)
    assert claimed(LATER_SLOT).reason is None


def test_overlap_wait_also_waits_for_a_run_between_attempts(time: Clock) -> None:
    ledger.retry_or_fail(JOB, claimed(), "broken", "")
    time.later(hours=1)
    assert ledger.claim(JOB, LATER_SLOT) is None
    assert claimed().attempts == 2


def test_overlap_skip_skips_a_slot_while_another_run_is_going(time: Clock) -> None:
    first = claimed()
    time.later(minutes=1)
    assert ledger.claim(SKIPPING, LATER_SLOT) is None
    skipped = find_run(JOB.name, LATER_SLOT)
    assert (skipped.status, skipped.reason) == (Status.SKIPPED, f"the run of {SLOT} was still going")
    assert ledger.finish(first, LAST).status is Status.SUCCEEDED


def test_overlap_skip_replaces_a_run_whose_worker_died(time: Clock) -> None:
    dead = claimed()
    time.later(minutes=7)
    taken = ledger.claim(SKIPPING, LATER_SLOT)
    assert taken
    assert taken.status is Status.RUNNING
    assert job_state.find(JOB.name).current == LATER_SLOT
    failed = find_run(JOB.name)
    assert failed.status is Status.FAILED
    assert failed.error == f"its worker died, and the run of {LATER_SLOT} takes its place"
    with pytest.raises(LostLease):
        ledger.finish(dead, LAST)


def test_a_slot_of_a_paused_job_is_skipped_with_actor_and_reason() -> None:
    job_state.pause(JOB.name, "stock-taking", "ann")
    assert ledger.claim(JOB, SLOT) is None
    run = find_run(JOB.name)
    assert (run.status, run.reason) == (Status.SKIPPED, "paused by ann: stock-taking")
    assert run.finished_at
    job_state.resume(JOB.name)
    assert ledger.claim(JOB, SLOT) is None, "a skipped run does not start by itself"
    assert claimed(LATER_SLOT)


def test_a_run_that_has_started_finishes_despite_a_pause(time: Clock) -> None:
    handed_over = ledger.hand_over(ledger.checkpoint(claimed(), MORE))
    job_state.pause(JOB.name, "stock-taking", "ann")
    failed_once = ledger.retry_or_fail(JOB, claimed(), "broken", "")
    assert handed_over.pages == failed_once.pages == 1
    time.later(minutes=10)
    assert ledger.finish(claimed(), LAST).status is Status.SUCCEEDED
    assert ledger.claim(JOB, LATER_SLOT) is None


def test_a_pause_expires_at_its_end(time: Clock) -> None:
    job_state.pause(JOB.name, "stock-taking", "ann", until=clock.now() + timedelta(hours=1))
    time.later(minutes=59)
    assert ledger.claim(JOB, SLOT) is None
    time.later(minutes=1)
    assert claimed(LATER_SLOT)


def test_a_pause_between_check_and_claim_prevents_the_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    find = job_state.find

    def find_then_pause(job: str) -> job_state.JobState:
        monkeypatch.setattr(job_state, "find", find)
        state = find(job)
        job_state.pause(job, "stock-taking", "ann")
        return state

    monkeypatch.setattr(job_state, "find", find_then_pause)
    assert ledger.claim(JOB, SLOT) is None
    assert find_run(JOB.name).status is Status.SKIPPED


@pytest.mark.parametrize("status", [Status.FAILED, Status.MISSED, Status.SKIPPED])
def test_failed_missed_and_skipped_runs_can_be_reopened(status: Status, time: Clock) -> None:
    run = ledger.checkpoint(claimed(), MORE)
    ended = ledger.end(run, status, reason="why", error="what")
    time.later(days=1)
    again = run_changes.reopen(ended, "ann")
    assert stored_as(again)
    assert (again.status, again.trigger, again.actor) == (Status.WAITING, Trigger.OPERATOR, "ann")
    assert (again.attempts_since_progress, again.reason, again.finished_at) == (0, None, None)
    running = claimed()
    assert (running.state, running.pages) == ({"at": 2}, 1)
    done = ledger.finish(running, LAST)
    assert (done.counts, stored_lines(JOB.name)) == ({"rows": 3}, ["one", "two"])


@pytest.mark.parametrize("status", [Status.WAITING, Status.RUNNING, Status.SUCCEEDED])
def test_unfinished_and_successful_runs_cannot_be_reopened(status: Status) -> None:
    run = ledger.record(run_records.new(JOB.name, SLOT, Trigger.SCHEDULE)) if status is Status.WAITING else claimed()
    if status is Status.SUCCEEDED:
        run = ledger.finish(run, LAST)
    with pytest.raises(RunNotRepeatable, match=f"has the state {status}"):
        run_changes.reopen(run, "ann")
    assert stored_as(run)


def test_only_one_of_two_operators_reopens_a_run() -> None:
    failed = ledger.end(claimed(), Status.FAILED, error="broken")
    again = run_changes.reopen(failed, "ann")
    with pytest.raises(Stale):
        run_changes.reopen(failed, "bob")
    assert stored_as(again)

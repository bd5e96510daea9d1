"""Cancelling runs: one that waits ends at once, one in progress at its next checkpoint, and what is done stays."""

from typing import Any

import pytest

from chalicelib.errors import NotFound, RunNotCancellable
from chalicelib.jobs import job_state, ledger, operator_actions, run_changes, run_records, watchdog
from chalicelib.jobs.job import CatchUp, Job, RunRefused, StepContext, StepResult
from chalicelib.jobs.ledger import LostLease
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.store import change_marks
from tests.as_operator import execute
from tests.jobs.job_runs import (
    SLOT,
    Clock,
    Consumer,
    find_run,
    info_messages,
    make_job,
    make_runner,
    stored_lines,
    take_messages,
    three_pages,
    use_jobs,
)

PAGE = StepResult({"page": 2}, ("page 1",), {"pages": 1})
LAST = StepResult(None, ("page 3",), {"pages": 1})
LATER = Slot("2026-11-22T13:00:00Z")


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Job:
    made = make_job(three_pages)
    use_jobs(monkeypatch, made)
    return made


def claimed(job: Job) -> Run:
    run = ledger.claim(job, SLOT)
    assert run
    return run


def cancel(job: Job, slot: Slot = SLOT) -> Run:
    return operator_actions.cancel_run(job, slot, "ann", "wrong prices")


@pytest.mark.usefixtures("time")
def test_a_run_that_waits_ends_at_once(job: Job, log: pytest.LogCaptureFixture) -> None:
    asked = operator_actions.run_now(job, "bob", {"cap": 3})
    run = cancel(job, asked.slot)
    assert (run.status, run.reason) == (Status.CANCELLED, "cancelled by ann: wrong prices")
    assert (run.actor, run.arguments) == ("bob", {"cap": 3})
    assert run.finished_at
    assert find_run("tally", asked.slot) == run
    assert "tally CANCELLED" in info_messages(log)
    consumer = Consumer()
    consumer.deliver_all()
    assert (len(consumer.delivered), consumer.errors) == (1, [])
    assert find_run("tally", asked.slot) == run
    assert operator_actions.run_now(job, "bob", {"cap": 4}).slot != asked.slot


@pytest.mark.usefixtures("time")
def test_a_run_in_progress_ends_with_its_next_step_and_keeps_what_it_did(job: Job) -> None:
    run = ledger.checkpoint(claimed(job), PAGE)
    asked = cancel(job)
    assert (asked.status, asked.finished_at) == (Status.RUNNING, None)
    assert cancel(job) == asked  # asking twice changes nothing
    ended = ledger.checkpoint(run, StepResult({"page": 3}, ("page 2",), {"pages": 1}, content=7))
    assert (ended.status, ended.counts, ended.pages) == (Status.CANCELLED, {"pages": 2}, 2)
    assert ended.reason == "cancelled by ann: wrong prices"
    assert find_run("tally") == ended
    assert stored_lines("tally") == ["page 1", "page 2"]
    assert job_state.find("tally").current is None
    with pytest.raises(LostLease):
        ledger.checkpoint(run, PAGE)


def test_a_worker_stops_when_its_run_is_cancelled(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    def step(work: StepContext) -> StepResult:
        if work.pages == 1:
            cancel(cancelling)
        return three_pages(work)

    cancelling = make_job(step)
    use_jobs(monkeypatch, cancelling)
    make_runner().fire(cancelling, time.now)
    run = find_run("tally")
    assert (run.status, run.counts, stored_lines("tally")) == (Status.CANCELLED, {"pages": 2}, ["page 1", "page 2"])
    assert run.cancellation
    assert run.cancellation.actor == "ann"


@pytest.mark.usefixtures("time")
def test_a_run_whose_last_step_was_under_way_has_succeeded(job: Job) -> None:
    run = claimed(job)
    cancel(job)
    done = ledger.finish(run, LAST)
    assert (done.status, done.reason) == (Status.SUCCEEDED, "it was done before it could be cancelled")
    assert find_run("tally") == done
    assert job_state.find("tally").current is None
    with pytest.raises(RunNotCancellable, match="has the state SUCCEEDED"):
        cancel(job)


@pytest.mark.usefixtures("time")
def test_a_run_that_fails_meanwhile_has_failed(job: Job) -> None:
    run = claimed(job)
    cancel(job)
    failed = ledger.end(run, Status.FAILED, error="no such page")
    assert (failed.status, failed.error) == (Status.FAILED, "no such page")
    assert find_run("tally") == failed


@pytest.mark.usefixtures("time")
def test_a_run_that_would_be_attempted_again_is_not(job: Job) -> None:
    run = claimed(job)
    cancel(job)
    ended = ledger.retry_or_fail(job, run, "lost", "trace")
    assert (ended.status, ended.next_attempt_at) == (Status.CANCELLED, None)
    assert job_state.find("tally").current is None


@pytest.mark.usefixtures("time")
def test_a_run_that_waits_for_its_next_attempt_ends_at_once_and_frees_the_job(job: Job) -> None:
    ledger.retry_or_fail(job, claimed(job), "lost", "trace")
    ledger.record(run_records.new("tally", LATER, Trigger.SCHEDULE))
    assert cancel(job).status is Status.CANCELLED
    assert job_state.find("tally").current is None
    assert take_messages() == [("tally", LATER)]  # the run that waited for the job starts


@pytest.mark.usefixtures("time")
def test_a_run_that_was_handed_over_ends_at_once(job: Job) -> None:
    ledger.hand_over(ledger.checkpoint(claimed(job), PAGE))
    assert cancel(job).status is Status.CANCELLED
    assert ledger.claim(job, SLOT) is None
    assert job_state.find("tally").current is None
    assert stored_lines("tally") == ["page 1"]


@pytest.mark.usefixtures("time")
def test_a_cancelled_run_is_not_handed_over(job: Job) -> None:
    run = ledger.checkpoint(claimed(job), PAGE)
    cancel(job)
    assert ledger.hand_over(run).status is Status.CANCELLED


def test_a_runner_that_would_hand_over_a_cancelled_run_sends_no_message(
    monkeypatch: pytest.MonkeyPatch, time: Clock
) -> None:
    hand_over = ledger.hand_over

    def cancel_first(run: Run) -> Run:
        cancel(cancelled)
        return hand_over(run)

    cancelled = make_job(three_pages)
    use_jobs(monkeypatch, cancelled)
    monkeypatch.setattr(ledger, "hand_over", cancel_first)
    make_runner(iter([100, 30] * 9).__next__).fire(cancelled, time.now)
    assert find_run("tally").status is Status.CANCELLED
    assert take_messages() == []


@pytest.mark.parametrize("catch_up", [CatchUp.LATEST, CatchUp.NONE])
def test_a_cancelled_run_whose_worker_died_is_ended_by_the_watchdog(
    catch_up: CatchUp, monkeypatch: pytest.MonkeyPatch, time: Clock
) -> None:
    job = make_job(three_pages, catch_up=catch_up)
    use_jobs(monkeypatch, job)
    run = claimed(job)
    assert cancel(job).status is Status.RUNNING
    time.later(minutes=7)
    watchdog.run_checks()
    assert find_run("tally").status is Status.CANCELLED
    assert find_run("tally").reason == "cancelled by ann: wrong prices"
    with pytest.raises(LostLease):
        ledger.finish(run, LAST)


def test_nobody_claims_a_cancelled_run_whose_worker_died(job: Job, time: Clock) -> None:
    claimed(job)
    cancel(job)
    time.later(minutes=7)
    assert ledger.claim(job, SLOT) is None
    assert find_run("tally").status is Status.CANCELLED
    assert ledger.claim(job, LATER)


@pytest.mark.usefixtures("time")
def test_a_cancelled_run_can_be_continued(job: Job) -> None:
    run = ledger.checkpoint(claimed(job), PAGE)
    cancel(job)
    ledger.checkpoint(run, StepResult({"page": 3}, ("page 2",), {"pages": 1}))
    again = operator_actions.run_again(job, SLOT, "bob")
    assert (again.status, again.cancellation, again.reason) == (Status.WAITING, None, None)
    Consumer().deliver_all()
    assert find_run("tally").counts == {"pages": 3}
    assert stored_lines("tally") == ["page 1", "page 2", "page 3"]


@pytest.mark.usefixtures("time")
def test_a_cancellation_that_meets_a_checkpoint_is_repeated(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker writes its step between the operator's look and write."""
    run = claimed(job)
    met = iter([run])
    original = run_changes.cancel

    def checkpoint_first(found: Run, actor: str, reason: str) -> Run:
        for worker in met:
            ledger.checkpoint(worker, PAGE)
        return original(found, actor, reason)

    monkeypatch.setattr(run_changes, "cancel", checkpoint_first)
    asked = cancel(job)
    assert (asked.status, asked.pages, asked.cancellation is not None) == (Status.RUNNING, 1, True)


@pytest.mark.usefixtures("time")
def test_a_cancelled_run_does_not_change_the_health_of_its_job(job: Job) -> None:
    cancel(job, operator_actions.run_now(job, "bob", {}).slot)
    watchdog.check_alerts(job)
    found = execute('{ job(name: "tally") { state problems } }')["data"]["job"]
    assert found == {"state": "NEVER_RAN", "problems": []}


def _refuse(_work: StepContext) -> StepResult:
    raise RunRefused("no")


@pytest.mark.usefixtures("time")
def test_what_has_ended_or_does_not_exist_cannot_be_cancelled(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound, match=f"tally has no run of {SLOT}"):
        cancel(job)
    refusing = make_job(_refuse)
    use_jobs(monkeypatch, refusing)
    make_runner().run(refusing, SLOT)
    with pytest.raises(RunNotCancellable, match="has the state FAILED: Only a run that has not ended"):
        cancel(job)


CANCEL = """mutation ($slot: DateTime!, $reason: String!) {
  cancelRun(job: "tally", slot: $slot, reason: $reason) {
    run { status reason cancellation { actor reason at } } } }"""


def errors_of(answer: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(error["extensions"]["code"], error["extensions"].get("field")) for error in answer.get("errors", ())]


@pytest.mark.usefixtures("time")
def test_the_mutation_says_who_cancelled_and_why(job: Job) -> None:
    asked = operator_actions.run_now(job, "bob", {})
    for wrong in ("", "two\nlines", "x" * 201):
        assert errors_of(execute(CANCEL, {"slot": asked.slot, "reason": wrong})) == [("INVALID_INPUT", "reason")]
    found = execute(CANCEL, {"slot": asked.slot, "reason": "wrong prices"})["data"]["cancelRun"]["run"]
    cancellation = {"actor": "test", "reason": "wrong prices", "at": "2026-11-22T12:00:00Z"}
    assert found == {
        "status": "CANCELLED",
        "reason": "cancelled by test: wrong prices",
        "cancellation": cancellation,
    }
    again = execute(CANCEL, {"slot": asked.slot, "reason": "wrong prices"})
    assert errors_of(again) == [("RUN_NOT_CANCELLABLE", None)]
    listed = execute('{ jobRuns(job: "tally", status: CANCELLED) { edges { node { slot } } } }')["data"]["jobRuns"]
    assert len(listed["edges"]) == 1


def test_a_repeated_cancellation_wakes_the_run_that_waits(job: Job, time: Clock) -> None:
    for slot in (SLOT, LATER):
        ledger.record(run_records.new(job.name, slot, Trigger.SCHEDULE))
    for is_replay in (False, True):
        with change_marks.request("seed", time.now, is_replay=is_replay):
            assert cancel(job).status is Status.CANCELLED
        assert take_messages() == [(job.name, LATER)]

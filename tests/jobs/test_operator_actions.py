"""What operators ask for: a run now, a run again, dead letters sent again."""

import json

import pytest

from chalicelib import clock
from chalicelib.errors import JobPaused, NotFound, RunNotRepeatable
from chalicelib.jobs import job_state, ledger, operator_actions, queue, run_records, watchdog
from chalicelib.jobs.job import Job, RunRefused, StepContext, StepResult
from chalicelib.jobs.operator_actions import RedriveResult
from chalicelib.jobs.queue import DEAD
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
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
    send_body,
    the_run,
    three_pages,
    waiting_messages,
)


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Job:
    made = a_job(three_pages)
    known(monkeypatch, made)
    return made


def test_a_run_that_is_asked_for_is_done_by_the_queues_consumer(job: Job, time: Clock) -> None:
    run = operator_actions.run_now(job, "ann", {"cap": 3})
    assert (run.status, run.trigger, run.actor, run.arguments) == (
        Status.WAITING,
        Trigger.OPERATOR,
        "ann",
        {"cap": 3},
    )
    assert run.slot == "2026-11-22T12:00:00.000001Z"
    time.later(seconds=10)
    Consumer().pump()
    done = the_run("tally", run.slot)
    assert (done.status, done.actor, done.arguments) == (Status.SUCCEEDED, "ann", {"cap": 3})
    assert done.started_at == "2026-11-22T12:00:10.000000Z"


def test_asking_twice_is_asking_once_until_it_has_begun(job: Job, time: Clock) -> None:
    first = operator_actions.run_now(job, "ann", {})
    time.later(seconds=2)
    assert operator_actions.run_now(job, "bob", {}) == first
    other = operator_actions.run_now(job, "bob", {"cap": 3})
    assert other.slot != first.slot
    assert set(waiting_messages()) == {("tally", first.slot), ("tally", other.slot)}
    assert ledger.claim(job, first.slot)
    time.later(seconds=2)
    assert operator_actions.run_now(job, "ann", {}).slot not in {first.slot, other.slot}


def test_a_paused_job_runs_for_nobody(job: Job, time: Clock) -> None:
    job_state.pause("tally", "stock-taking", "ann", until=clock.now() + watchdog.MISSED_AFTER)
    with pytest.raises(JobPaused, match=r"tally is paused by ann: stock-taking\. Resume it first"):
        operator_actions.run_now(job, "bob", {})
    assert run_records.latest("tally", 5) == []
    time.later(minutes=10)
    assert operator_actions.run_now(job, "bob", {})


def test_without_the_queue_a_run_waits_for_the_watch(job: Job, time: Clock) -> None:
    with queue_down():
        run = operator_actions.run_now(job, "ann", {})
    assert waiting_messages() == []
    time.later(minutes=6)
    watchdog.run_checks()
    Consumer().pump()
    assert the_run("tally", run.slot).status is Status.SUCCEEDED


def _fail(work: StepContext) -> StepResult:
    if work.state:
        raise RunRefused("page 2 cannot be done")
    return three_pages(work)


@pytest.mark.usefixtures("time")
def test_a_failed_run_is_run_again_from_where_it_stood(job: Job) -> None:
    a_runner().fire(a_job(_fail), clock.now())
    assert the_run("tally").error == "page 2 cannot be done"
    again = operator_actions.run_again(job, SLOT, "ann")
    assert (again.status, again.actor) == (Status.WAITING, "ann")
    Consumer().pump()
    done = the_run("tally")
    assert (done.status, done.counts, done.error) == (Status.SUCCEEDED, {"pages": 3}, None)
    assert kept_lines("tally") == ["page 1", "page 2", "page 3"]


@pytest.mark.usefixtures("time")
def test_only_what_is_there_and_has_no_result_is_run_again(job: Job) -> None:
    with pytest.raises(NotFound, match=f"tally has no run of {SLOT}"):
        operator_actions.run_again(job, SLOT, "ann")
    a_runner().fire(job, clock.now())
    with pytest.raises(RunNotRepeatable, match="has the state SUCCEEDED"):
        operator_actions.run_again(job, SLOT, "ann")
    assert waiting_messages() == []


@pytest.mark.usefixtures("time")
def test_a_run_again_waits_until_a_paused_job_is_resumed(job: Job) -> None:
    job_state.pause("tally", "stock-taking", "ann")
    a_runner().fire(job, clock.now())
    with pytest.raises(JobPaused):
        operator_actions.run_again(job, SLOT, "bob")
    job_state.resume("tally")
    operator_actions.run_again(job, SLOT, "bob")
    Consumer().pump()
    assert the_run("tally").status is Status.SUCCEEDED


def _broken(_work: StepContext) -> StepResult:
    raise RuntimeError("broken")


def _buried(monkeypatch: pytest.MonkeyPatch) -> None:
    known(monkeypatch, a_job(_broken))
    operator_actions.run_now(a_job(_broken), "ann", {})
    Consumer().pump()


@pytest.mark.usefixtures("time")
def test_dead_letters_are_tried_again_once_what_broke_them_is_repaired(monkeypatch: pytest.MonkeyPatch) -> None:
    _buried(monkeypatch)
    (letter,) = queue.dead_letters()
    assert letter.message
    known(monkeypatch, a_job(one_page))
    assert operator_actions.redrive("bob") == RedriveResult(sent=1, left=0)
    assert queue.dead_letters() == []
    Consumer().pump()
    run = the_run("tally", letter.message.slot)
    assert (run.status, run.actor, kept_lines("tally", run.slot)) == (Status.SUCCEEDED, "bob", ["done"])
    assert operator_actions.redrive("bob") == RedriveResult(sent=0, left=0)


@pytest.mark.usefixtures("time")
def test_dead_letters_that_fail_again_are_dead_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _buried(monkeypatch)
    assert operator_actions.redrive("bob").sent == 1
    Consumer().pump()
    assert len(queue.dead_letters()) == 1
    assert [run.status for run in run_records.latest("tally", 5)] == [Status.FAILED]


@pytest.mark.usefixtures("time")
def test_dead_letters_of_a_run_that_is_done_do_nothing(job: Job) -> None:
    a_runner().fire(job, clock.now())
    before = the_run("tally")
    for _ in range(2):
        send_body(json.dumps({"job": "tally", "slot": SLOT}), DEAD)
    assert operator_actions.redrive("bob") == RedriveResult(sent=2, left=0)
    consumer = Consumer()
    consumer.pump()
    assert (len(consumer.delivered), consumer.errors) == (2, [])
    assert the_run("tally") == before


@pytest.mark.usefixtures("job", "time")
def test_dead_letters_that_no_run_can_be_made_of_stay_and_are_still_shown() -> None:
    forged = ["stop everything", json.dumps({"job": "tally", "slot": SLOT})]
    for body in forged:
        send_body(body, DEAD)
    assert operator_actions.redrive("bob") == RedriveResult(sent=0, left=2)
    assert sorted(letter.body for letter in queue.dead_letters()) == sorted(forged)
    assert waiting_messages() == []
    assert run_records.latest("tally", 5) == []


@pytest.mark.usefixtures("job")
def test_many_dead_letters_are_sent_again_at_once(time: Clock) -> None:
    sent = []
    for number in range(23):
        run = ledger.record(run_records.new("tally", Slot(f"2026-11-22T11:{number:02d}:00.000001Z"), Trigger.OPERATOR))
        ledger.end(run, Status.FAILED, error="broken")
        sent.append(("tally", run.slot))
        send_body(json.dumps({"job": "tally", "slot": run.slot}), DEAD)
    time.later(minutes=1)
    assert operator_actions.redrive("bob") == RedriveResult(sent=23, left=0)
    assert sorted(waiting_messages()) == sent
    assert {run.status for run in run_records.latest("tally", 30)} == {Status.WAITING}

"""What operators can start: run a job now, repeat a run, and redrive dead letters."""

import json

import pytest

from chalicelib import clock
from chalicelib.errors import InProgress, JobPaused, NotFound, RunNotRepeatable
from chalicelib.jobs import (
    dead_letters,
    job_state,
    ledger,
    missed_slots,
    operator_actions,
    queue,
    run_records,
    watchdog,
)
from chalicelib.jobs.dead_letters import RedriveResult
from chalicelib.jobs.job import Job, RunRefused, StepContext, StepResult
from chalicelib.jobs.queue import DEAD
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from tests.jobs.job_runs import (
    SLOT,
    Clock,
    Consumer,
    find_run,
    make_job,
    make_runner,
    one_page,
    queue_down,
    send_body,
    stored_lines,
    take_messages,
    three_pages,
    use_jobs,
)


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Job:
    made = make_job(three_pages)
    use_jobs(monkeypatch, made)
    return made


def test_a_run_started_by_an_operator_is_done_by_the_consumer(job: Job, time: Clock) -> None:
    run = operator_actions.run_now(job, "ann", {"cap": 3})
    assert (run.status, run.trigger, run.actor, run.arguments) == (
        Status.WAITING,
        Trigger.OPERATOR,
        "ann",
        {"cap": 3},
    )
    assert run.slot == "2026-11-22T12:00:00.000001Z"
    time.later(seconds=10)
    Consumer().deliver_all()
    done = find_run("tally", run.slot)
    assert (done.status, done.actor, done.arguments) == (Status.SUCCEEDED, "ann", {"cap": 3})
    assert done.started_at == "2026-11-22T12:00:10.000000Z"


def test_a_repeated_request_returns_the_waiting_run(job: Job, time: Clock) -> None:
    first = operator_actions.run_now(job, "ann", {})
    time.later(seconds=2)
    assert operator_actions.run_now(job, "bob", {}) == first
    assert set(take_messages()) == {("tally", first.slot)}
    assert ledger.claim(job, first.slot)
    time.later(seconds=2)
    assert operator_actions.run_now(job, "ann", {}).slot != first.slot


def test_while_a_run_waits_one_with_other_arguments_is_refused(job: Job, time: Clock) -> None:
    first = operator_actions.run_now(job, "ann", {"cap": 3})
    for cap in range(4, 44):
        with pytest.raises(InProgress, match=rf"tally with other arguments waits already, that of {first.slot}\."):
            operator_actions.run_now(job, "bob", {"cap": cap})
    assert take_messages() == [("tally", first.slot)]
    assert ledger.claim(job, first.slot)
    time.later(seconds=2)
    assert operator_actions.run_now(job, "bob", {"cap": 4}).arguments == {"cap": 4}


def test_an_index_that_lags_makes_no_second_run(job: Job, time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_records, "unfinished", list)
    first = operator_actions.run_now(job, "ann", {})
    time.later(seconds=1)
    assert operator_actions.run_now(job, "ann", {}) == first
    assert [run.slot for run in run_records.latest("tally", 9)] == [first.slot]


def test_two_requests_at_once_make_one_run(job: Job, time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second request comes between the look and the write of the first."""
    find = job_state.find
    made: list[str] = []

    def find_then_run(name: str) -> job_state.JobState:
        found = find(name)
        if found.requested is None and not made:
            made.append("busy")
            made.append(operator_actions.run_now(job, "bob", {}).slot)
        return found

    monkeypatch.setattr(job_state, "refuse_if_paused", lambda _job: None)
    monkeypatch.setattr(job_state, "find", find_then_run)
    time.later(seconds=1)
    run = operator_actions.run_now(job, "ann", {})
    assert [run.slot for run in run_records.latest("tally", 9)] == [run.slot] == made[1:]


def test_only_the_oldest_waiting_run_is_woken(job: Job, time: Clock) -> None:
    held = ledger.claim(job, SLOT)
    assert held
    for hour in range(13, 23):
        ledger.record(run_records.new("tally", Slot(f"2026-11-22T{hour}:00:00Z"), Trigger.SCHEDULE))
    time.later(hours=11)
    consumer = Consumer()
    queue.send("tally", SLOT)
    consumer.deliver_all()
    assert {run.status for run in run_records.latest("tally", 20)} == {Status.SUCCEEDED}
    assert [json.loads(body)["slot"][11:13] for body in consumer.delivered] == [str(hour) for hour in range(12, 23)]


def test_a_paused_job_cannot_be_run_by_operators(job: Job, time: Clock) -> None:
    job_state.pause("tally", "stock-taking", "ann", until=clock.now() + missed_slots.MISSED_AFTER)
    with pytest.raises(JobPaused, match=r"tally is paused by ann: stock-taking\. Resume it first"):
        operator_actions.run_now(job, "bob", {})
    assert run_records.latest("tally", 5) == []
    time.later(minutes=10)
    assert operator_actions.run_now(job, "bob", {})


def test_without_the_queue_a_run_waits_for_the_watchdog(job: Job, time: Clock) -> None:
    with queue_down():
        run = operator_actions.run_now(job, "ann", {})
    assert take_messages() == []
    time.later(minutes=6)
    watchdog.run_checks()
    Consumer().deliver_all()
    assert find_run("tally", run.slot).status is Status.SUCCEEDED


def _fail(work: StepContext) -> StepResult:
    if work.state:
        raise RunRefused("page 2 cannot be done")
    return three_pages(work)


@pytest.mark.usefixtures("time")
def test_a_failed_run_is_continued_from_its_last_checkpoint(job: Job) -> None:
    make_runner().fire(make_job(_fail), clock.now())
    assert find_run("tally").error == "page 2 cannot be done"
    again = operator_actions.run_again(job, SLOT, "ann")
    assert (again.status, again.actor) == (Status.WAITING, "ann")
    Consumer().deliver_all()
    done = find_run("tally")
    assert (done.status, done.counts, done.error) == (Status.SUCCEEDED, {"pages": 3}, None)
    assert stored_lines("tally") == ["page 1", "page 2", "page 3"]


@pytest.mark.usefixtures("time")
def test_only_existing_runs_without_a_result_can_be_repeated(job: Job) -> None:
    with pytest.raises(NotFound, match=f"tally has no run of {SLOT}"):
        operator_actions.run_again(job, SLOT, "ann")
    make_runner().fire(job, clock.now())
    with pytest.raises(RunNotRepeatable, match="has the state SUCCEEDED"):
        operator_actions.run_again(job, SLOT, "ann")
    assert take_messages() == []


@pytest.mark.usefixtures("time")
def test_a_run_of_a_paused_job_can_be_repeated_after_resuming(job: Job) -> None:
    job_state.pause("tally", "stock-taking", "ann")
    make_runner().fire(job, clock.now())
    with pytest.raises(JobPaused):
        operator_actions.run_again(job, SLOT, "bob")
    job_state.resume("tally")
    operator_actions.run_again(job, SLOT, "bob")
    Consumer().deliver_all()
    assert find_run("tally").status is Status.SUCCEEDED


def _broken(_work: StepContext) -> StepResult:
    raise RuntimeError("broken")


def _leave_a_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    use_jobs(monkeypatch, make_job(_broken))
    operator_actions.run_now(make_job(_broken), "ann", {})
    Consumer().deliver_all()


@pytest.mark.usefixtures("time")
def test_redriven_dead_letters_succeed_after_the_repair(monkeypatch: pytest.MonkeyPatch) -> None:
    _leave_a_dead_letter(monkeypatch)
    (letter,) = queue.dead_letters()
    assert letter.message
    use_jobs(monkeypatch, make_job(one_page))
    assert dead_letters.redrive("bob") == RedriveResult(sent=1, left=0)
    assert queue.dead_letters() == []
    Consumer().deliver_all()
    run = find_run("tally", letter.message.slot)
    assert (run.status, run.actor, stored_lines("tally", run.slot)) == (Status.SUCCEEDED, "bob", ["done"])
    assert dead_letters.redrive("bob") == RedriveResult(sent=0, left=0)


@pytest.mark.usefixtures("time")
def test_redriven_letters_that_fail_again_are_dead_letters_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _leave_a_dead_letter(monkeypatch)
    assert dead_letters.redrive("bob").sent == 1
    Consumer().deliver_all()
    assert len(queue.dead_letters()) == 1
    assert [run.status for run in run_records.latest("tally", 5)] == [Status.FAILED]


@pytest.mark.usefixtures("time")
def test_redriving_the_letters_of_a_finished_run_changes_nothing(job: Job) -> None:
    make_runner().fire(job, clock.now())
    before = find_run("tally")
    for _ in range(2):
        send_body(json.dumps({"job": "tally", "slot": SLOT}), DEAD)
    assert dead_letters.redrive("bob") == RedriveResult(sent=2, left=0)
    consumer = Consumer()
    consumer.deliver_all()
    assert (len(consumer.delivered), consumer.errors) == (2, [])
    assert find_run("tally") == before


@pytest.mark.usefixtures("job", "time")
def test_dead_letters_without_a_run_stay_and_are_listed() -> None:
    forged = ["stop everything", json.dumps({"job": "tally", "slot": SLOT})]
    for body in forged:
        send_body(body, DEAD)
    assert dead_letters.redrive("bob") == RedriveResult(sent=0, left=2)
    assert sorted(letter.body for letter in queue.dead_letters()) == sorted(forged)
    assert take_messages() == []
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
    assert dead_letters.redrive("bob") == RedriveResult(sent=23, left=0)
    assert sorted(take_messages()) == sent
    assert {run.status for run in run_records.latest("tally", 30)} == {Status.WAITING}

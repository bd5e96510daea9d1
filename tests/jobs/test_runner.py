"""Running: a firing or a message sets off the work of a slot, once; errors, hand-overs and forgeries do no harm."""

from datetime import timedelta

import pytest

from chalicelib.jobs import job_state, ledger, queue, run_records
from chalicelib.jobs.catalog import WEEKLY_REPORT
from chalicelib.jobs.job import Overlap, RunRefused, StepContext, StepResult
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.runner import NotDue
from chalicelib.jobs.slots import Slot
from tests.builders import moment
from tests.jobs.job_runs import (
    NOON,
    SLOT,
    Clock,
    Consumer,
    PageState,
    a_job,
    a_runner,
    kept_lines,
    known,
    one_page,
    the_run,
    three_pages,
    told,
    waiting_messages,
    warned,
)

NOWHERE = "http://127.0.0.1:9"
LATER_SLOT = Slot("2026-11-22T13:00:00Z")
DUE = moment(NOON)


def test_a_firing_does_all_of_the_work_and_logs_it(time: Clock, log: pytest.LogCaptureFixture) -> None:
    a_runner().fire(a_job(three_pages), time.now)
    run = the_run("tally")
    assert (run.status, run.counts, run.pages, run.attempts) == (Status.SUCCEEDED, {"pages": 3}, 3, 1)
    assert kept_lines("tally") == ["page 1", "page 2", "page 3"]
    assert told(log) == ["page 1", "page 2", "page 3", "tally SUCCEEDED"]
    assert {record.__dict__["slot"] for record in log.records} == {SLOT}
    assert waiting_messages() == []


def test_a_schedule_that_fires_twice_has_its_effect_once(time: Clock, log: pytest.LogCaptureFixture) -> None:
    taken: list[str] = []

    def step(work: StepContext) -> StepResult:
        taken.append(work.slot)
        return one_page(work)

    job = a_job(step)
    for seconds in (0, 50, 300):
        a_runner().fire(job, DUE + timedelta(seconds=seconds))
        time.later(minutes=1)
    assert taken == [SLOT]
    assert told(log) == ["done", "tally SUCCEEDED"]


@pytest.mark.parametrize("late", [timedelta(minutes=15, seconds=1), timedelta(minutes=59)])
def test_an_event_that_fits_no_firing_is_refused_and_makes_no_run(late: timedelta) -> None:
    with pytest.raises(NotDue, match="tally is not due at"):
        a_runner().fire(a_job(one_page), DUE + late)
    assert run_records.find("tally", SLOT) is None


def test_a_queued_job_is_only_asked_for_when_it_fires(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    job = a_job(three_pages, queued=True)
    known(monkeypatch, job)
    for _ in range(2):
        a_runner().fire(job, time.now)
    assert the_run("tally").status is Status.WAITING
    consumer = Consumer()
    consumer.pump()
    assert len(consumer.delivered) == 2
    assert consumer.errors == []
    assert kept_lines("tally") == ["page 1", "page 2", "page 3"]
    assert WEEKLY_REPORT.queued


def _fails(times: int, *, at: int) -> tuple[list[int], "Fails"]:
    taken: list[int] = []
    return taken, Fails(taken, times, at)


class Fails:
    """Three pages, one of which fails so many times."""

    def __init__(self, taken: list[int], times: int, at: int) -> None:
        self._taken, self._times, self._at = taken, times, at

    def __call__(self, work: StepContext) -> StepResult:
        page = work.state_as(PageState).get("page", 1)
        self._taken.append(page)
        if page == self._at and self._taken.count(page) <= self._times:
            raise RuntimeError(f"no luck with page {page}")
        return three_pages(work)


@pytest.mark.usefixtures("time")
def test_after_an_error_a_run_waits_and_goes_on_through_the_queue(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    taken, step = _fails(2, at=2)
    job = a_job(step)
    known(monkeypatch, job)
    a_runner().fire(job, DUE)
    run = the_run("tally")
    assert (run.status, run.error, run.lease_until) == (Status.WAITING, "RuntimeError: no luck with page 2", None)
    consumer = Consumer()
    consumer.pump()
    assert taken == [1, 2, 2, 2, 3]
    assert [str(error) for error in consumer.errors] == ["no luck with page 2"]
    run = the_run("tally")
    assert (run.status, run.attempts, run.error, run.counts) == (Status.SUCCEEDED, 3, None, {"pages": 3})
    assert told(log) == ["page 1", "page 2", "page 3", "tally SUCCEEDED"]
    assert warned(log) == ["an attempt of a run failed"] * 2


def _bury(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, step = _fails(99, at=2)
    bad, good = a_job(step), a_job(three_pages, name="other")
    known(monkeypatch, bad, good)
    for job in (bad, good):
        ledger.record(run_records.new(job.name, SLOT, Trigger.OPERATOR))
        queue.send(job.name, SLOT)
    Consumer().pump()
    run = the_run("tally")
    assert (run.status, run.attempts, run.error) == (Status.FAILED, 5, "RuntimeError: no luck with page 2")
    assert taken == [1] + [2] * 5
    assert kept_lines("tally") == ["page 1"]
    assert job_state.find("tally").current is None
    assert the_run("other").status is Status.SUCCEEDED, "the message behind it"
    (letter,) = queue.dead_letters()
    assert letter.message == queue.Message("tally", SLOT)
    assert letter.reason == "RuntimeError: no luck with page 2"
    assert queue.depth() == {"waiting": 0, "working": 0, "dead": 1}


@pytest.mark.usefixtures("time")
def test_five_failures_end_a_run_and_its_message_is_a_dead_letter_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _bury(monkeypatch)


@pytest.mark.ministack
@pytest.mark.usefixtures("time")
def test_messages_are_buried_by_another_queue_too(monkeypatch: pytest.MonkeyPatch) -> None:
    _bury(monkeypatch)


@pytest.mark.usefixtures("time")
def test_a_run_that_fails_from_its_firing_on_becomes_a_dead_letter_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    job = a_job(_fails(99, at=1)[1])
    known(monkeypatch, job)
    a_runner().fire(job, DUE)
    consumer = Consumer()
    consumer.pump()
    assert (the_run("tally").status, the_run("tally").attempts) == (Status.FAILED, 5)
    assert [type(error).__name__ for error in consumer.errors] == ["RuntimeError"] * 4 + ["RunFailed"]
    assert len(queue.dead_letters()) == 1


@pytest.mark.usefixtures("time")
def test_a_run_that_is_refused_ends_at_once_and_is_no_dead_letter(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    def step(_work: StepContext) -> StepResult:
        raise RunRefused("Set the thing, then try again")

    known(monkeypatch, a_job(step))
    ledger.record(run_records.new("tally", SLOT, Trigger.OPERATOR))
    queue.send("tally", SLOT)
    consumer = Consumer()
    consumer.pump()
    run = the_run("tally")
    assert (run.status, run.attempts, run.error) == (Status.FAILED, 1, "Set the thing, then try again")
    assert (consumer.errors, queue.dead_letters()) == ([], [])
    assert told(log) == ["tally FAILED"]


@pytest.mark.parametrize("extra_pages", [0, 1, 2])
def test_short_of_time_a_run_hands_itself_over_and_comes_to_the_same(
    extra_pages: int, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture, time: Clock
) -> None:
    """Each invocation has time for `extra_pages` pages more than the one that is always done."""
    left: list[float] = []

    def seconds_left() -> float:
        if not left:
            left.extend([300.0, *[200.0] * extra_pages, 59.0])
        return left.pop(0)

    job = a_job(three_pages)
    known(monkeypatch, job)
    a_runner(seconds_left).fire(job, time.now)
    consumer = Consumer(a_runner(seconds_left))
    consumer.pump()
    run = the_run("tally")
    assert (run.status, run.attempts, run.counts) == (Status.SUCCEEDED, 1, {"pages": 3})
    assert told(log) == ["page 1", "page 2", "page 3", "tally SUCCEEDED"]
    assert (len(consumer.delivered), consumer.errors) == ({0: 2, 1: 1, 2: 0}[extra_pages], [])


def test_a_line_is_logged_only_once_the_ledger_has_it(log: pytest.LogCaptureFixture, time: Clock) -> None:
    """The worker is so slow that another takes over: what it has done is not told."""

    def step(work: StepContext) -> StepResult:
        time.later(minutes=7)
        assert ledger.claim(job, work.slot)
        return one_page(work)

    job = a_job(step)
    a_runner().fire(job, time.now)
    assert told(log) == []
    assert kept_lines("tally") == []
    assert the_run("tally").attempts == 2


@pytest.mark.parametrize("ending", ["refused", "handed over", "failed"])
def test_losing_the_run_is_no_error_however_the_step_ends(ending: str, time: Clock) -> None:
    others: list[Run | None] = []

    def step(work: StepContext) -> StepResult:
        if ending != "handed over":
            time.later(minutes=7)
            others.append(ledger.claim(job, work.slot))
        if ending == "refused":
            raise RunRefused("no")
        if ending == "failed":
            raise RuntimeError("no")
        return three_pages(work)

    def seconds_left() -> float:
        if ending == "handed over" and not others and run_records.find("tally", SLOT):
            run = the_run("tally")
            if run.pages:
                time.later(minutes=7)
                others.append(ledger.claim(job, SLOT))
                return 1.0
        return 300.0

    job = a_job(step)
    a_runner(seconds_left).fire(job, time.now)
    (other,) = others
    assert the_run("tally") == other
    assert waiting_messages() == []


def test_who_waited_for_a_run_is_sent_on_when_it_ends(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    def step(work: StepContext) -> StepResult:
        if work.slot == SLOT:
            assert ledger.claim(job, LATER_SLOT) is None
        return three_pages(work)

    job = a_job(step)
    known(monkeypatch, job)
    a_runner().fire(job, time.now)
    assert the_run("tally", LATER_SLOT).status is Status.WAITING
    consumer = Consumer()
    consumer.pump()
    assert the_run("tally", LATER_SLOT).status is Status.SUCCEEDED


def test_a_refused_run_sends_on_who_waited_for_it_too(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    def step(work: StepContext) -> StepResult:
        if work.slot == SLOT:
            ledger.claim(job, LATER_SLOT)
            raise RunRefused("no")
        return one_page(work)

    job = a_job(step, overlap=Overlap.WAIT)
    known(monkeypatch, job)
    a_runner().fire(job, time.now)
    Consumer().pump()
    assert the_run("tally", LATER_SLOT).status is Status.SUCCEEDED

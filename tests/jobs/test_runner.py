"""The runner does the work of a slot once, despite errors, hand-overs and repeated events."""

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
    find_run,
    info_messages,
    make_job,
    make_runner,
    one_page,
    stored_lines,
    take_messages,
    three_pages,
    use_jobs,
    warning_messages,
)

NOWHERE = "http://127.0.0.1:9"
LATER_SLOT = Slot("2026-11-22T13:00:00Z")
DUE = moment(NOON)


def test_an_event_does_the_whole_run_and_logs_it(time: Clock, log: pytest.LogCaptureFixture) -> None:
    make_runner().fire(make_job(three_pages), time.now)
    run = find_run("tally")
    assert (run.status, run.counts, run.pages, run.attempts) == (Status.SUCCEEDED, {"pages": 3}, 3, 1)
    assert stored_lines("tally") == ["page 1", "page 2", "page 3"]
    assert info_messages(log) == ["page 1", "page 2", "page 3", "tally SUCCEEDED"]
    assert {record.__dict__["slot"] for record in log.records} == {SLOT}
    assert take_messages() == []


def test_an_event_that_comes_twice_takes_effect_once(time: Clock, log: pytest.LogCaptureFixture) -> None:
    taken: list[str] = []

    def step(work: StepContext) -> StepResult:
        taken.append(work.slot)
        return one_page(work)

    job = make_job(step)
    for seconds in (0, 50, 300):
        make_runner().fire(job, DUE + timedelta(seconds=seconds))
        time.later(minutes=1)
    assert taken == [SLOT]
    assert info_messages(log) == ["done", "tally SUCCEEDED"]


@pytest.mark.parametrize("late", [timedelta(minutes=15, seconds=1), timedelta(minutes=59)])
def test_an_event_that_fits_no_slot_is_refused(late: timedelta) -> None:
    with pytest.raises(NotDue, match="tally is not due at"):
        make_runner().fire(make_job(one_page), DUE + late)
    assert run_records.find("tally", SLOT) is None


@pytest.mark.parametrize("early", [timedelta(seconds=1), timedelta(seconds=30)])
@pytest.mark.usefixtures("time")
def test_an_event_that_is_dated_a_little_early_belongs_to_the_slot(early: timedelta) -> None:
    make_runner().fire(make_job(one_page), DUE - early)
    make_runner().fire(make_job(one_page), DUE)
    assert [run.slot for run in run_records.latest("tally", 9)] == [SLOT]
    assert find_run("tally").status is Status.SUCCEEDED


def test_the_event_of_a_queued_job_only_sends_a_message(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    job = make_job(three_pages, queued=True)
    use_jobs(monkeypatch, job)
    for _ in range(2):
        make_runner().fire(job, time.now)
    assert find_run("tally").status is Status.WAITING
    consumer = Consumer()
    consumer.deliver_all()
    assert len(consumer.delivered) == 2
    assert consumer.errors == []
    assert stored_lines("tally") == ["page 1", "page 2", "page 3"]
    assert WEEKLY_REPORT.queued


def _fails(times: int, *, at: int) -> tuple[list[int], "Fails"]:
    taken: list[int] = []
    return taken, Fails(taken, times, at)


class Fails:
    """Three steps, one of which fails several times."""

    def __init__(self, taken: list[int], times: int, at: int) -> None:
        self._taken, self._times, self._at = taken, times, at

    def __call__(self, work: StepContext) -> StepResult:
        page = work.state_as(PageState).get("page", 1)
        self._taken.append(page)
        if page == self._at and self._taken.count(page) <= self._times:
            raise RuntimeError(f"no luck with page {page}")
        return three_pages(work)


@pytest.mark.usefixtures("time")
def test_after_an_error_a_run_is_retried_through_the_queue(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    taken, step = _fails(2, at=2)
    job = make_job(step)
    use_jobs(monkeypatch, job)
    make_runner().fire(job, DUE)
    run = find_run("tally")
    assert (run.status, run.error, run.lease_until) == (Status.WAITING, "RuntimeError: no luck with page 2", None)
    consumer = Consumer()
    consumer.deliver_all()
    assert taken == [1, 2, 2, 2, 3]
    assert consumer.errors == []
    run = find_run("tally")
    assert (run.status, run.attempts, run.error, run.counts) == (Status.SUCCEEDED, 3, None, {"pages": 3})
    assert info_messages(log) == ["page 1", "page 2", "page 3", "tally SUCCEEDED"]
    assert warning_messages(log) == ["an attempt of a run failed"] * 2


def _let_the_run_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, step = _fails(99, at=2)
    bad, good = make_job(step), make_job(three_pages, name="other")
    use_jobs(monkeypatch, bad, good)
    for job in (bad, good):
        ledger.record(run_records.new(job.name, SLOT, Trigger.OPERATOR))
        queue.send(job.name, SLOT)
    Consumer().deliver_all()
    run = find_run("tally")
    assert (run.status, run.attempts, run.error) == (Status.FAILED, 6, "RuntimeError: no luck with page 2")
    assert taken == [1] + [2] * 6
    assert stored_lines("tally") == ["page 1"]
    assert job_state.find("tally").current is None
    assert find_run("other").status is Status.SUCCEEDED, "it waited behind the failing message"
    (letter,) = queue.dead_letters()
    assert letter.message == queue.Message("tally", SLOT)
    assert letter.reason == "RuntimeError: no luck with page 2"
    assert queue.depth() == {"waiting": 0, "working": 0, "dead": 1}


@pytest.mark.usefixtures("time")
def test_after_six_failures_a_run_fails_and_leaves_a_dead_letter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _let_the_run_fail(monkeypatch)


@pytest.mark.ministack
@pytest.mark.usefixtures("time")
def test_a_failed_message_becomes_a_dead_letter_on_ministack(monkeypatch: pytest.MonkeyPatch) -> None:
    _let_the_run_fail(monkeypatch)


@pytest.mark.usefixtures("time")
def test_a_scheduled_run_that_keeps_failing_becomes_a_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(_fails(99, at=1)[1])
    use_jobs(monkeypatch, job)
    make_runner().fire(job, DUE)
    consumer = Consumer()
    consumer.deliver_all()
    assert (find_run("tally").status, find_run("tally").attempts) == (Status.FAILED, 6)
    assert [type(error).__name__ for error in consumer.errors] == ["RunFailed"] * queue.MAX_RECEIVES
    assert len(queue.dead_letters()) == 1


@pytest.mark.usefixtures("time")
def test_a_refused_run_fails_at_once_and_leaves_no_dead_letter(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    def step(_work: StepContext) -> StepResult:
        raise RunRefused("Set the thing, then try again")

    use_jobs(monkeypatch, make_job(step))
    ledger.record(run_records.new("tally", SLOT, Trigger.OPERATOR))
    queue.send("tally", SLOT)
    consumer = Consumer()
    consumer.deliver_all()
    run = find_run("tally")
    assert (run.status, run.attempts, run.error) == (Status.FAILED, 1, "Set the thing, then try again")
    assert (consumer.errors, queue.dead_letters()) == ([], [])
    assert info_messages(log) == ["tally FAILED"]


@pytest.mark.parametrize("extra_pages", [0, 1, 2])
def test_a_run_short_of_time_hands_over_and_ends_the_same(
    extra_pages: int, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture, time: Clock
) -> None:
    """Each invocation has time for `extra_pages` steps beyond the first, which is always done."""
    left: list[float] = []

    def seconds_left() -> float:
        if not left:
            left.extend([300.0, *[200.0] * extra_pages, 59.0])
        return left.pop(0)

    job = make_job(three_pages)
    use_jobs(monkeypatch, job)
    make_runner(seconds_left).fire(job, time.now)
    consumer = Consumer(make_runner(seconds_left))
    consumer.deliver_all()
    run = find_run("tally")
    assert (run.status, run.attempts, run.counts) == (Status.SUCCEEDED, 1, {"pages": 3})
    assert info_messages(log) == ["page 1", "page 2", "page 3", "tally SUCCEEDED"]
    assert (len(consumer.delivered), consumer.errors) == ({0: 2, 1: 1, 2: 0}[extra_pages], [])


def test_lines_are_logged_only_after_the_ledger_has_stored_them(log: pytest.LogCaptureFixture, time: Clock) -> None:
    """A slow worker that was replaced by another logs nothing."""

    def step(work: StepContext) -> StepResult:
        time.later(minutes=7)
        assert ledger.claim(job, work.slot)
        return one_page(work)

    job = make_job(step)
    make_runner().fire(job, time.now)
    assert info_messages(log) == []
    assert stored_lines("tally") == []
    assert find_run("tally").attempts == 2


@pytest.mark.parametrize("ending", ["refused", "handed over", "failed"])
def test_losing_the_run_is_not_an_error(ending: str, time: Clock) -> None:
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
            run = find_run("tally")
            if run.pages:
                time.later(minutes=7)
                others.append(ledger.claim(job, SLOT))
                return 1.0
        return 300.0

    job = make_job(step)
    make_runner(seconds_left).fire(job, time.now)
    (other,) = others
    assert find_run("tally") == other
    assert take_messages() == []


def test_the_runs_that_wait_are_woken_when_a_run_ends(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    def step(work: StepContext) -> StepResult:
        if work.slot == SLOT:
            assert ledger.claim(job, LATER_SLOT) is None
        return three_pages(work)

    job = make_job(step)
    use_jobs(monkeypatch, job)
    make_runner().fire(job, time.now)
    assert find_run("tally", LATER_SLOT).status is Status.WAITING
    consumer = Consumer()
    consumer.deliver_all()
    assert find_run("tally", LATER_SLOT).status is Status.SUCCEEDED


def test_a_refused_run_wakes_the_runs_that_wait_for_it(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    def step(work: StepContext) -> StepResult:
        if work.slot == SLOT:
            ledger.claim(job, LATER_SLOT)
            raise RunRefused("no")
        return one_page(work)

    job = make_job(step, overlap=Overlap.WAIT)
    use_jobs(monkeypatch, job)
    make_runner().fire(job, time.now)
    Consumer().deliver_all()
    assert find_run("tally", LATER_SLOT).status is Status.SUCCEEDED

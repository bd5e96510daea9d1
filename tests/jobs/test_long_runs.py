"""A run may take hours: it hands over more often than Lambda's recursion detection allows by default, 16 times."""

import pytest

from chalicelib.jobs.job import StepContext, StepResult
from chalicelib.jobs.run_records import Status
from tests.jobs.job_runs import Clock, Consumer, find_run, make_job, make_runner, stored_lines, take_messages, use_jobs

HAND_OVERS = 40


def test_a_run_of_40_hand_overs_ends_with_every_page_done_once(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    pages: list[int] = []

    def step(work: StepContext) -> StepResult:
        pages.append(work.pages)
        time.later(minutes=4)
        state = {"page": work.pages + 1} if work.pages < HAND_OVERS else None
        return StepResult(state, (f"page {work.pages}",), {"pages": 1})

    left: list[float] = []

    def short_of_time() -> float:
        """Enough at the start of an invocation, and too little after its first step."""
        left[:] = left or [300.0, 59.0]
        return left.pop(0)

    job = make_job(step)
    use_jobs(monkeypatch, job)
    make_runner(short_of_time).fire(job, time.now)
    consumer = Consumer(make_runner(short_of_time))
    consumer.deliver_all()
    run = find_run("tally")
    assert (run.status, run.error) == (Status.SUCCEEDED, None)
    assert (run.attempts, run.counts) == (1, {"pages": HAND_OVERS + 1})
    assert pages == list(range(HAND_OVERS + 1))
    assert stored_lines("tally") == [f"page {page}" for page in pages]
    assert (len(consumer.delivered), consumer.errors, take_messages()) == (HAND_OVERS, [], [])

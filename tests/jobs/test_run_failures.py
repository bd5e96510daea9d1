"""The attempts at a run that failed stay with it, also when it succeeds at last."""

import pytest

from chalicelib.jobs import ledger, run_changes, run_failures, run_records
from chalicelib.jobs.job import StepResult
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.slots import Slot
from tests.api.job_requests import ask
from tests.jobs.job_runs import Clock, make_job, one_page, use_jobs

JOB = make_job(one_page)
SLOT = Slot("2026-11-22T12:00:00Z")
DOCUMENT = """query ($slot: DateTime!) { jobRun(job: "tally", slot: $slot) { failures { attempt at error } } }"""


@pytest.fixture(autouse=True)
def _only_this_job(monkeypatch: pytest.MonkeyPatch) -> None:
    use_jobs(monkeypatch, JOB)


def claimed() -> Run:
    run = ledger.claim(JOB, SLOT)
    assert run
    return run


def failures() -> list[tuple[int, str, str]]:
    run = run_records.find(JOB.name, SLOT)
    assert run
    return [(failure.attempt, failure.at[11:19], failure.error) for failure in run.failures]


def test_each_failed_attempt_is_kept_with_its_error(time: Clock) -> None:
    ledger.retry_or_fail(JOB, claimed(), "the printer is off", "trace")
    time.later(minutes=1)
    ledger.retry_or_fail(JOB, claimed(), "the printer is off", "trace")
    time.later(minutes=5)
    failed = ledger.end(claimed(), Status.FAILED, error="no paper", trace="trace")
    expected = [
        (1, "12:00:00", "the printer is off"),
        (2, "12:01:00", "the printer is off"),
        (3, "12:06:00", "no paper"),
    ]
    assert failures() == expected
    time.later(minutes=1)
    run_changes.reopen(failed, "ann")
    ledger.finish(claimed(), StepResult(None, (), {}))
    assert failures() == expected
    shown = ask(DOCUMENT, slot=SLOT)["jobRun"]["failures"]
    assert shown[2] == {"attempt": 3, "at": "2026-11-22T12:06:00Z", "error": "no paper"}


def test_a_run_that_fails_at_once_has_one_failure_and_one_that_succeeds_has_none(time: Clock) -> None:
    ledger.end(run_records.new(JOB.name, SLOT, Trigger.SCHEDULE), Status.FAILED, error="no disk")
    assert failures() == [(0, "12:00:00", "no disk")]
    time.later(hours=1)
    later = Slot("2026-11-22T13:00:00Z")
    run = ledger.claim(JOB, later)
    assert run
    ledger.finish(ledger.hand_over(run), StepResult(None, (), {}))
    found = run_records.find(JOB.name, later)
    assert found
    assert found.failures == ()


def test_the_latest_are_kept_and_long_errors_are_cut() -> None:
    kept: tuple[run_failures.Failure, ...] = ()
    for number in range(20):
        kept = run_failures.with_another(kept, number, "2026", f"{number} " * 2000)
    assert [failure.attempt for failure in kept] == list(range(12, 20))
    assert {len(failure.error) for failure in kept} == {run_failures.MAX_LENGTH}
    assert run_failures.from_content(run_failures.to_content(kept)) == kept

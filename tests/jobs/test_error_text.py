"""Errors that no row can hold are cut, so that their runs end, or wait for a retry, as any other."""

import pytest

from chalicelib.jobs import error_text
from chalicelib.jobs.job import StepContext, StepResult
from chalicelib.jobs.run_records import Status
from tests.builders import moment
from tests.jobs.job_runs import NOON, find_run, make_job, make_runner, use_jobs

DUE = moment(NOON)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("short", "short"),
        ("x" * 2000, "x" * 2000),
        ("x" * 2001, "x" * 1998 + " …"),
        ("half a pair: \ud83d", "half a pair: ?"),
    ],
    ids=["short", "just short enough", "too long", "no UTF-8"],
)
@pytest.mark.no_database
def test_texts_are_cut_and_valid_utf8(text: str, kept: str) -> None:
    assert error_text.shorten(text) == kept


@pytest.mark.usefixtures("time")
def test_a_run_with_a_huge_error_waits_for_its_retry_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def step(_work: StepContext) -> StepResult:
        raise RuntimeError("no luck " * 150_000)

    job = make_job(step)
    use_jobs(monkeypatch, job)
    make_runner().fire(job, DUE)
    run = find_run("tally")
    assert (run.status, run.lease_until) == (Status.WAITING, None)
    assert run.error
    assert run.trace
    assert run.error.startswith("RuntimeError: no luck no luck")
    assert (len(run.error), len(run.trace)) == (2000, 8000)

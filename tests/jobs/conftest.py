"""Fixtures for the tests of the jobs."""

import logging
from collections.abc import Iterator

import pytest

from chalicelib.jobs import watchdog
from chalicelib.jobs.job import Job
from tests.jobs.job_runs import Clock, make_job, manual_clock, one_page, use_jobs, without_retry_delay


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with without_retry_delay():
        yield


@pytest.fixture
def time() -> Iterator[Clock]:
    """A clock that tests set. It starts at noon on a Sunday."""
    with manual_clock() as clock:
        yield clock


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="crm")
    return caplog


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch, time: Clock) -> Job:
    """A job that is due every hour. The watchdog has seen it at noon."""
    made = make_job(one_page)
    use_jobs(monkeypatch, made)
    watchdog.run_checks()
    assert time.now
    return made

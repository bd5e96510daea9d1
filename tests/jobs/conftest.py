"""Fixtures for the tests of the jobs."""

import logging
from collections.abc import Iterator

import pytest

from tests.jobs.job_runs import Clock, manual_clock, without_retry_delay


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

"""Fixtures of the jobs' tests."""

import logging
from collections.abc import Iterator

import pytest

from tests.jobs.job_runs import Clock, moving_clock, without_pauses


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with without_pauses():
        yield


@pytest.fixture
def time() -> Iterator[Clock]:
    """Noon of a Sunday."""
    with moving_clock() as clock:
        yield clock


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="crm")
    return caplog

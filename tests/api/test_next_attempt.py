"""When a failed run is attempted again, over GraphQL: operators see it, and can have it at once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.jobs import backoff
from chalicelib.jobs.catalog import LOW_STOCK
from chalicelib.jobs.job import StepContext, StepResult
from chalicelib.jobs.run_records import Status
from tests.as_operator import execute
from tests.jobs.job_runs import SLOT, Clock, Consumer, find_run, make_runner, manual_clock

NEXT = 'query ($slot: DateTime!) { jobRun(job: "low_stock", slot: $slot) { status error nextAttemptAt } }'
AGAIN = 'mutation ($slot: DateTime!) { runJob(name: "low_stock", slot: $slot) { run { status nextAttemptAt } } }'


@pytest.fixture
def time() -> Iterator[Clock]:
    with manual_clock() as clock:
        yield clock


def _fail(_work: StepContext) -> StepResult:
    raise ConnectionError("the printer is off")


def test_a_run_that_waits_for_its_next_attempt_says_when_that_is(time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "DELAYS", [timedelta(minutes=10)] * 5)
    monkeypatch.setattr(backoff, "_JITTER", 0)
    make_runner().fire(replace(LOW_STOCK, step=_fail), time.now)
    assert execute(NEXT, {"slot": SLOT})["data"]["jobRun"] == {
        "status": "WAITING",
        "error": "ConnectionError: the printer is off",
        "nextAttemptAt": "2026-11-22T12:10:00Z",
    }
    assert execute(AGAIN, {"slot": SLOT})["data"]["runJob"]["run"] == {"status": "WAITING", "nextAttemptAt": None}
    Consumer().deliver_all()
    assert find_run("low_stock", SLOT).status is Status.SUCCEEDED

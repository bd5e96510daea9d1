"""A job that was broken on purpose fails at once and says why, until it is mended."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import app
from chalicelib.jobs import run_records, runner, slots
from chalicelib.jobs.run_records import Status
from localdev import __main__ as command
from localdev import breakage
from localdev.lambda_events import call_function, schedule_event
from localdev.state import State
from tests.builders import time_is


def localdev(*words: str) -> int:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", ["localdev", *words])
        return command.main()


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.setattr(runner, "step_context", runner.step_context)  # restored after the test
    state = State(tmp_path)
    monkeypatch.setattr(State, "of_checkout", lambda: state)
    breakage.let_broken_jobs_fail(state)
    return state


def fire(hour: int) -> run_records.Run:
    moment = datetime(2026, 11, 27, hour, tzinfo=UTC)
    with time_is(f"2026-11-27T{hour:02}:00:01"):
        call_function(app, "low_stock", schedule_event("low_stock", moment, "us-east-1"))
    run = run_records.find("low_stock", slots.of(moment))
    assert run
    return run


@pytest.mark.usefixtures("state")
def test_a_broken_job_fails_with_its_reason_until_it_is_mended() -> None:
    assert localdev("break", "low_stock") == 0
    run = fire(0)
    assert (run.status, run.error) == (
        Status.FAILED,
        "low_stock was broken on purpose. Mend it: make mend JOB=low_stock",
    )
    assert localdev("mend", "low_stock") == 0
    assert fire(12).status is Status.SUCCEEDED


def test_only_the_named_jobs_break(state: State) -> None:
    breakage.change("heartbeat", broken=True)
    breakage.change("weekly_report", broken=True)
    breakage.change("heartbeat", broken=False)
    assert state.broken_jobs() == {"weekly_report"}
    assert fire(0).status is Status.SUCCEEDED


def test_an_unknown_job_is_refused_with_the_names_of_all(state: State, capsys: pytest.CaptureFixture[str]) -> None:
    assert localdev("break", "lowstock") == 2
    assert "There is no job 'lowstock'. The jobs are: heartbeat, low_stock" in capsys.readouterr().err
    assert state.broken_jobs() == set()

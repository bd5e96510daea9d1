"""Forged messages and events without a ledger: nothing is done, and the log says why."""

import pytest

from chalicelib.errors import Unavailable
from chalicelib.jobs import job_state, queue, run_records
from chalicelib.jobs.catalog import HEARTBEAT
from chalicelib.jobs.job import StepContext, StepResult
from tests.builders import moment
from tests.conftest import connected_to
from tests.jobs.job_runs import (
    NOON,
    NOWHERE,
    SLOT,
    Clock,
    Consumer,
    info_messages,
    make_job,
    make_runner,
    send_body,
    use_jobs,
)

DUE = moment(NOON)


FORGED = {
    "no JSON": "stop everything",
    "no object": '["tally"]',
    "no slot": '{"job": "tally"}',
    "unknown job": '{"job": "drop_tables", "slot": "2026-11-22T12:00:00Z"}',
    "no job's name": '{"job": ["tally"], "slot": "2026-11-22T12:00:00Z"}',
    "no moment": '{"job": "tally", "slot": "noon"}',
    "slot is a number": '{"job": "tally", "slot": 12}',
    "slot spelt otherwise": '{"job": "tally", "slot": "2026-11-22T12:00:00+00:00"}',
    "slot without a zone": '{"job": "tally", "slot": "2026-11-22T12:00:00"}',
    "slot out of all time": '{"job": "tally", "slot": "0001-01-01T00:00:00+23:00"}',
    "deep": "[" * 100_000,
    "no such run": '{"job": "tally", "slot": "2026-11-22T12:00:00Z"}',
}


@pytest.mark.parametrize("body", FORGED.values(), ids=FORGED.keys())
def test_a_forged_message_is_rejected_and_runs_nothing(body: str, monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    def step(_work: StepContext) -> StepResult:
        raise AssertionError("a forged message got this far")

    use_jobs(monkeypatch, make_job(step))
    with pytest.raises(queue.BadMessage):
        make_runner().deliver(body, "no receipt")
    assert run_records.latest("tally", 5) == []
    assert job_state.find("tally") == job_state.JobState("tally")
    assert time.now == DUE


def test_forged_messages_become_dead_letters_and_block_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    use_jobs(monkeypatch, make_job(lambda _: StepResult(None)))
    for body in FORGED.values():
        send_body(body)
    consumer = Consumer()
    consumer.deliver_all(max_runs=100)
    assert len(consumer.errors) == queue.MAX_RECEIVES * len(FORGED)
    assert {letter.body for letter in queue.dead_letters()} == {*FORGED.values()}


@pytest.mark.usefixtures("time")
def test_without_the_ledger_the_heartbeat_still_logs_that_the_crm_is_down(log: pytest.LogCaptureFixture) -> None:
    with connected_to(NOWHERE):
        make_runner().fire(HEARTBEAT, DUE)
    assert info_messages(log) == ["22/11/2026-12:00:00 CRM is down: the database of the jobs does not answer"]
    assert run_records.find(HEARTBEAT.name, SLOT) is None


@pytest.mark.usefixtures("time")
def test_without_the_ledger_the_other_jobs_do_nothing(log: pytest.LogCaptureFixture) -> None:
    def step(_work: StepContext) -> StepResult:
        raise AssertionError("ran without a claim")

    with connected_to(NOWHERE), pytest.raises(Unavailable):
        make_runner().fire(make_job(step), DUE)
    assert info_messages(log) == []

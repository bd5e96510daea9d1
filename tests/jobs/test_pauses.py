"""Pausing and resuming a job over GraphQL."""

from typing import Any

import pytest

from chalicelib.jobs import alerts, job_state
from chalicelib.jobs.catalog import LOW_STOCK
from tests.as_operator import execute
from tests.jobs.job_runs import SLOT, Clock, make_runner

pytestmark = pytest.mark.usefixtures("time")
RUN = """mutation ($name: String!, $slot: DateTime) { runJob(name: $name, slot: $slot) { run { status } } }"""


def ask(document: str, **variables: object) -> dict[str, Any]:
    answer = execute(document, variables)
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data


def refusal(document: str, **variables: object) -> tuple[str, str | None, str]:
    """Return (code, field, message) of the only error."""
    (error,) = execute(document, variables)["errors"]
    return error["extensions"]["code"], error["extensions"].get("field"), error["message"]


PAUSE = """mutation ($reason: String!, $until: DateTime) {
  pauseJob(name: "low_stock", reason: $reason, until: $until) { job { state pause { reason actor until } } } }"""


def test_a_job_is_paused_and_resumed(time: Clock) -> None:
    paused = ask(PAUSE, reason="  stock-taking ", until="2026-11-22T13:00:00Z")["pauseJob"]["job"]
    pause = {"reason": "stock-taking", "actor": "test", "until": "2026-11-22T13:00:00Z"}
    assert paused == {"state": "PAUSED", "pause": pause}
    code, field, message = refusal(RUN, name="low_stock")
    assert (code, field) == ("JOB_PAUSED", "name")
    assert message == "low_stock is paused by test: stock-taking. Resume it first"
    make_runner().fire(LOW_STOCK, time.now)
    skipped = ask('{ jobRuns(job: "low_stock") { edges { node { status reason } } } }')["jobRuns"]["edges"]
    assert skipped == [{"node": {"status": "SKIPPED", "reason": "paused by test: stock-taking"}}]
    resumed = ask('mutation { resumeJob(name: "low_stock") { job { state pause { reason } } } }')["resumeJob"]["job"]
    assert resumed == {"state": "NEVER_RAN", "pause": None}
    assert ask(RUN, name="low_stock", slot=SLOT)["runJob"]["run"]["status"] == "WAITING"


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": " \t "}, "reason"),
        ({"reason": "x" * 201}, "reason"),
        ({"reason": "a\nRUN DONE"}, "reason"),
        ({"reason": "stock\u001b[2Jtaking"}, "reason"),
        ({"reason": "\u202egnikat kcots"}, "reason"),
        ({"reason": "x", "until": "2026-11-22T12:00:00Z"}, "until"),
        ({"reason": "x", "until": "2020-01-01T00:00:00Z"}, "until"),
    ],
)
def test_a_pause_needs_a_reason_and_an_end_in_the_future(variables: dict[str, str], field: str) -> None:
    assert refusal(PAUSE, **variables)[:2] == ("INVALID_INPUT", field)
    assert job_state.find("low_stock").pause is None


def test_a_pause_that_is_over_is_not_shown(time: Clock) -> None:
    ask(PAUSE, reason="stock-taking", until="2026-11-22T13:00:00Z")
    time.later(hours=1)
    assert ask('{ job(name: "low_stock") { state pause { reason } } }')["job"] == {"state": "NEVER_RAN", "pause": None}
    assert ask(RUN, name="low_stock")["runJob"]["run"]["status"] == "WAITING"


@pytest.mark.parametrize(
    ("until", "next_run"),
    [
        ("2026-11-22T13:00:00Z", "2026-11-23T00:00:00Z"),
        ("2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z"),
        ("2026-11-23T00:00:00.5Z", "2026-11-23T12:00:00Z"),
        ("2026-11-25T06:30:00Z", "2026-11-25T12:00:00Z"),
        ("9999-12-31T12:00:00Z", "9999-12-31T12:00:00Z"),
        ("9999-12-31T12:00:00.000001Z", None),
        ("9999-12-31T23:59:59.999999Z", None),
        (None, None),
    ],
)
def test_the_next_run_is_the_first_after_the_pause(until: str | None, next_run: str | None) -> None:
    ask(PAUSE, reason="stock-taking", until=until)
    assert ask('{ job(name: "low_stock") { nextRun } }')["job"] == {"nextRun": next_run}
    resumed = ask('mutation { resumeJob(name: "low_stock") { job { nextRun } } }')["resumeJob"]["job"]
    assert resumed == {"nextRun": "2026-11-23T00:00:00Z"}


@pytest.mark.parametrize("until", [None, "2026-12-24T00:00:00Z"])
def test_a_pause_is_a_problem_after_a_day_of_the_job_and_of_the_status(time: Clock, until: str | None) -> None:
    document = '{ job(name: "low_stock") { problems } status { problems { job kind text } } }'
    ask(PAUSE, reason="stock-taking", until=until)
    time.later(days=1)
    assert ask(document) == {"job": {"problems": []}, "status": {"problems": []}}
    time.later(seconds=1)
    found = ask(document)
    (text,) = found["job"]["problems"]
    assert text == f"paused for 1 day, {f'until {until}' if until else 'without an end'}, by test: stock-taking"
    assert found["status"]["problems"] == [{"job": "low_stock", "kind": "PAUSED", "text": text}]
    assert alerts.open_alerts() == set()

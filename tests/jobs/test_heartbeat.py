"""The heartbeat checks the API over real HTTP and logs one line."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from graphql import parse, validate

from chalicelib.api.graphql.schema import schema
from chalicelib.jobs import heartbeat
from chalicelib.jobs.catalog import HEARTBEAT
from chalicelib.jobs.job import RunRefused
from chalicelib.jobs.run_records import Status
from chalicelib.settings import settings
from tests.as_operator import execute
from tests.jobs.job_runs import (
    NOWHERE,
    Clock,
    database_down,
    find_run,
    info_messages,
    make_runner,
    preview_of,
    queue_down,
    stored_lines,
)
from tests.jobs.loopback import UP, Api, serving

ALIVE, DOWN = "22/11/2026-12:00:00 CRM is alive", "22/11/2026-12:00:00 CRM is down"


@pytest.fixture
def api() -> Iterator[Api]:
    with serving() as served:
        yield served


def test_an_api_that_answers_is_alive(api: Api, time: Clock, log: pytest.LogCaptureFixture) -> None:
    make_runner().fire(HEARTBEAT, time.now)
    assert api.requests == [{"query": "{ hello health { database queue } }"}]
    run = find_run("heartbeat")
    assert (run.status, run.counts["up"], stored_lines("heartbeat")) == (Status.SUCCEEDED, 1, [ALIVE])
    assert 0 <= run.counts["latency_ms"] < 5000
    assert info_messages(log) == [ALIVE, "heartbeat SUCCEEDED"]
    assert heartbeat.alarm(run.counts) is None


def test_the_document_is_valid_and_answers() -> None:
    assert validate(schema(), parse(heartbeat.DOCUMENT)) == []
    assert execute(heartbeat.DOCUMENT) == UP


ANSWERS: dict[str, dict[str, object]] = {
    "HTTP 500": {"status": 500},
    "HTTP 401": {"status": 401, "body": json.dumps({"errors": [{"message": "A valid key is needed"}]})},
    "no JSON": {"body": "<html>It works!</html>"},
    "nothing": {"body": ""},
    "a list": {"body": "[1]"},
    "null": {"body": "null"},
    "errors": {"body": json.dumps({"data": None, "errors": [{"message": "INTERNAL"}]})},
    "no hello": {"body": json.dumps({"data": {**UP["data"], "hello": None}})},
    "no health": {"body": json.dumps({"data": {"hello": "Hello", "health": None}})},
    "health without anything": {"body": json.dumps({"data": {"hello": "Hello", "health": {}}})},
    "database down": {"body": json.dumps(UP).replace('"UP"', '"DOWN"', 1)},
    "queue down": {"body": json.dumps({"data": {"hello": "Hi", "health": {"database": "UP", "queue": "DOWN"}}})},
    "redirect": {"status": 307, "headers": {"Location": "http://127.0.0.1:9/"}},
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_any_other_answer_means_down(answer: dict[str, object], api: Api, time: Clock) -> None:
    for name, value in answer.items():
        setattr(api, name, value)
    make_runner().fire(HEARTBEAT, time.now)
    run = find_run("heartbeat")
    assert (run.status, run.counts["up"], stored_lines("heartbeat")) == (Status.SUCCEEDED, 0, [DOWN])
    assert heartbeat.alarm(run.counts) == "The API does not answer, or reports that its database or queue is down"
    assert len(api.requests) == 1, "there is one request, and no redirect is followed"


def test_no_answer_in_time_means_down(api: Api, time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "SECONDS", 0.1)
    api.go.clear()
    make_runner().fire(HEARTBEAT, time.now)
    run = find_run("heartbeat")
    assert stored_lines("heartbeat") == [DOWN]
    assert run.counts["latency_ms"] >= 100


def test_a_refused_connection_means_down(time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "settings", replace(settings, api_url=NOWHERE))
    make_runner().fire(HEARTBEAT, time.now)
    assert stored_lines("heartbeat") == [DOWN]


def test_without_an_address_the_run_fails_and_names_the_setting(
    time: Clock, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "settings", replace(settings, api_url=""))
    make_runner().fire(HEARTBEAT, time.now)
    run = find_run("heartbeat")
    assert (run.status, run.attempts) == (Status.FAILED, 1)
    assert run.error == "CRM_API_URL is not set: the heartbeat does not know the address of the API"
    assert info_messages(log) == ["heartbeat FAILED"]


@pytest.mark.usefixtures("time")
def test_the_preview_checks_the_api_and_writes_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    shown = preview_of(HEARTBEAT)
    assert shown.lines == (ALIVE,)
    assert shown.summary.startswith("The API answered within ")
    api.status = 500
    assert preview_of(HEARTBEAT).summary == "The API is down"
    monkeypatch.setattr(heartbeat, "settings", replace(settings, api_url=""))
    with pytest.raises(RunRefused, match="CRM_API_URL is not set"):
        preview_of(HEARTBEAT)
    assert info_messages(log) == []


@pytest.mark.parametrize("what", ["database", "queue"])
def test_the_api_reports_what_is_down(what: str) -> None:
    with database_down() if what == "database" else queue_down():
        answer = execute(heartbeat.DOCUMENT)
    assert answer["data"]["hello"]
    assert answer["data"]["health"] == {"database": "UP", "queue": "UP"} | {what: "DOWN"}

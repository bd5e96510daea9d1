"""The heartbeat checks the API over real HTTP and logs one line."""

import json
from collections.abc import Iterator
from dataclasses import replace
from ssl import SSLCertVerificationError
from time import monotonic

import pytest
import requests
from graphql import parse, validate

import app
from chalicelib.api.graphql.schema import schema
from chalicelib.errors import Unavailable
from chalicelib.jobs import health_request, heartbeat, watchdog
from chalicelib.jobs.catalog import HEARTBEAT
from chalicelib.jobs.job import RunRefused
from chalicelib.jobs.run_records import Status
from chalicelib.settings import settings
from tests.as_operator import execute
from tests.deploy import scheduled_calls
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
    warning_messages,
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


def _reports(**health: str) -> str:
    return json.dumps({"data": {"hello": "Hi", "health": health}})


UNSAID = "the answer says nothing of its health"
REFUSAL = {"errors": [{"message": "A valid key\nis needed: CRM is alive" + "!" * 300}]}
ANSWERS: dict[str, tuple[dict[str, object], str]] = {
    "HTTP 500": ({"status": 500}, "HTTP status 500"),
    "HTTP 401": ({"status": 401, "body": json.dumps(REFUSAL)}, "HTTP status 401"),
    "no JSON": ({"body": "<html>It works!</html>"}, "the answer is not JSON"),
    "nothing": ({"body": ""}, "the answer is not JSON"),
    "too much": ({"body": "[" + " " * 200_000 + "]"}, "the answer is not JSON"),
    "a list": ({"body": "[1]"}, "the answer has no data"),
    "null": ({"body": "null"}, "the answer has no data"),
    "errors": (
        {"body": json.dumps({"data": None, "errors": [{"message": "INTERNAL"}]})},
        "the answer is an error: INTERNAL",
    ),
    "errors of many lines": (
        {"body": json.dumps(REFUSAL)},
        f"the answer is an error: A valid key is needed: CRM is alive{'!' * 300}"[:200].replace(
            "CRM is alive", r"CRM\x20is\x20alive"
        )
        + "…",
    ),
    "errors without a message": ({"body": json.dumps({"errors": [{}]})}, "the answer has no data"),
    "no hello": ({"body": json.dumps({"data": {**UP["data"], "hello": None}})}, UNSAID),
    "no health": ({"body": json.dumps({"data": {"hello": "Hello", "health": None}})}, UNSAID),
    "health without anything": ({"body": _reports()}, UNSAID),
    "database down": ({"body": _reports(database="DOWN", queue="UP")}, "database DOWN"),
    "queue down": ({"body": _reports(database="UP", queue="DOWN")}, "queue DOWN"),
    "both down": ({"body": _reports(database="DOWN", queue="DOWN")}, "database and queue DOWN"),
    "redirect": (
        {"status": 307, "headers": {"Location": "http://127.0.0.1:9/"}},
        "HTTP status 307, a redirect to http://127.0.0.1:9/",
    ),
}


@pytest.mark.parametrize(("answer", "cause"), ANSWERS.values(), ids=ANSWERS.keys())
def test_any_other_answer_means_down_and_the_cause_is_told(
    answer: dict[str, object], cause: str, api: Api, time: Clock
) -> None:
    for name, value in answer.items():
        setattr(api, name, value)
    make_runner().fire(HEARTBEAT, time.now)
    run = find_run("heartbeat")
    assert (run.status, run.counts["up"], stored_lines("heartbeat")) == (
        Status.SUCCEEDED,
        0,
        [f"{DOWN}: {cause}"],
    )
    assert run.reason == cause
    assert len(api.requests) == 1, "there is one request, and no redirect is followed"


def test_the_watchdog_checks_first_and_stops_no_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """An API that hangs must not keep the watchdog from the other jobs, and a watchdog that fails must not hide the API."""
    called: list[str] = []

    def check() -> None:
        called.append("watchdog")
        raise Unavailable

    monkeypatch.setattr(watchdog, "run_checks", check)
    monkeypatch.setattr(app, "fire", lambda job, _event: called.append(job.name))
    with pytest.raises(Unavailable):
        scheduled_calls.fire("heartbeat", "2026-11-22T12:00:00")
    assert called == ["watchdog", "heartbeat"]


def test_no_answer_in_time_means_down(api: Api, time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "SECONDS", 0.1)
    api.go.clear()
    make_runner().fire(HEARTBEAT, time.now)
    run = find_run("heartbeat")
    assert stored_lines("heartbeat") == [f"{DOWN}: no answer in 0.1 s"]
    assert run.counts["latency_ms"] >= 100


def test_an_answer_that_drips_is_not_waited_for(api: Api, time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, but the answer does not."""
    monkeypatch.setattr(heartbeat, "SECONDS", 0.5)
    api.drip = 0.2
    began = monotonic()
    make_runner().fire(HEARTBEAT, time.now)
    assert monotonic() - began < len(api.body) * api.drip / 2
    assert stored_lines("heartbeat") == [f"{DOWN}: no answer in 0.5 s"]


UNREACHABLE = {
    NOWHERE: "no connection: Connection refused",
    "http://nowhere.invalid/graphql": "no connection: ",
    "ftp://127.0.0.1/graphql": "InvalidSchema: ",
    "not an address": "InvalidURL: ",
}


@pytest.mark.parametrize(("url", "cause"), UNREACHABLE.items(), ids=UNREACHABLE.keys())
def test_an_address_without_an_api_means_down(
    url: str, cause: str, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "settings", replace(settings, api_url=url))
    make_runner().fire(HEARTBEAT, time.now)
    (line,) = stored_lines("heartbeat")
    assert line.startswith(f"{DOWN}: {cause}")
    assert len(line) < 300


def test_a_certificate_that_is_not_trusted_is_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    error = SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    error.verify_message = "self-signed certificate"

    def refuse(*_: object, **__: object) -> None:
        try:
            raise error
        except SSLCertVerificationError:
            raise requests.exceptions.SSLError("HTTPSConnectionPool") from None

    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", refuse)
    assert health_request.cause_of_failure("https://127.0.0.1:9/graphql", heartbeat.DOCUMENT, 5.0) == (
        "certificate: self-signed certificate"
    )


def test_down_begins_with_the_second_failure_and_ends_with_the_second_success(
    api: Api, time: Clock, log: pytest.LogCaptureFixture
) -> None:
    def beat(status: int) -> list[str]:
        api.status = status
        log.clear()
        make_runner().fire(HEARTBEAT, time.later(minutes=5))
        watchdog.check_alerts(HEARTBEAT)
        return warning_messages(log)

    assert [beat(status) for status in (200, 503, 200, 200, 503, 200, 503)] == [[]] * 7
    assert beat(502) == ["DOWN: heartbeat: The API is not healthy: HTTP status 502"]
    assert [beat(status) for status in (502, 200, 503, 200)] == [[]] * 4
    assert beat(200) == ["RECOVERED: heartbeat: no longer down"]


def test_a_third_of_the_pings_lost_raises_no_alert(api: Api, time: Clock, log: pytest.LogCaptureFixture) -> None:
    for number in range(24):
        api.status = 503 if number % 3 == 2 else 200
        make_runner().fire(HEARTBEAT, time.later(minutes=5))
        watchdog.check_alerts(HEARTBEAT)
    assert warning_messages(log) == []


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
    assert preview_of(HEARTBEAT).summary == "The API is down: HTTP status 500"
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

"""The queue poller against the emulator: good messages are processed, bad ones fail five times and become dead letters."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from chalice.app import SQSEventConfig

from app import app
from chalicelib import aws
from chalicelib.jobs import catalog, operator_actions, queue, run_records, runner
from localdev.queue_poller import POLL_SECONDS, QueuePoller
from tests.localdev.servers import wait_for

pytestmark = pytest.mark.ministack


@pytest.fixture(autouse=True)
def _poll_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "REDELIVERY_DELAY", 0)
    monkeypatch.setattr("localdev.queue_poller.POLL_SECONDS", 0.02)


class CountingApp:
    """The app, with a count of its consumer's calls per message."""

    def __init__(self) -> None:
        self.received: dict[str, list[int]] = {}
        self.event_sources = app.event_sources
        self.handler_map = {"work": self._call}

    def _call(self, event: Mapping[str, Any], context: Any) -> None:
        (record,) = event["Records"]
        self.received.setdefault(record["body"], []).append(int(record["attributes"]["ApproximateReceiveCount"]))
        app.handler_map["work"](event, context)


def send(body: str) -> None:
    aws.client("sqs").send_message(QueueUrl=queue._url(queue.NAME), MessageBody=body)


def test_bad_message_becomes_dead_letter_and_good_one_behind_it_is_processed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    send("poison")
    run = operator_actions.run_now(catalog.LOW_STOCK, "tester", {})
    counting = CountingApp()
    poller = QueuePoller(counting)
    workers = poller.start()
    wait_for(lambda: queue.depth() == {"waiting": 0, "working": 0, "dead": 1} or None, "the dead letter")
    poller.stop()
    for worker in workers:
        worker.join()
    found = run_records.find(run.job, run.slot)
    assert found is not None
    assert found.status == "SUCCEEDED"
    assert counting.received["poison"] == [1, 2, 3, 4, 5]
    assert [letter.body for letter in queue.dead_letters()] == ["poison"]
    assert capsys.readouterr().err.count("BadMessage") == 5


def test_a_run_on_demand_is_done_by_the_next_poll() -> None:
    """So it waits half a second at most, and neither for the ticker nor for a second poll."""
    assert POLL_SECONDS <= 0.5
    run = operator_actions.run_now(catalog.LOW_STOCK, "tester", {})
    poller = QueuePoller(app)
    assert poller._deliver_next(poller._sources[0])
    found = run_records.find(run.job, run.slot)
    assert found is not None
    assert (found.status, found.attempts) == ("SUCCEEDED", 1)


def test_two_messages_are_processed_concurrently_and_deleted() -> None:
    begun: list[str] = []

    def handle(event: Mapping[str, Any], _context: Any) -> None:
        begun.append(event["Records"][0]["body"])
        wait_for(lambda: len(begun) == 2 or None, "the other message")

    source = SQSEventConfig("work", "", queue.NAME, None, 1, 0, None)
    poller = QueuePoller(SimpleNamespace(event_sources=[source], handler_map={"work": handle}))
    for body in ("one", "two"):
        send(body)
    workers = poller.start()
    wait_for(lambda: queue.depth() == {"waiting": 0, "working": 0, "dead": 0} or None, "the end of both")
    poller.stop()
    for worker in workers:
        worker.join()
    assert sorted(begun) == ["one", "two"]


def test_event_has_the_fields_that_lambda_passes() -> None:
    events: list[Mapping[str, Any]] = []
    source = SQSEventConfig("work", "", queue.NAME, None, 1, 0, None)
    handlers = {"work": lambda event, _context: events.append(event)}
    send(json.dumps({"a": 1}))
    assert QueuePoller(SimpleNamespace(event_sources=[source], handler_map=handlers)).deliver_waiting() == 1
    (record,) = events[0]["Records"]
    assert record.keys() == {
        "messageId",
        "receiptHandle",
        "body",
        "attributes",
        "messageAttributes",
        "md5OfBody",
        "eventSource",
        "eventSourceARN",
        "awsRegion",
    }
    assert record["body"] == '{"a": 1}'
    assert int(record["attributes"]["SentTimestamp"]) > 0
    assert record["eventSourceARN"].endswith(f":{queue.NAME}")


@pytest.mark.no_database
def test_unreachable_emulator_is_ignored_silently(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    poller = QueuePoller(CountingApp())
    workers = poller.start()
    poller._stop.wait(0.3)
    assert all(worker.is_alive() for worker in workers)
    poller.stop()
    for worker in workers:
        worker.join()
    assert capsys.readouterr() == ("", "")

"""Each throttled answer of DynamoDB is counted, also if the next attempt succeeds."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError

from chalicelib import telemetry
from chalicelib.settings import settings
from chalicelib.store import throttles
from chalicelib.store.connection import RowsConnection
from tests.conftest import ROOT

pytestmark = pytest.mark.no_database
KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}
Answer = tuple[int, dict[str, Any]]
OK: Answer = (200, {})
THROTTLED: Answer = (400, {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"})
CANCELLED: Answer = (
    400,
    {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "CancellationReasons": [{"Code": "None"}, {"Code": "ThrottlingError"}],
    },
)
CONFLICT: Answer = (CANCELLED[0], CANCELLED[1] | {"CancellationReasons": [{"Code": "TransactionConflict"}]})
CONDITION: Answer = (400, {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"})


class Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._body


@dataclass
class Dynamodb:
    """A watched client, and the answers that it gets; the last one again and again."""

    client: Any
    answers: list[Answer] = field(default_factory=list)

    def answer(self, **_: Any) -> AWSResponse:
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return AWSResponse("http://127.0.0.1", status, HTTPHeaders(), Raw(json.dumps(body).encode()))


@pytest.fixture(autouse=True)
def _on_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "settings", replace(settings, on_lambda=True))


@pytest.fixture(scope="module")
def dynamodb() -> Dynamodb:
    connection = RowsConnection(region="us-east-1", max_retry_attempts=2)
    connection.session.set_credentials("id", "secret")
    found = Dynamodb(connection.client)
    found.client.meta.events.register("before-send.dynamodb", found.answer)
    throttles.watch(found.client)
    throttles.watch(found.client)  # a second time changes nothing
    return found


def get(client: Any) -> None:
    client.get_item(TableName="t", Key=KEY)


def transact(client: Any) -> None:
    client.transact_write_items(TransactItems=[{"Delete": {"TableName": "t", "Key": KEY}}])


def write(client: Any) -> None:
    client.batch_write_item(RequestItems={"t": [{"DeleteRequest": {"Key": KEY}}]})


def read(client: Any) -> None:
    client.batch_get_item(RequestItems={"t": {"Keys": [KEY]}})


@pytest.mark.parametrize(
    ("work", "answers", "count"),
    [
        (get, [OK], 0),
        (get, [THROTTLED, OK], 1),
        (get, [THROTTLED], 3),
        (get, [CONDITION], 0),
        (transact, [CANCELLED], 1),
        (transact, [CONFLICT], 0),
        (write, [(200, {"UnprocessedItems": {}})], 0),
        (write, [(200, {"UnprocessedItems": {"t": [{"DeleteRequest": {"Key": KEY}}]}})], 1),
        (read, [(200, {"Responses": {}, "UnprocessedKeys": {"t": {"Keys": [KEY]}}})], 1),
    ],
)
def test_throttles_are_counted_and_other_answers_are_not(
    work: Callable[[Any], None],
    answers: list[Answer],
    count: int,
    dynamodb: Dynamodb,
    capsys: pytest.CaptureFixture[str],
) -> None:
    dynamodb.answers = list(answers)
    with suppress(ClientError):
        work(dynamodb.client)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == count
    for line in lines:
        assert line[throttles.METRIC] == [1.0]
        (metrics,) = line["_aws"]["CloudWatchMetrics"]
        assert (metrics["Namespace"], metrics["Dimensions"]) == ("CRM", [["stage"]])


def test_a_request_that_got_no_answer_is_not_counted(capsys: pytest.CaptureFixture[str]) -> None:
    throttles._count(None)
    assert capsys.readouterr().out == ""


APP = """
import app
from botocore.awsrequest import AWSResponse
from chalicelib.store import connection
class Raw:
    def stream(self):
        yield b'{"Responses": {}, "UnprocessedKeys": {"t": {"Keys": [{"id": {"S": "1"}}]}}}'
answer = AWSResponse("http://127.0.0.1", 200, {}, Raw())
connection.client().meta.events.register("before-send.dynamodb", lambda **_: answer)
connection.client().batch_get_item(RequestItems={"t": {"Keys": [{"id": {"S": "1"}}]}})
"""


def test_every_function_counts_from_its_start_on() -> None:
    """They share app.py."""
    lambdas = {"AWS_LAMBDA_FUNCTION_NAME": "crm-dev", "_HANDLER": "app.dispatch", "AWS_REGION": "us-east-1"}
    secrets = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "CRM_STAGE": "dev"}
    done = subprocess.run(
        [sys.executable, "-c", APP], env=lambdas | secrets, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[throttles.METRIC] == [1.0]

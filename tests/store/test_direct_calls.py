"""The short way through botocore sends and returns what botocore does."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from moto.core.models import botocore_stubber

from chalicelib.store import connection, direct_calls, request_signature
from chalicelib.store.request_signature import Key, Scope
from tests.faults.fault_injection import intercepted

pytestmark = pytest.mark.no_database

KEY = {"id": {"S": "cst_1"}}
GET = {"TableName": "t", "Key": KEY, "ConsistentRead": True}
REQUESTS: dict[str, dict[str, Any]] = {
    "get_item": GET,
    "batch_get_item": {"RequestItems": {"t": {"Keys": [KEY, {"id": {"S": "é \ud800 \x1f"}}]}}},
    "query": {"TableName": "t", "KeyConditionExpression": "#h = :h", "Limit": 3, "ScanIndexForward": False},
    "put_item": {"TableName": "t", "Item": {**KEY, "n": {"N": "-1.5"}, "gone": {"NULL": True}}},
    "update_item": {"TableName": "t", "Key": KEY, "UpdateExpression": "ADD n :n"},
    "delete_item": {"TableName": "t", "Key": KEY},
    "batch_write_item": {"RequestItems": {"t": [{"PutRequest": {"Item": KEY}}]}},
    "transact_write_items": {"TransactItems": [{"Delete": {"TableName": "t", "Key": KEY}}]},
}
NOT_SENT = {"amz-sdk-invocation-id", "amz-sdk-request", "content-length"}
"""Headers that only botocore sends: two say which try it is, and HTTP's client adds the other one itself."""


@dataclass
class _Raw:
    body: bytes

    def stream(self) -> Iterator[bytes]:
        yield self.body


def _answer(content: object, status: int = 200, headers: dict[str, str] | None = None) -> AWSResponse:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return AWSResponse("http://localhost", status, headers or {}, _Raw(body))  # type: ignore[arg-type]


class _Wire:
    """Keeps what a client sends, and gives it answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, direct: bool) -> None:
        session = botocore.session.Session()
        session.set_credentials("key", "secret", "token")
        if direct:
            direct_calls.register(session)
        retries: Any = {"total_max_attempts": 3, "mode": "standard"}
        config = Config(parameter_validation=False, retries=retries)
        client: Any = session.create_client("dynamodb", region_name="eu-west-1", config=config)
        self.client = client
        self.sent: list[Any] = []
        self.answers: list[AWSResponse | Exception] = []
        monkeypatch.setattr(client._endpoint.http_session, "send", self._send)
        monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)

    def _send(self, request: Any) -> AWSResponse:
        self.sent.append(request)
        answer = self.answers.pop(0) if self.answers else _answer({"Item": KEY})
        if isinstance(answer, Exception):
            raise answer
        return answer

    def outcome(self, operation: str, request: dict[str, Any]) -> Any:
        """Return what comes of a request: the answer, or the error with what it says."""
        try:
            return getattr(self.client, operation)(**request)
        except ClientError as error:
            return type(error).__name__, error.response
        except Exception as error:  # noqa: BLE001 - compared with the other client's
            return type(error), str(error)


@pytest.fixture(scope="module")
def clients() -> Iterator[tuple[_Wire, _Wire]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore_stubber, "enabled", False)  # it answers in place of AWS for the whole session
        wires = _Wire(patch, direct=True), _Wire(patch, direct=False)
        for operation, request in REQUESTS.items():
            wires[0].outcome(operation, request)
        yield wires


@pytest.fixture
def both(clients: tuple[_Wire, _Wire]) -> tuple[_Wire, _Wire]:
    """The short way, which a client takes from an operation's second request on, and botocore's own."""
    for wire in clients:
        wire.sent.clear()
        wire.answers = []
    return clients


def _headers(request: Any) -> dict[str, str]:
    texts = {name.lower(): text.decode() if isinstance(text, bytes) else text for name, text in request.headers.items()}
    return {name: text for name, text in texts.items() if name not in NOT_SENT}


@pytest.mark.parametrize("operation", REQUESTS)
def test_the_same_request_is_sent(operation: str, both: tuple[_Wire, _Wire], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.handlers.uuid.uuid4", lambda: "the-token")
    for wire in both:
        wire.outcome(operation, REQUESTS[operation])
    ours, theirs = both[0].sent[0], both[1].sent[0]
    assert isinstance(ours, direct_calls._DirectRequest)
    assert isinstance(ours.body, bytes)
    assert (ours.method, ours.url, json.loads(ours.body)) == (theirs.method, theirs.url, json.loads(theirs.body))
    own = {"host", "x-amz-date", "authorization", "user-agent"}
    assert {**_headers(theirs), "host": "dynamodb.eu-west-1.amazonaws.com"}.keys() == _headers(ours).keys()
    for name in _headers(theirs).keys() - own:
        assert _headers(ours)[name] == _headers(theirs)[name], name


@pytest.mark.parametrize("token", [None, "a/token+"])
def test_the_signature_is_that_of_botocore(token: str | None) -> None:
    headers = {"host": "localhost:8000", "x-amz-target": "DynamoDB.Query", "content-type": "application/x-amz-json-1.0"}
    body = '{"a":"é"}'.encode()
    signed = request_signature.sign("/", headers, body, Key("key", "secret", token), Scope("eu-west-1", "dynamodb"))
    request = AWSRequest("POST", "http://localhost:8000/", headers={**headers}, data=body)
    auth = SigV4Auth(Credentials("key", "secret", token), "dynamodb", "eu-west-1")
    request.context["timestamp"] = signed["x-amz-date"]
    request.headers["X-Amz-Date"] = signed["x-amz-date"]
    if token:
        request.headers["X-Amz-Security-Token"] = token
    text = auth.string_to_sign(request, auth.canonical_request(request))
    auth._inject_signature_to_request(request, auth.signature(text, request))  # type: ignore[attr-defined]
    assert request.headers["Authorization"] == signed["authorization"]


CANCELLED = {
    "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
    "Message": "Transaction cancelled",
    "CancellationReasons": [{"Code": "ConditionalCheckFailed", "Message": "no"}, {"Code": "None"}],
}
REFUSED = {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "no"}
THROTTLED = {"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "slow down"}
DAMAGED = {"x-amz-crc32": str(crc32(b"other"))}
ROW = {"Item": KEY}
OUTCOMES: dict[str, list[AWSResponse | Exception]] = {
    "an answer": [_answer(ROW, 200, {"x-amz-crc32": str(crc32(json.dumps(ROW).encode())), "x-amzn-RequestId": "id"})],
    "no row": [_answer({})],
    "a refused condition": [_answer(REFUSED, 400)],
    "a cancelled transaction": [_answer(CANCELLED, 400)],
    "a lost connection": [ReadTimeoutError(endpoint_url="x"), _answer(ROW)],
    "throttled once": [_answer(THROTTLED, 400), _answer(ROW)],
    "throttled": [_answer(THROTTLED, 400)] * 3,
    "an error of the server": [_answer({}, 500), _answer(b"<html>", 502), _answer(ROW)],
    "damaged": [_answer(ROW, 200, DAMAGED), _answer(ROW)],
    "damaged always": [_answer(ROW, 200, DAMAGED)] * 3,
    "no JSON": [_answer(b"{")],
    "never reached": [ConnectTimeoutError(endpoint_url="x")] * 3,
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_same_comes_of_each_answer(name: str, both: tuple[_Wire, _Wire]) -> None:
    operation = "transact_write_items" if "transaction" in name else "get_item"
    outcomes = []
    for wire in both:
        wire.answers = [*OUTCOMES[name]]
        outcomes.append((wire.outcome(operation, REQUESTS[operation]), len(wire.sent), wire.answers))
    assert outcomes[0] == outcomes[1]


def test_an_endpoint_that_was_wrapped_reads_an_answer_once(both: tuple[_Wire, _Wire]) -> None:
    wire = both[0]
    with intercepted(wire.client, lambda pass_on, *sent: pass_on(*sent)):
        wire.answers = [_answer(REFUSED, 400), _answer(ROW)]
        assert wire.outcome("get_item", GET)[0] == "ConditionalCheckFailedException"
    assert (len(wire.sent), len(wire.answers)) == (1, 1)


def test_renewed_credentials_sign_the_next_request(both: tuple[_Wire, _Wire], monkeypatch: pytest.MonkeyPatch) -> None:
    wire = both[0]
    monkeypatch.setattr(wire.client._request_signer._credentials, "access_key", "renewed")
    wire.outcome("get_item", GET)
    assert "Credential=renewed/" in _headers(wire.sent[0])["authorization"]


def test_other_operations_take_the_way_of_botocore(both: tuple[_Wire, _Wire]) -> None:
    both[0].outcome("describe_table", {"TableName": "t"})
    both[0].outcome("describe_table", {"TableName": "t"})
    assert not any(isinstance(sent, direct_calls._DirectRequest) for sent in both[0].sent)


def test_the_client_of_this_project_goes_this_way() -> None:
    assert isinstance(connection.client(), direct_calls._DirectClient)

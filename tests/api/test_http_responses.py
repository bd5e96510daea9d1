"""What all responses have in common, through Chalice's routing as API Gateway and `chalice local` use it."""

import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from chalice.cli.factory import CLIFactory
from chalice.test import Client

import app
from chalicelib import telemetry
from chalicelib.api.http.endpoint import respond
from chalicelib.api.http.http_types import Request
from chalicelib.crm import counters
from chalicelib.settings import read_settings
from tests.conftest import ROOT

JSON = "application/json"
RESPONSE = "application/graphql-response+json"
BROKEN = b'{"query": "{ broken"}'
NEEDLESS = '{"query": "query A { hello } query B { hello }"}'


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(app.app) as client:
        yield client


def call(client: Client, method: str = "POST", body: object = None, path: str = "/graphql", **headers: str) -> Any:
    sent = {"Content-Type": JSON} | {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, bytes) else json.dumps(body or {"query": "{ hello }"}).encode()
    return client.http.request(method, path, headers=sent, body=data)


@pytest.mark.parametrize(
    ("body", "legacy", "modern"),
    [
        (b'{"query": "{ hello }"}', 200, 200),
        (b'{"query": "{ customer { id } }"}', 200, 200),  # an error beside data
        (BROKEN, 200, 400),
        (b'{"query": "{ colour }"}', 200, 400),
        (b'{"query": "query ($n: Int!) { allOrders(first: $n) { edges { cursor } } }"}', 200, 400),
        (b'{"query": "query A { hello } query B { hello }"}', 400, 400),
        (b'{"query": "{ hello }", "operationName": "B"}', 400, 400),
        (b"{}", 400, 400),
        (b"[]", 400, 400),
    ],
)
def test_the_status_follows_the_accepted_type(client: Client, body: bytes, legacy: int, modern: int) -> None:
    for accept, status in ((JSON, legacy), (RESPONSE, modern)):
        answer = call(client, body=body, Accept=accept)
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == f"{accept}; charset=utf-8"
        assert ("data" in answer.json_body) == (body.startswith(b'{"query": "{ hello }"}') or b"customer" in body)


@pytest.mark.parametrize(
    ("status", "code", "method", "headers"),
    [
        (405, "METHOD_NOT_ALLOWED", "PUT", {}),
        (406, "NOT_ACCEPTABLE", "POST", {"Accept": "image/png"}),
        (415, "UNSUPPORTED_MEDIA_TYPE", "POST", {"Content_Type": "text/plain"}),
        (401, "UNAUTHENTICATED", "POST", {"Authorization": "Bearer crm_0_x"}),
    ],
)
def test_every_error_is_graphql_and_is_not_cached(
    client: Client, status: int, code: str, method: str, headers: dict[str, str]
) -> None:
    answer = call(client, method, **headers)
    assert answer.status_code == status
    assert answer.json_body["errors"][0]["extensions"]["code"] == code
    assert answer.headers["Content-Type"].startswith(JSON)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Vary"] == "Accept, Origin"


@pytest.mark.parametrize(
    "document",
    [
        'mutation { x: resumeJob(name: "x") { job { name } } }',
        'query A { hello } mutation B { resumeJob(name: "x") { job { name } } }',
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_mutation_by_get_is_refused_by_the_chosen_operation(client: Client, document: str, method: str) -> None:
    several = "query A" in document
    path = f"/graphql?{urlencode({'query': document} | ({'operationName': 'B'} if several else {}))}"
    answer = call(client, method, path=path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    if several:
        assert call(client, method, path=path[:-1] + "A").status_code == 200


def test_head_is_get_without_a_body(client: Client) -> None:
    path = f"/graphql?query={quote('{ hello }')}"
    got, head = call(client, "GET", path=path), call(client, "HEAD", path=path)
    assert head.body == b""
    assert (head.status_code, head.headers["Content-Type"]) == (200, got.headers["Content-Type"])
    assert call(client, "HEAD").status_code == 400


def test_variables_and_operation_may_be_in_the_url(client: Client) -> None:
    query = {"query": "query A($id: ID!) { node(id: $id) { id } } query B { hello }", "operationName": "A"}
    path = f"/graphql?{urlencode(query | {'variables': json.dumps({'id': 'ü&=%'})})}"
    assert call(client, "GET", path=path).json_body == {"data": {"node": None}}


@pytest.mark.parametrize("sent", ["abc", "A-1_b.c", "x" * 64])
def test_the_request_id_is_returned(client: Client, sent: str) -> None:
    for headers in ({}, {"Accept": "image/png"}, {"Authorization": "Bearer x"}):
        assert call(client, X_Request_Id=sent, **headers).headers["X-Request-Id"] == sent
    assert call(client, "OPTIONS", X_Request_Id=sent).headers["X-Request-Id"] == sent


@pytest.mark.parametrize("sent", ["", " ", "x" * 65, "a b", "a\nb", "é", "a;b", "${jndi:x}"])
def test_an_invalid_request_id_is_replaced(sent: str) -> None:
    found = {respond(Request("GET", {"x-request-id": sent}, {}, b"")).headers["X-Request-Id"] for _ in range(2)}
    assert len(found) == 2
    assert sent not in found
    assert all(len(own) == 16 for own in found)


def test_the_request_id_is_in_each_line_of_the_log(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        telemetry.info("something else")
        raise RuntimeError("secret")

    monkeypatch.setattr(counters, "stats", fail)
    caplog.set_level(logging.INFO, "crm")
    answer = call(client, body={"query": "{ crmStats { orders } }"}, X_Request_Id="find-me")
    assert "secret" not in answer.body.decode()
    assert len(caplog.records) == 2
    assert {getattr(record, "request_id", None) for record in caplog.records} == {"find-me"}
    formatter = telemetry._Json(service="crm", stage="test")
    assert all(json.loads(formatter.format(record))["request_id"] == "find-me" for record in caplog.records)
    telemetry.info("after the request")
    assert not hasattr(caplog.records[-1], "request_id")


def test_a_deployed_stage_with_authentication_off_does_not_start() -> None:
    with pytest.raises(ValueError, match="a deployed stage must ask for keys"):
        read_settings({"AWS_LAMBDA_FUNCTION_NAME": "crm-dev", "CRM_OPEN_ACCESS": "true"})
    assert read_settings({"AWS_LAMBDA_FUNCTION_NAME": "crm-dev"}).open_access is False


@pytest.mark.no_database
def test_api_gateway_compresses_answers() -> None:
    config = CLIFactory(str(ROOT)).create_config_obj()
    assert config.minimum_compression_size == 1024


def test_lambda_passes_the_body_as_text_or_base64(client: Client) -> None:
    answer = respond(Request("POST", {"content-type": JSON}, {}, '{"query": "{ hello }"}'))
    assert answer.body == call(client).body.decode()

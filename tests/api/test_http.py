"""GraphQL over HTTP, through Chalice's own routing."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from chalice.test import Client

import app
from chalicelib.access import authorization
from chalicelib.api.http import request_params
from chalicelib.crm import counters
from chalicelib.settings import settings

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(app.app) as client:
        yield client


def post(client: Client, body: object, headers: dict[str, str] | None = None) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.http.post("/graphql", headers=headers or JSON, body=data)


def code(response: Any) -> str:
    found: str = response.json_body["errors"][0]["extensions"]["code"]
    return found


def test_a_query_is_answered(client: Client) -> None:
    response = post(client, {"query": "query A { hello } query B { __typename }", "operationName": "B"})
    assert response.status_code == 200
    assert response.json_body == {"data": {"__typename": "Query"}}
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"


def test_variables_reach_the_query(client: Client) -> None:
    document = "query ($id: ID!) { node(id: $id) { id } }"
    assert post(client, {"query": document, "variables": {"id": "x"}}).json_body == {"data": {"node": None}}


def test_a_query_may_be_sent_with_get(client: Client) -> None:
    assert client.http.get("/graphql?query=%7Bhello%7D").json_body == {"data": {"hello": "Hello, GraphQL!"}}


def test_a_mutation_may_not_be_sent_with_get(client: Client) -> None:
    response = client.http.get("/graphql?query=mutation%7BupdateLowStockProducts%7Bmessage%7D%7D")
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_get_the_allowed_ones(client: Client, method: str) -> None:
    response = getattr(client.http, method)("/graphql", headers=JSON)
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe",
        b"[" * 10_000,
        b'{"query": NaN}',
        b'{"query": 1}',
        b'{"query": " "}',
    ],
)
def test_an_invalid_request_is_refused(client: Client, body: bytes) -> None:
    response = post(client, body)
    assert response.status_code == 400
    assert code(response) == "BAD_REQUEST"


def test_variables_must_be_an_object(client: Client) -> None:
    assert post(client, {"query": "{hello}", "variables": [1]}).status_code == 400


def test_several_operations_need_an_operation_name(client: Client) -> None:
    assert post(client, {"query": "query A { hello } query B { hello }"}).status_code == 400


@pytest.mark.parametrize("headers", [{"Content-Type": "text/plain"}, {"Content-Type": ""}, {}])
def test_only_json_is_accepted(client: Client, headers: dict[str, str]) -> None:
    response = client.http.post("/graphql", headers=headers, body=b'{"query": "{hello}"}')
    assert response.status_code == 415


def test_a_body_over_one_mebibyte_is_refused(client: Client) -> None:
    response = post(client, b" " * (request_params.MAX_BYTES + 1))
    assert response.status_code == 413


def test_a_syntax_error_and_an_unknown_field_are_told_apart(client: Client) -> None:
    assert code(post(client, {"query": "{"})) == "GRAPHQL_PARSE_FAILED"
    assert code(post(client, {"query": "{ colour }"})) == "GRAPHQL_VALIDATION_FAILED"


def test_an_unexpected_error_is_masked_and_logged(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret table name")

    monkeypatch.setattr(counters, "stats", fail)
    response = post(client, {"query": "{ hello crmStats { orders } }"})
    error = response.json_body["errors"][0]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret" not in json.dumps(response.json_body)
    reference = error["message"].rpartition(" ")[2]
    assert reference in caplog.text
    assert "secret table name" in caplog.text


def test_a_lone_surrogate_does_not_break_the_answer(client: Client) -> None:
    body = b'{"query": "query ($n: String) { allCustomers(name: $n) { edges { cursor } } }", "variables": {"n": "\\ud800"}}'
    assert post(client, body).status_code == 200
    create = "mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { message } }"
    row = {"name": "\ud800", "email": "a@example.com"}
    assert code(post(client, {"query": create, "variables": {"input": row}})) == "INVALID_INPUT"


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is deployed."""
    monkeypatch.setattr(authorization, "settings", replace(settings, open_access=False))


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("document", ["{ crmStats { orders } }", "mutation { updateLowStockProducts { message } }"])
def test_without_open_access_a_key_is_needed(client: Client, document: str) -> None:
    for headers in (JSON, JSON | {"Authorization": "Bearer crm_0_guess"}):
        response = post(client, {"query": document}, headers)
        assert response.status_code == 401
        assert "data" not in response.json_body
        assert code(response) == "UNAUTHENTICATED"
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.usefixtures("closed")
def test_health_needs_no_key(client: Client) -> None:
    response = post(client, {"query": "{ hello health { database queue } __typename }"})
    assert response.json_body["data"]["health"] == {"database": "UP", "queue": "UP"}

"""CORS: web pages of other origins."""

import pytest

from tests.api.conftest import Change
from tests.api.graphql_client import JSON, Reply, post, send

OURS = "https://app.example.com"
PREFLIGHT = {"origin": OURS, "access-control-request-method": "POST"}


@pytest.fixture(autouse=True)
def two_origins(change: Change) -> None:
    change(cors_origins=f"{OURS}, https://other.example.com", open_access=False)


def preflight(**headers: str) -> Reply:
    return send("OPTIONS", PREFLIGHT | headers)


def test_a_preflight_lists_allowed_methods_and_headers() -> None:
    reply = preflight()
    assert (reply.status, reply.answer.body) == (204, "")
    assert reply.headers["Access-Control-Allow-Origin"] == OURS
    assert reply.headers["Access-Control-Allow-Methods"] == "GET, POST"
    allowed = {name.strip().lower() for name in reply.headers["Access-Control-Allow-Headers"].split(",")}
    assert allowed >= {"authorization", "content-type", "idempotency-key", "x-request-id", "accept"}
    assert int(reply.headers["Access-Control-Max-Age"]) > 0
    assert "Access-Control-Allow-Credentials" not in reply.headers


@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", f"{OURS}.evil.example.com", "http://app.example.com", ""]
)
def test_other_origins_are_not_allowed(origin: str) -> None:
    for reply in (preflight(origin=origin), post({"query": "{hello}"}, origin=origin)):
        assert not [name for name in reply.headers if name.startswith("Access-Control")]
        assert "Origin" in reply.headers["Vary"]


def test_without_a_setting_no_origin_is_allowed(change: Change) -> None:
    change()
    assert "Access-Control-Allow-Origin" not in post({"query": "{hello}"}, origin="").headers
    assert "Access-Control-Allow-Origin" not in preflight().headers


@pytest.mark.parametrize(
    ("status", "method", "headers", "body"),
    [
        (200, "POST", JSON, b'{"query": "{hello}"}'),
        (400, "POST", JSON, b"{"),
        (401, "POST", JSON, b'{"query": "{crmStats {orders}}"}'),
        (401, "POST", JSON | {"authorization": "Bearer x"}, b'{"query": "{hello}"}'),
        (405, "PUT", JSON, b""),
        (406, "POST", JSON | {"accept": "image/png"}, b'{"query": "{hello}"}'),
        (413, "POST", JSON, b" " * 2_000_000),
        (415, "POST", {}, b'{"query": "{hello}"}'),
    ],
)
def test_a_page_can_read_errors_too(status: int, method: str, headers: dict[str, str], body: bytes) -> None:
    reply = send(method, headers | {"origin": OURS}, body=body)
    assert reply.status == status
    assert reply.headers["Access-Control-Allow-Origin"] == OURS
    assert {"X-Request-Id", "Retry-After"} <= set(reply.headers["Access-Control-Expose-Headers"].split(", "))
    assert "Origin" in reply.headers["Vary"]


def test_graphiql_varies_by_origin_too() -> None:
    reply = send("GET", {"origin": OURS, "accept": "text/html"})
    assert reply.status == 200
    assert {"Accept", "Origin"} <= set(reply.headers["Vary"].split(", "))

"""Open access answers this machine only, so that DNS rebinding gives no web page an operator's rights."""

from dataclasses import replace

import pytest

from chalicelib.access import api_keys, authorization
from chalicelib.access.roles import Role
from chalicelib.api.http.endpoint import respond
from chalicelib.api.http.http_types import Request
from chalicelib.errors import Forbidden
from chalicelib.settings import settings

LOOPBACK = ["127.0.0.1:8000", "127.0.0.1", "127.1.2.3:1", "localhost:8000", "LOCALHOST", "[::1]:8000", "[::1]"]
OTHERS = [
    "evil.example:8000",
    "evil.example",
    "localhost.evil.example:8000",
    "127.0.0.1.evil.example",
    "127.0.0.1@evil.example",
    "10.0.0.5:8000",
    "0.0.0.0:8000",
    "",
    "[",
    "127.0.0.1:8000, evil.example",
]


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authorization, "settings", replace(settings, open_access=False))


@pytest.mark.no_database
@pytest.mark.parametrize("host", LOOPBACK)
def test_open_access_answers_loopback_hosts(host: str) -> None:
    assert authorization.identify({"host": host}) is authorization.DEVELOPER


@pytest.mark.no_database
@pytest.mark.parametrize("host", OTHERS)
def test_open_access_refuses_other_hosts(host: str) -> None:
    with pytest.raises(Forbidden, match=r"http://127\.0\.0\.1"):
        authorization.identify({"host": host})


def test_other_host_gets_no_key_over_http() -> None:
    headers = {"host": "evil.example:8106", "origin": "http://evil.example:8106", "content-type": "application/json"}
    body = '{"query": "mutation { createKey(name: \\"x\\", role: OPERATOR) { secret } }"}'
    response = respond(Request("POST", headers, {}, body))
    assert response.status == 403
    assert "secret" not in response.body
    assert "FORBIDDEN" in response.body


def test_other_host_is_refused_even_with_a_key_while_access_is_open() -> None:
    key = api_keys.create("ops", Role.OPERATOR, "test").key
    with pytest.raises(Forbidden):
        authorization.identify({"host": "evil.example", "authorization": f"Bearer {key}"})


@pytest.mark.usefixtures("closed")
def test_every_host_is_answered_when_keys_are_needed() -> None:
    key = api_keys.create("ops", Role.OPERATOR, "test").key
    assert authorization.identify({"host": "crm.example"}) is authorization.ANONYMOUS
    assert authorization.identify({"host": "crm.example", "authorization": f"Bearer {key}"}).role is Role.OPERATOR

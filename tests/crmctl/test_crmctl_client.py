"""The HTTP client: time-outs, Retry-After, TLS errors and proxies."""

import socket
from collections import deque

import pytest

from crmctl import client
from crmctl.client import ApiError, Client, TransientError
from tests.crmctl.fake_api import FakeApi, responds

HELLO = "mutation { bulkCreateCustomers }"


@pytest.fixture
def no_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_ATTEMPTS", 1)


@pytest.mark.usefixtures("no_retry")
def test_server_that_never_responds_is_a_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TIMEOUTS", (0.1, 0.1))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/graphql"
        with pytest.raises(TransientError, match="did not respond in time"):
            Client(url).execute(HELLO)


def test_https_to_an_http_server_is_not_retried(api: FakeApi) -> None:
    message: list[str] = []
    with pytest.raises(ApiError, match="No secure connection"):
        Client(api.url.replace("http:", "https:"), notify=message.append).execute(HELLO)
    assert not message


@pytest.mark.usefixtures("no_retry")
@pytest.mark.parametrize(
    ("text", "seconds"), [("7", 7.0), ("3600", 60.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0), ("", 0.0)]
)
def test_retry_after_is_honoured_up_to_a_minute(api: FakeApi, text: str, seconds: float) -> None:
    api.faults = deque([responds(429, Retry_After=text)])
    with pytest.raises(TransientError) as raised:
        Client(api.url).execute(HELLO)
    assert isinstance(raised.value.__cause__, TransientError)
    assert raised.value.__cause__.retry_after == seconds


def test_null_data_without_error_is_returned(api: FakeApi) -> None:
    api.faults = deque([responds(200, '{"data": {"job": null}}')])
    assert Client(api.url).execute("{ job }") == {"job": None}


@pytest.mark.parametrize(
    ("host", "proxied"), [("localhost", False), ("127.1.2.3", False), ("[::1]", False), ("crm.example", True)]
)
def test_only_loopback_addresses_bypass_the_proxy(host: str, *, proxied: bool) -> None:
    assert Client(f"http://{host}/graphql")._session.trust_env is proxied

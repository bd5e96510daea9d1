"""What does the client make of a network that hangs, and of a server that asks for patience?"""

import socket
from collections import deque

import pytest

from crmctl import client
from crmctl.client import ApiError, Client, Transient
from tests.crmctl.fake_api import FakeApi, answers

HELLO = "mutation { bulkCreateCustomers }"


@pytest.fixture
def no_second_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ATTEMPTS", 1)


@pytest.mark.usefixtures("no_second_try")
def test_a_server_that_takes_the_request_and_never_answers_is_a_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TIMEOUTS", (0.1, 0.1))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/graphql"
        with pytest.raises(Transient, match="did not answer in time"):
            Client(url).execute(HELLO)


def test_https_to_a_server_that_speaks_http_is_not_tried_again(api: FakeApi) -> None:
    said: list[str] = []
    with pytest.raises(ApiError, match="No secure connection"):
        Client(api.url.replace("http:", "https:"), notify=said.append).execute(HELLO)
    assert not said


@pytest.mark.usefixtures("no_second_try")
@pytest.mark.parametrize(
    ("text", "seconds"), [("7", 7.0), ("3600", 60.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0), ("", 0.0)]
)
def test_the_server_may_ask_to_wait_but_not_for_hours(api: FakeApi, text: str, seconds: float) -> None:
    api.faults = deque([answers(429, Retry_After=text)])
    with pytest.raises(Transient) as caught:
        Client(api.url).execute(HELLO)
    assert isinstance(caught.value.__cause__, Transient)
    assert caught.value.__cause__.retry_after == seconds


def test_data_with_a_null_and_no_error_is_an_answer(api: FakeApi) -> None:
    api.faults = deque([answers(200, '{"data": {"job": null}}')])
    assert Client(api.url).execute("{ job }") == {"job": None}


@pytest.mark.parametrize(
    ("host", "proxied"), [("localhost", False), ("127.1.2.3", False), ("[::1]", False), ("crm.example", True)]
)
def test_only_loopback_addresses_ignore_the_proxy_of_the_environment(host: str, *, proxied: bool) -> None:
    assert Client(f"http://{host}/graphql")._session.trust_env is proxied

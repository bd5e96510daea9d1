"""Webhooks against a real receiver over TLS: what it gets, and what a hostile one cannot do."""

import hashlib
import hmac
import ssl
import time
from collections.abc import Iterator

import pytest

from chalicelib.jobs import webhooks
from chalicelib.jobs.webhooks import NotDelivered
from tests.jobs.webhook_receiver import HOST, PUBLIC, Receiver, receiving

pytestmark = pytest.mark.no_database
SECRET = "a secret of the receiver"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


def problem(receiver: Receiver) -> str:
    with pytest.raises(NotDelivered) as raised:
        webhooks.post(receiver.url, b"{}", {})
    assert "T0KEN" not in str(raised.value)
    return str(raised.value)


def test_the_receiver_gets_body_and_headers_at_the_path_of_the_url(receiver: Receiver) -> None:
    webhooks.post(receiver.url, b'{"text": "hi"}', {"X-CRM-Timestamp": "1"})
    (request,) = receiver.requests
    assert request.path == "/hook/T0KEN-IN-THE-PATH?key=T0KEN-IN-THE-QUERY"
    assert request.body == b'{"text": "hi"}'
    assert request.headers["Host"] == HOST
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["X-CRM-Timestamp"] == "1"


def test_a_delivery_loads_no_certificates_of_its_own(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are loaded once: that takes as long as all the rest of a delivery."""
    loaded: list[str] = []
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *_: loaded.append("again"))
    webhooks.post(receiver.url, b"{}", {})
    assert (len(receiver.requests), loaded) == (1, [])


def test_the_signature_is_an_hmac_over_timestamp_and_body() -> None:
    made = webhooks.signature(SECRET, "1795800000", b'{"a": 1}')
    assert made == "sha256=" + hmac.new(SECRET.encode(), b'1795800000.{"a": 1}', hashlib.sha256).hexdigest()
    others = (("x" * 24, "1795800000", b'{"a": 1}'), (SECRET, "1795800001", b'{"a": 1}'), (SECRET, "1795800000", b"{}"))
    assert made not in {webhooks.signature(*other) for other in others}


def test_the_name_is_resolved_once_and_the_checked_address_is_used(receiver: Receiver) -> None:
    receiver.addresses = [[PUBLIC], ["127.0.0.1"]]
    webhooks.post(receiver.url, b"{}", {})
    assert receiver.connected == [PUBLIC], "and not the address that the name has by now"
    assert problem(receiver) == "The URL's host must have public addresses only"
    assert receiver.connected == [PUBLIC]


@pytest.mark.parametrize("addresses", [[PUBLIC, "10.0.0.1"], ["::ffff:169.254.169.254"], ["fd00::1", PUBLIC]])
def test_no_connection_is_made_if_any_address_is_not_public(receiver: Receiver, addresses: list[str]) -> None:
    receiver.addresses = [addresses]
    assert problem(receiver) == "The URL's host must have public addresses only"
    assert receiver.connected == []


def test_the_certificate_must_be_for_the_name() -> None:
    with receiving(("other.example.com",)) as receiver:
        assert problem(receiver) == "the certificate is not valid for this host"
        assert receiver.connected == [PUBLIC]
        assert receiver.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(receiver: Receiver, status: int) -> None:
    receiver.status, receiver.headers = status, {"Location": "http://169.254.169.254/latest/meta-data/"}
    assert problem(receiver) == f"HTTP status {status}: redirects are not followed"
    assert (receiver.connected, len(receiver.requests)) == ([PUBLIC], 1)


def test_nothing_of_an_answer_but_its_status_is_told(receiver: Receiver) -> None:
    receiver.status, receiver.headers, receiver.body = 403, {"X-Internal": "PRIVATE"}, b"PRIVATE"
    assert problem(receiver) == "HTTP status 403"


def test_an_answer_that_drips_ends_at_the_deadline(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "SECONDS", 0.4)
    receiver.drip = 0.02
    started = time.monotonic()
    assert problem(receiver) == "no answer in 5 s"
    assert time.monotonic() - started < 4


def test_a_huge_or_endless_body_is_not_read(receiver: Receiver) -> None:
    receiver.status, receiver.body = 200, b"x" * 50_000_000
    webhooks.post(receiver.url, b"{}", {})
    assert receiver.written < 10_000_000, "what fits into the buffers of the connection"


def test_a_host_that_is_gone_or_nobody_has_heard_of(receiver: Receiver) -> None:
    receiver.addresses = [[]]
    assert problem(receiver) == "The URL's host has no address"
    receiver.addresses = [["93.184.216.35"]]
    assert problem(receiver) == "no connection, or it was closed without an answer"
    receiver.addresses = [["93.184.216.35", PUBLIC]]
    webhooks.post(receiver.url, b"{}", {})
    assert receiver.connected == ["93.184.216.35", "93.184.216.35", PUBLIC], "the next address is tried"

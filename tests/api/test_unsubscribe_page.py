"""The page to unsubscribe: one click is enough, following the link is not, and strangers cost nothing."""

import logging
import re
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

import app
from chalicelib.api.http.http_types import Request, Response
from chalicelib.api.pages import unsubscribe
from chalicelib.crm import email_suppressions
from chalicelib.crm.email_suppressions import Reason
from chalicelib.crm.unsubscribe_tokens import token_for
from chalicelib.store import connection, stage_secrets
from tests.builders import a_customer, time_is
from tests.metering import metered

ANN = "ann@example.com"
ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = {"content-type": "application/x-www-form-urlencoded"}
MULTIPART = (
    '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
    {"content-type": "multipart/form-data; boundary=x"},
)
FORGED = "A" * 43


def serve(method: str, token: str | None, body: bytes | str = b"", headers: dict[str, str] | None = None) -> Response:
    return unsubscribe.serve(Request(method, headers or {}, {} if token is None else {"token": token}, body))


def reason() -> Reason | None:
    found = email_suppressions.find(ANN)
    return found.reason if found else None


def test_following_the_link_shows_a_button_and_unsubscribes_nobody() -> None:
    answer = serve("GET", token_for(ANN))
    assert answer.status == 200
    assert '<form method="post">' in answer.body
    assert "One-Click" in answer.body
    assert "ann" not in answer.body.lower()
    assert reason() is None


@pytest.mark.parametrize(
    ("body", "headers"),
    [(ONE_CLICK, FORM), MULTIPART, (b"", {}), (b"\xff\x00", {"content-type": "application/octet-stream"})],
    ids=["form", "multipart", "nothing", "bytes"],
)
def test_one_click_unsubscribes_whatever_the_mail_program_sends(body: bytes | str, headers: dict[str, str]) -> None:
    answer = serve("POST", token_for(ANN), body, headers)
    assert (answer.status, reason()) == (200, Reason.UNSUBSCRIBE)
    assert "You will get no more e-mails" in answer.body
    assert "<form" not in answer.body


def test_a_second_click_changes_nothing_and_a_click_after_a_lift_counts() -> None:
    customer = a_customer(email=ANN)
    for when, expected in (("2026-11-22T12:00:00", "12"), ("2026-11-22T13:00:00", "12")):
        with time_is(when):
            assert serve("POST", token_for(ANN)).status == 200
        found = email_suppressions.find(ANN)
        assert found
        assert found.since[11:13] == expected
    with time_is("2026-11-22T14:00:00"):
        email_suppressions.lift(customer.id, "asked by phone", frozenset(Reason))
        assert reason() is None
    with time_is("2026-11-22T15:00:00"):
        serve("POST", token_for(ANN))
    assert reason() is Reason.UNSUBSCRIBE


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", [None, "", FORGED, "x" * 10_000, "\ud800" * 43, f"{FORGED}&admin=1"])
def test_a_forged_token_gets_404_and_costs_no_write(method: str, token: str | None) -> None:
    token_for(ANN)
    stage_secrets.forget()
    with metered() as meter:
        answer = serve(method, token, ONE_CLICK, FORM)
    assert answer.status == 404
    assert meter.calls.keys() <= {"GetItem"}
    assert meter.total_calls <= 1
    assert not token or token not in answer.body


def test_a_flood_of_forged_tokens_costs_one_read_even_before_the_first_reminder() -> None:
    with metered() as meter:
        assert {serve("POST", f"{number:043d}").status for number in range(500)} == {404}
    assert meter.calls == {"GetItem": 1}


def test_the_page_can_do_nothing_but_send_its_form() -> None:
    headers = serve("GET", token_for(ANN)).headers
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Robots-Tag"] == "noindex"


@pytest.mark.moto
def test_without_the_database_the_answer_says_to_try_again(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    token = token_for(ANN)
    monkeypatch.setattr("time.sleep", lambda _: None)

    def refuse(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="dynamodb")

    events = connection.client().meta.events
    events.register_first("before-send.dynamodb", refuse)
    try:
        answer = serve("POST", token)
    finally:
        events.unregister("before-send.dynamodb", refuse)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
    assert token not in log.text
    assert reason() is None


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG, "crm")
    return caplog


def through_the_app(method: str, token: str, body: str = "", content_type: str | None = None) -> dict[str, Any]:
    """Send a request as API Gateway does."""
    headers = {"content-type": content_type} if content_type else {}
    event = {
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "multiValueQueryStringParameters": {"token": [token]},
        "pathParameters": None,
        "stageVariables": None,
        "body": body,
        "isBase64Encoded": False,
        "requestContext": {"resourcePath": "/unsubscribe", "httpMethod": method},
    }
    answer: dict[str, Any] = app.app(event, None)
    return answer


@pytest.mark.parametrize("content_type", [*FORM.values(), MULTIPART[1]["content-type"], None])
def test_the_route_takes_every_content_type_and_needs_no_key(content_type: str | None) -> None:
    token = token_for(ANN)
    shown = through_the_app("GET", token)
    assert (shown["statusCode"], reason()) == (200, None)
    assert re.search(r"<button[^>]*>Unsubscribe</button>", shown["body"])
    assert through_the_app("POST", FORGED, ONE_CLICK, content_type)["statusCode"] == 404
    answer = through_the_app("POST", token, ONE_CLICK, content_type)
    assert (answer["statusCode"], reason()) == (200, Reason.UNSUBSCRIBE)

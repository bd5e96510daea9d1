"""Content negotiation: types of responses, types of bodies, and who gets GraphiQL."""

import pytest

from chalicelib.api.http.negotiation import JSON, RESPONSE, accepted, content_type, wants_page

pytestmark = pytest.mark.no_database
CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("header", "answer"),
    [
        (None, JSON),
        ("", JSON),
        ("  ", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (RESPONSE, RESPONSE),
        (RESPONSE.upper(), RESPONSE),
        (f"{RESPONSE}; charset=utf-8", RESPONSE),
        # as Apollo Client, urql and GraphiQL send it
        (f"{RESPONSE},{JSON};q=0.9", RESPONSE),
        (f"{RESPONSE}, {JSON}, text/event-stream, multipart/mixed", JSON),
        (f"{JSON}, multipart/mixed", JSON),
        # the higher quality wins, in any position
        (f"{JSON};q=0.5, {RESPONSE}", RESPONSE),
        (f"{JSON}; q=0.8 , {RESPONSE};q=0.3", JSON),
        (f"{JSON};q=0.1,{JSON};q=0.9,{RESPONSE};q=0.5", JSON),
        # the more specific range decides, and zero excludes
        (f"*/*, {JSON};q=0.2", RESPONSE),
        (f"*/*;q=0.1, {RESPONSE}", RESPONSE),
        (f"application/*;q=0.3, {JSON};q=0", RESPONSE),
        (f"{RESPONSE};q=0, */*", JSON),
        # at the same quality, the type that is named wins
        (f"{RESPONSE}, */*", RESPONSE),
        (f"text/html, {RESPONSE};q=0.5, */*;q=0.5", RESPONSE),
        # an invalid quality excludes
        (f"{JSON};q=best, {RESPONSE};q=0.1", RESPONSE),
        (f"{JSON};q=nan, {RESPONSE};q=0.1", RESPONSE),
        (f"{JSON};q=-1, {RESPONSE};q=0.1", RESPONSE),
        (f"{JSON};q=7, {RESPONSE};q=1", JSON),
        # no type that we offer
        ("image/png", None),
        ("text/*", None),
        ("*/*;q=0", None),
        (f"{JSON};q=0", None),
        ("application/xml, text/html", None),
        (",;,=", None),
    ],
)
def test_the_response_has_the_preferred_type(header: str | None, answer: str | None) -> None:
    assert accepted(header) == answer


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, ("", "utf-8")),
        ("", ("", "utf-8")),
        (JSON, (JSON, "utf-8")),
        ("Application/JSON", (JSON, "utf-8")),
        (f"{JSON};charset=UTF-8", (JSON, "utf-8")),
        (f'{JSON}; charset="utf8"', (JSON, "utf8")),
        (f"{JSON}; charset=utf-16", (JSON, "utf-16")),
        (f"{JSON}; boundary=x", (JSON, "utf-8")),
        ("text/plain", ("text/plain", "utf-8")),
        ("application/x-www-form-urlencoded", ("application/x-www-form-urlencoded", "utf-8")),
        ("nonsense", ("text/plain", "utf-8")),
    ],
)
def test_a_bodys_type_and_charset_are_read(header: str | None, found: tuple[str, str]) -> None:
    assert content_type(header) == found


@pytest.mark.parametrize("header", [CHROME, "text/html", f"text/html, {JSON}", f"text/html;q=0.9, {JSON};q=0.8"])
def test_a_browser_gets_the_page(header: str) -> None:
    assert wants_page(header)


@pytest.mark.parametrize("header", [None, "", "*/*", JSON, f"text/html;q=0.5, {JSON}", "text/html;q=0"])
def test_nobody_else_gets_the_page(header: str | None) -> None:
    assert not wants_page(header)

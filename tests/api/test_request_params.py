"""Parameters of a request, from its body or its URL."""

import json

import pytest

from chalicelib.api.http.http_types import Request
from chalicelib.api.http.request_params import MAX_BYTES, Parameters, RequestRejected, read_parameters
from chalicelib.errors import LimitExceeded

pytestmark = pytest.mark.no_database
JSON = {"content-type": "application/json"}


def read(body: object, **headers: str) -> Parameters:
    sent = body if isinstance(body, bytes | str) else json.dumps(body)
    return read_parameters(Request("POST", headers or JSON, {}, sent))


def refusal(body: object, **headers: str) -> RequestRejected:
    with pytest.raises(RequestRejected) as raised:
        read(body, **headers)
    return raised.value


def test_a_body_has_four_parameters_and_others_are_ignored() -> None:
    full = {"query": "{a}", "variables": {"n": 1}, "operationName": "A", "extensions": {"x": 1}, "more": 2}
    assert read(full) == Parameters("{a}", {"n": 1}, "A", {"x": 1})
    assert read({"query": "{a}", "variables": None, "operationName": None}) == Parameters("{a}", None, None, None)
    assert read({"query": "{a}", "operationName": ""}).operation is None


def test_lambda_passes_the_body_as_text() -> None:
    assert read('{"query": "{ä}"}').query == read('{"query": "{ä}"}'.encode()).query == "{ä}"


@pytest.mark.parametrize("query", ["", "  \n", None])
def test_without_a_document_the_query_is_empty(query: str | None) -> None:
    assert read({"query": query}).query == ""


@pytest.mark.parametrize(
    ("body", "about"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"\xff", "not valid JSON"),
        ('{"query": "{a}"}'.encode("utf-16"), "not valid JSON"),
        (b"\xef\xbb\xbf{}", "not valid JSON"),
        (b'{"variables": {"x": Infinity}}', "not valid JSON"),
        (b'{"variables": {"x": -Infinity}}', "not valid JSON"),
        (b'{"variables": {"x": NaN}}', "not valid JSON"),
        (b'{"variables": {"x": ' + b"9" * 5000 + b"}}", "not valid JSON"),
        (b'{"variables": ' + b'{"x":' * 15_000, "not valid JSON"),
        (b"[]", "batches are not supported"),
        (b'[{"query": "{a}"}]', "batches are not supported"),
        (b"1", "must be a JSON object"),
        ({"query": 1}, "`query` must be a string"),
        ({"query": ["{a}"]}, "`query` must be a string"),
        ({"query": "{a}", "variables": [1]}, "`variables` must be an object"),
        ({"query": "{a}", "variables": '{"x": 1}'}, "`variables` must be an object"),
        ({"query": "{a}", "variables": False}, "`variables` must be an object"),
        ({"query": "{a}", "operationName": 1}, "`operationName` must be a string"),
        ({"query": "{a}", "operationName": {}}, "`operationName` must be a string"),
        ({"query": "{a}", "extensions": "x"}, "`extensions` must be an object"),
    ],
)
def test_an_invalid_request_is_explained(body: object, about: str) -> None:
    refused = refusal(body)
    assert (refused.status, refused.code) == (400, "BAD_REQUEST")
    assert about in str(refused)


@pytest.mark.parametrize("kind", ["", "text/plain", "application/json; charset=utf-16", "application/graphql", "a"])
def test_other_types_are_refused_with_the_accepted_type(kind: str) -> None:
    refused = refusal({"query": "{a}"}, **{"content-type": kind})
    assert (refused.status, refused.code) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert refused.headers == {"Accept-Post": "application/json"}


def test_the_size_is_checked_first() -> None:
    refused = refusal(b"x" * (MAX_BYTES + 1), **{"content-type": "text/plain"})
    assert (refused.status, refused.code) == (413, "TOO_LARGE")
    assert refusal(b"x" * MAX_BYTES).status == 400


@pytest.mark.parametrize("body", [b"[" * 20_001, b'[{"x":' * 11_000, b'{"variables": {"x": [%s1]}}' % (b"1," * 20_000)])
def test_too_many_values_are_refused(body: bytes) -> None:
    with pytest.raises(LimitExceeded) as raised:
        read(body)
    assert raised.value.code == "VARIABLES_TOO_LARGE"


def url(**query: str) -> Parameters:
    return read_parameters(Request("GET", {}, query, b"ignored"))


def test_a_url_has_the_same_four_parameters() -> None:
    full = url(query="{a}", variables='{"n": 1}', operationName="A", extensions='{"x": 1}')
    assert full == Parameters("{a}", {"n": 1}, "A", {"x": 1})
    assert url(query="{a}", variables="", operationName="", extensions="") == Parameters("{a}", None, None, None)
    assert url() == Parameters("", None, None, None)


@pytest.mark.parametrize("name", ["variables", "extensions"])
@pytest.mark.parametrize("text", ["{", "[]", "1", '"x"', "{'a': 1}", "NaN"])
def test_invalid_json_in_a_url_is_refused(name: str, text: str) -> None:
    with pytest.raises(RequestRejected) as raised:
        url(query="{a}", **{name: text})
    assert raised.value.status == 400

"""Read the GraphQL parameters of a request (document, variables, operation, extensions) from its body or URL."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from graphql import strip_ignored_characters

from chalicelib.api.graphql.document_limits import check_json, check_variables
from chalicelib.api.http import negotiation
from chalicelib.api.http.http_types import Request

METHODS = ("GET", "POST")
MAX_BYTES = 1024 * 1024


class RequestRejected(Exception):
    """The request is not a GraphQL request"""

    def __init__(self, status: int, message: str, code: str = "BAD_REQUEST", **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a GraphQL request. `query` is empty if the client sent only its hash."""

    query: str
    variables: Mapping[str, object] | None
    operation: str | None
    extensions: Mapping[str, object] | None

    def identity_of(self, document: str) -> dict[str, object]:
        """Return what identical requests have in common. The document's layout and comments do not matter."""
        return {"query": strip_ignored_characters(document), "variables": self.variables, "operation": self.operation}


def read_parameters(request: Request) -> Parameters:
    """Read and check the parameters. Raises RequestRejected, LimitExceeded."""
    raw = _body(request) if request.method == "POST" else _url(request)
    query, variables, operation = raw.get("query"), raw.get("variables"), raw.get("operationName")
    extensions = raw.get("extensions")
    if query is not None and not isinstance(query, str):
        raise RequestRejected(400, "`query` must be a string")
    if variables is not None and not isinstance(variables, dict):
        raise RequestRejected(400, "`variables` must be an object")
    check_variables(variables or {})
    if operation is not None and not isinstance(operation, str):
        raise RequestRejected(400, "`operationName` must be a string")
    if extensions is not None and not isinstance(extensions, dict):
        raise RequestRejected(400, "`extensions` must be an object")
    text = query if query and query.strip() else ""
    return Parameters(text, variables, operation or None, extensions)


def _url(request: Request) -> dict[str, object]:
    raw: dict[str, object] = dict(request.query)
    for name in ("variables", "extensions"):
        if text := request.query.get(name):
            raw[name] = _parse(text, f"The parameter {name}")
        else:
            raw.pop(name, None)
    return raw


def _body(request: Request) -> dict[str, object]:
    if len(request.body) > MAX_BYTES:
        raise RequestRejected(413, f"The request is too large: at most {MAX_BYTES} bytes", "TOO_LARGE")
    media_type, charset = negotiation.content_type(request.headers.get("content-type"))
    if media_type != negotiation.JSON or charset not in {"utf-8", "utf8"}:
        raise RequestRejected(
            415, f"Send {negotiation.JSON} in UTF-8", "UNSUPPORTED_MEDIA_TYPE", **{"Accept-Post": negotiation.JSON}
        )
    body = _parse(request.body, "The body")
    if not isinstance(body, dict):
        raise RequestRejected(400, "The body must be a JSON object; batches are not supported")
    return body


def _parse(text: bytes | str, what: str) -> object:
    try:
        # json.loads of bytes would accept UTF-16 and UTF-32, too.
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        check_json(text)
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise RequestRejected(400, f"{what} is not valid JSON in UTF-8") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)

"""GraphQL over HTTP: from a request's bytes to a status, headers and bytes, whatever the server in front."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import OperationDefinitionNode, OperationType, get_operation_ast

from chalicelib.api.faults import describe, format_error
from chalicelib.api.schema import answer, prepare, run
from chalicelib.errors import Unauthenticated
from chalicelib.settings import settings

MOST_BYTES = 1024 * 1024
_JSON = "application/json"
_METHODS = "GET, POST"


@dataclass(frozen=True, slots=True)
class Request:
    """Header names in lower case; `query` are the parameters of the URL; Lambda hands text over as the body."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes | str


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: str
    headers: dict[str, str]


class _Refused(Exception):
    def __init__(self, status: int, message: str, code: str = "BAD_REQUEST", **headers: str) -> None:
        super().__init__(message)
        error = {"message": message, "extensions": {"code": code}}
        self.answer = Answer(status, _dump({"errors": [error]}), _headers(**headers))


@dataclass(frozen=True, slots=True)
class _Parameters:
    query: str
    variables: Mapping[str, Any] | None
    operation: str | None


def respond(request: Request) -> Answer:
    try:
        _authorise()
        return _execute(request, _parameters(request))
    except _Refused as refused:
        return refused.answer
    except Exception as error:  # noqa: BLE001 - the last line: a caller always gets GraphQL's form, never a stack
        described = describe(error)
        return Answer(500, _dump({"errors": [_error(described)]}), _headers())


def _authorise() -> None:
    if not settings.open_access:
        raise _Refused(401, str(Unauthenticated()), Unauthenticated.code, **{"WWW-Authenticate": "Bearer"})


def _execute(request: Request, parameters: _Parameters) -> Answer:
    prepared = prepare(parameters.query)
    if prepared.document is None:
        return Answer(400, _dump({"errors": [format_error(error) for error in prepared.errors]}), _headers())
    operation = get_operation_ast(prepared.document, parameters.operation)
    if operation is None:
        raise _Refused(400, "Name one of the document's operations in operationName")
    if request.method == "GET" and not _is_query(operation):
        raise _Refused(405, "Only queries can be sent with GET", "METHOD_NOT_ALLOWED", Allow="POST")
    answered = answer(run(prepared.document, parameters.variables, parameters.operation))
    return Answer(200 if "data" in answered else 400, _dump(answered), _headers())


def _is_query(operation: OperationDefinitionNode) -> bool:
    return operation.operation is OperationType.QUERY


def _parameters(request: Request) -> _Parameters:
    if request.method == "GET":
        raw: dict[str, Any] = dict(request.query)
        for name in ("variables", "extensions"):
            if raw.get(name):
                raw[name] = _parse(raw[name], f"The parameter {name}")
    elif request.method == "POST":
        raw = _body(request)
    else:
        raise _Refused(405, "Use GET or POST", "METHOD_NOT_ALLOWED", Allow=_METHODS)
    query, variables, operation = raw.get("query"), raw.get("variables"), raw.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise _Refused(400, "Send a GraphQL document in `query`")
    if variables is not None and not isinstance(variables, dict):
        raise _Refused(400, "`variables` must be an object")
    if operation is not None and not isinstance(operation, str):
        raise _Refused(400, "`operationName` must be a string")
    return _Parameters(query, variables, operation or None)


def _body(request: Request) -> dict[str, Any]:
    if len(request.body) > MOST_BYTES:
        raise _Refused(413, f"A request has at most {MOST_BYTES} bytes", "TOO_LARGE")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _JSON:
        raise _Refused(415, f"Send {_JSON}", "UNSUPPORTED_MEDIA_TYPE")
    body = _parse(request.body, "The body")
    if not isinstance(body, dict):
        raise _Refused(400, "The body must be a JSON object; batches are not supported")
    return body


def _parse(text: bytes | str, what: str) -> Any:
    try:
        # Not json.loads of bytes, which would guess UTF-16 and UTF-32 as well.
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise _Refused(400, f"{what} is not valid JSON in UTF-8") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _error(described: Mapping[str, str | None]) -> dict[str, Any]:
    return {"message": described["message"], "extensions": {"code": described["code"]}}


def _headers(**more: str) -> dict[str, str]:
    return {"Content-Type": f"{_JSON}; charset=utf-8", "Cache-Control": "no-store", **more}


def _dump(content: dict[str, Any]) -> str:
    """ASCII only: a lone surrogate that a client sent must not break the answer."""
    return json.dumps(content, separators=(",", ":"))

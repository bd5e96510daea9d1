"""Answer an HTTP request for GraphQL, independent of the server.

It follows https://graphql.github.io/graphql-over-http/draft/. A document that cannot be executed gets status 400 if the
client accepts graphql-response+json, and status 200 if it knows only application/json, as existing clients expect.
"""

from collections.abc import Mapping

from graphql import OperationType

from chalicelib import json_text, telemetry
from chalicelib.access.authorization import Caller, identify
from chalicelib.api.graphql.error_format import describe
from chalicelib.api.graphql.execution import GraphQLResponse, Invalid, authorize, prepare, run
from chalicelib.api.http import cors, idempotency, negotiation, persisted_queries
from chalicelib.api.http.http_types import Request, Response
from chalicelib.api.http.request_params import METHODS, Parameters, RequestRejected, read_parameters
from chalicelib.api.pages import graphiql
from chalicelib.errors import CrmError, ResponseTooLarge

MAX_RESPONSE_BYTES = 5_500_000
"""Lambda takes 6 MB (6,291,556 bytes), headers included. Beyond that API Gateway would answer with a 502."""
_STATUSES = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "IN_PROGRESS": 409,
    "IDEMPOTENCY_KEY_REUSED": 422,
    "RATE_LIMITED": 429,
    "UNAVAILABLE": 503,
}
_MORE_HEADERS = {
    "UNAUTHENTICATED": {"WWW-Authenticate": 'Bearer realm="crm"'},
    "RATE_LIMITED": {"Retry-After": "1"},
    "IN_PROGRESS": {"Retry-After": "1"},
    "UNAVAILABLE": {"Retry-After": "5"},
}


def respond(request: Request) -> Response:
    with telemetry.about(request_id=request.id):
        answered = _respond(request)
    headers = {"X-Request-Id": request.id, **cors.headers(request), **answered.headers}
    return Response(answered.status, "" if request.method == "HEAD" else answered.body, headers)


def _respond(request: Request) -> Response:
    if request.method == "OPTIONS":
        return cors.preflight(request)
    if graphiql.is_asked_for(request):
        return graphiql.page(request)
    media_type = negotiation.accepted(request.headers.get("accept"))
    try:
        _check(request, media_type)
        content, headers = _carry_out(request)
        status = 200 if "data" in content or media_type == negotiation.JSON else 400
        body = _dump(content)
        _check_size(body)
    except RequestRejected as refused:
        status, headers = refused.status, refused.headers
        body = _dump({"errors": [{"message": str(refused), "extensions": {"code": refused.code}}]})
    except Exception as error:  # noqa: BLE001 - the client always gets an answer in GraphQL's format, never a stack trace
        status, content, headers = _failure(error)
        body = _dump(content)
    return Response(status, body, _headers(media_type or negotiation.JSON, headers))


def _check(request: Request, media_type: str | None) -> None:
    if media_type is None:
        raise RequestRejected(406, f"Accept {negotiation.RESPONSE} or {negotiation.JSON}", "NOT_ACCEPTABLE")
    if request.method not in {*METHODS, "HEAD"}:
        raise RequestRejected(405, "Use GET or POST", "METHOD_NOT_ALLOWED", Allow=", ".join(METHODS))


def _carry_out(request: Request) -> tuple[GraphQLResponse, dict[str, str]]:
    """Return the answer and further headers."""
    parameters = read_parameters(request)
    caller = identify(request.headers)
    digest = persisted_queries.wanted_hash(parameters.extensions)
    document = _document(parameters, digest, caller)
    prepared = prepare(document, hints=not caller.is_anonymous)
    if isinstance(prepared, Invalid):
        return prepared.response(), {}
    if digest is not None and not caller.is_anonymous:
        persisted_queries.keep(digest, document)
    operation = prepared.operation(parameters.operation)
    if operation is None:
        raise RequestRejected(400, "Name one of the document's operations in operationName")
    changes = operation.operation is OperationType.MUTATION
    if request.method in {"GET", "HEAD"} and changes:
        raise RequestRejected(405, "Only queries can be sent with GET", "METHOD_NOT_ALLOWED", Allow="POST")
    authorized = authorize(prepared, operation, parameters.variables, caller)
    key = request.headers.get("idempotency-key") if changes else None
    if key is None:
        return run(authorized), {}
    identity = parameters.identity_of(document)
    answer, again = idempotency.once(key, caller, identity, lambda: run(authorized))
    return answer, {"Idempotency-Replayed": "true"} if again else {}


def _document(parameters: Parameters, digest: str | None, caller: Caller) -> str:
    """Return the document that was sent, or the one that is kept under the hash that was sent."""
    if not parameters.query and digest is None:
        raise RequestRejected(400, "Send a GraphQL document in `query`")
    if not parameters.query:
        return persisted_queries.find(digest or "", caller)
    if digest is not None:
        persisted_queries.check_hash(digest, parameters.query)
    return parameters.query


def _failure(error: Exception) -> tuple[int, GraphQLResponse, dict[str, str]]:
    described = describe(error)
    code = described["code"] or ""
    status = _STATUSES.get(code, 400 if isinstance(error, CrmError) else 500)
    extensions = {name: value for name, value in described.items() if name != "message" and value is not None}
    return (
        status,
        {"errors": [{"message": described["message"], "extensions": extensions}]},
        _MORE_HEADERS.get(code, {}),
    )


def _headers(media_type: str, more: Mapping[str, str]) -> dict[str, str]:
    return {
        "Content-Type": f"{media_type}; charset=utf-8",
        "Cache-Control": "no-store",
        "Vary": "Accept, Origin",
        "X-Content-Type-Options": "nosniff",
        **more,
    }


def _check_size(body: str) -> None:
    """Raises ResponseTooLarge. Lambda returns the body as a JSON string, in which quotes and backslashes take two bytes."""
    if len(body) + body.count('"') + body.count("\\") > MAX_RESPONSE_BYTES:
        raise ResponseTooLarge


def _dump(content: GraphQLResponse) -> str:
    """Encode as ASCII: a lone surrogate that a client sent cannot be encoded as UTF-8."""
    return json_text.write(content)

"""Refuse requests to an emulator that come from web pages, or that address a service nobody needs.

MiniStack asks for no credentials, allows every origin and checks no Host header. Its Lambda service runs code. Without
this filter any web page that a developer visits could run code on the developer's machine.

Standard library only: this module runs in MiniStack's own environment.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

HEALTH_PATH = "/_ministack/health"
_TARGETS = {"DynamoDB_20120810.": "dynamodb", "AmazonSQS.": "sqs"}
_CREDENTIAL_SERVICE = re.compile(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/")
_SES_SEND_PATH = "/v2/email/outbound-emails"
_BROWSER_HEADERS = ("origin", "sec-fetch-site")
"""A browser sends one of these with every request to another site's loopback address. AWS clients send neither."""


@dataclass(frozen=True, slots=True)
class EmulatorRequest:
    """Header names are in lower case. Repeated headers are joined by a comma, as MiniStack does."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


class RequestFilter:
    """An ASGI application that passes a request on only if `is_needed` and if no browser sent it."""

    def __init__(self, application: Application, port: int, is_needed: Callable[[EmulatorRequest], bool]) -> None:
        self._application = application
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        self._is_needed = is_needed

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted, which makes it a 403
        elif reason := self._refusal(read_request(scope)):
            await _send_forbidden(send, reason)
        else:
            await self._application(scope, receive, send)

    def _refusal(self, request: EmulatorRequest) -> str | None:
        """Return why the request is refused, or None."""
        for name in _BROWSER_HEADERS:
            if name in request.headers:
                return f"The emulator answers no web pages, and this request has the header {name}."
        if request.headers.get("host", "").lower() not in self._hosts:
            return "The emulator answers only requests to its own loopback address."
        if not self._is_needed(request):
            return "The emulator serves only what this project uses."
        return None


def read_request(scope: Message) -> EmulatorRequest:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return EmulatorRequest(scope["method"], scope["path"], scope["query_string"].decode("latin-1"), headers)


def is_for_local_server(request: EmulatorRequest) -> bool:
    """Allow what `chalice local` uses: DynamoDB, SQS, SNS and sending e-mail with SES.

    Strict about paths, because MiniStack routes some paths, such as those of Lambda, before it looks at the service.
    """
    if request.query:
        return False
    if request.path == HEALTH_PATH:
        return request.method == "GET"
    if request.method != "POST":
        return False
    service = _find_service(request.headers)
    if request.path == "/":
        return service in {"dynamodb", "sqs", "sns"}
    return request.path == _SES_SEND_PATH and service == "ses"


def _find_service(headers: Mapping[str, str]) -> str | None:
    """Return the service, found as MiniStack finds it: by target, then by the scope of the credentials."""
    target = headers.get("x-amz-target")
    if target is not None:
        return next((service for prefix, service in _TARGETS.items() if target.startswith(prefix)), None)
    found = _CREDENTIAL_SERVICE.search(headers.get("authorization", ""))
    return found[1] if found else None


async def _send_forbidden(send: Send, reason: str) -> None:
    body = json.dumps({"__type": "AccessDeniedException", "message": reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})

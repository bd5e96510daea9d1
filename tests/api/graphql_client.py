"""Send requests to the API in this process, with or without a key."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from chalicelib.api.http.endpoint import respond
from chalicelib.api.http.http_types import Request, Response

JSON = {"content-type": "application/json"}
HELLO = {"data": {"hello": "Hello, GraphQL!"}}


@dataclass(frozen=True)
class Reply:
    answer: Response

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def headers(self) -> dict[str, str]:
        return self.answer.headers

    @property
    def json(self) -> Any:
        return json.loads(self.answer.body)

    @property
    def data(self) -> Any:
        assert "errors" not in self.json, self.json
        return self.json["data"]

    def ok(self) -> "Reply":
        assert self.data
        return self

    @property
    def error(self) -> dict[str, Any]:
        """Return the first error."""
        found: dict[str, Any] = self.json["errors"][0]
        return found

    @property
    def code(self) -> str:
        return str(self.error["extensions"]["code"])


def send(method: str, headers: dict[str, str], query: dict[str, str] | None = None, body: bytes | str = b"") -> Reply:
    return Reply(respond(Request(method, headers, query or {}, body)))


def post(body: object, key: str | None = None, **headers: str) -> Reply:
    """Send bytes as they are, and anything else as JSON. Header names have _ for -."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return send("POST", JSON | _bearer(key) | named, body=sent)


def ask(document: str, key: str | None = None, **variables: object) -> Reply:
    return post({"query": document, "variables": variables}, key)


def get(key: str | None = None, headers: dict[str, str] | None = None, **query: str) -> Reply:
    return send("GET", _bearer(key) | (headers or {}), query)


def by_hash(document: str) -> dict[str, object]:
    """Return the extensions that identify a document by its hash."""
    digest = hashlib.sha256(document.encode("utf-8", "surrogatepass")).hexdigest()
    return {"persistedQuery": {"version": 1, "sha256Hash": digest}}


def secret_of(key: str) -> str:
    return key.split("_", 2)[2]


def _bearer(key: str | None) -> dict[str, str]:
    return {} if key is None else {"authorization": f"Bearer {key}"}

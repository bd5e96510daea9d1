"""Send one GraphQL operation over HTTP, and retry transient errors.

A request whose response was lost is sent again, so the server may receive it twice. `Client.execute` is for operations
that are safe to repeat: queries, and mutations whose rows have a unique key. `Client.execute_once` is for all other
mutations: it sends an Idempotency-Key, with which the server executes the repeated request only once.

ApiError             the operation failed; the message is for the user
 +- TransientError   a retry may succeed; raised to the caller when all attempts are used up
 +- ApiRefused       the API responded with an error
 |   +- PageTooLarge  the response would be too large, or would read too many rows
 +- ServerTooOld     the API lacks a field that this release of crmctl needs
 +- RequestTooLarge  the server rejects a body of this size
 +- Stopped          `stop` was called during a wait
"""

import random
import re
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from crmctl.addresses import is_loopback, suggest_url
from crmctl.connection_errors import root_cause, unreachable_reason
from crmctl.text import escape_unprintable
from crmctl.version import installed_version

MAX_ATTEMPTS = 6
FIRST_DELAY = 0.5
MAX_DELAY = 15.0
MAX_RETRY_AFTER = 60.0
TIMEOUTS = (5.0, 60.0)
IN_PROGRESS_DELAY = 10.0
"""Seconds. A server that died during an attempt blocks the Idempotency-Key for a minute."""
RETRY_CODES = frozenset({"UNAVAILABLE", "CONFLICT", "INTERNAL"})
KEY_CODES = frozenset({"UNAUTHENTICATED", "FORBIDDEN"})
_UNKNOWN = re.compile(
    r"Cannot query field |Unknown (argument|type|fragment|directive) |Field .* is not defined by type |Value .* does not exist in "
)
"""How GraphQL says that a schema lacks what a document uses."""
KEY_HINT = "Log in with `crmctl login`, or pass a valid key with --key, or in the environment variable CRM_KEY."
NO_KEY_HINT = (
    f"{KEY_HINT} Operators create keys with `crmctl keys create`. "
    "Create the first key of a new stage with `make first-key STAGE=...` in a checkout of the server."
)


class ApiError(Exception):
    """The operation failed. The message is for the user."""


class TransientError(ApiError):
    """A retry may succeed."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ApiRefused(ApiError):
    """The API responded with an error. `reason` is the API's own text, on one line.

    `current` is what the row is now, if somebody else has changed it since it was read.
    """

    def __init__(self, message: str, reason: str, current: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.current = current


class PageTooLarge(ApiRefused):
    """A smaller page would succeed."""


class ServerTooOld(ApiError):
    """The server does not know a field or an argument that this crmctl sends."""


class RequestTooLarge(ApiError):
    """The server rejects a request of this size."""


class Stopped(ApiError):
    """`Client.stop` was called while a retry was waiting."""


class Data(dict[str, Any]):
    """The data of a response. `is_partial` says that the server has read less than there is."""

    is_partial = False


class Client:
    """A client of one endpoint, with one key. Threads may share it."""

    def __init__(self, url: str, key: str | None = None, *, notify: Callable[[str], None] | None = None) -> None:
        self.url = validate_url(url)
        self._notify = notify or _ignore
        self._stopping = threading.Event()
        self._was_reached = False
        self._session = requests.Session()
        # A proxy from the environment cannot reach the loopback interface of this machine.
        self._session.trust_env = not is_loopback(self.url)
        self._key = validate_key(key) if key else None
        self._session.auth = _Bearer(self._key)
        self._session.headers["Accept"] = "application/graphql-response+json, application/json;q=0.9"
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=32))

    def execute(self, document: str, variables: dict[str, Any] | None = None) -> Data:
        """Return the operation's data. Raises ApiError; a transient error only after MAX_ATTEMPTS attempts."""
        return self._execute({"query": document, "variables": variables or {}}, {})

    def execute_once(self, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """Like `execute`, for a mutation that must not take effect twice."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        return self._execute({"query": document, "variables": variables or {}}, headers)

    def _execute(self, body: dict[str, Any], headers: dict[str, str]) -> Data:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                return self._post(body, headers)
            except TransientError as error:
                if attempt == MAX_ATTEMPTS:
                    raise TransientError(f"{error} Gave up after {MAX_ATTEMPTS} attempts.") from error
                self.wait_before_retry(attempt, reason=str(error), at_least=error.retry_after)
        raise AssertionError("unreachable")  # pragma: no cover

    def wait_before_retry(self, attempt: int, *, reason: str, at_least: float = 0.0) -> None:
        """Wait with exponential backoff and jitter, at least `at_least` seconds. Raises Stopped."""
        delay = min(FIRST_DELAY * 2 ** (attempt - 1), MAX_DELAY) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        delay = max(delay, at_least)
        self._notify(f"{reason} Retrying in {delay:.1f} s.")
        if self._stopping.wait(delay):
            raise Stopped("Stopped before the next attempt.")

    def stop(self) -> None:
        """End all waits between attempts, current and future ones."""
        self._stopping.set()

    def _post(self, body: dict[str, Any], headers: dict[str, str]) -> Data:
        try:
            response = self._session.post(self.url, json=body, headers=headers, timeout=TIMEOUTS, allow_redirects=False)
        except requests.exceptions.SSLError as error:
            raise ApiError(f"No secure connection to {self.url}: {error}") from error
        except requests.exceptions.Timeout as error:
            raise TransientError(f"{self.url} did not respond in time.") from error
        except requests.exceptions.RequestException as error:
            if not self._was_reached and (reason := unreachable_reason(error, self.url)):
                raise ApiError(reason) from error
            raise TransientError(f"No response from {self.url} ({root_cause(error)}).") from error
        self._was_reached = True
        return _read_data(response, self.url, key_hint=KEY_HINT if self._key else NO_KEY_HINT)


def _ignore(_message: str) -> None:
    pass


class _Bearer(requests.auth.AuthBase):
    """Authorization header. Set even without a key, because requests would otherwise send credentials from ~/.netrc."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request


def validate_url(url: str) -> str:
    """Return the URL. Raises ApiError if it is not an HTTP address."""
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid:
        raise ApiError(f"{url!r} is not a URL. Use one like http://127.0.0.1:8000/graphql")
    return url


def validate_key(key: str) -> str:
    """Return the key. Raises ApiError if it cannot be sent in a header; the message does not contain the key."""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ApiError("The key contains characters that no API key has. Was something else pasted?")
    return key


def _read_data(response: requests.Response, url: str, *, key_hint: str) -> Data:
    status = response.status_code
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise TransientError(f"{url} responded with HTTP {status}.", _retry_after(response))
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        raise RequestTooLarge(f"{url} rejects a request of this size (HTTP 413).")
    if response.is_redirect:
        target = response.headers.get("Location", "another address")
        raise ApiError(f"{url} redirects to {target}. Pass that address as --url.")
    body = _parse_json(response, url)
    errors = _read_errors(body)
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED} or _is_unknown_path(body):
        raise ApiError(_describe_wrong_path(response, url))
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN} or _error_codes(errors) & KEY_CODES:
        reason = f" ({_join_messages(errors)})" if errors else ""
        raise ApiError(f"{url} rejected the request{reason}. {key_hint}")
    if not isinstance(body, dict) or not ("data" in body or errors):
        raise ApiError(_describe_wrong_path(response, url))
    data = body.get("data")
    if isinstance(data, dict) and not (errors and None in data.values()):
        found, extensions = Data(data), body.get("extensions")
        found.is_partial = isinstance(extensions, dict) and bool(extensions.get("partial"))
        return found
    if "IN_PROGRESS" in _error_codes(errors):
        raise TransientError(f"{url} is still executing the first attempt.", IN_PROGRESS_DELAY)
    # An error about a field is about the value that was sent, so that a retry would get the same answer.
    if _error_codes(error for error in errors if not _names_field(error)) & RETRY_CODES:
        raise TransientError(f"{url} responded: {_join_messages(errors)}.")
    raise _refusal(response, errors, url)


def _refusal(response: requests.Response, errors: list[dict[str, Any]], url: str) -> ApiError:
    reason = _join_messages(errors) or "no reason given"
    # A 400 means that this client and the server do not fit together, so the message names the server.
    if response.status_code == HTTPStatus.BAD_REQUEST and any(
        _UNKNOWN.match(str(error.get("message"))) for error in errors
    ):
        return ServerTooOld(
            f"The server at {url} is older than this crmctl ({installed_version()}): {reason}. "
            "Deploy this release of the server, or use the crmctl of the server's release."
        )
    message = f"{url} rejected the request (HTTP {response.status_code}): {reason}"
    if _error_codes(errors) & {"TOO_LARGE", "COST_LIMIT"}:
        return PageTooLarge(message, reason)
    return ApiRefused(message, reason, _current_row(errors)) if errors and response.ok else ApiError(message)


def _is_unknown_path(body: Any) -> bool:
    """API Gateway and `chalice local` answer 403 with these words where there is nothing, whatever the key."""
    return isinstance(body, dict) and body.get("message") == "Missing Authentication Token"


def _describe_wrong_path(response: requests.Response, url: str) -> str:
    suggested = suggest_url(url)
    advice = f"Did you mean {suggested}?" if suggested else "Check --url."
    status, kind = response.status_code, _content_type(response)
    return f"{url} is not a GraphQL endpoint: it responded with HTTP {status}, {kind}. {advice}"


def _parse_json(response: requests.Response, url: str) -> Any:
    """Return the parsed body, or None if it is not JSON. Raises TransientError for damaged JSON."""
    try:
        return response.json()
    except ValueError as error:
        if response.ok and "json" in _content_type(response):
            raise TransientError(f"The response of {url} is damaged.") from error
        return None


def _read_errors(body: Any) -> list[dict[str, Any]]:
    errors = body.get("errors") if isinstance(body, dict) else None
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def _current_row(errors: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return what the row is now, which an error says if somebody else has changed it."""
    found = [
        each["current"] for error in errors if isinstance(each := error.get("extensions"), dict) and "current" in each
    ]
    return found[0] if found and isinstance(found[0], dict) else None


def _names_field(error: dict[str, Any]) -> bool:
    extensions = error.get("extensions")
    return isinstance(extensions, dict) and bool(extensions.get("field"))


def _error_codes(errors: Iterable[dict[str, Any]]) -> set[str]:
    extensions = [error.get("extensions") for error in errors]
    return {str(extension.get("code")) for extension in extensions if isinstance(extension, dict)}


def _join_messages(errors: list[dict[str, Any]]) -> str:
    """Return the first three messages. A request of a hundred rows can have hundreds."""
    return escape_unprintable("; ".join(str(error.get("message", "no message")).rstrip(".") for error in errors[:3]))


def _content_type(response: requests.Response) -> str:
    return response.headers.get("Content-Type", "no content type").split(";")[0]


def _retry_after(response: requests.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return min(float(text), MAX_RETRY_AFTER) if text.isascii() and text.isdigit() else 0.0

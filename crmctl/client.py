"""How does one GraphQL operation get over HTTP, and what is worth a second try?

Everything that is sent through `Client.execute` may arrive twice: a lost answer is repeated. Send only operations that
are safe to repeat.

ApiError             the operation cannot be carried out; the text is for the user
 +- Transient        worth another try (raised to the caller only when the tries are used up)
 +- Refused          the API answered, and says why not
 +- RequestTooLarge  the server refuses a body of this size
 +- Stopped          `stop` was called meanwhile
"""

import ipaddress
import random
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from crmctl.text import plain

ATTEMPTS = 6
FIRST_DELAY = 0.5
MAX_DELAY = 15.0
MAX_RETRY_AFTER = 60.0
TIMEOUTS = (5.0, 60.0)
RETRY_CODES = frozenset({"UNAVAILABLE", "CONFLICT", "INTERNAL"})
KEY_CODES = frozenset({"UNAUTHENTICATED", "FORBIDDEN"})
KEY_HINT = "Pass a valid key with --key, or in the environment variable CRM_KEY."
NO_KEY_HINT = (
    f"{KEY_HINT} Operators create keys with `crmctl keys create`. "
    "Create the first key of a new stage with `make first-key STAGE=...` in a checkout of the server."
)


class ApiError(Exception):
    """The operation cannot be carried out"""


class Transient(ApiError):
    """Worth another try"""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ApiRefused(ApiError):
    """The API answered, and says why not; `said` is that alone, on one line"""

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message)
        self.said = said


class RequestTooLarge(ApiError):
    """The server refuses a request of this size"""


class Stopped(ApiError):
    """The program is about to end"""


class Client:
    """One endpoint and one key; may be shared by threads."""

    def __init__(self, url: str, key: str | None = None, *, notify: Callable[[str], None] | None = None) -> None:
        self.url = checked_url(url)
        self._notify = notify or _ignore
        self._stopping = threading.Event()
        self._session = requests.Session()
        # A proxy from the environment cannot reach this machine's loopback interface.
        self._session.trust_env = not _is_loopback(self.url)
        self._key = checked_key(key) if key else None
        self._session.auth = _Bearer(self._key)
        self._session.headers["Accept"] = "application/graphql-response+json, application/json;q=0.9"
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=32))

    def execute(self, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The operation's data. Raises ApiError, and only after several tries what may be gone the next moment."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._post({"query": document, "variables": variables or {}})
            except Transient as problem:
                if attempt == ATTEMPTS:
                    raise Transient(f"{problem} Gave up after {ATTEMPTS} attempts.") from problem
                self.pause(attempt, reason=str(problem), at_least=problem.retry_after)
        raise AssertionError("unreachable")  # pragma: no cover

    def pause(self, attempt: int, *, reason: str, at_least: float = 0.0) -> None:
        """Waits longer with each attempt, and not in step with other threads."""
        delay = min(FIRST_DELAY * 2 ** (attempt - 1), MAX_DELAY) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        delay = max(delay, at_least)
        self._notify(f"{reason} Trying again in {delay:.1f} s.")
        if self._stopping.wait(delay):
            raise Stopped("Stopped before the next attempt.")

    def stop(self) -> None:
        """Ends every wait between attempts, now and from now on."""
        self._stopping.set()

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        try:
            response = self._session.post(self.url, json=body, timeout=TIMEOUTS, allow_redirects=False)
        except requests.exceptions.SSLError as problem:
            raise ApiError(f"No secure connection to {self.url}: {problem}") from problem
        except requests.exceptions.Timeout as problem:
            raise Transient(f"{self.url} did not answer in time.") from problem
        except requests.exceptions.RequestException as problem:
            raise Transient(f"No answer from {self.url} ({_root_cause(problem)}).") from problem
        return _data(response, self.url, key_hint=KEY_HINT if self._key else NO_KEY_HINT)


def _ignore(_message: str) -> None:
    pass


class _Bearer(requests.auth.AuthBase):
    """Set even without a key: requests would otherwise send what ~/.netrc has for this host, in place of our header."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request


def checked_url(url: str) -> str:
    """Raises ApiError when this cannot be the address of an HTTP endpoint."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise ApiError(f"{url!r} is no address. It must look like http://127.0.0.1:8000/graphql")
    return url


def checked_key(key: str) -> str:
    """Raises ApiError, without repeating the key, when it cannot travel in a header."""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ApiError("The key has characters that no key has. Was something else pasted?")
    return key


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _data(response: requests.Response, url: str, *, key_hint: str) -> dict[str, Any]:
    status = response.status_code
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Transient(f"{url} answers HTTP {status}.", _retry_after(response))
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        raise RequestTooLarge(f"{url} refuses a request of this size (HTTP 413).")
    if response.is_redirect:
        target = response.headers.get("Location", "elsewhere")
        raise ApiError(f"{url} redirects to {target}. Use that address as --url.")
    body = _json(response, url)
    errors = _errors(body)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN} or _codes(errors) & KEY_CODES:
        said = f" ({_messages(errors)})" if errors else ""
        raise ApiError(f"{url} does not accept this request{said}. {key_hint}")
    absent = status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
    if absent or not isinstance(body, dict) or not ("data" in body or errors):
        raise ApiError(f"{url} is no GraphQL endpoint: it answers HTTP {status}, {_kind_of(response)}. Check --url.")
    data = body.get("data")
    if isinstance(data, dict) and not (errors and None in data.values()):
        return data
    if _codes(errors) & RETRY_CODES:
        raise Transient(f"{url} answers: {_messages(errors)}.")
    said = _messages(errors) or "it gives no reason"
    message = f"{url} refuses the request (HTTP {status}): {said}"
    # What does not fit the schema (400) is no answer to what was asked: the user learns who says so.
    raise ApiRefused(message, said) if errors and response.ok else ApiError(message)


def _json(response: requests.Response, url: str) -> Any:
    """None for what is not meant to be JSON."""
    try:
        return response.json()
    except ValueError as problem:
        if response.ok and "json" in _kind_of(response):
            raise Transient(f"The answer of {url} is damaged.") from problem
        return None


def _errors(body: Any) -> list[dict[str, Any]]:
    errors = body.get("errors") if isinstance(body, dict) else None
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def _codes(errors: list[dict[str, Any]]) -> set[str]:
    extensions = [error.get("extensions") for error in errors]
    return {str(extension.get("code")) for extension in extensions if isinstance(extension, dict)}


def _messages(errors: list[dict[str, Any]]) -> str:
    """The first three; a request of a hundred rows can have hundreds."""
    return plain("; ".join(str(error.get("message", "no message")).rstrip(".") for error in errors[:3]))


def _kind_of(response: requests.Response) -> str:
    return response.headers.get("Content-Type", "no content type").split(";")[0]


def _retry_after(response: requests.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return min(float(text), MAX_RETRY_AFTER) if text.isascii() and text.isdigit() else 0.0


def _root_cause(problem: BaseException) -> str:
    """The library wraps urllib3 wraps http.client wraps the socket's error; the innermost says it shortest."""
    inner: BaseException | None = problem
    while inner is not None:
        problem, inner = inner, inner.__cause__ or inner.__context__
    return (getattr(problem, "strerror", None) or str(problem) or type(problem).__name__).rstrip(".")

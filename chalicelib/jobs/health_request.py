"""Send the heartbeat's request to the API, with one deadline for the whole exchange, and say why it failed."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from ssl import SSLCertVerificationError
from threading import Thread

import requests

from chalicelib.jobs.log_escaping import escape_phrases

MAX_BYTES = 100_000
"""Of an answer. A healthy one has less than 1 kB."""
_MAX_QUOTE = 200


def cause_of_failure(url: str, document: str, seconds: float) -> str | None:
    """Send the document. Return None if the API answers in time and is healthy, otherwise why it is not."""
    found: list[str | None] = []
    # The timeout of requests is one for each read, so a server that sends a byte now and then would hold us for as long
    # as it likes. Hence a thread, which we stop waiting for at the deadline. It ends with the process at the latest.
    thread = Thread(target=lambda: found.append(_ask(url, document, seconds)), daemon=True)
    thread.start()
    thread.join(seconds)
    return found[0] if found else f"no answer in {seconds:g} s"


def _ask(url: str, document: str, seconds: float) -> str | None:
    try:
        with requests.post(
            url, json={"query": document}, timeout=seconds, allow_redirects=False, stream=True
        ) as response:
            return _cause_in(response)
    except requests.Timeout:
        return f"no answer in {seconds:g} s"
    except (requests.exceptions.SSLError, requests.ConnectionError) as error:
        return _cause_of(error)
    except Exception as error:  # noqa: BLE001 - such as an address that is none; in a thread, nobody else would see it
        return _quote(f"{type(error).__name__}: {error}")


def _cause_in(response: requests.Response) -> str | None:
    if response.is_redirect:
        return _quote(f"HTTP status {response.status_code}, a redirect to {response.headers['Location']}")
    if response.status_code != HTTPStatus.OK:
        return f"HTTP status {response.status_code}"
    try:
        answer = json.loads(next(response.iter_content(MAX_BYTES), b""))
    except ValueError:
        return "the answer is not JSON"
    return _cause_in_answer(answer)


def _cause_in_answer(answer: object) -> str | None:
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        errors = answer.get("errors") if isinstance(answer, dict) else None
        try:
            return _quote(f"the answer is an error: {errors[0]['message']}")  # type: ignore[index]
        except (LookupError, TypeError):
            return "the answer has no data"
    health = data.get("health")
    if not data.get("hello") or not isinstance(health, dict) or not health:
        return "the answer says nothing of its health"
    down = [name for name, state in health.items() if state != "UP"]
    return _quote(f"{' and '.join(down)} DOWN") if down else None


def _cause_of(error: Exception) -> str:
    """Return what the operating system or TLS says of a connection that failed."""
    for cause in _chain(error):
        if isinstance(cause, SSLCertVerificationError):
            return _quote(f"certificate: {cause.verify_message}")
        if isinstance(cause, OSError) and cause.strerror:
            return _quote(f"no connection: {cause.strerror}")
    return "the connection was closed"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _quote(text: str) -> str:
    """Return a text from elsewhere so that it stays one line, a short one, and cannot pose as another."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return escape_phrases(shown if len(shown) <= _MAX_QUOTE else shown[:_MAX_QUOTE] + "…")

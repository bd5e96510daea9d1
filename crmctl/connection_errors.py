"""Say why a server could not be reached, from what the HTTP library has raised."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from crmctl.addresses import is_loopback


def unreachable_reason(error: BaseException, url: str) -> str | None:
    """Return why there is no use in another attempt, if there is none."""
    parts = urlsplit(url)
    causes = list(_causes(error))
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        advice = "Is `make local` running, and on this port?" if is_loopback(url) else "Check --url."
        return f"Nothing listens at {parts.netloc}: the connection was refused. {advice}"
    if any(isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME for cause in causes):
        return f"There is no host {parts.hostname}. Check --url."
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    inner: BaseException | None = error
    while inner is not None:
        yield inner
        inner = inner.__cause__ or inner.__context__


def root_cause(error: BaseException) -> str:
    """Return the message of the innermost exception: requests wraps urllib3, which wraps the socket's error."""
    *_, error = _causes(error)
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")

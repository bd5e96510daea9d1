"""Requests to webhooks: one POST within 5 seconds, without redirects. Of the answer, only the status is read.

The connection goes to an address that was checked, see `webhook_addresses`, while TLS checks the certificate for the name.
What is wrong is described in our own words and with the status alone, because operators see it: the answer of a server that
they cannot reach themselves must not get to them.
"""

import hashlib
import hmac
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Thread

from chalicelib.jobs import webhook_addresses
from chalicelib.jobs.webhook_addresses import AddressRefused, WebhookUrl

SECONDS = 5.0
"""For everything: the name, the connection, the request, and the answer's status."""
_NO_ANSWER = f"no answer in {SECONDS:g} s"
_IN_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLCertVerificationError, "the certificate is not valid for this host"),
    (ssl.SSLError, "no TLS connection"),
    (TimeoutError, _NO_ANSWER),
    (OSError, "no connection, or it was closed without an answer"),
    (HTTPException, "the answer is not HTTP"),
    (Exception, "the request could not be made"),
)
"""Kinds of errors, special ones first, and what operators are told. The errors' own texts could have the URL in them."""


class NotDelivered(Exception):
    """The notification was not delivered; the text says why, and may be shown to operators"""


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the HMAC-SHA-256 over the timestamp, a full stop and the body, as receivers compute it."""
    signed = timestamp.encode() + b"." + body
    return f"sha256={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Send the request. Raises NotDelivered unless the status is one from 200 to 299."""
    exchange = _Exchange(url, body, {"Content-Type": "application/json", "User-Agent": "serverless-crm", **headers})
    # A timeout of a socket is one for each read, so a server that sends a byte now and then, or a name server, would hold us
    # for as long as it likes. Hence a thread, which we stop waiting for at the deadline.
    thread = Thread(target=exchange.run, daemon=True)
    thread.start()
    thread.join(SECONDS)
    problem = exchange.problem if exchange.is_over else _NO_ANSWER
    exchange.close()
    if problem:
        raise NotDelivered(problem)


class _Exchange:
    def __init__(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        self._url, self._body, self._headers = url, body, headers
        self._deadline = time.monotonic() + SECONDS
        self._socket: socket.socket | None = None
        self.problem: str | None = None
        self.is_over = False

    def run(self) -> None:
        self.problem = self._describe_problem()
        self.is_over = True

    def close(self) -> None:
        """Wake up the thread, if it still waits for the server."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()

    def _describe_problem(self) -> str | None:
        try:
            return _problem_of(self._send())
        except AddressRefused as refused:
            return str(refused)
        except Exception as error:  # noqa: BLE001 - in a thread, nobody else would see it
            return next(words for kind, words in _IN_WORDS if isinstance(error, kind))

    def _send(self) -> int:
        url = webhook_addresses.parse(self._url)
        self._socket = self._connect(url, webhook_addresses.resolve(url))
        left = self._seconds_left()
        connection = (
            # Without a context it would make one of its own, although the socket below has one.
            HTTPSConnection(url.host, url.port, timeout=left, context=_tls())
            if url.is_tls
            else HTTPConnection(url.host, url.port, timeout=left)
        )
        connection.sock = self._socket
        connection.request("POST", url.path, self._body, dict(self._headers))
        status = connection.getresponse().status
        connection.close()
        return status

    def _connect(self, url: WebhookUrl, addresses: list[str]) -> socket.socket:
        """Connect to the first of the addresses that takes the connection. Raises OSError."""
        failure: OSError = TimeoutError()
        for address in addresses:
            try:
                plain = socket.create_connection((address, url.port), timeout=self._seconds_left())
            except OSError as error:
                failure = error
                continue
            self._socket = plain
            return _tls().wrap_socket(plain, server_hostname=url.host) if url.is_tls else plain
        raise failure

    def _seconds_left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _problem_of(status: int) -> str | None:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return f"HTTP status {status}: redirects are not followed"
    return f"HTTP status {status}"


@cache
def _tls() -> ssl.SSLContext:
    """Make it once: loading the certificates of the authorities takes tens of milliseconds."""
    return ssl.create_default_context()

"""Where do the functions' HTTPS requests go? To a proxy that knows one address: the stack's own API, on the emulator.

So the heartbeat asks the very URL that the stack has given it, and nothing can reach the real one.
"""

import re
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

REGION = "eu-central-1"
"""Not us-east-1, which is the default of too many things."""
REHEARSER = "X-Rehearser"
"""Whoever sends this header gets an answer even when the functions get none."""
_API = re.compile(rf"([a-z0-9]+)\.execute-api\.{REGION}\.amazonaws\.com")
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_SECONDS = 60


class FakeInternet:
    """A proxy for HTTPS; `environment` leads a program to it, `endpoint` is set when the emulator is there."""

    def __init__(self, directory: Path) -> None:
        certificate = directory / "certificate.pem"
        _write_certificate(certificate)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate)
        self.endpoint = ""
        self.is_cut = False
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Proxy)
        self.server.internet = self  # type: ignore[attr-defined]
        proxy = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.environment = {"HTTPS_PROXY": proxy, "https_proxy": proxy, "REQUESTS_CA_BUNDLE": str(certificate)}

    @contextmanager
    def cut(self) -> Iterator[None]:
        """The functions get no answer meanwhile; who rehearses does."""
        self.is_cut = True
        try:
            yield
        finally:
            self.is_cut = False


@contextmanager
def running(directory: Path) -> Iterator[FakeInternet]:
    internet = FakeInternet(directory)
    threading.Thread(target=internet.server.serve_forever, daemon=True).start()
    try:
        yield internet
    finally:
        internet.server.shutdown()
        internet.server.server_close()


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api = ""

    def do_CONNECT(self) -> None:
        known = _API.fullmatch(self.path.partition(":")[0])
        if known is None:
            self.send_error(HTTPStatus.FORBIDDEN, "The rehearsal has no such address")
            return
        self.send_response(HTTPStatus.OK)
        self.end_headers()
        internet: Any = self.server.internet  # type: ignore[attr-defined]
        with internet.tls.wrap_socket(self.connection, server_side=True) as secured:
            inner = _Inner.__new__(_Inner)
            inner.api, inner.internet = known[1], internet
            inner.__init__(secured, self.client_address, self.server)  # type: ignore[misc]
        self.close_connection = True

    def log_message(self, *_arguments: object) -> None:
        """The rehearsal says what matters."""


class _Inner(BaseHTTPRequestHandler):
    """A request to the API's own address, passed on to the emulator's."""

    api: str
    internet: FakeInternet

    def do_POST(self) -> None:
        if self.internet.is_cut and REHEARSER not in self.headers:
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = f"{self.internet.endpoint}/_aws/execute-api/{self.api}{self.path}"
        headers = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}}
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - loopback
        try:
            with _DIRECT.open(request, timeout=_SECONDS) as response:
                status, kind, content = response.status, response.headers.get("Content-Type", ""), response.read()
        except urllib.error.HTTPError as error:
            status, kind, content = error.code, error.headers.get("Content-Type", ""), error.read()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """The rehearsal says what matters."""


def _write_certificate(file: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "rehearsal")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(f"*.execute-api.{REGION}.amazonaws.com")]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))

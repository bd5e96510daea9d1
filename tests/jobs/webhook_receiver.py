"""A receiver of webhooks on loopback, over HTTPS, that stands for a host on the public internet."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chalicelib.jobs import webhooks

HOST = "hooks.example.com"
PUBLIC = "93.184.216.34"


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers with `status`, `headers` and `body`. `addresses` are what HOST stands for, one list for each time it is asked."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    drip: float = 0.0
    """Seconds between two bytes of a header that never ends. 0: no such header."""
    addresses: list[list[str]] = field(default_factory=lambda: [[PUBLIC]])
    requests: list[Request] = field(default_factory=list)
    connected: list[str] = field(default_factory=list)
    """The addresses to which connections were made."""
    written: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)
    url: str = f"https://{HOST}/hook/T0KEN-IN-THE-PATH?key=T0KEN-IN-THE-QUERY"


@contextmanager
def receiving(names: tuple[str, ...] = (HOST,)) -> Iterator[Receiver]:
    """Serve on loopback with a certificate for `names`, which our side trusts."""
    receiver = Receiver()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
    server.socket = _context(names).wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            _stand_for_the_internet(patch, receiver, server.server_port)
            trusting = ssl.create_default_context(cadata=_certificate(names)[0].decode())
            patch.setattr(webhooks, "_tls", lambda: trusting)
            yield receiver
    finally:
        receiver.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _stand_for_the_internet(patch: pytest.MonkeyPatch, receiver: Receiver, port: int) -> None:
    resolve, connect = socket.getaddrinfo, socket.create_connection

    def getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:
        if host != HOST:
            return resolve(host, *rest, **more)
        if more.get("flags") or not receiver.addresses[0]:
            raise socket.gaierror
        found = receiver.addresses.pop(0) if len(receiver.addresses) > 1 else receiver.addresses[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in found]

    def create_connection(address: tuple[str, int], *rest: Any, **more: Any) -> socket.socket:
        receiver.connected.append(address[0])
        if address[0] != PUBLIC:
            raise ConnectionRefusedError
        return connect(("127.0.0.1", port), *rest, **more)

    patch.setattr(socket, "getaddrinfo", getaddrinfo)
    patch.setattr(socket, "create_connection", create_connection)


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.requests.append(Request(self.path, dict(self.headers), body))
            with suppress(OSError):  # our side has closed the connection
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.flush_headers()
                while receiver.drip and not receiver.stopped.wait(receiver.drip):
                    self.wfile.write(b"x")
                self.end_headers()
                for start in range(0, len(receiver.body), 65536):
                    receiver.written += self.wfile.write(receiver.body[start : start + 65536])

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    return Handler


def _context(names: tuple[str, ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as directory:
        file = Path(directory) / "both.pem"
        file.write_bytes(b"".join(_certificate(names)))
        context.load_cert_chain(file)
    return context


@cache
def _certificate(names: tuple[str, ...]) -> tuple[bytes, bytes]:
    """Return a certificate that signs itself, and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private

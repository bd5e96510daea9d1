"""Where will `chalice local` listen, and is that port free?"""

import errno
import http.server
import socket
import sys
import time
from dataclasses import dataclass

import click
from chalice.cli import local

from localdev.console import LocalError, fail


@dataclass(frozen=True, slots=True)
class Address:
    host: str = "127.0.0.1"
    port: int = 8000

    @property
    def callable_host(self) -> str:
        """From this machine: 0.0.0.0 is no address to call."""
        return {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104

    @property
    def url(self) -> str:
        return f"http://{self.callable_host}:{self.port}"

    def wait_until_up(self) -> None:
        """For ever: a server that cannot listen ends with the whole process."""
        while True:
            try:
                socket.create_connection((self.callable_host, self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return

    @property
    def clash(self) -> str:
        return (
            f"Port {self.port} on {self.host} is taken by another program, perhaps by another `chalice local`.\n"
            f'Choose another: make local ARGS="--port {self.port + 1}"   (chalice local --port {self.port + 1})'
        )


def address() -> Address:
    """What chalice itself reads from this process's command line (a worker has no click context)."""
    if "local" not in sys.argv:
        return Address()
    words = sys.argv[sys.argv.index("local") + 1 :]
    try:
        options = local.make_context("local", words, resilient_parsing=True).params
    except click.ClickException:
        return Address()
    default = Address()
    return Address(options.get("host") or default.host, options.get("port") or default.port)


def free_address() -> Address:
    host = Address().host
    with socket.socket() as probe:
        probe.bind((host, 0))
        return Address(host, probe.getsockname()[1])


def check_port(address: Address) -> None:
    """Chalice prints a traceback and then hangs. A server that is just ending gets two seconds."""
    deadline = time.monotonic() + 2
    while (error := _bind_error(address)) is not None:
        if error.errno != errno.EADDRINUSE:
            raise LocalError(f"Cannot listen on {address.host}:{address.port}: {error}.")
        if time.monotonic() > deadline:
            raise LocalError(address.clash)
        time.sleep(0.2)


def _bind_error(address: Address) -> OSError | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
            probe.listen(1)
        except OSError as error:
            return error
    return None


def improve_http_server(address: Address) -> None:
    """A listen backlog that stands a burst of connections, and a message if the port was taken since the check."""
    bind = http.server.HTTPServer.server_bind

    def server_bind(self: http.server.HTTPServer) -> None:
        try:
            bind(self)
        except OSError:
            fail(address.clash)

    http.server.HTTPServer.request_queue_size = 128
    http.server.HTTPServer.server_bind = server_bind  # type: ignore[method-assign,assignment]

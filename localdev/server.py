"""The address that `chalice local` listens on, and whether its port is free."""

import errno
import http.server
import socket
import sys
import time
from dataclasses import dataclass

import click
from chalice.cli import local

from localdev.console import LocalError, exit_with_error


@dataclass(frozen=True, slots=True)
class Address:
    host: str = "127.0.0.1"
    port: int = 8000

    @property
    def client_host(self) -> str:
        """The host for clients on this machine: nobody can connect to 0.0.0.0."""
        return {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104

    @property
    def url(self) -> str:
        return f"http://{self.client_host}:{self.port}"

    def wait_until_up(self) -> None:
        """Wait without a limit: a server that cannot listen ends the whole process."""
        while True:
            try:
                socket.create_connection((self.client_host, self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return

    @property
    def port_taken_message(self) -> str:
        return (
            f"Port {self.port} on {self.host} is in use by another program, perhaps another `chalice local`.\n"
            f'Choose another: make local ARGS="--port {self.port + 1}"   (chalice local --port {self.port + 1})'
        )


def parse_address() -> Address:
    """Return the address from this process's command line, parsed as chalice does. A worker has no click context."""
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
    """Raise LocalError if the port is taken. A server that is just ending gets two seconds.

    Chalice itself prints a traceback and then hangs.
    """
    deadline = time.monotonic() + 2
    while (error := _bind_error(address)) is not None:
        if error.errno != errno.EADDRINUSE:
            raise LocalError(f"Cannot listen on {address.host}:{address.port}: {error}.")
        if time.monotonic() > deadline:
            raise LocalError(address.port_taken_message)
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
    """Set a listen backlog for bursts of connections, and a message if the port was taken since the check."""
    bind = http.server.HTTPServer.server_bind

    def server_bind(self: http.server.HTTPServer) -> None:
        try:
            bind(self)
        except OSError:
            exit_with_error(address.port_taken_message)

    http.server.HTTPServer.request_queue_size = 128
    http.server.HTTPServer.server_bind = server_bind  # type: ignore[method-assign,assignment]

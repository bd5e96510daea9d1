"""Serves the API over real HTTP: by `chalice local` as developers run it, or in this process, where it can be profiled."""

import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from benchmarks.backend import ROOT
from chalicelib.api.http.http_types import Request, Response
from localdev.server import free_address

_DEADLINE = 60.0
Respond = Callable[[Request], Response]


@contextmanager
def chalice_local() -> Iterator[str]:
    """Yield its GraphQL endpoint, on the emulator of this process, without jobs, demo data and reloader."""
    address = free_address()
    with tempfile.TemporaryDirectory() as cache:
        server = subprocess.Popen(
            [Path(sys.executable).with_name("chalice"), "local", "--no-autoreload", "--port", str(address.port)],
            cwd=ROOT,
            env=os.environ | {"CRM_JOBS": "off", "CRM_DEMO_DATA": "off", "XDG_CACHE_HOME": cache},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(server, f"{address.url}/graphql")
            yield f"{address.url}/graphql"
        finally:
            server.terminate()
            server.wait()


def _wait(server: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + _DEADLINE
    while server.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}?query=%7Bhello%7D", timeout=5).close()  # noqa: S310 - our own server
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("`chalice local` did not come up")


@contextmanager
def in_process(respond: Respond) -> Iterator[str]:
    """Serve one request after another with `respond`. Yield the endpoint."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = respond(Request("POST", {name.lower(): text for name, text in self.headers.items()}, {}, body))
            self.send_response(answer.status)
            for name, text in answer.headers.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(answer.body.encode())

        def log_message(self, *_arguments: object) -> None:
            """Standard output is only for results."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/graphql"
        finally:
            server.shutdown()

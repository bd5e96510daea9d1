"""The API over HTTP, as long as it is needed: what the heartbeat of a benchmark asks."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from chalicelib.api.http import respond
from chalicelib.api.message import Request


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        answer = respond(Request("POST", {name.lower(): text for name, text in self.headers.items()}, {}, body))
        self.send_response(answer.status)
        self.end_headers()
        self.wfile.write(answer.body.encode())

    def log_message(self, *_arguments: object) -> None:
        """Standard output is for what is measured."""


@contextmanager
def door() -> Iterator[str]:
    """Its address."""
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/graphql"
        finally:
            server.shutdown()
            thread.join()

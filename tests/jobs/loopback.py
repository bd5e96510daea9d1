"""A small HTTP server on loopback with fixed answers."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from chalicelib.jobs import heartbeat
from chalicelib.settings import settings

UP = {"data": {"hello": "Hello, GraphQL!", "health": {"database": "UP", "queue": "UP"}}}


@dataclass
class Api:
    """Answers with `status`, `body` and `headers`, after `seconds`."""

    status: int = 200
    body: str = json.dumps(UP)
    headers: dict[str, str] = field(default_factory=dict)
    go: threading.Event = field(default_factory=threading.Event)
    """No answer is sent until this is set."""
    drip: float = 0.0
    """Seconds between two bytes of the body. 0 sends it at once."""
    stopped: threading.Event = field(default_factory=threading.Event)
    requests: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving() -> Iterator[Api]:
    api = Api()
    api.go.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            api.requests.append(json.loads(sent))
            api.go.wait(10)
            body = api.body.encode()
            self.send_response(api.status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            for name, value in api.headers.items():
                self.send_header(name, value)
            with suppress(BrokenPipeError, ConnectionResetError):  # the client has disconnected
                self.end_headers()
                for piece in [body[n : n + 1] for n in range(len(body))] if api.drip else [body]:
                    self.wfile.write(piece)
                    api.stopped.wait(api.drip)

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}/graphql"
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(heartbeat, "settings", replace(settings, api_url=api.url))
            yield api
    finally:
        api.go.set()
        api.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()

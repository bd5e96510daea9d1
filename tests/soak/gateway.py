"""API Gateway in this process: HTTP requests become events of a function, and its results become responses."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from benchmarks.peers.operations import event
from localdev.server import Address


@contextmanager
def gateway(address: Address, function: Callable[[Any], Any]) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = event(self.rfile.read(int(self.headers["content-length"])).decode())
            for name, text in self.headers.items():
                asked["headers"][name] = text
                asked["multiValueHeaders"][name] = [text]
            try:
                answer = function(asked)
            except Exception as error:  # noqa: BLE001 - whatever it is, API Gateway answers this
                answer = {"statusCode": HTTPStatus.BAD_GATEWAY, "headers": {}, "body": str(error)}
            with suppress(BrokenPipeError):  # the client has not waited
                self._respond(answer)

        def _respond(self, answer: dict[str, Any]) -> None:
            body = answer["body"].encode()
            self.send_response(answer["statusCode"])
            for name, text in answer["headers"].items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """The test's own output is enough."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    with Server((address.host, address.port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()

"""The real API over real HTTP, in this process, with a consumer of its queue."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from click.testing import CliRunner, Result

from chalicelib import aws
from chalicelib.api.http.endpoint import respond
from chalicelib.api.http.http_types import Request
from chalicelib.jobs import queue
from chalicelib.jobs.runner import Runner
from crmctl.cli import main
from tests.as_operator import execute


class ApiServer(HTTPServer):
    """Serves one request at a time, and consumes the queue after each, unless `consuming` is off."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/graphql"
        self.consuming = True
        self.requests: list[str] = []
        self.lost_responses = 0
        """How many of the next requests are executed without a response."""

    def crmctl(self, *words: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(main, [*words, "--url", self.url], input=typed)

    def consume(self) -> None:
        sqs, url = aws.client("sqs"), queue._url(queue.NAME)
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1).get("Messages"):
            receipt = messages[0]["ReceiptHandle"]
            with suppress(Exception):  # it stays on the queue
                Runner(lambda _actor: execute, lambda: 300.0).deliver(messages[0]["Body"], receipt)
                sqs.delete_message(QueueUrl=url, ReceiptHandle=receipt)


class Handler(BaseHTTPRequestHandler):
    server: ApiServer

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(body.decode())
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = respond(Request("POST", headers, {}, body))
        if self.server.lost_responses:
            self.server.lost_responses -= 1
            self.server.consume()
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body.encode())
        if self.server.consuming:
            self.server.consume()


@contextmanager
def running_server() -> Iterator[ApiServer]:
    with ApiServer() as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield served
        finally:
            served.shutdown()
            thread.join()

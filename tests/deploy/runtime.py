"""AWS's own runtime client against a small runtime API: a packaged function in a process of its own, as Lambda starts it."""

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from deploy import interpreter

SECONDS = 20
VERSION = "/2018-06-01/runtime"
IMPORTED = re.compile(r"^import time: +\d+ \| +\d+ \| +(\S+)$", re.MULTILINE)
"""As Python's option -X importtime writes it."""


class Api(ThreadingHTTPServer):
    """https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html: next invocation, its result, errors."""

    daemon_threads = True

    def __init__(self, log: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.log = log
        self.is_asked = threading.Event()
        """Set when the function has started, and asks for its first event."""
        self.started = ""
        """Its log until then."""
        self.events: Queue[str] = Queue()
        self.results: Queue[tuple[str, Any]] = Queue()
        self.number = 0
        self.process: subprocess.Popen[bytes] | None = None

    def invoke(self, event: dict[str, Any]) -> tuple[str, Any]:
        """("response" or "error", what the function sent)"""
        self.events.put(json.dumps(event))
        for _ in range(10 * SECONDS):
            try:
                return self.results.get(timeout=0.1)
            except Empty:
                self.check()
        raise TimeoutError

    def check(self) -> None:
        assert self.process is None or self.process.poll() is None, self.log.read_text("utf-8")

    def imported(self) -> set[str]:
        """Return the modules that the function has imported to start."""
        for _ in range(10 * SECONDS):
            if self.is_asked.wait(0.1):
                return set(IMPORTED.findall(self.started))
            self.check()
        raise TimeoutError


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Api

    def do_GET(self) -> None:
        if not self.server.is_asked.is_set():
            self.server.started = self.server.log.read_text("utf-8")
            self.server.is_asked.set()
        event = self.server.events.get()
        self.server.number += 1
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", f"request-{self.server.number}")
        self.send_header("Lambda-Runtime-Deadline-Ms", "99999999999999")
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:crm")
        self.send_header("Content-Type", "application/json")
        self._send(event.encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = "error" if self.path.endswith("/error") else "response"
        self.server.results.put((kind, json.loads(body or b"null")))
        self.send_response(202)
        self._send(b"{}")

    def _send(self, body: bytes) -> None:
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Only what the function says is of interest."""


@contextmanager
def started(unpacked: Path, client: Path, handler: str, environment: dict[str, str], log: Path) -> Iterator[Api]:
    """`client` holds awslambdaric, and nothing else that the package could take for its own. What is imported goes to `log`."""
    api = Api(log)
    threading.Thread(target=api.serve_forever, daemon=True).start()
    with log.open("wb") as errors:
        api.process = process = subprocess.Popen(
            [interpreter.of_functions(), "-S", "-s", "-X", "importtime", "-m", "awslambdaric", handler],
            cwd=unpacked,
            env={
                "PYTHONPATH": f"{unpacked}:{client}",
                "LAMBDA_TASK_ROOT": str(unpacked),
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_address[1]}",
                "AWS_LAMBDA_FUNCTION_NAME": "crm",
                "_HANDLER": handler,
                "PYTHONDONTWRITEBYTECODE": "1",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stderr=errors,
        )
    try:
        yield api
    finally:
        process.kill()
        process.wait()
        api.shutdown()
        api.server_close()

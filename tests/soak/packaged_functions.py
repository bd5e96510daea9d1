"""The packaged functions as Lambda has them: a warm process for each, called with the events of AWS.

API Gateway is an HTTP server in this process, and EventBridge and the queue's trigger are localdev's ticker and poller.
"""

import json
import os
import queue
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from app import app
from chalicelib import clock
from chalicelib.jobs import catalog, dispatcher
from deploy import package
from deploy.rehearsal.emulator import bare_python
from localdev.queue_poller import QueuePoller
from localdev.server import free_address
from localdev.ticker import Ticker
from tests.soak.gateway import gateway
from tests.soak.local_server import Target
from tests.soak.wound_clock import WoundClock

API, WORKER, EMAIL_EVENTS = "app", "work", "email_events"
PROCESSES = {API: 4, WORKER: 2, EMAIL_EVENTS: 1, dispatcher.NAME: 1, **dict.fromkeys(catalog.JOBS, 1)}
"""Warm instances of each function. An event waits while all are busy."""
HOST = Path(__file__).with_name("function_process.py")
END_SECONDS = 30


class FunctionFailed(Exception):
    """The function raised, as Lambda reports it"""


class Function:
    """The warm processes of one function."""

    def __init__(self, name: str, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        self._log = log.open("wb")
        own = {"AWS_LAMBDA_FUNCTION_NAME": "crm", "_HANDLER": f"app.{name}"}
        self.processes = [
            subprocess.Popen(
                [*command, name],
                env={**environment, **own},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
            )
            for _ in range(PROCESSES[name])
        ]
        self.worked: set[int] = set()
        """The processes that have answered an event."""
        self._idle: queue.Queue[subprocess.Popen[str]] = queue.Queue()
        for process in self.processes:
            self._idle.put(process)

    def __call__(self, event: Any, _context: object = None) -> Any:
        """Call the function with an event, and return its result. Raises FunctionFailed."""
        process = self._idle.get()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(event) + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline() or '{"error": "the process has ended"}')
            self.worked.add(process.pid)
        finally:
            self._idle.put(process)
        if "error" in answer:
            raise FunctionFailed(answer["error"])
        return answer["result"]

    def end(self) -> None:
        for process in self.processes:
            process.communicate(timeout=END_SECONDS)  # which closes its standard input
        self._log.close()


@contextmanager
def packaged_functions(directory: Path, endpoint: str, wound: WoundClock, more: Mapping[str, str]) -> Iterator[Target]:
    unpacked = directory / "unpacked"
    with zipfile.ZipFile(package.build("dev", directory / "package").code) as archive:
        archive.extractall(unpacked)
    python, address = bare_python(directory / "python", wound.file), free_address()
    environment = {name: text for name, text in os.environ.items() if name.startswith(("AWS_", "CRM_"))}
    del environment["CRM_OPEN_ACCESS"]
    environment |= {"CRM_API_URL": f"{address.url}/graphql", "PYTHONDONTWRITEBYTECODE": "1", **more}
    logs = {name: directory / f"{name}.log" for name in PROCESSES}
    with ExitStack() as stack:
        functions = {}
        for name in PROCESSES:
            functions[name] = Function(name, [python, str(HOST), str(unpacked)], environment, logs[name])
            stack.callback(functions[name].end)
        stack.enter_context(gateway(address, functions[API]))
        stack.enter_context(schedules(functions))
        stack.enter_context(queues(functions))
        processes = {
            f"{name} {number}": process.pid
            for name, function in functions.items()
            for number, process in enumerate(function.processes)
        }

        def has_worked(name: str) -> bool:
            return any(processes[name] in function.worked for function in functions.values())

        yield Target(f"{address.url}/graphql", endpoint, processes, logs, has_worked)


def _as_app(functions: Mapping[str, Callable[[Any, Any], Any]]) -> Any:
    """Return what localdev needs of an app: the sources of events, and the packaged functions in place of its own."""
    return SimpleNamespace(event_sources=app.event_sources, handler_map=functions)


@contextmanager
def schedules(functions: Mapping[str, Callable[[Any, Any], Any]]) -> Iterator[None]:
    ticker, done = Ticker(_as_app(functions)), threading.Event()

    def tick() -> None:
        while not done.wait(1 - clock.now().microsecond / 1_000_000):
            for name, slot in ticker.take_due():
                threading.Thread(target=partial(ticker.fire, name, slot), daemon=True).start()

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@contextmanager
def queues(functions: Mapping[str, Callable[[Any, Any], Any]]) -> Iterator[None]:
    poller = QueuePoller(_as_app(functions))
    workers = poller.start()
    try:
        yield
    finally:
        poller.stop()
        for worker in workers:
            worker.join()

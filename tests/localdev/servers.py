"""A small app under the real `chalice local`, for tests that start and stop it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

CHECKOUT = Path(__file__).resolve().parents[2]
DEADLINE = 90.0

Found = TypeVar("Found")

APP_SOURCE = """\
import json
import os

if os.environ.get("AWS_CHALICE_CLI_MODE") == "true":
    import localdev

    localdev.start()

from chalice import Chalice
from chalicelib.store import connection

app = Chalice(app_name="mini")
table = {"TableName": "crm-local-customers"}
dynamodb = connection.client()  # the start has it already; one of boto3 takes 0.2 s of CPU


@app.route("/")
def index():
    rows = dynamodb.scan(**table, Select="COUNT")["Count"]
    return {"customers": rows, "endpoint": os.environ["AWS_ENDPOINT_URL"], "worker": os.getpid()}


@app.route("/keep/{name}", methods=["POST"])
def keep(name):
    dynamodb.put_item(**table, Item={"id": {"S": name}})
    return {}


@app.route("/kept/{name}")
def kept(name):
    return {"kept": "Item" in dynamodb.get_item(**table, Key={"id": {"S": name}})}
"""


def wait_for(look: Callable[[], Found | None], what: str) -> Found:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"Timed out waiting for {what}.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str, method: str = "GET") -> dict[str, Any] | None:
    request = urllib.request.Request(url, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            body: dict[str, Any] = json.load(response)
    except OSError:
        return None
    return body


@dataclass
class Place:
    """A project and a cache of a test's own. Its processes are recognised by the path of the cache."""

    root: Path
    settings: dict[str, str] = field(default_factory=dict)
    app_source: str = APP_SOURCE
    started: list["Server"] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return next((self.root / "cache" / "serverless-crm").glob("*/local"))

    @property
    def data_file(self) -> Path:
        """The tables, as MiniStack saves them."""
        return self.state / "ministack" / "dynamodb.json"

    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CRM_", "CHALICE_"))}
        # uv's cache is shared: only the state is the test's own.
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return own | {
            "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(home / "uv")),
            "XDG_CACHE_HOME": str(self.root / "cache"),
            "PYTHONPATH": str(CHECKOUT),
            # Bytecode in the checkout would restart the servers that run there.
            **({} if os.environ.get("PYTHONPYCACHEPREFIX") else {"PYTHONDONTWRITEBYTECODE": "1"}),
            "CRM_DEMO_DATA": "off",
            **self.settings,
        }

    def serve(self, *options: str, port: int = 0, **settings: str) -> "Server":
        project = self.root / "project"
        (project / ".chalice").mkdir(parents=True, exist_ok=True)
        if not (project / "app.py").exists():  # rewriting it would make the first server reload
            (project / ".chalice" / "config.json").write_text('{"version": "2.0", "app_name": "mini"}')
            (project / "app.py").write_text(self.app_source)
        server = Server(self, port or free_port(), options, settings)
        self.started.append(server)
        return server

    def processes(self) -> list[int]:
        """Return all processes whose environment names this cache: reloaders, workers, supervisor, uv and MiniStack."""
        mark = str(self.root).encode()
        found = []
        for directory in Path("/proc").iterdir():
            if directory.name.isdigit() and int(directory.name) != os.getpid():
                try:
                    words = (directory / "environ").read_bytes() + (directory / "cmdline").read_bytes()
                except OSError:
                    continue
                if mark in words:
                    found.append(int(directory.name))
        return found

    def supervisor(self) -> int:
        return int((self.state / "emulator.lock").read_text().partition("-")[0])

    def emulator(self) -> int:
        """Return the process of MiniStack itself, a child of uv."""
        return next(pid for pid in self.processes() if b"emulator_process.py" in _last_command_word(pid))

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def clear(self) -> None:
        for server in self.started:
            server.end(signal.SIGKILL)
        wait_for(lambda: not self.processes() or None, f"the end of {self.processes()}")


def _last_command_word(pid: int) -> bytes:
    """Return the last word of a process's command line, and nothing for uv, which has the same words."""
    words = (Path("/proc") / str(pid) / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    return words[-1] if b"python" in words[0] else b""


class Server:
    def __init__(self, place: Place, port: int, options: tuple[str, ...], settings: dict[str, str]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self._log = place.root / f"server-{port}-{len(place.started)}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(Path(sys.executable).with_name("chalice")), "local", "--port", str(port), *options],
                cwd=place.root / "project",
                env=place.environment() | settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def up(self) -> dict[str, Any]:
        return wait_for(self._look, f"the server; its output: {self.output()}")

    def _look(self) -> dict[str, Any] | None:
        assert self.process.poll() is None, self.output()
        assert "Traceback" not in self.output(), self.output()
        return get(self.url)

    def ended(self) -> str:
        """Wait for the server to end by itself, and return its output."""
        self.process.wait(DEADLINE)
        return self.output()

    def end(self, number: int) -> None:
        """Signal only the first process, as a process manager would."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(DEADLINE)

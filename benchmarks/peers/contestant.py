"""The process of a contestant, as the section sees it: in its own environment, which uv makes once and keeps."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.backend import ROOT
from benchmarks.peers.company import Company
from benchmarks.peers.operations import Json

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Contestant:
    """`module` is its code here, `requirements` its environment, `root` the checkout whose code it runs."""

    module: str
    title: str
    requirements: str
    uses_dynamodb: bool = False
    checks_keys: bool = True
    limits_documents: bool = True
    """It refuses a document with 1,000 aliases."""
    root: Path = ROOT

    def python(self, *options: str) -> list[str]:
        """The command of its environment's Python, which has nothing of ours."""
        uv = [sys.executable, "-m", "uv", "run", "--no-project", "--isolated", *options, "--python", sys.executable]
        return [*uv, "--with-requirements", str(_HERE / self.requirements), "python"]

    def fetch(self) -> None:
        """Needs the network only if uv has not kept it."""
        nothing = ["-c", ""]
        if subprocess.run([*self.python("--offline"), *nothing], check=False, capture_output=True).returncode:
            subprocess.run([*self.python(), *nothing], check=True)


class Running:
    def __init__(self, contestant: Contestant, environment: dict[str, str], company: Company) -> None:
        self._title = contestant.title
        self._key = "" if environment.get("CRM_OPEN_ACCESS") == "true" else company["api_key"]["key"]
        self._process = subprocess.Popen(
            [*contestant.python("--offline", "--quiet"), "-m", "benchmarks.peers.worker", contestant.module],
            cwd=contestant.root,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._send(company)

    def asked(self, body: str) -> tuple[float, Json]:
        """Seconds of CPU, and the data of the answer."""
        seconds, data = self._ask("asked", body)
        return seconds, data

    def refused(self, body: str, key: str | None = None) -> tuple[int, bool]:
        """The status with this key instead of the valid one, and whether there are errors and no data."""
        status, has_failed = self._ask("refused", body, key)
        return status, has_failed

    def calls(self, body: str) -> int:
        return int(self._ask("calls", body))

    def profile(self, body: str) -> None:
        self._ask("profile", body)

    def end(self) -> None:
        self._process.communicate()

    def _ask(self, wanted: str, body: str, key: str | None = None) -> Any:
        self._send({"wanted": wanted, "body": body, "key": self._key if key is None else key})
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._title} has ended; what it said is above")
        return json.loads(line)

    def _send(self, content: object) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._process.stdin.write(json.dumps(content) + "\n")
        self._process.stdin.flush()


@contextmanager
def running(
    contestants: tuple[Contestant, ...], environment: dict[str, str], company: Company
) -> Iterator[list[Running]]:
    """All of them, ready."""
    for contestant in {each.requirements: each for each in contestants}.values():
        contestant.fetch()
    started: list[Running] = []
    try:
        started.extend(Running(contestant, environment, company) for contestant in contestants)
        yield started
    finally:
        for process in started:
            process.end()

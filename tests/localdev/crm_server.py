"""The checkout's app under the real `chalice local`, with a cache of its own."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from tests.localdev.servers import CHECKOUT, Place, free_port, wait_for

RUN = """mutation ($name: String!, $cap: Int) { runJob(name: $name, cap: $cap) { run { slot } } }"""
RUNS = """query ($job: String!) {
  jobRuns(job: $job, first: 40) { edges { node { slot status trigger attempts error lines counts { name value } } } }
}"""


class Api:
    """The API at an address."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, document: str, **variables: object) -> dict[str, Any]:
        body = {"query": document, "variables": variables}
        response = requests.post(self.url, json=body, timeout=120).json()
        assert "errors" not in response, response
        data: dict[str, Any] = response["data"]
        return data

    def runs(self, job: str) -> list[dict[str, Any]]:
        """Return the latest hundred runs, the newest first."""
        return [edge["node"] for edge in self.ask(RUNS, job=job)["jobRuns"]["edges"]]

    def run(self, job: str, **arguments: object) -> dict[str, Any]:
        """Start a run, and wait for its end."""
        slot = self.ask(RUN, name=job, **arguments)["runJob"]["run"]["slot"]

        def ended() -> dict[str, Any] | None:
            run = next(run for run in self.runs(job) if run["slot"] == slot)
            return run if run["status"] not in {"WAITING", "RUNNING"} else None

        run = wait_for(ended, f"the end of {job}")
        assert run["status"] == "SUCCEEDED", run
        return run


class Served(Api):
    """Runs without the reloader, which would restart the server when its code is edited."""

    def __init__(self, place: Place, port: int = 0) -> None:
        port = port or free_port()
        super().__init__(f"http://127.0.0.1:{port}/graphql")
        self._log = place.root / "served.log"
        chalice = str(Path(sys.executable).with_name("chalice"))
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [chalice, "local", "--no-autoreload", "--port", str(port)],
                cwd=CHECKOUT,
                env=place.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_for(self._is_up, "the server")

    def _is_up(self) -> bool | None:
        assert self.process.poll() is None, self.output()
        try:
            return self.ask("{ hello }") == {"hello": "Hello, GraphQL!"}
        except (requests.ConnectionError, KeyError):  # what answers while the server starts may be no GraphQL
            return None

    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def end(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)

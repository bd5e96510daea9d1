"""Somebody who does what the page about features says: commands, requests to the API, and `make local`."""

import re
import shlex
from dataclasses import dataclass, replace
from typing import Any

import app
from chalicelib.api.http.endpoint import respond
from chalicelib.api.http.http_types import Request
from chalicelib.api.pages import console
from chalicelib.jobs import catalog, operator_schedules
from chalicelib.jobs.catalog import LOW_STOCK
from chalicelib.jobs.job import RunRefused, StepContext, StepResult
from localdev.ticker import Ticker
from tests.as_operator import execute
from tests.builders import a_product
from tests.crmctl.api_server import ApiServer
from tests.jobs.job_runs import Clock, make_runner

_ID = re.compile(r"(?<= )ID\b")


@dataclass
class Reader:
    crm: ApiServer
    time: Clock

    def follow(self, command: str) -> Any:
        """Return the output of a command, or the data of a request. Fails if it fails."""
        if command.startswith(("{", "mutation")):
            answer = execute(command)
            assert "errors" not in answer, answer
            return answer["data"]
        words = shlex.split(_ID.sub(_added_schedule(), command))
        if words[0] == "crmctl":
            done = self.crm.crmctl(*words[1:])
            assert done.exit_code == 0, done.output
            return done.stdout
        if words[0] == "curl":
            return _answer_curl(words)
        assert words == ["make", "local"]
        return _fire_locally()

    def fire(self) -> None:
        """Let a run restock one product, at noon."""
        a_product("Lamp", stock=3)
        make_runner().fire(LOW_STOCK, self.time.now)

    def fail(self) -> None:
        """Let a run fail, and wait for its next attempt."""

        def step(_context: StepContext) -> StepResult:
            raise RuntimeError("no disk")

        make_runner().fire(replace(LOW_STOCK, step=step), self.time.now)

    def stop_after_one_page(self) -> None:
        """Let a run select a product, and no more."""
        a_product("Lamp", stock=3)
        seconds = iter([300.0])
        make_runner(lambda: next(seconds, 1.0)).fire(LOW_STOCK, self.time.now)

    def fail_after_one_page(self) -> None:
        """Let a run fail for good behind its first checkpoint."""

        def step(context: StepContext) -> StepResult:
            if context.pages:
                raise RunRefused("no disk")
            return LOW_STOCK.step(context)

        a_product("Lamp", stock=3)
        make_runner().fire(replace(LOW_STOCK, step=step), self.time.now)


def _added_schedule() -> str:
    return next((row.id for row in operator_schedules.find_all() if not row.is_built_in), "ID")


def _answer_curl(words: list[str]) -> str:
    """Answer without a connection."""
    if words[-1].endswith("/console"):
        page = console.serve(Request("GET", {}, {}, ""))
        assert page.status == 200
        return str(page.body)
    assert words[2].endswith("/graphql")
    name, _, value = words[words.index("-H") + 1].partition(": ")
    answer = respond(Request("POST", {name.lower(): value}, {}, words[words.index("-d") + 1]))
    assert answer.status == 200
    return str(answer.body)


def _fire_locally() -> list[str]:
    """Fire what is due, as the ticker under `chalice local` does. Return the names."""
    ticker = Ticker(app.app, sleep=lambda _: None)
    due = [(name, slot) for name, slot in ticker.take_due() if name != catalog.HEARTBEAT.name]
    for name, slot in due:
        ticker.fire(name, slot)
    return [name for name, _ in due]

"""Every command at 60, 80 and 120 columns: no line is wider, no word, date or duration is broken."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import click
import pytest
from click.testing import CliRunner

from chalicelib import aws
from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.crm import customers, deleted_customers
from chalicelib.jobs import catalog, job_state, ledger, queue, run_records
from chalicelib.jobs.job import StepResult
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from crmctl.cli import main
from localdev import demo, demo_rows
from tests.builders import time_is
from tests.conftest import for_many_tests
from tests.crmctl.api_server import ApiServer, running_server

pytestmark = pytest.mark.no_database  # but for the rows that all tests of this file share
NOW = "2026-11-27T12:00:00"
WIDTHS = (60, 80, 120)
UNLIMITED = 5000
LONG_ERROR = (
    "2026-11-27 11:58 UTC: the table of customers could not be read because the connection was reset by the other side "
    "after 25 ms, at attempt 3 of 3"
)
DAY = date(2026, 11, 27)
SOMEBODY = "somebody@example.com"
"""Stands for a customer of the demo shop: the commands are collected in every process, and its rows take time to make."""
COMMANDS = (
    "status",
    "jobs",
    "runs",
    "runs low_stock --lines",
    "runs --grep lamp",
    "logs low_stock 2026-11-27T00:00:00Z",
    "run low_stock --dry-run",
    "run customer_cleanup --dry-run",
    "retry low_stock",
    "search tea",
    "customers find a",
    f"customers show {SOMEBODY}",
    "products find tea",
    "products show DEMO-001",
    "orders find DEMO",
    "orders show DEMO-0001",
    "inactive-customers",
    "deleted-customers",
    "low-stock --threshold 100",
    "due-reminders",
    "reports",
    "report 2026-W47",
    "dead-letters",
    "keys list",
    "audit",
    "schedules list",
    "schedules next 0*2*?*?*? --zone America/Argentina/Buenos_Aires",
    "notifications list",
    "backfill low_stock --from 2026-11-20 --to 2026-11-22 --dry-run",
    "pause heartbeat --reason stock-taking --until 2h",
    "resume heartbeat",
    "cancel low_stock 2026-11-20 --reason x",
    "report 1999-W01",
    "pause low_stock --reason x --until soon",
    "customers",
    "runs low_stock more --nothing",
)
CHANGE_SOMETHING = {"open", "redrive"}


def leaves(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for word, inner in command.commands.items():
            yield from leaves(inner, f"{name} {word}".strip())
    else:
        yield name, command


def without_arguments() -> Iterator[str]:
    """The commands that need none, so that a new list is among them at once."""
    for name, command in leaves(main):
        if name not in CHANGE_SOMETHING and not any(parameter.required for parameter in command.params):
            yield name


@dataclass
class Terminal:
    crm: ApiServer
    somebody: str

    def show(self, command: str, width: int) -> str:
        command = command.replace(SOMEBODY, self.somebody)
        words = [word.replace("*", " ").replace("?", "*") for word in command.split()]
        environment: Mapping[str, str] = {"FORCE_COLOR": "1", "COLUMNS": str(width), "NO_COLOR": "1", "TERM": "xterm"}
        result = CliRunner(env=environment).invoke(main, [*words, "--url", self.crm.url])
        assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit), result.exception
        return re.sub("\x1b\\[[0-9;]*m", "", result.output)


def end(job: str, slot: str, status: Status, **why: str) -> None:
    ledger.end(run_records.new(job, Slot(slot), Trigger.SCHEDULE), status, **why)


def make_runs() -> None:
    for slot in ("2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z"):
        with time_is(slot.removesuffix("Z")):
            run = ledger.claim(catalog.LOW_STOCK, Slot(slot))
            assert run
            lines = tuple(f"[2026-11-27 00:00:0{n}] Product: Desk lamp with a dimmer, New Stock: {n}" for n in range(9))
            ledger.finish(run, StepResult(None, lines, {"restocked": 1200, "failed": 3, "skipped": 17}))
    end("low_stock", "2026-11-27T11:30:00.123456Z", Status.FAILED, error=LONG_ERROR)
    end("order_reminders", "2026-11-27T08:00:00Z", Status.MISSED, reason="nothing began it before the next one was due")


def make_rest(crm: ApiServer) -> None:
    job_state.pause(
        "customer_cleanup", "we are taking stock until the new year, please ask Ann before you resume", "ann"
    )
    for name in ("web shop", "the import of the accounts department"):
        api_keys.create(name, Role.OPERATOR, "a person with a long name")
    for body in (json.dumps({"job": "low_stock", "slot": "2026-11-27T11:30:00.123456Z"}), "not a run " * 30):
        aws.client("sqs").send_message(QueueUrl=queue._url(queue.DEAD), MessageBody=body)
    for words in (
        ["schedules", "add", "low_stock", "--cron", "0 17 * * FRI", "--zone", "Europe/Berlin", "--set", "threshold=50"],
        [
            "schedules",
            "edit",
            "low_stock.default",
            "--note",
            "The warehouse opens at eight, so that it restocks before",
        ],
        ["notifications", "add", "email", "The people on call at night", "--email", "operations@example.com"],
        ["remake-report", "2026-W47"],
    ):
        result = crm.crmctl(*words)
        assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def terminal(request: pytest.FixtureRequest) -> Iterator[Terminal]:
    """A demo shop in which something of everything has happened. With CRM_FULL_SIZE=1 it has all of its past orders."""
    request.getfixturevalue("moto")
    with for_many_tests(request), time_is(NOW), running_server() as crm, pytest.MonkeyPatch.context() as patch:
        if not os.environ.get("CRM_FULL_SIZE"):
            patch.setattr(demo_rows, "PAST_DAYS", 60)
        rows = demo_rows.make_demo_rows(DAY)
        demo.create(rows)
        for customer in list(customers.find_all_by_email(row["email"] for row in rows.customers[:3]).values()):
            deleted_customers.delete(customer.id)
        make_runs()
        make_rest(crm)
        yield Terminal(crm, rows.customers[5]["email"])


def check(narrow: str, wide: str, width: int) -> None:
    """`wide` is the same output without a limit."""
    too_long = [line for line in narrow.splitlines() if len(line) > width]
    assert not too_long
    broken = {word for word in narrow.split() if not set(word) <= set("─-")} - set(wide.split())
    assert not broken
    assert not re.search(r"\d{4}-\d\d-\d\d *\n *\d\d:\d\d", narrow), "a date is broken"
    assert not re.search(r"\d\d:\d\d *\n *UTC", narrow), "a zone is broken off"
    assert not re.search(r"\bin *\n *\d+ (?:min|h|d)\b|\d *\n *(?:ms|min|h|d)\b|\b(?:min|h|d) *\n *ago", narrow)


@pytest.mark.parametrize("command", dict.fromkeys((*COMMANDS, *without_arguments())))
def test_no_line_is_wider_than_the_terminal_and_nothing_is_broken(terminal: Terminal, command: str) -> None:
    with time_is(NOW):
        wide = terminal.show(command, UNLIMITED)
        for width in WIDTHS:
            check(terminal.show(command, width), wide, width)


def test_help_fits_80_columns() -> None:
    """A list of choices is one word to click."""
    for command, _ in leaves(main):
        lines = CliRunner().invoke(main, [*command.split(), "--help"]).output.splitlines()
        assert [line for line in lines if len(line) > 80 and "|" not in line] == [], command

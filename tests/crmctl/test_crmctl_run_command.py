"""`crmctl run`, from the request to the exit status."""

import json
import time
from collections import deque

import pytest
from click.testing import CliRunner

from chalicelib.crm import products
from chalicelib.jobs import catalog, job_state, ledger, run_records
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from crmctl.cli import main
from tests.builders import a_customer, a_product, time_is
from tests.crmctl.api_server import ApiServer
from tests.crmctl.fake_api import FakeApi, refuses, responds

SLOT = Slot("2026-11-22T00:00:00Z")


def two_inactive_customers() -> None:
    with time_is("2020-01-01T00:00:00"):
        a_customer("Old Ann", "ann@example.com")
        a_customer("Old Bob", "bob@example.com")


def a_missed_run(job: str = "low_stock") -> None:
    ledger.end(run_records.new(job, SLOT, Trigger.SCHEDULE), Status.MISSED, reason="nothing began it")


def test_run_waits_and_shows_lines_and_counts(crm: ApiServer) -> None:
    lamp = a_product("Lamp", stock=3)
    result = crm.crmctl("run", "low_stock")

    assert result.exit_code == 0, result.output
    *lines, last = result.stdout.splitlines()
    assert [line.partition("] ")[2] for line in lines] == ["Product: Lamp, New Stock: 13"]
    slot = run_records.latest("low_stock", 1)[0].slot
    assert last.startswith(f"{slot} SUCCEEDED in ")
    assert last.endswith("(OPERATOR by open access): restocked 1")
    assert result.stderr == f"low_stock started: run {slot}\n"
    assert products.find_all([lamp.id])[lamp.id].stock == 13


def test_failed_run_shows_reason_and_exits_with_1(crm: ApiServer) -> None:
    two_inactive_customers()
    result = crm.crmctl("run", "customer_cleanup", "--cap", "1")
    assert result.exit_code == 1
    assert "FAILED" in result.stdout
    assert "2 customers would be deleted, more than the cap of 1" in result.stdout


def test_dry_run_shows_preview_and_writes_nothing(crm: ApiServer) -> None:
    two_inactive_customers()
    result = crm.crmctl("run", "customer_cleanup", "--dry-run", "--cap", "1")
    assert result.exit_code == 0
    summary, *lines = result.stdout.splitlines()
    assert summary == "2 customers would be deleted, more than the cap of 1: the run would stop"
    assert sorted(lines) == [
        "  Customer: Old Ann, Email: ann@example.com",
        "  Customer: Old Bob, Email: bob@example.com",
    ]
    assert not run_records.latest("customer_cleanup", 1)
    assert crm.crmctl("run", "customer_cleanup", "--dry-run").stdout.startswith("2 customers would be deleted\n")


def test_dry_run_marks_a_truncated_preview(api: FakeApi) -> None:
    preview = {"summary": "At least 1 product would be restocked", "lines": ["Product: Lamp, Stock: 0"], "more": True}
    api.faults = deque([responds(200, json.dumps({"data": {"runJob": {"run": None, "preview": preview}}}))])
    result = CliRunner().invoke(main, ["run", "low_stock", "--dry-run", "--url", api.url])
    assert result.stdout.splitlines() == [preview["summary"], "  Product: Lamp, Stock: 0", "  … and more"]


@pytest.mark.parametrize("words", [SLOT, "2026-11-22", "2026-11-22 01:00+01:00"])
def test_missed_run_is_repeated_by_slot_in_any_notation(crm: ApiServer, words: str) -> None:
    a_missed_run()
    result = crm.crmctl("run", "low_stock", "--slot", words)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{SLOT} SUCCEEDED in")


def test_no_wait_prints_only_the_slot(crm: ApiServer) -> None:
    crm.consuming = False
    result = crm.crmctl("run", "low_stock", "--no-wait")
    run = run_records.latest("low_stock", 1)[0]
    assert (result.exit_code, result.stdout) == (0, f"low_stock started: run {run.slot}\n")
    assert run.status is Status.WAITING


def test_repeated_request_returns_the_run_that_still_waits(crm: ApiServer) -> None:
    crm.consuming = False
    first, second = (crm.crmctl("run", "low_stock", "--no-wait").stdout for _ in range(2))
    assert first == second


def test_run_beyond_the_timeout_exits_with_3_and_shows_what_it_waits_for(crm: ApiServer) -> None:
    ledger.record(run_records.new("low_stock", SLOT, Trigger.SCHEDULE))
    assert ledger.claim(catalog.LOW_STOCK, SLOT)
    result = crm.crmctl("run", "low_stock", "--timeout", "0.05")
    assert result.exit_code == 3
    assert f"WAITING (OPERATOR by open access): waits for the run of {SLOT}" in result.stdout
    assert "Not finished after 0.05 s. The run continues. See its result: crmctl runs low_stock" in result.stderr


def test_skipped_run_exits_with_1(crm: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def pause_and_consume(_seconds: float) -> None:
        job_state.pause("low_stock", "stock-taking", "ann")
        crm.consume()

    crm.consuming = False
    monkeypatch.setattr(time, "sleep", pause_and_consume)
    result = crm.crmctl("run", "low_stock")
    assert result.exit_code == 1
    assert "SKIPPED (OPERATOR by open access): paused by ann: stock-taking" in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nope"], "There is no job 'nope'. The jobs are: heartbeat, low_stock, "),
        (["heartbeat"], "heartbeat is paused by ann: moving house. Resume it first"),
        (["low_stock", "--cap", "3"], "low_stock has no argument 'cap'. It takes the arguments threshold, amount"),
        (["customer_cleanup", "--cap", "0"], "cap must be a whole number from 1 to 2147483647"),
        (["low_stock", "--set", "amount=0"], "amount must be a whole number from 1 to 1000000000"),
        (["low_stock", "--slot", "2026-11-22"], "low_stock has no run of 2026-11-22T00:00:00Z"),
        (["low_stock", "--slot", "2026-11-22", "--dry-run"], "Give slot or dryRun, not both"),
    ],
)
def test_api_error_is_one_line_in_its_own_words_and_exits_with_2(
    crm: ApiServer, words: list[str], message: str
) -> None:
    job_state.pause("heartbeat", "moving house", "ann")
    result = crm.crmctl("run", *words)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr
    assert crm.url not in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--slot", "someday"], "'someday' is not a date or time"),
        (["--slot", "0001-01-01T00:00+23:00"], "is not a date or time"),
        (["--cap", "few"], "--cap"),
        (["--set", "threshold"], "'threshold' is not NAME=VALUE"),
        (["--set", "=5"], "'=5' is not NAME=VALUE"),
        (["--timeout", "-1"], "--timeout"),
    ],
)
def test_invalid_options_are_rejected_before_any_request(crm: ApiServer, words: list[str], message: str) -> None:
    result = crm.crmctl("run", "low_stock", *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not crm.requests


def test_ctrl_c_while_waiting_says_that_the_run_continues(crm: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    crm.consuming = False
    monkeypatch.setattr(time, "sleep", interrupt)
    result = crm.crmctl("run", "low_stock")
    assert result.exit_code == 130
    assert "The run continues without this command. See its result: crmctl runs low_stock" in result.stderr


def test_lost_api_is_reported_with_the_command_to_check_the_run(api: FakeApi) -> None:
    run = {"job": "low_stock", "slot": SLOT, "status": "WAITING"}
    gone = refuses("The database did not answer", "UNAVAILABLE", data=None)
    api.faults = deque([responds(200, json.dumps({"data": {"runJob": {"run": run}}})), *[gone] * 6])
    result = CliRunner().invoke(main, ["run", "low_stock", "--url", api.url])
    assert result.exit_code == 2
    assert "crmctl runs low_stock" in result.stderr
    assert "The database did not answer. Gave up after 6 attempts." in result.stderr


def test_a_run_for_later_is_requested_and_not_waited_for(crm: ApiServer) -> None:
    result = crm.crmctl("run", "low_stock", "--at", "2099-12-24T20:00", "--set", "amount=5")
    assert result.exit_code == 0, result.output
    run = run_records.latest("low_stock", 1)[0]
    assert result.stdout == f"low_stock runs at 2099-12-24T20:00:00Z, as {run.schedule}.\n"
    assert "crmctl cancel low_stock 2099-12-24T20:00:00Z" in result.stderr
    assert (run.status, run.arguments) == (Status.WAITING, {"amount": 5})
    assert crm.crmctl("cancel", "low_stock", "2099-12-24T20:00:00Z", "--reason", "no").exit_code == 0
    assert run_records.latest("low_stock", 1)[0].status is Status.CANCELLED

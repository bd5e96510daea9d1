"""What does `crmctl run` do, from the asking to the exit status?"""

import json
import time
from collections import deque

import pytest
from click.testing import CliRunner

from chalicelib.crm import products
from chalicelib.jobs import catalog, job_state, ledger, run_records
from chalicelib.jobs.run_records import Status, Trigger
from crmctl.cli import main
from tests.builders import a_customer, a_product, time_is
from tests.crmctl.fake_api import FakeApi, answers, refuses
from tests.crmctl.served import Served

SLOT = "2026-11-22T00:00:00Z"


def two_inactive_customers() -> None:
    with time_is("2020-01-01T00:00:00"):
        a_customer("Old Ann", "ann@example.com")
        a_customer("Old Bob", "bob@example.com")


def a_missed_run(job: str = "low_stock") -> None:
    ledger.end(run_records.new(job, SLOT, Trigger.SCHEDULE), Status.MISSED, reason="nothing began it")


def test_a_run_is_waited_for_and_its_lines_and_counts_are_shown(crm: Served) -> None:
    lamp = a_product("Lamp", stock=3)
    result = crm.crmctl("run", "low_stock")

    assert result.exit_code == 0, result.output
    *lines, last = result.stdout.splitlines()
    assert [line.partition("] ")[2] for line in lines] == ["Product: Lamp, New Stock: 13"]
    slot = run_records.latest("low_stock", 1)[0].slot
    assert last.startswith(f"{slot} SUCCEEDED in ")
    assert last.endswith("(OPERATOR by open access): restocked 1")
    assert result.stderr == f"low_stock was asked for: run {slot}\n"
    assert products.find_all([lamp.id])[lamp.id].stock == 13


def test_a_run_that_fails_says_why_and_ends_with_1(crm: Served) -> None:
    two_inactive_customers()
    result = crm.crmctl("run", "customer_cleanup", "--cap", "1")
    assert result.exit_code == 1
    assert "FAILED" in result.stdout
    assert "2 customers would be deleted, more than the cap of 1" in result.stdout


def test_a_dry_run_shows_what_would_be_done_and_writes_nothing(crm: Served) -> None:
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


def test_a_dry_run_says_that_there_is_more_than_it_shows(api: FakeApi) -> None:
    preview = {"summary": "At least 1 products would be restocked", "lines": ["Product: Lamp, Stock: 0"], "more": True}
    api.faults = deque([answers(200, json.dumps({"data": {"runJob": {"run": None, "preview": preview}}}))])
    result = CliRunner().invoke(main, ["run", "low_stock", "--dry-run", "--url", api.url])
    assert result.stdout.splitlines() == [preview["summary"], "  Product: Lamp, Stock: 0", "  … and more"]


@pytest.mark.parametrize("words", [SLOT, "2026-11-22", "2026-11-22 01:00+01:00"])
def test_a_missed_run_is_repeated_by_its_slot_however_that_is_written(crm: Served, words: str) -> None:
    a_missed_run()
    result = crm.crmctl("run", "low_stock", "--slot", words)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{SLOT} SUCCEEDED in")


def test_without_waiting_the_slot_is_all_that_is_told(crm: Served) -> None:
    crm.consuming = False
    result = crm.crmctl("run", "low_stock", "--no-wait")
    run = run_records.latest("low_stock", 1)[0]
    assert (result.exit_code, result.stdout) == (0, f"low_stock was asked for: run {run.slot}\n")
    assert run.status is Status.WAITING


def test_while_a_run_waits_asking_again_answers_with_the_same_one(crm: Served) -> None:
    crm.consuming = False
    first, second = (crm.crmctl("run", "low_stock", "--no-wait").stdout for _ in range(2))
    assert first == second


def test_a_run_that_takes_longer_than_the_timeout_ends_with_3_and_what_it_waits_for(crm: Served) -> None:
    ledger.record(run_records.new("low_stock", SLOT, Trigger.SCHEDULE))
    assert ledger.claim(catalog.LOW_STOCK, SLOT)
    result = crm.crmctl("run", "low_stock", "--timeout", "0.05")
    assert result.exit_code == 3
    assert f"WAITING (OPERATOR by open access): waits for the run of {SLOT}" in result.stdout
    assert "Not finished after 0.05 s; it goes on. See what comes of it: crmctl runs low_stock" in result.stderr


def test_a_run_that_is_skipped_after_all_ends_with_1(crm: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def paused_meanwhile(_seconds: float) -> None:
        job_state.pause("low_stock", "stock-taking", "ann")
        crm.consume()

    crm.consuming = False
    monkeypatch.setattr(time, "sleep", paused_meanwhile)
    result = crm.crmctl("run", "low_stock")
    assert result.exit_code == 1
    assert "SKIPPED (OPERATOR by open access): paused by ann: stock-taking" in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nope"], "There is no job 'nope'. There are: heartbeat, low_stock, "),
        (["heartbeat"], "heartbeat is paused by ann: moving house. Resume it first"),
        (["low_stock", "--cap", "3"], "cap is for customer_cleanup"),
        (["customer_cleanup", "--cap", "0"], "cap must be at least 1"),
        (["low_stock", "--slot", "2026-11-22"], "low_stock has no run of 2026-11-22T00:00:00Z"),
        (["low_stock", "--slot", "2026-11-22", "--dry-run"], "leave dryRun out"),
    ],
)
def test_what_the_api_refuses_is_one_line_in_its_own_words_and_exit_status_2(
    crm: Served, words: list[str], said: str
) -> None:
    job_state.pause("heartbeat", "moving house", "ann")
    result = crm.crmctl("run", *words)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")
    assert said in result.stderr
    assert crm.url not in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--slot", "yesterday"], "'yesterday' is no moment"),
        (["--slot", "0001-01-01T00:00+23:00"], "is no moment"),
        (["--cap", "few"], "--cap"),
        (["--timeout", "-1"], "--timeout"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_sent(crm: Served, words: list[str], said: str) -> None:
    result = crm.crmctl("run", "low_stock", *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not crm.requests


def test_ctrl_c_while_waiting_says_that_the_run_goes_on(crm: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    crm.consuming = False
    monkeypatch.setattr(time, "sleep", interrupt)
    result = crm.crmctl("run", "low_stock")
    assert result.exit_code == 130
    assert "The run does not depend on this command. See what comes of it: crmctl runs low_stock" in result.stderr


def test_an_api_that_goes_away_meanwhile_is_told_together_with_the_way_to_find_out(api: FakeApi) -> None:
    run = {"job": "low_stock", "slot": SLOT, "status": "WAITING"}
    gone = refuses("The database did not answer", "UNAVAILABLE", data=None)
    api.faults = deque([answers(200, json.dumps({"data": {"runJob": {"run": run}}})), *[gone] * 6])
    result = CliRunner().invoke(main, ["run", "low_stock", "--url", api.url])
    assert result.exit_code == 2
    assert "crmctl runs low_stock" in result.stderr
    assert "The database did not answer. Gave up after 6 attempts." in result.stderr

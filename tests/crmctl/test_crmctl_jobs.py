"""`crmctl jobs`, `runs`, `pause` and `resume`."""

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.jobs import backoff, catalog, job_state, ledger, run_records
from chalicelib.jobs.job import StepResult
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from crmctl import paging
from tests.builders import time_is
from tests.crmctl.api_server import ApiServer

NOON = "2026-11-22T12:00:00"


def finished(slot: str, *lines: str, **counts: int) -> None:
    with time_is(slot.removesuffix("Z")):
        run = ledger.claim(catalog.LOW_STOCK, Slot(slot))
    assert run
    with time_is(slot.removesuffix(":00Z") + ":42"):
        ledger.finish(run, StepResult(None, lines, counts))


def skipped(slot: str, reason: str = "paused by ann: stock-taking") -> None:
    ledger.end(run_records.new("low_stock", Slot(slot), Trigger.SCHEDULE), Status.SKIPPED, reason=reason)


def row_of(output: str, first: str) -> str:
    return next(line for line in output.splitlines() if line.startswith(first))


def test_jobs_are_listed_with_utc_times_and_problems_below(crm: ApiServer) -> None:
    finished("2026-11-22T00:00:00Z")
    with time_is(NOON):
        job_state.pause("heartbeat", "moving house", "ann")
        ledger.end(
            run_records.new("weekly_report", Slot("2026-11-16T06:00:00Z"), Trigger.SCHEDULE),
            Status.FAILED,
            error="no disk",
        )
        result = crm.crmctl("jobs")

    assert result.exit_code == 0, result.output
    low_stock = row_of(result.stdout, "low_stock")
    assert catalog.LOW_STOCK.schedule.words in low_stock
    assert "OK" in low_stock
    assert "2026-11-22 00:00" in low_stock
    assert "2026-11-23 00:00" in low_stock
    assert low_stock.endswith("42.0 s")
    assert "NEVER_RAN  -" in row_of(result.stdout, "customer_cleanup")
    assert result.stdout.partition("\n\n")[2].splitlines() == [
        "heartbeat: paused by ann since 2026-11-22 12:00 UTC: moving house",
        "weekly_report: the run of 2026-11-16T06:00:00Z failed: no disk",
    ]


def test_a_failed_run_shows_when_it_is_attempted_again(crm: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "_JITTER", 0)
    with time_is(NOON):
        run = ledger.claim(catalog.LOW_STOCK, Slot("2026-11-22T12:00:00Z"))
        assert run
        ledger.retry_or_fail(catalog.LOW_STOCK, replace(run, attempts_since_progress=2), "the printer is off", "trace")
        jobs, runs = crm.crmctl("jobs"), crm.crmctl("runs", "low_stock")
        more = crm.crmctl("run", "low_stock", "--slot", "2026-11-22T12:00:00Z", "--no-wait")
    assert jobs.stdout.partition("\n\n")[2].splitlines() == [
        "low_stock: next attempt at 2026-11-22 12:02 UTC; the last one failed: the printer is off"
    ]
    assert runs.stdout.partition("\n\n")[2].splitlines() == [
        "2026-11-22T12:00:00Z: the printer is off; next attempt at 2026-11-22 12:02 UTC"
    ]
    assert more.exit_code == 0, "an operator may have the next attempt at once"


def test_jobs_without_remarks_show_only_the_table(crm: ApiServer) -> None:
    assert "\n\n" not in crm.crmctl("jobs").stdout


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["jobs"], ["heartbeat", "low_stock", "order_reminders", "customer_cleanup", "weekly_report"]),
        (["runs", "low_stock"], []),
        (["inactive-customers"], []),
        (["low-stock"], []),
        (["due-reminders"], []),
        (["deleted-customers"], []),
        (["reports"], []),
        (["dead-letters"], []),
    ],
)
def test_every_list_can_be_printed_as_json(crm: ApiServer, words: list[str], names: list[str]) -> None:
    result = crm.crmctl(*words, "--json")
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    assert [row["name"] for row in rows] == names
    assert not result.stderr


def test_job_is_paused_with_reason_and_end_and_resumed(crm: ApiServer) -> None:
    with time_is(NOON):
        paused = crm.crmctl("pause", "low_stock", "--reason", "stock-taking", "--until", "2026-11-23T08:00+02:00")
        assert paused.stdout == (
            "low_stock is paused by open access since 2026-11-22 12:00 UTC until 2026-11-23 06:00 UTC: stock-taking\n"
        )
        assert job_state.find("low_stock").pause
        resumed = crm.crmctl("resume", "low_stock")
    assert resumed.stdout == "low_stock resumed. Next run: 2026-11-23 00:00 UTC\n"
    assert not job_state.find("low_stock").pause


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["pause", "low_stock"], "Missing option '--reason'"),
        (["pause", "low_stock", "--reason", " "], "Error: Reason must have 1 to 200 characters"),
        (["pause", "low_stock", "--reason", "x", "--until", "2020-01-01"], "Error: until must be in the future"),
        (["pause", "nope", "--reason", "x"], "Error: There is no job 'nope'"),
        (["resume", "nope"], "Error: There is no job 'nope'"),
        (["runs", "nope"], "Error: There is no job 'nope'"),
        (["runs", "low_stock", "--status", "DONE"], "'DONE' is not one of"),
    ],
)
def test_invalid_job_command_exits_with_2_and_a_message(crm: ApiServer, words: list[str], message: str) -> None:
    result = crm.crmctl(*words)
    assert result.exit_code == 2
    assert message in result.stderr


def test_runs_are_listed_newest_first_with_reasons_below(crm: ApiServer) -> None:
    finished("2026-11-21T00:00:00Z", "one", "two", restocked=1200, failed=0)
    skipped("2026-11-22T00:00:00Z")
    result = crm.crmctl("runs", "low_stock")

    table, _, remarks = result.stdout.partition("\n\n")
    assert [line.split()[:2] for line in table.splitlines()[2:]] == [
        ["2026-11-22T00:00:00Z", "SKIPPED"],
        ["2026-11-21T00:00:00Z", "SUCCEEDED"],
    ]
    assert row_of(table, "2026-11-21").split("  ")[-1] == "restocked 1,200, failed 0"
    assert "42.0 s" in row_of(table, "2026-11-21")
    assert remarks == "2026-11-22T00:00:00Z: paused by ann: stock-taking\n"


def test_lines_option_shows_log_lines_below_each_run(crm: ApiServer) -> None:
    finished("2026-11-21T00:00:00Z", "one", "two", restocked=2)
    skipped("2026-11-22T00:00:00Z")
    assert crm.crmctl("runs", "low_stock", "--lines").stdout.splitlines() == [
        "2026-11-22T00:00:00Z SKIPPED (SCHEDULE): paused by ann: stock-taking",
        "2026-11-21T00:00:00Z SUCCEEDED in 42.0 s (SCHEDULE): restocked 2",
        "  one",
        "  two",
    ]


def test_runs_are_filtered_by_status_and_json_has_lines_on_request(crm: ApiServer) -> None:
    finished("2026-11-21T00:00:00Z", "one")
    skipped("2026-11-22T00:00:00Z")
    rows = json.loads(crm.crmctl("runs", "low_stock", "--status", "succeeded", "--lines", "--json").stdout)
    assert [(row["slot"], row["lines"]) for row in rows] == [("2026-11-21T00:00:00Z", ["one"])]
    assert "lines" not in json.loads(crm.crmctl("runs", "low_stock", "--json").stdout)[0]
    assert crm.crmctl("runs", "low_stock", "--status", "FAILED", "--lines").stdout == "No runs found.\n"


@pytest.mark.parametrize(("limit", "more", "requests"), [(4, True, 1), (5, True, 1), (7, True, 2), (12, False, 3)])
def test_long_lists_are_paged_and_truncation_is_reported(
    crm: ApiServer, monkeypatch: pytest.MonkeyPatch, limit: int, *, more: bool, requests: int
) -> None:
    monkeypatch.setattr(paging, "MAX_PAGE_SIZE", 5)
    for number in range(12):
        skipped(f"2026-11-22T00:{number:02d}:00Z")
    result = crm.crmctl("runs", "low_stock", "--limit", str(limit), "--json")
    newest = [f"2026-11-22T00:{number:02d}:00Z" for number in range(11, 11 - limit, -1)]
    assert [row["slot"] for row in json.loads(result.stdout)] == newest
    assert result.stderr == ("There are more rows. Use --limit to show them.\n" if more else "")
    assert len(crm.requests) == requests


def test_all_lines_of_a_run_are_shown_page_by_page(crm: ApiServer) -> None:
    finished("2026-11-22T00:00:00Z", *(f"line {number}" for number in range(1001)))
    shown = crm.crmctl("runs", "low_stock", "--lines").stdout.splitlines()
    assert [line.strip() for line in shown[1:]] == [f"line {number}" for number in range(1001)]
    assert len(crm.requests) == 3

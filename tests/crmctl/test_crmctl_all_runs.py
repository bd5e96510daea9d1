"""`crmctl runs` over all jobs, `logs` and `retry`."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from chalicelib.jobs import catalog, job_state, ledger, run_records
from chalicelib.jobs.job import StepResult
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from crmctl import runs
from crmctl.cli import main
from tests.builders import a_product, time_is
from tests.conftest import ROOT
from tests.crmctl.api_server import ApiServer

NOW = "2026-11-27T12:00:00"
OLD, EARLY, LATE = "2026-11-26T00:00:00Z", "2026-11-27T10:30:00Z", "2026-11-27T11:00:00Z"


def end(job: str, slot: str, status: Status, **why: str) -> None:
    ledger.end(run_records.new(job, Slot(slot), Trigger.SCHEDULE), status, **why)


def finished(job: str, slot: str, *lines: str) -> None:
    with time_is(slot.removesuffix("Z")):
        run = ledger.claim(catalog.JOBS[job], Slot(slot))
        assert run
        ledger.finish(run, StepResult(None, lines, {}))


@pytest.fixture
def lost() -> None:
    with time_is(NOW):
        end("low_stock", OLD, Status.FAILED, error="that was yesterday")
        end("low_stock", EARLY, Status.FAILED, error="no disk")
        end("order_reminders", LATE, Status.MISSED, reason="nothing began it")


def shown(crm: ApiServer, *words: str) -> list[list[str]]:
    with time_is(NOW):
        result = crm.crmctl("runs", *words, "--json")
    assert result.exit_code == 0, result.output
    return [[run["job"], run["slot"]] for run in json.loads(result.stdout)]


@pytest.mark.usefixtures("lost")
def test_runs_of_all_jobs_are_filtered_by_state_and_time(crm: ApiServer) -> None:
    reminders, early, old = ["order_reminders", LATE], ["low_stock", EARLY], ["low_stock", OLD]
    assert shown(crm) == [reminders, early, old]
    assert shown(crm, "--since", "2h") == [reminders, early]
    assert shown(crm, "--since", "2h", "--state", "failed") == [early]
    assert shown(crm, "low_stock", "--until", "yesterday") == [old]
    assert shown(crm, "--schedule", "order_reminders.default") == [reminders]
    assert shown(crm, "--by", "ann") == []
    table = crm.crmctl("runs").stdout
    assert table.startswith("job ")
    assert f"low_stock {EARLY}: no disk" in table
    assert f"order_reminders {LATE} MISSED" in crm.crmctl("runs", "--lines").stdout


def test_grep_finds_errors_reasons_and_log_lines(crm: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "RUNS_WITH_LINES", runs._runs_document(f"{runs.FIELDS} lines", 2))
    finished("low_stock", "2026-11-24T00:00:00Z", "Product: Lamp, New Stock: 13", "other")
    with time_is(NOW):
        end("low_stock", EARLY, Status.FAILED, error="No lamp left")
        end("low_stock", LATE, Status.MISSED, reason="nothing began it")
    assert shown(crm, "--grep", "LAMP") == [["low_stock", EARLY], ["low_stock", "2026-11-24T00:00:00Z"]]
    assert shown(crm, "--grep", "began") == [["low_stock", LATE]]
    assert shown(crm, "--grep", "lamp", "--limit", "1") == [["low_stock", EARLY]]
    assert (
        "2026-11-24T00:00:00Z: Product: Lamp, New Stock: 13" in crm.crmctl("runs", "low_stock", "--grep", "lamp").stdout
    )
    monkeypatch.setattr(runs, "RUNS_WITH_LINES", runs._runs_document(f"{runs.FIELDS} lines", 1))
    monkeypatch.setattr(runs, "MAX_SEARCHED_PAGES", 1)
    cut = crm.crmctl("runs", "--grep", "lamp", "--json")
    assert len(json.loads(cut.stdout)) == 1
    assert cut.stderr == "Older runs were not looked at. Look further back with --until.\n"
    assert json.loads(crm.requests[-1])["variables"]["text"] == "lamp", "the server looks for it"


def test_logs_are_those_of_the_latest_run_or_of_a_slot(crm: ApiServer) -> None:
    finished("low_stock", OLD, "one")
    finished("low_stock", EARLY, *(f"line {number}" for number in range(1001)))
    latest, old = crm.crmctl("logs", "low_stock"), crm.crmctl("logs", "low_stock", "2026-11-26")
    assert latest.stdout.splitlines() == [f"line {number}" for number in range(1001)]
    assert latest.stderr.startswith(f"low_stock {EARLY} SUCCEEDED in ")
    assert old.stdout == "one\n"
    none, unknown = crm.crmctl("logs", "heartbeat"), crm.crmctl("logs", "low_stock", "2026-11-20")
    assert (none.exit_code, unknown.exit_code) == (2, 2)
    assert "heartbeat has not run yet" in none.stderr
    assert "low_stock has no run of 2026-11-20T00:00:00Z" in unknown.stderr


def test_follow_shows_each_line_once_until_the_run_ends(crm: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with time_is(NOW):
        run = ledger.claim(catalog.LOW_STOCK, Slot(LATE))
        assert run
        run = ledger.checkpoint(run, StepResult({}, ("one", "two"), {}))
        steps: list[Callable[[], object]] = [lambda: None, lambda: ledger.finish(run, StepResult(None, ("three",), {}))]
        monkeypatch.setattr(time, "sleep", lambda _seconds: steps.pop(0)())
        result = crm.crmctl("logs", "low_stock", "--follow")
    assert result.stdout.splitlines() == ["one", "two", "three"]
    assert "SUCCEEDED" in result.stderr
    assert not steps


def test_retry_of_a_job_shows_its_latest_lost_run_and_asks(crm: ApiServer) -> None:
    a_product("Lamp", stock=3)
    end("low_stock", OLD, Status.FAILED, error="older")
    end("low_stock", EARLY, Status.MISSED, reason="nothing began it")
    nobody = crm.crmctl("retry", "low_stock")
    assert nobody.exit_code == 2
    assert nobody.stdout.splitlines()[:2] == [
        f"low_stock {EARLY} MISSED (SCHEDULE): nothing began it",
        "A run of low_stock now: 1 product would be restocked",
    ]
    assert "Retry this run? [y/N]" in nobody.stderr
    assert "There was no answer. Use --yes" in nobody.stderr
    assert run_records.latest("low_stock", 1)[0].status is Status.MISSED
    done = crm.crmctl("retry", "low_stock", "--yes")
    assert done.exit_code == 0, done.output
    assert f"{EARLY} SUCCEEDED" in done.stdout
    assert [run.status for run in run_records.latest("low_stock", 2)] == [Status.SUCCEEDED, Status.FAILED]
    assert crm.crmctl("retry", "low_stock", "2026-11-26", "--yes", "--no-wait").exit_code == 0
    none = crm.crmctl("retry", "low_stock")
    assert (none.exit_code, none.stdout) == (0, "There is no failed or missed run.\n")


@pytest.mark.usefixtures("lost")
def test_all_that_was_lost_since_a_time_is_retried(crm: ApiServer) -> None:
    with time_is(NOW):
        job_state.pause("order_reminders", "moving house", "ann")
        refused = crm.crmctl("retry", "--failed-since", "2h", "--yes")
        assert refused.exit_code == 1, refused.output
        assert f"order_reminders {LATE}: order_reminders is paused by ann" in refused.stderr
        assert refused.stdout.splitlines()[-1] == "1 of 2 runs succeeded."
        job_state.resume("order_reminders")
        end("low_stock", LATE, Status.FAILED, error="again")
        done = crm.crmctl("retry", "--failed-since", "2h", "-y")
        assert done.exit_code == 0, done.output
        assert done.stdout.splitlines()[-1] == "2 of 2 runs succeeded."
        assert [row[1] for row in shown(crm, "--state", "failed")] == [OLD]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Give JOB or --failed-since."),
        (("low_stock", "2026-11-26", "--failed-since", "2h"), "Give SLOT or --failed-since, not both."),
        (("low_stock", "2026-11-26"), "low_stock has no run of 2026-11-26T00:00:00Z"),
        (("nope",), "There is no job 'nope'"),
    ],
)
def test_what_cannot_be_retried_is_refused(crm: ApiServer, words: tuple[str, ...], message: str) -> None:
    refused = crm.crmctl("retry", *words)
    assert refused.exit_code == 2
    assert message in refused.stderr


@pytest.mark.usefixtures("lost")
def test_no_is_an_answer(crm: ApiServer) -> None:
    refused = CliRunner().invoke(main, ["retry", "low_stock", "--url", crm.url], input="n\n")
    assert refused.exit_code == 2
    assert "Nothing was retried." in refused.stderr
    assert len(shown(crm, "--state", "failed")) == 2


@pytest.mark.parametrize("has_stderr", [False, True])
def test_the_exit_status_survives_a_reader_that_leaves(crm: ApiServer, *, has_stderr: bool) -> None:
    """As with `crmctl run low_stock | head -1`, where nobody reads the second line, and with `2>&1`."""
    a_product("Lamp", stock=3)
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "crmctl", "run", "low_stock", "--url", crm.url]
    errors = writer if has_stderr else subprocess.PIPE
    done = subprocess.run(command, cwd=ROOT, stdout=writer, stderr=errors, check=False, timeout=60)
    os.close(writer)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in (done.stderr or b"")
    assert run_records.latest("low_stock", 1)[0].status is Status.SUCCEEDED

"""`crmctl backfill`, from the request to the exit status."""

import json
from collections import deque

import pytest
from click.testing import CliRunner, Result

from chalicelib.jobs import backfills, catalog, run_records
from chalicelib.jobs.run_records import Trigger
from crmctl import backfill_command
from crmctl.cli import main
from tests.crmctl.api_server import ApiServer
from tests.crmctl.fake_api import FakeApi, responds

RANGE = ("low_stock", "--from", "2026-11-20 12:00", "--to", "2026-11-21")
SLOTS = ["2026-11-20T12:00:00Z", "2026-11-21T00:00:00Z", "2026-11-21T12:00:00Z"]


@pytest.fixture(autouse=True)
def _no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill_command, "DELAY", 0.02)


def test_a_backfill_is_listed_first_then_run_and_shown_with_its_progress(crm: ApiServer) -> None:
    listed = crm.crmctl("backfill", *RANGE, "--dry-run")
    assert listed.stdout.splitlines() == SLOTS
    assert listed.stderr == "3 slots would be run.\n"
    assert run_records.latest("low_stock", 5) == []
    done = crm.crmctl("backfill", *RANGE)
    assert done.exit_code == 0, done.output
    assert done.stdout == "3 of 3 slots have a successful run.\n"
    assert "slots: 3 of 3" in done.stderr
    assert {run.trigger for run in run_records.latest("low_stock", 5)} == {Trigger.BACKFILL}
    again = crm.crmctl("backfill", *RANGE)
    assert (again.exit_code, again.stdout) == (0, "Every slot has a successful run.\n")
    assert backfills.find(catalog.LOW_STOCK.name) is None


def progress(left: int, current: str | None, pause: str | None = None) -> str:
    job = {"backfill": {"left": left, "current": current}, "pause": pause and {"reason": pause, "actor": "ann"}}
    return json.dumps({"data": {"job": job}})


def invoke(api: FakeApi, answers: list[str], *options: str) -> Result:
    begin = json.dumps({"data": {"backfill": {"slots": SLOTS}}})
    api.faults = deque(responds(200, text) for text in (begin, *answers))
    return CliRunner().invoke(main, ["backfill", *RANGE, *options, "--url", api.url])


def test_slots_without_success_are_named_and_a_pause_is_told_once(api: FakeApi) -> None:
    over = json.dumps({"data": {"job": {"backfill": None, "pause": None}}})
    left = json.dumps({"data": {"backfill": {"slots": SLOTS[1:2]}}})
    paused = progress(1, SLOTS[1], "stock-taking")
    result = invoke(api, [progress(2, SLOTS[0]), paused, paused, over, left])
    assert result.exit_code == 1
    assert result.stdout.splitlines() == ["2 of 3 slots have a successful run.", f"Without one: {SLOTS[1]}"]
    assert result.stderr.count("low_stock is paused: stock-taking.") == 1


def test_a_backfill_that_takes_too_long_goes_on_without_the_command(api: FakeApi) -> None:
    result = invoke(api, [progress(3, None), progress(2, SLOTS[0])], "--timeout", "0")
    assert result.exit_code == 3
    assert "The backfill continues" in result.stderr
    assert invoke(api, [], "--no-wait").stderr == "3 slots will be run, the oldest first.\n"

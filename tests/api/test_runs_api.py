"""Runs of all jobs over GraphQL."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.jobs import ledger, run_records, slots
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.settings import settings
from chalicelib.store import batch_writes, tables
from chalicelib.store.put_request import to_item
from tests.api.job_requests import ask, refusal
from tests.as_operator import execute
from tests.builders import moment
from tests.jobs.job_runs import Clock, Consumer, manual_clock
from tests.metering import metered


@pytest.fixture(autouse=True)
def time() -> Iterator[Clock]:
    with manual_clock() as clock:
        yield clock


def test_the_runs_of_all_jobs_are_filtered_by_what_is_given() -> None:
    for minute in range(4):
        run = run_records.new("low_stock", Slot(f"2026-11-22T10:{minute:02d}:00Z"), Trigger.SCHEDULE)
        ledger.end(run, Status.FAILED if minute % 3 == 0 else Status.MISSED)
    ledger.end(run_records.new("weekly_report", Slot("2026-11-22T10:00:00Z"), Trigger.SCHEDULE), Status.FAILED)
    document = """query ($status: RunStatus, $from: DateTime, $to: DateTime, $job: String, $actor: String) {
      runs(status: $status, from: $from, to: $to, job: $job, actor: $actor, first: 10) { edges { node { id } } } }"""

    def found(**given: object) -> list[str]:
        return [edge["node"]["id"] for edge in ask(document, **given)["runs"]["edges"]]

    assert found(status="FAILED") == [
        "low_stock:2026-11-22T10:03:00Z",
        "weekly_report:2026-11-22T10:00:00Z",
        "low_stock:2026-11-22T10:00:00Z",
    ]
    assert found(status="FAILED", **{"from": "2026-11-22T10:01:00Z"}) == ["low_stock:2026-11-22T10:03:00Z"]
    assert found(to="2026-11-22T10:00:00Z", job="weekly_report") == ["weekly_report:2026-11-22T10:00:00Z"]
    assert found(actor="ann") == found(job="nothing") == []
    assert refusal(document, job="x" * 3000)[1] == "job"


def test_a_filter_without_an_index_stays_within_the_read_budget_and_says_that_more_follow() -> None:
    """A year has 105,000 runs of the heartbeat; here they are a few more than one page may read."""
    begin = moment("2026-11-01")
    beats = [
        run_records.new("heartbeat", slots.of(begin + timedelta(minutes=number)), Trigger.SCHEDULE)
        for number in range(1, settings.read_budget + 200)
    ]
    oldest = replace(run_records.new("low_stock", slots.of(begin, "sch_1"), Trigger.OPERATOR), actor="ann")
    made = [replace(run, status=Status.SUCCEEDED, token="t") for run in (*beats, oldest)]
    batch_writes.put(tables.Run, map(to_item, map(run_records.to_row, made)))
    for wanted in ("trigger: OPERATOR", 'actor: "ann"', 'schedule: "sch_1"'):
        document = f"""query ($after: String) {{
          runs({wanted}, first: 10, after: $after) {{ edges {{ node {{ job }} }} pageInfo {{ endCursor }} }} }}"""
        with metered() as meter:
            first = execute(document, {})
        assert (first["data"]["runs"]["edges"], first["extensions"]) == ([], {"partial": True})
        assert meter.rows <= 2 * settings.read_budget + 500, "its keys, and its rows"
        second = execute(document, {"after": first["data"]["runs"]["pageInfo"]["endCursor"]})
        assert [edge["node"]["job"] for edge in second["data"]["runs"]["edges"]] == ["low_stock"]
        assert "extensions" not in second


def test_a_backfill_lists_its_slots_and_shows_its_progress(time: Clock) -> None:
    document = """mutation ($job: String!, $from: DateTime!, $dryRun: Boolean) {
      backfill(job: $job, from: $from, to: "2026-11-22T00:00:00Z", dryRun: $dryRun) { slots } }"""
    progress = '{ job(name: "low_stock") { backfill { actor total left current failed } } }'
    given = {"job": "low_stock", "from": "2026-11-21T00:00:00Z"}
    due = ["2026-11-21T00:00:00Z", "2026-11-21T12:00:00Z", "2026-11-22T00:00:00Z"]
    assert ask(document, **given, dryRun=True) == {"backfill": {"slots": due}}
    assert ask(progress)["job"]["backfill"] is None
    assert ask(document, **given) == {"backfill": {"slots": due}}
    assert ask(progress)["job"]["backfill"] == {"actor": "test", "total": 3, "left": 2, "current": due[0], "failed": 0}
    Consumer().deliver_all()
    assert ask(progress)["job"]["backfill"] is None
    assert ask(document, **given) == {"backfill": {"slots": []}}
    assert refusal(document, job="heartbeat", **{"from": due[0]})[1] == "job"
    assert refusal(document, job="low_stock", **{"from": "2026-11-22T00:00:01Z"})[1] == "from"
    time.later(days=1)
    assert ask("{ runs(trigger: BACKFILL) { edges { node { slot } } } }")["runs"]["edges"][2]["node"]["slot"] == due[0]

"""The rows of runs: when they expire, which are in the index, and how they are read."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import clock
from chalicelib.jobs import ledger, run_lists, run_records
from chalicelib.jobs.job import StepResult
from chalicelib.jobs.run_lists import RunFilter
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.settings import settings
from chalicelib.store import tables
from chalicelib.store.pagination import PageArgs, read_page
from tests.builders import moment, rows_of
from tests.jobs.job_runs import SLOT, Clock, find_run, make_job, one_page

JOB = make_job(one_page)
MORE = StepResult({"at": 2}, ("one",), {"rows": 2}, ["content"])
LAST = StepResult(None, ("two",), {"rows": 1})
pytestmark = pytest.mark.usefixtures("time")


def claimed(slot: str = SLOT) -> Run:
    run = ledger.claim(JOB, Slot(slot))
    assert run is not None
    return run


def test_runs_and_step_records_expire_together() -> None:
    ledger.finish(claimed(), LAST)
    until = str(int((clock.now() + timedelta(days=settings.history_days)).timestamp()))
    assert rows_of(tables.Run)[JOB.name, SLOT]["ttl"]["N"] == until
    page = rows_of(tables.AuxRow)[run_records.partition(JOB.name, SLOT), "000001"]
    assert page["ttl"]["N"] == until
    assert json.loads(page["content"]["S"])["lines"] == ["two"]


def test_only_unfinished_runs_are_in_their_index() -> None:
    run = claimed()
    assert [found.slot for found in run_records.unfinished()] == [SLOT]
    ledger.retry_or_fail(JOB, run, "broken", "")
    assert [found.status for found in run_records.unfinished()] == [Status.WAITING]
    ledger.finish(claimed(), LAST)
    assert run_records.unfinished() == []


def test_each_write_has_its_own_token() -> None:
    tokens = [(run := claimed()).token]
    tokens.append((run := ledger.checkpoint(run, MORE)).token)
    tokens.append((run := ledger.hand_over(run)).token)
    tokens.append((run := claimed()).token)
    tokens.append(ledger.finish(run, LAST).token)
    assert len(set(tokens)) == 5


def recorded(job: str, *texts: str) -> None:
    for text in texts:
        ledger.record(run_records.new(job, Slot(text), Trigger.SCHEDULE))


def test_latest_returns_the_runs_of_one_job_newest_first() -> None:
    texts = [f"2026-11-{day}T08:00:00Z" for day in (20, 21, 22)]
    recorded("tally", *texts)
    recorded("other", "2026-11-23T08:00:00Z")
    assert [run.slot for run in run_records.latest("tally", 2)] == texts[:0:-1]
    assert [edge.node.slot for edge in read_page(run_lists.listing(RunFilter(job="tally")), PageArgs()).edges] == texts[
        ::-1
    ]
    assert run_records.latest("nothing", 2) == []


def test_between_returns_the_slots_of_a_day() -> None:
    recorded("tally", "2026-11-21T23:59:59.999999Z", "2026-11-22T00:00:00Z", "2026-11-22T08:00:00.000001Z")
    recorded("tally", "2026-11-23T00:00:00Z")
    recorded("tall", "2026-11-22T09:00:00Z")
    since, before = datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)
    assert run_records.between("tally", since, before) == ["2026-11-22T00:00:00Z", "2026-11-22T08:00:00.000001Z"]


def test_find_all_leaves_out_slots_without_a_run() -> None:
    recorded("tally", SLOT)
    found = run_records.find_all("tally", [SLOT, "2026-11-22T13:00:00Z"])
    assert found == {SLOT: find_run("tally")}


def test_listing_by_status_returns_only_that_status() -> None:
    ledger.finish(claimed(), LAST)
    recorded("tally", "2026-11-22T13:00:00Z")
    listed = read_page(run_lists.listing(RunFilter(job="tally", status=Status.SUCCEEDED)), PageArgs())
    assert [edge.node.slot for edge in listed.edges] == [SLOT]


def test_the_duration_is_from_start_to_end(time: Clock) -> None:
    run = claimed()
    assert run.seconds is None
    time.later(seconds=1.5)
    assert ledger.finish(run, LAST).seconds == 1.5
    assert run.due == moment("2026-11-22T12:00:00")


def test_only_running_runs_with_a_lease_are_held() -> None:
    run = claimed()
    now = clock.now()
    assert run.held_at(now)
    assert run.held_at(now + ledger.LEASE - timedelta(microseconds=1))
    assert not run.held_at(now + ledger.LEASE)
    handed_over = ledger.hand_over(run)
    assert not handed_over.held_at(now)
    assert not ledger.retry_or_fail(JOB, claimed(), "broken", "").held_at(now)


def test_step_records_belong_to_one_run() -> None:
    ledger.finish(claimed(), LAST)
    other = claimed("2026-11-22T12:00:00.000001Z")
    ledger.finish(ledger.checkpoint(other, MORE), LAST)
    assert [page.lines for page in run_records.step_records("tally", SLOT)] == [["two"]]
    assert [page.lines for page in run_records.step_records("tally", other.slot)] == [["one"], ["two"]]

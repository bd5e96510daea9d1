"""Lists of runs over all jobs, and what a look of the watchdog costs: the index of runs by status and time serves both."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.jobs import ledger, run_lists, run_records, slots, watchdog
from chalicelib.jobs.job import Job, StepResult
from chalicelib.jobs.run_lists import RunFilter
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.settings import settings
from chalicelib.store import batch_writes, pagination, read_budget, tables
from chalicelib.store.pagination import PageArgs, read_page
from chalicelib.store.put_request import to_item
from chalicelib.store.read_budget import ReadBudget
from tests.builders import moment
from tests.jobs.job_runs import NOON, Clock, Consumer, take_messages
from tests.jobs.schedule_runs import create
from tests.metering import Meter, metered

BEGIN = moment(NOON) - timedelta(days=365)


def store(*runs: Run) -> None:
    batch_writes.put(tables.Run, [to_item(run_records.to_row(replace(run, token="t"))) for run in runs])


def a_run(job: str, slot: str, status: Status = Status.SUCCEEDED) -> Run:
    return replace(run_records.new(job, Slot(slot), Trigger.SCHEDULE), status=status)


def listed(size: int = 100, **wanted: object) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    after, more = None, True
    while more:
        page = read_page(run_lists.listing(RunFilter(**wanted)), PageArgs(first=size, after=after))  # type: ignore[arg-type]
        found += [(edge.node.job, edge.node.slot) for edge in page.edges]
        after, more = page.end_cursor, page.has_next
    return found


def test_a_year_of_heartbeats_hides_no_failure(time: Clock) -> None:
    beats = [a_run("heartbeat", slots.of(BEGIN + timedelta(minutes=5 * number))) for number in range(5000)]
    old = a_run("weekly_report", "2025-11-23T06:00:00Z", Status.FAILED)
    missed = a_run("heartbeat", "2025-11-22T12:02:00Z", Status.MISSED)
    store(*beats, old, missed)
    assert time.now
    with metered() as meter:
        assert listed(status=Status.FAILED) == [(old.job, old.slot)]
        assert listed(status=Status.MISSED, job="heartbeat") == [(missed.job, missed.slot)]
        assert listed(job="weekly_report") == listed(job="weekly_report", schedule="weekly_report.default")
    assert meter.total_calls <= 10
    with metered() as meter:
        assert len(read_page(run_lists.listing(RunFilter()), PageArgs(first=20)).edges) == 20
    assert dict(meter.calls) == {"Query": len(Status), "BatchGetItem": 1}


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_runs_of_one_instant_are_all_listed_once_in_one_order(size: int) -> None:
    """Runs that share a slot share the index's range key, within a status and across them."""
    texts = [f"2026-11-22T{hour:02d}:00:00Z" for hour in range(3)]
    kinds = (Status.SUCCEEDED, Status.SUCCEEDED, Status.FAILED, Status.RUNNING)
    runs = [a_run(job, text, status) for text in texts for job, status in zip("dbca", kinds, strict=True)]
    store(*runs)
    expected = sorted(((run.job, run.slot) for run in runs), key=lambda each: each[::-1], reverse=True)
    assert listed(size) == expected
    assert listed(size, status=Status.SUCCEEDED) == [each for each in expected if each[0] in "bd"]


def test_pages_backwards_are_the_pages_forwards() -> None:
    store(*(a_run(job, f"2026-11-22T{hour:02d}:00:00Z") for job in "abc" for hour in range(3)))
    everything = listed()
    listing = run_lists.listing(RunFilter())
    page = read_page(listing, PageArgs(last=4))
    assert [(edge.node.job, edge.node.slot) for edge in page.edges] == everything[-4:]
    page = read_page(listing, PageArgs(last=4, before=page.start_cursor))
    assert [(edge.node.job, edge.node.slot) for edge in page.edges] == everything[1:5]


def test_a_run_that_ends_between_two_pages_is_listed_once() -> None:
    store(*(a_run("tally", f"2026-11-22T{hour:02d}:00:00Z", Status.RUNNING) for hour in range(6)))
    listing = run_lists.listing(RunFilter())
    first = read_page(listing, PageArgs(first=3))
    store(*(a_run("tally", f"2026-11-22T{hour:02d}:00:00Z") for hour in (1, 4)))
    second = read_page(listing, PageArgs(first=3, after=first.end_cursor))
    hours = [edge.node.slot[11:13] for edge in (*first.edges, *second.edges)]
    assert hours == ["05", "04", "03", "02", "01", "00"]


def test_the_times_are_included_to_the_second() -> None:
    texts = [
        "2026-11-22T11:59:59Z",
        "2026-11-22T12:00:00.000001Z",
        "2026-11-22T12:00:00Z",
        "2026-11-22T12:00:01Z@sch_1",
    ]
    store(*(a_run("tally", text) for text in texts))
    assert [slot for _, slot in listed(since=moment(NOON), until=moment("2026-11-22T12:00:01"))] == texts[:0:-1]
    assert [slot for _, slot in listed(schedule="sch_1", until=moment("2026-11-22T12:00:00"))] == []


def test_a_short_page_says_that_more_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "settings", replace(settings, read_budget=5))
    store(*(a_run("tally", f"2026-11-22T{hour:02d}:00:00Z") for hour in range(20)))
    store(replace(a_run("tally", "2026-11-21T00:00:00Z"), actor="ann"))
    page = read_page(run_lists.listing(RunFilter(actor="ann")), PageArgs(first=3))
    assert (page.edges, page.has_next) == ([], True)
    assert listed(3, actor="ann") == [("tally", "2026-11-21T00:00:00Z")]


def _look_with(count: int, job: Job, time: Clock) -> Meter:
    """Let that many schedules have runs, most of which wait for their next attempt, and look once nothing is due."""
    for number in range(count):
        create(job, f"{number % 50 + 1} {12 + number // 50} * * *")
    time.at("2026-11-22T14:05:00")
    watchdog.run_checks()
    Consumer().deliver_all(3 * count + 10)
    waiting = [
        replace(run, status=Status.WAITING, next_attempt_at="2026-11-22T20:00:00Z")
        for run in run_records.latest("tally", count)
    ]
    store(*waiting)
    watchdog.run_checks()
    take_messages()
    with metered() as meter:
        watchdog.run_checks()
    return meter


def test_a_look_of_the_watchdog_with_100_schedules_costs_few_calls_more(job: Job, time: Clock) -> None:
    few = _look_with(5, job, time)
    time.at(NOON)
    many = _look_with(95, job, time)
    print(dict(few.calls), dict(many.calls))
    assert few.total_calls < many.total_calls + 1 <= few.total_calls + 11


def test_only_what_the_index_answers_is_exact() -> None:
    assert run_lists.listing(RunFilter(status=Status.FAILED, since=BEGIN)).exact
    for wanted in (RunFilter(actor=""), RunFilter(job="tally", status=Status.FAILED), RunFilter(schedule="sch_1")):
        assert not run_lists.listing(wanted).exact


def logged(job: Job, slot: str, *lines: str, **more: str) -> Run:
    """Store a run that has succeeded and has logged these lines."""
    run = ledger.claim(job, Slot(slot))
    assert run
    return ledger.finish(replace(run, **more), StepResult(None, lines, {}))  # type: ignore[arg-type]


def test_a_text_is_found_in_errors_reasons_and_logs(job: Job) -> None:
    logged(job, "2026-11-22T00:00:00Z", "New lamp", "Old LAMP")
    logged(job, "2026-11-22T01:00:00Z", "a chair")
    logged(job, "2026-11-22T02:00:00Z", reason="no Lamp left")
    ledger.end(run_records.new("tally", Slot("2026-11-22T03:00:00Z"), Trigger.SCHEDULE), Status.FAILED, error="lamp!")
    for wanted in ({}, {"job": "tally"}, {"since": BEGIN}):
        assert [slot[11:13] for _, slot in listed(1, text="LaMp", **wanted)] == ["03", "02", "00"]
    assert listed(text="lamp", status=Status.FAILED) == [("tally", "2026-11-22T03:00:00Z")]
    assert listed(text="table") == []


def test_a_search_in_logs_stays_within_the_calls_of_a_request(job: Job) -> None:
    for minute in range(60):
        logged(job, f"2026-11-22T00:{minute:02d}:00Z", "a lamp" if minute == 0 else "a chair")
    listing = run_lists.listing(RunFilter(text="lamp"))
    found, after, requests = [], None, 0
    while requests == 0 or after:
        budget = ReadBudget(rows=5000, calls=40)
        with read_budget.spend(budget):
            page = read_page(listing, PageArgs(first=25, after=after))
        found += [edge.node.slot for edge in page.edges]
        after, requests = page.end_cursor if page.has_next else None, requests + 1
        assert not budget.exceeded
        assert budget.is_partial is page.has_next
    assert found == ["2026-11-22T00:00:00Z"]
    assert requests > 1

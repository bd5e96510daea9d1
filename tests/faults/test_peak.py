"""A run frees each page before it reads the next, so three times as many rows need no more memory.

What the database in memory keeps of a run is not the run's, so here it forgets the lines. `benchmarks.memory` measures the
other jobs too, as processes.
"""

import gc
import logging
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from benchmarks.rows import DUE, IS_FULL, a_customer, an_order
from chalicelib.crm import customer_rows, order_rows
from chalicelib.jobs import catalog, run_records, runner, slots, weekly_report
from chalicelib.jobs.job import Job, StepContext, StepResult
from chalicelib.jobs.report_content import Sums
from chalicelib.jobs.run_records import Trigger
from chalicelib.store import tables
from tests.faults.environment import Environment, FakeAws, fake_aws
from tests.faults.memory import Memory

pytestmark = pytest.mark.no_database

JOB = catalog.ORDER_REMINDERS
SLOT = DUE[JOB]
WARM, FEW, MANY = (300, 500, 1500) if IS_FULL else (200, 300, 900)
MAX_PAGE_SIZE = 1.05
CUSTOMERS = 100


@pytest.fixture(scope="module")
def built() -> Iterator[FakeAws]:
    with fake_aws() as made, made.run(_due(WARM)) as environment:
        environment.fire(JOB, SLOT)
        yield made


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Stop pytest from keeping the log in memory."""
    caplog.set_level(logging.WARNING, "crm")


def _due(many: int) -> Environment:
    """Store this many orders."""
    memory = Memory()
    for number in range(CUSTOMERS):
        memory.put(customer_rows.to_row(a_customer(number, SLOT)))
    for number in range(many):
        date = SLOT - timedelta(days=2, seconds=number)
        memory.put(order_rows.to_row(an_order(number, number % CUSTOMERS, date)))
    return Environment(memory, SLOT, choose=lambda _: _forget_lines(memory))


def _forget_lines(memory: Memory) -> None:
    memory._tokens.clear()
    table = memory._tables[str(tables.AuxRow.Meta.table_name)]
    for key in [key for key in table.rows if key[0].startswith("run")]:
        table.replace(key, None)


def _peak_memory(built: FakeAws, many: int, keep: Callable[[StepResult], object] = lambda _: None) -> int:
    """Return Python's peak memory in bytes, with at most one page of garbage. `keep` receives each step's result."""
    peaks: list[int] = []

    def step(work: StepContext) -> StepResult:
        page = JOB.step(work)
        keep(page)
        peaks.append(tracemalloc.get_traced_memory()[1])
        gc.collect()
        tracemalloc.reset_peak()
        return page

    with built.run(_due(many)) as environment:
        _traced(environment, replace(JOB, step=step))
        run = run_records.find(JOB.name, slots.of(SLOT))
    assert run
    assert (run.status, run.counts["reminded"], len(peaks)) == ("SUCCEEDED", many, run.pages)
    return max(peaks)


def _traced(environment: Environment, job: Job) -> None:
    gc.collect()
    gc.freeze()  # what is there before the run need not be visited after each page
    tracemalloc.start()
    try:
        environment.fire(job, SLOT)
    finally:
        tracemalloc.stop()


def test_a_run_over_three_times_the_rows_needs_no_more_memory(built: FakeAws) -> None:
    few, many = (_peak_memory(built, size) for size in (FEW, MANY))
    print(f"{few} bytes at {FEW} rows, {many} at {MANY}")
    assert many <= few * MAX_PAGE_SIZE


def test_keeping_the_lines_would_be_noticed(built: FakeAws) -> None:
    few, many = (_peak_memory(built, size, keep=list[StepResult]().append) for size in (FEW, MANY))
    print(f"{few} bytes at {FEW} rows, {many} at {MANY}")
    assert many > few * MAX_PAGE_SIZE


def test_the_top_customers_are_found_without_sorting_all() -> None:
    sums: Sums = {f"cus_{number:026d}": [number, 1] for number in range(20_000)}
    run = run_records.new(JOB.name, slots.of(SLOT), Trigger.SCHEDULE)
    context = runner.step_context(run, execute=lambda *_: {"data": {"node": None}}, cache={})
    tracemalloc.start()
    try:
        best = weekly_report._top(context, sums)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [entry["cents"] for entry in best] == [19_999, 19_998, 19_997, 19_996, 19_995]
    assert peak < 100_000, "a list of all would take millions of bytes"

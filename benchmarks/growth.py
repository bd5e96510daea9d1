"""Shows that a job costs what it changes, not what is stored: the same work in companies of growing size.

Each job is also compared with the scan that would replace it, measured and computed. A scan only finds the rows, while the job
also changes them, so the comparison favours the scan. Read units follow DynamoDB's rules (see `metering`). CPU time is that of this process, without MiniStack.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from benchmarks import cost_model, cpu
from benchmarks.firing import fire, succeeded
from benchmarks.metering import Usage, metered
from benchmarks.result import Result, print_results
from benchmarks.rows import (
    AFFECTED,
    DUE,
    IS_FULL,
    empty_tables,
    put_affected_again,
    put_books,
    put_company,
    wait_for_ministack,
)
from benchmarks.scans import SCANS
from chalicelib.jobs import catalog, queue, slots, weekly_report
from chalicelib.jobs.job import Job
from chalicelib.store import connection, tables

WARM, SMALL = 400, 1000
"""The clean-up refuses to delete all 40 of a smaller company: that is more than its cap."""
SIZES = (SMALL, 10_000, 100_000) if IS_FULL else (SMALL, 10_000)
LARGE = SIZES[-1]
ROUNDS = 2
PAPER = cost_model.Size("on paper", 1_000_000, 100_000, 10_000_000, desks=40)
COUNTED = {"calls": "calls", "read_units": "read units", "write_units": "write units"}
MAX_GROWTH = 1.2
"""As in tests/faults/test_costs.py."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a piece of work costs; `cpu` in seconds."""

    usage: Usage
    cpu: float


@dataclass(frozen=True, slots=True)
class Pair:
    job: Cost
    scan: Cost


def main() -> None:
    wait_for_ministack()
    connection.create_tables()
    queue.create()
    found = {size: pairs(size) for size in (WARM, *SIZES)}
    print_results(flat(found[SMALL], found[LARGE]))
    print_results(against_scans(found[LARGE]))
    print_results(model(found[LARGE]))
    print_results(on_paper(found[LARGE]))


def pairs(size: int) -> dict[str, Pair]:
    print(f"    {size:,} customers, products and orders", file=sys.stderr)
    put_company(size)
    put_books(size)
    found = {job.name: pair(job, slot) for job, slot in DUE.items()}
    empty_tables()
    return found


def pair(job: Job, slot: datetime) -> Pair:
    """Count once, then time in turns, because counting takes time. The scan comes first, while there still is work."""

    def scan() -> None:
        if SCANS[job.name](slot) != AFFECTED:
            raise SystemExit(f"{job.name}: the scan found something else")

    def run() -> None:
        fire(job, slot)

    scanned, counted = usage_of(scan), usage_of(run)
    succeeded(job, slot, AFFECTED)
    times: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        undo(job, slot)
        times.append((cpu.once(scan), cpu.once(run)))
        succeeded(job, slot, AFFECTED)
    undo(job, slot)
    scanning, running = map(min, zip(*times, strict=True))
    return Pair(job=Cost(counted, running), scan=Cost(scanned, scanning))


def undo(job: Job, slot: datetime) -> None:
    """Undo a run, so that it can be done again."""
    put_affected_again()
    tables.Run(job.name, slots.of(slot)).delete()
    if job is catalog.WEEKLY_REPORT:
        first, _ = weekly_report.week_of(slot, {})
        tables.Report(weekly_report.KIND, weekly_report.period_of(first)).delete()


def usage_of(work: Callable[[], object]) -> Usage:
    with metered() as usage:
        work()
    return usage


def flat(small: dict[str, Pair], large: dict[str, Pair]) -> Iterator[Result]:
    scans = sum(pair.job.usage.scans for pair in large.values())
    yield Result(f"Scan, in runs of all four jobs over {LARGE:,} rows", scans, "calls", maximum=0)
    for name, after in large.items():
        before = small[name]
        for field, words in COUNTED.items():
            ratio = getattr(after.job.usage, field) / getattr(before.job.usage, field)
            what = f"`{name}` of {AFFECTED} rows, {words}, {LARGE:,} of each kind"
            yield Result(what, ratio, compared_to=f"{SMALL:,} of each kind", maximum=MAX_GROWTH)


def against_scans(large: dict[str, Pair]) -> Iterator[Result]:
    for name, pair in large.items():
        what, job, scan = f"`{name}` of {AFFECTED} rows, {{}}, {LARGE:,} of each kind", pair.job, pair.scan
        for field, words in COUNTED.items():
            yield Result(what.format("in all"), getattr(job.usage, field), words)
        ratio, units = job.usage.read_units / scan.usage.read_units, f"{scan.usage.read_units:,.0f}"
        yield Result(what.format("read units"), ratio, compared_to=f"finding them by a scan, {units}", maximum=1)
        yield Result(what.format("CPU"), job.cpu / scan.cpu, compared_to="finding them by a scan", maximum=1)


def model(large: dict[str, Pair]) -> Iterator[Result]:
    """Check that `units.json`, measured over hundreds of rows, predicts a run over few rows.

    Write units must match. Read units need not: they are rounded up per page, and the report's grow with the days of orders.
    """
    for name, pair in large.items():
        for field, minimum, maximum in (("write_units", 0.9, 1.1), ("read_units", None, None)):
            ratio = modelled(name, field, AFFECTED) / getattr(pair.job.usage, field)
            what = f"`{name}` of {AFFECTED} rows, {COUNTED[field]}, by `units.json`"
            yield Result(what, ratio, compared_to="measured", minimum=minimum, maximum=maximum)


def modelled(name: str, field: str, rows: float) -> float:
    units = cost_model.kept_units()
    return units[f"{name}.run"][field] + rows * units[f"{name}.row"][field]


def on_paper(large: dict[str, Pair]) -> Iterator[Result]:
    size = f"{PAPER.customers:,} customers, {PAPER.products:,} products, {PAPER.orders:,} orders"
    rows = cost_model.rows_of_a_run(PAPER)
    for name, units in scans_on_paper(large).items():
        ratio = modelled(name, "read_units", rows[name]) / units
        what = f"on paper, {size}: `{name}` of {rows[name]:,.0f} rows, read units"
        yield Result(what, ratio, compared_to=f"a scan, {units:,.0f}", maximum=1)


def scans_on_paper(large: dict[str, Pair]) -> dict[str, float]:
    """Return read units of tables whose rows are as large as the measured ones."""
    each = {name: pair.scan.usage.read_units / LARGE for name, pair in large.items()}
    product, order = each[catalog.LOW_STOCK.name], each[catalog.ORDER_REMINDERS.name]
    customer = each[catalog.CUSTOMER_CLEANUP.name] - order
    both = customer * PAPER.customers + order * PAPER.orders
    return {
        catalog.LOW_STOCK.name: product * PAPER.products,
        catalog.ORDER_REMINDERS.name: order * PAPER.orders,
        catalog.CUSTOMER_CLEANUP.name: both,
        catalog.WEEKLY_REPORT.name: both,
    }


if __name__ == "__main__":
    main()

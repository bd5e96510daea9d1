"""Does a job cost what it changes, or what there is? Each with the same work in companies of growing size, against the scans
that would replace it, measured and on paper.

A scan only finds what is to be done, while the job does it too; so the comparison is in the scan's favour. Read units are
those of DynamoDB's rules (see `charges`). How long MiniStack takes is its own affair: CPU time is this process's.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from benchmarks import cost, cpu
from benchmarks.firing import fire, succeeded
from benchmarks.metering import Charges, charged
from benchmarks.result import Finding, tell
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

WARM, SMALL = 100, 1000
SIZES = (SMALL, 10_000, 100_000) if IS_FULL else (SMALL, 10_000)
LARGE = SIZES[-1]
ROUNDS = 2
PAPER = cost.Size("on paper", 1_000_000, 100_000, 10_000_000)
COUNTED = {"calls": "calls", "read_units": "read units", "write_units": "write units"}
MAX_GROWTH = 1.2
"""As in tests/faults/test_costs.py."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a piece of work; `cpu` in seconds."""

    charges: Charges
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
    tell(flat(found[SMALL], found[LARGE]))
    tell(against_scans(found[LARGE]))
    tell(model(found[LARGE]))
    tell(on_paper(found[LARGE]))


def pairs(size: int) -> dict[str, Pair]:
    print(f"    {size:,} customers, products and orders", file=sys.stderr)
    put_company(size)
    put_books(size)
    found = {job.name: pair(job, slot) for job, slot in DUE.items()}
    empty_tables()
    return found


def pair(job: Job, slot: datetime) -> Pair:
    """Counted once, and then timed by turns: counting takes time itself. The scan comes first, when there still is work."""

    def scan() -> None:
        if SCANS[job.name](slot) != AFFECTED:
            raise SystemExit(f"{job.name}: the scan found something else")

    def run() -> None:
        fire(job, slot)

    scanned, counted = charges_of(scan), charges_of(run)
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
    """So that the same run can be done again."""
    put_affected_again()
    tables.Run(job.name, slots.of(slot)).delete()
    if job is catalog.WEEKLY_REPORT:
        first, _ = weekly_report.week_of(slot, {})
        tables.Report(weekly_report.KIND, weekly_report.period_of(first)).delete()


def charges_of(work: Callable[[], object]) -> Charges:
    with charged() as charges:
        work()
    return charges


def flat(small: dict[str, Pair], large: dict[str, Pair]) -> Iterator[Finding]:
    scans = sum(pair.job.charges.scans for pair in large.values())
    yield Finding(f"Scan, in runs of all four jobs over {LARGE:,} rows", scans, "calls", most=0)
    for name, after in large.items():
        before = small[name]
        for field, words in COUNTED.items():
            ratio = getattr(after.job.charges, field) / getattr(before.job.charges, field)
            what = f"`{name}` of {AFFECTED} rows, {words}, {LARGE:,} of each kind"
            yield Finding(what, ratio, against=f"{SMALL:,} of each kind", most=MAX_GROWTH)


def against_scans(large: dict[str, Pair]) -> Iterator[Finding]:
    for name, pair in large.items():
        what, job, scan = f"`{name}` of {AFFECTED} rows, {{}}, {LARGE:,} of each kind", pair.job, pair.scan
        for field, words in COUNTED.items():
            yield Finding(what.format("in all"), getattr(job.charges, field), words)
        ratio, units = job.charges.read_units / scan.charges.read_units, f"{scan.charges.read_units:,.0f}"
        yield Finding(what.format("read units"), ratio, against=f"finding them by a scan, {units}", most=1)
        yield Finding(what.format("CPU"), job.cpu / scan.cpu, against="finding them by a scan", most=1)


def model(large: dict[str, Pair]) -> Iterator[Finding]:
    """Whether `units.json`, from runs over hundreds of rows, foretells a run over few. Write units must fit. Of the reads
    a run's own are rounded up by page, and the report's grow with the days of the books, of which it knew few.
    """
    for name, pair in large.items():
        for field, least, most in (("write_units", 0.9, 1.1), ("read_units", None, None)):
            ratio = modelled(name, field, AFFECTED) / getattr(pair.job.charges, field)
            what = f"`{name}` of {AFFECTED} rows, {COUNTED[field]}, by `units.json`"
            yield Finding(what, ratio, against="measured", least=least, most=most)


def modelled(name: str, field: str, rows: float) -> float:
    units = cost.kept_units()
    return units[f"{name}.run"][field] + rows * units[f"{name}.row"][field]


def on_paper(large: dict[str, Pair]) -> Iterator[Finding]:
    size = f"{PAPER.customers:,} customers, {PAPER.products:,} products, {PAPER.orders:,} orders"
    rows = cost.rows_of_a_run(PAPER)
    for name, units in scans_on_paper(large).items():
        ratio = modelled(name, "read_units", rows[name]) / units
        what = f"on paper, {size}: `{name}` of {rows[name]:,.0f} rows, read units"
        yield Finding(what, ratio, against=f"a scan, {units:,.0f}", most=1)


def scans_on_paper(large: dict[str, Pair]) -> dict[str, float]:
    """Read units, of tables whose rows are as large as those that were measured."""
    each = {name: pair.scan.charges.read_units / LARGE for name, pair in large.items()}
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

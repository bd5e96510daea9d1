"""Measures how much memory a run needs for its rows. It must release what it has read, page by page.

Each run has a process of its own (`memory_probe`), which first warms up with a run over a few rows. The peak is Linux's own
figure. Every order of the report's week has another customer, because the report sums by customer: this is its worst case.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta

from benchmarks.memory_probe import WEEK
from benchmarks.result import Result, print_results
from benchmarks.rows import (
    IS_FULL,
    NOW,
    a_customer,
    a_product,
    an_order,
    empty_tables,
    put_claims,
    put_customers,
    put_orders,
    put_products,
    put_totals,
    wait_for_ministack,
)
from chalicelib.jobs import catalog, queue
from chalicelib.jobs.job import Job
from chalicelib.store import connection

FEW = 250
"""A few pages."""
MANY = 20_000 if IS_FULL else 4000
"""MiniStack examines the whole list for each page, so ten times as many rows take a hundred times as long."""
MAX_ADDED = 30.0
Put = Callable[[range, timedelta], None]
"""Puts rows with these numbers, that long before those that are due at the slot in `DUE`."""


def put_low(numbers: range, _ago: timedelta) -> None:
    put_products(a_product(number, stock=3) for number in numbers)


def put_inactive(numbers: range, _ago: timedelta) -> None:
    created = NOW - timedelta(days=500)
    put_customers(a_customer(number, created) for number in numbers)
    put_claims(a_customer(number, created) for number in numbers)


def put_ordered(numbers: range, ago: timedelta) -> None:
    """Put orders, each of another customer."""
    date = NOW - timedelta(days=2) - ago
    put_customers(a_customer(number, date) for number in numbers)
    rows = [an_order(number, number, date - timedelta(seconds=number % 80_000)) for number in numbers]
    put_orders(rows)
    put_totals(rows)


CASES: tuple[tuple[Job, Put], ...] = (
    (catalog.ORDER_REMINDERS, put_ordered),
    (catalog.WEEKLY_REPORT, put_ordered),
    (catalog.LOW_STOCK, put_low),
    (catalog.CUSTOMER_CLEANUP, put_inactive),
)


def results() -> Iterator[Result]:
    wait_for_ministack()
    connection.create_tables()
    queue.create()
    for job, put in CASES:
        print(f"    {job.name} of {MANY:,} rows", file=sys.stderr)
        yield Result(
            f"`{job.name}` of {MANY:,} rows, at its peak",
            grown(job, put),
            unit="MiB",
            compared_to=f"after a run of {FEW}",
            maximum=MAX_ADDED,
        )
        empty_tables()


def grown(job: Job, put: Put) -> float:
    """Return the MiB that a run over many rows adds."""
    put(range(FEW), WEEK)
    command = [sys.executable, "-m", "benchmarks.memory_probe", job.name, str(FEW), str(MANY)]
    environment = os.environ | {"CRM_CLEANUP_FLOOR": str(MANY)}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        process.stdout.readline()
        put(range(FEW, FEW + MANY), timedelta())
        peak, _ = process.communicate("go on\n")
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return float(peak)


if __name__ == "__main__":
    print_results(results())

"""What people and jobs do in the CRM of a retailer, and what each costs: see `year`.

It all happens in this process, on the database in memory, so that calls and units are the same each time.
"""

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.counted_memory import CountedMemory
from benchmarks.firing import day
from benchmarks.memory_probe import begin_peak, peak_added
from benchmarks.metering import Usage
from benchmarks.retailer import WEEKS, YEAR, Retailer, write_invoices
from benchmarks.year_documents import ENDS, EXPORT, LISTS, SEARCH, search_texts
from chalicelib.crm import customers, products
from chalicelib.jobs import backfills, catalog, run_records, slots
from chalicelib.jobs.job import Job
from chalicelib.store import tables
from tests.as_operator import execute
from tests.faults.environment import Environment
from tests.faults.shop_year import import_files

LAST_REPORT, WEEK = day("2026-11-23T06:30:00"), timedelta(days=7)
SLOTS = {
    catalog.LOW_STOCK: day("2026-11-23T12:00:00"),
    catalog.ORDER_REMINDERS: day("2026-11-24T08:00:00"),
    catalog.CUSTOMER_CLEANUP: day("2026-11-29T02:00:00"),
}
ALIKE = {"search": "searches", "list": "lists without lines"}
MORE_ORDERS = 200
PAGES = 5
"""So many pages of an export are measured, at its beginning and at its end."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What an operation on `rows` rows cost; `cpu` in seconds, `added` in MiB at its peak, without the rows that it wrote."""

    usage: Usage
    rows: int
    cpu: float
    added: float

    def per_row(self, name: str) -> float:
        return float(getattr(self.usage, name)) / self.rows


def together(found: Mapping[str, Measured]) -> dict[str, Measured]:
    """Add up all searches, and all lists but the one with lines, because a table of each would be long."""
    sums: dict[str, list[Measured]] = {}
    for name, each in found.items():
        kind = name.partition(":")[0]
        sums.setdefault(ALIKE.get(kind, name) if "lines" not in name else name, []).append(each)
    return {name: _sum(some) for name, some in sums.items()}


def _sum(some: Sequence[Measured]) -> Measured:
    usage = Usage(
        calls=sum(each.usage.calls for each in some),
        read_units=sum(each.usage.read_units for each in some),
        write_units=sum(each.usage.write_units for each in some),
    )
    return Measured(
        usage, sum(each.rows for each in some), sum(each.cpu for each in some), max(each.added for each in some)
    )


@dataclass
class Company:
    retailer: Retailer
    environment: Environment
    memory: CountedMemory
    found: dict[str, Measured] = field(default_factory=dict)

    @contextmanager
    def measured(self, name: str, rows: int = 1) -> Iterator[None]:
        stored, before = self.memory.size, begin_peak()
        began = time.process_time()
        with self.memory.counted() as usage:
            yield
        cpu = time.process_time() - began
        added = peak_added(before) - (self.memory.size - stored) / 2**20
        self.found[name] = Measured(usage, rows, cpu, added)
        assert usage.scans == 0, name  # noqa: S101 - nothing may scan a table

    def search(self) -> None:
        """Measure each search."""
        ask(SEARCH, text="s")  # the first one makes the secret that signs cursors
        for name, text in search_texts(self.retailer).items():
            with self.measured(f"search: {name}"):
                edges = ask(SEARCH, text=text)["search"]["edges"]
            assert edges, text  # noqa: S101 - each text is somebody's, or something's

    def lists(self) -> None:
        """Measure the first page of each list, and of the orders of the best customer and of the best-selling product."""
        article = products.find_by_sku(self.retailer.articles[0].sku)
        customer = max(
            customers.find_all_by_email(each.email for each in self.retailer.people).values(),
            key=lambda row: row.orders,
        )
        assert article  # noqa: S101 - it was imported
        for name, document in LISTS.items():
            with self.measured(f"list: {name}"):
                (found,) = ask(document, product=article.id, customer=customer.id).values()
            self._count(f"list: {name}", len(found.get("orders", found)["edges"]))

    def export_ends(self) -> None:
        """Measure the first and the last pages of the export of all orders. The pages between them are passed over."""
        pages = self.retailer.size.orders // 100
        some = min(PAGES, pages // 2)
        with self.measured("export: first pages", some):
            after = _read_on(EXPORT, some, None)
        after = _read_on(ENDS, pages - 2 * some, after)
        with self.measured("export: last pages", some):
            _read_on(EXPORT, some, after)

    def more_orders(self) -> None:
        """Import more orders of the same people and products, with as many lines at any size."""
        lines = YEAR.times(MORE_ORDERS / YEAR.orders).lines
        size = replace(self.retailer.size, orders=MORE_ORDERS, lines=lines)
        with tempfile.TemporaryDirectory() as scratch:
            write_invoices(Retailer(size, first_invoice=900_000).invoices(), Path(scratch))
            with self.measured("import", MORE_ORDERS):
                import_files(Path(scratch))

    def backfill(self, weeks: int = WEEKS) -> None:
        """Have the reports of the last weeks made, or all of the year. The rows are the orders of these weeks."""
        self.environment.now = LAST_REPORT
        with self.measured("weekly reports"):
            backfills.request(catalog.WEEKLY_REPORT, LAST_REPORT - weeks * WEEK, LAST_REPORT, "benchmark")
            self.environment.deliver_messages()
        made = [
            json.loads(row["content"]["S"])["week"]["orders"] for row in self.memory.rows_of(tables.Report).values()
        ]
        assert len(made) == weeks  # noqa: S101
        self._count("weekly reports", sum(made))

    def job(self, job: Job) -> None:
        slot = SLOTS[job]
        self.environment.now = slot + timedelta(seconds=5)
        with self.measured(job.name):
            self.environment.fire(job, slot)
        run = run_records.find(job.name, slots.of(slot))
        assert run and run.status == "SUCCEEDED", run  # noqa: S101, PT018
        self._count(job.name, max(run.counts.values()))

    def _count(self, name: str, rows: int) -> None:
        """Note how many rows it was about. Each has some, in a company of any size."""
        assert rows, name  # noqa: S101
        self.found[name] = replace(self.found[name], rows=rows)

    def everything(self, weeks: int = WEEKS) -> dict[str, Measured]:
        self.search()
        self.lists()
        self.export_ends()
        self.more_orders()
        self.backfill(weeks)
        for job in SLOTS:
            self.job(job)
        return self.found


def _read_on(document: str, pages: int, after: str | None) -> str | None:
    """Return the end of the last page."""
    for _ in range(pages):
        after = ask(document, first=100, after=after)["list"]["pageInfo"]["endCursor"]
    return after


def ask(document: str, **variables: Any) -> Any:
    answer = execute(document, variables)
    assert "errors" not in answer, answer  # noqa: S101
    return answer["data"]

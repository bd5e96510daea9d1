"""A real company's size: a year of a retailer is imported, searched, listed, reported on, cleaned up, restocked and exported.

It has 4,300 customers, 3,700 products, 18,500 orders and 400,000 lines with CRM_FULL_SIZE=1, and a tenth of that without. What
people and jobs do is then measured in companies of growing size, up to ten times as large. All of it is on the database in
memory. Calls and units are exact, and the same each time; only the import and the export also take real requests over HTTP.
"""

import csv
import gc
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.backend import ROOT
from benchmarks.counted_memory import CountedMemory
from benchmarks.metering import Usage
from benchmarks.result import Result, print_results
from benchmarks.retailer import IMPORTED, MAX_LINES, OPENED, YEAR, Retailer, write_opening, write_year
from benchmarks.retailer_rows import put_retailer
from benchmarks.rows import IS_FULL
from benchmarks.served import in_process
from benchmarks.year_operations import Company, Measured, together
from chalicelib.api.http.endpoint import respond
from chalicelib.settings import settings
from chalicelib.store import tables
from tests.faults.environment import Environment, fake_aws

SCALES = (0.1, 1, 10) if IS_FULL else (0.03, 0.1)
SERVED = 1 if IS_FULL else 0.1
"""The scale of the company whose year is imported and exported over HTTP."""
MAX_SEARCH_CALLS, MAX_SEARCH_UNITS = 6, 30
MAX_LIST_CALLS = 4
MAX_CALLS_WITH_LINES = 3 + 22
"""100 orders have 2,160 lines on average, and each call reads 100 products."""
MAX_READS_A_LINE = 3.2
"""The SKU, the product, and the product again when the order is written; and a few for each order."""
MAX_REPORT_WRITES = 2.2
"""46 bytes for each line, in a transaction."""
MAX_ADDED = 30.0
MAX_GROWTH = 1.2
NOT_FLAT = ("import", "export", "list: 100 orders with lines")
"""Whose reads depend on how many products their lines name: at most one for each line."""
_COUNTED = {"calls": "calls", "read_units": "read units", "write_units": "write units"}


@dataclass(frozen=True, slots=True)
class Command:
    """What a command of crmctl took: MiB at its peak, and seconds of the server's CPU."""

    peak: float
    cpu: float
    usage: Usage


def main() -> None:
    with fake_aws() as built, built.run(Environment(CountedMemory(), OPENED)) as environment:
        object.__setattr__(settings, "open_access", True)
        print_results(served(environment))
        found: dict[float, Mapping[str, Measured]] = {}
        for scale in SCALES:
            environment.memory = memory = CountedMemory()
            found[scale] = measured(environment, memory, scale)
    print_results(at_size(found[SCALES[-1]]))
    for small, large in pairwise(SCALES):
        print_results(
            growth(together(found[small]), together(found[large]), f"at {small:.0%}", f"at {large:.0%} of the size")
        )


def measured(environment: Environment, memory: CountedMemory, scale: float) -> Mapping[str, Measured]:
    retailer, began = Retailer(YEAR.times(scale)), time.process_time()
    put_retailer(environment, memory, retailer)
    print(f"    {scale:.0%}: {retailer.size}, loaded in {time.process_time() - began:.0f} s of CPU", file=sys.stderr)
    gc.collect()
    gc.freeze()
    found = Company(retailer, environment, memory).everything()
    gc.unfreeze()
    for name, each in found.items():
        units = f"{each.usage.read_units:,.0f} read units, {each.usage.write_units:,.0f} write units"
        print(
            f"    {name}, {each.rows} rows: {each.usage.calls} calls, {units}, {each.cpu:.2f} s, {each.added:.1f} MiB",
            file=sys.stderr,
        )
    return found


def served(environment: Environment) -> Iterator[Result]:
    """Import the year and export it again with crmctl, over HTTP."""
    memory = environment.memory
    assert isinstance(memory, CountedMemory)  # noqa: S101
    retailer = Retailer(YEAR.times(SERVED))
    size = retailer.size
    with tempfile.TemporaryDirectory() as scratch, in_process(respond) as url:
        opening, year = Path(scratch) / "opening", Path(scratch) / "year"
        write_opening(retailer, opening)
        write_year(retailer, year)
        crmctl(memory, url, "import", str(opening), "--rejects", scratch)
        environment.now = IMPORTED
        imported = crmctl(memory, url, "import", str(year), "--workers", "1", "--rejects", scratch)
        exported = crmctl(memory, url, "export", "orders", "--output", str(Path(scratch) / "orders.csv"))
        with (Path(scratch) / "orders.csv").open(encoding="utf-8", newline="") as file:
            lines = Counter(row["order_ref"] for row in csv.DictReader(file))
    stored = memory.rows_of(tables.Order)
    what = f"{size.orders:,} orders of {size.lines:,} lines"
    yield Result(
        f"{what}, imported and exported again", len(stored), "orders", minimum=size.orders, maximum=size.orders
    )
    yield Result("lines of the export", lines.total(), "lines", minimum=size.lines, maximum=size.lines)
    yield Result("lines of its largest invoice", max(lines.values()), "lines", minimum=MAX_LINES)
    yield from _of_command("`crmctl import`", imported, size.orders)
    yield Result("write units of the import", imported.usage.write_units / size.lines, "for each line", maximum=2)
    yield from _of_command("`crmctl export`", exported, size.orders)


def _of_command(name: str, command: Command, orders: int) -> Iterator[Result]:
    yield Result(f"DynamoDB calls of {name}", command.usage.calls / orders, "for each order")
    yield Result(f"read units of {name}", command.usage.read_units / orders, "for each order")
    yield Result(f"orders for each second of the server's CPU, {name}", orders / command.cpu, "orders")
    yield Result(f"memory of {name}, at its peak", command.peak, "MiB", maximum=150)


def crmctl(memory: CountedMemory, url: str, *arguments: str) -> Command:
    began = time.process_time()
    with memory.counted() as usage, tempfile.NamedTemporaryFile(mode="r") as peak:
        command = [sys.executable, "-m", "benchmarks.command_probe", peak.name, *arguments, "--url", url]
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        return Command(float(peak.read()), time.process_time() - began, usage)


def at_size(found: Mapping[str, Measured]) -> Iterator[Result]:
    """Yield what the operations cost that have a limit in a company of any size."""
    searches = [each.usage for name, each in found.items() if name.startswith("search")]
    calls, units = max(each.calls for each in searches), max(each.read_units for each in searches)
    yield Result("calls of the most expensive search", calls, "calls", maximum=MAX_SEARCH_CALLS)
    yield Result("read units of the most expensive search", units, "units", maximum=MAX_SEARCH_UNITS)
    lists = {name: each.usage for name, each in found.items() if name.startswith("list")}
    calls = max(usage.calls for name, usage in lists.items() if not name.startswith(NOT_FLAT))
    yield Result("calls of the most expensive list without lines", calls, "calls", maximum=MAX_LIST_CALLS)
    with_lines = found["list: 100 orders with lines and products"].usage
    yield Result("calls of 100 orders with lines and products", with_lines.calls, "calls", maximum=MAX_CALLS_WITH_LINES)
    lines = found["import"].rows * YEAR.lines / YEAR.orders
    reads = found["import"].usage.read_units
    yield Result("read units of an import of 200 orders", reads / lines, "for each line", maximum=MAX_READS_A_LINE)
    writes = found["weekly reports"].per_row("write_units")
    yield Result("write units of the weekly reports", writes, "for each order", maximum=MAX_REPORT_WRITES)
    first, last = (found[f"export: {which} pages"] for which in ("first", "last"))
    for counted in ("calls", "read_units"):
        ratio = last.per_row(counted) / first.per_row(counted)
        what = f"the last pages of the export, {_COUNTED[counted]}"
        yield Result(what, ratio, compared_to="the first pages", maximum=MAX_GROWTH)
    for name, each in found.items():
        if each.added >= 1:
            yield Result(f"{name}, memory added at its peak", each.added, "MiB", maximum=MAX_ADDED)


def growth(small: Mapping[str, Measured], large: Mapping[str, Measured], before: str, after: str) -> Iterable[Result]:
    """Yield what each operation costs per row in the larger company, against the smaller one."""
    for name in large:
        for counted, words in _COUNTED.items():
            ratio = grown(small, large, name, counted)
            if ratio is not None:
                maximum = MAX_GROWTH if is_flat(name, counted) else None
                yield Result(f"{name}, {words}, {after}", ratio, compared_to=before, maximum=maximum)


def grown(small: Mapping[str, Measured], large: Mapping[str, Measured], name: str, counted: str) -> float | None:
    """Return how many times as much each row costs in the larger company. None if it costs nothing."""
    one, other = large[name].per_row(counted), small[name].per_row(counted)
    return one / other if one and other else None


def is_flat(name: str, counted: str) -> bool:
    """Return whether an operation costs the same for each row in any company. A search reads what it finds, up to a limit."""
    if name.startswith("search"):
        return counted == "calls"
    if name == "weekly reports":  # the sums of each page name its products
        return counted != "write_units"
    return counted == "write_units" or not name.startswith(NOT_FLAT)


if __name__ == "__main__":
    main()

"""`python -m benchmarks [SECTION ...]` measures everything, or those sections, and prints one table.

With `--keep` the table also goes to `docs/benchmarks.md`, with the day and the machine.
"""

import argparse
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import backend
from benchmarks.result import Result, read, table

SECTIONS = {
    "peers": "API against peers",
    "growth": "Jobs against what they replace",
    "contention": "Throughput and contention",
    "start": "Cold start",
    "bulk": "Import",
    "memory": "Memory",
    "year": "A year of a company",
}
"""Sections, by the name of their module."""
KEPT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured -->\n", "<!-- end -->"


def measured(name: str) -> list[Result]:
    print(f"... {name}", file=sys.stderr)
    return [read(line) for line in backend.run(f"benchmarks.{name}")]


def shown(found: dict[str, list[Result]]) -> str:
    parts = [f"### {SECTIONS[name]}\n\n{table(results)}" for name, results in found.items()]
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return f"Measured on {datetime.now(UTC):%Y-%m-%d} ({machine}).\n\n" + "\n\n".join(parts) + "\n"


def keep(text: str) -> None:
    page = KEPT.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    KEPT.write_text(before + BEGIN + "\n" + text + "\n" + END + rest.partition(END)[2], "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure, side by side.")
    parser.add_argument("section", nargs="*", choices=[[], *SECTIONS], metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--keep", action="store_true", help=f"write all of it to {KEPT.name}")
    wanted = parser.parse_args()
    if wanted.keep and wanted.section:
        parser.error("--keep is for all sections together")
    found = {name: measured(name) for name in wanted.section or SECTIONS}
    text = shown(found)
    print(text)
    if wanted.keep:
        keep(text)
    missed = [result for results in found.values() for result in results if not result.is_met]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

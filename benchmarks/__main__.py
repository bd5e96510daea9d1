"""`python -m benchmarks [SECTION ...]` measures everything, or those sections, and prints one table.

With `--keep` the tables also go to `docs/benchmarks.md`, each with its day and machine; those of other sections stay.
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


def shown(found: dict[str, list[Result]]) -> dict[str, str]:
    """Return the text of each section, by its title."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    measured_on = f"Measured on {datetime.now(UTC):%Y-%m-%d} ({machine})."
    return {SECTIONS[name]: f"{measured_on}\n\n{table(results)}" for name, results in found.items()}


def joined(sections: dict[str, str]) -> str:
    return "\n\n".join(f"### {title}\n\n{text}" for title, text in sections.items()) + "\n"


def keep(sections: dict[str, str]) -> None:
    page = KEPT.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    old, _, after = rest.partition(END)
    known = dict(part.strip().split("\n\n", 1) for part in old.split("### ")[1:]) | sections
    text = joined({title: known[title] for title in SECTIONS.values() if title in known})
    KEPT.write_text(before + BEGIN + "\n" + text + "\n" + END + after, "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure, side by side.")
    parser.add_argument("section", nargs="*", choices=[[], *SECTIONS], metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--keep", action="store_true", help=f"write it to {KEPT.name}")
    wanted = parser.parse_args()
    found: dict[str, list[Result]] = {}
    for name in wanted.section or SECTIONS:
        found[name] = measured(name)
        if wanted.keep:  # at once: the section after it may fail
            keep(shown({name: found[name]}))
    print(joined(shown(found)))
    missed = [result for results in found.values() for result in results if not result.is_met]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

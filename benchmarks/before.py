"""Compares our requests with those of an earlier commit: `python -m benchmarks.before COMMIT [OPERATION ...]`.

Both answer through their Lambda handlers, in processes of their own that take turns. They read and write the same rows, and each
answer is compared. The ratio is that of the medians, which a busy machine moves less than any single turn.
"""

import argparse
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks import backend
from benchmarks.peers.company import Company, sample_company
from benchmarks.peers.contestant import Contestant, Running, running
from benchmarks.peers.key_check import RATE
from benchmarks.peers.operations import OPERATIONS, Operation
from benchmarks.result import Result, print_results, read, table

_WANTED = "CRM_BENCH_BEFORE"
"""Has the commit and the names of the operations, for the process that measures."""


class _Checkout(Contestant):
    """Our own code in some directory, run by the Python that runs this."""

    def python(self, *_options: str) -> list[str]:
        return [sys.executable]

    def fetch(self) -> None:
        """Nothing is missing."""


@contextmanager
def checkout(commit: str) -> Iterator[Path]:
    """Yield a directory with the files of the commit, but with the benchmarks of today: both are asked in the same way."""
    archive = subprocess.run(["git", "archive", commit], cwd=backend.ROOT, check=True, capture_output=True).stdout
    with tempfile.TemporaryDirectory() as directory, tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(directory, filter="data")
        shutil.rmtree(Path(directory, "benchmarks"))
        shutil.copytree(backend.ROOT / "benchmarks", Path(directory, "benchmarks"))
        yield Path(directory)


def results(commit: str, names: list[str]) -> Iterator[Result]:
    # Not at the top: it reads the settings, which only the process that measures has.
    from chalicelib.store import connection  # noqa: PLC0415

    connection.create_tables()
    company = sample_company()
    environment = os.environ | {"CRM_RATE_PER_SECOND": str(RATE)}
    with checkout(commit) as directory:
        both = _Checkout("ours", "now", ""), _Checkout("ours", commit, "", root=directory)
        with running(both, environment, company) as (now, before):
            for operation in OPERATIONS:
                if operation.name in names:
                    yield from _compared(operation, company, now, before)


def _compared(operation: Operation, company: Company, now: Running, before: Running) -> Iterator[Result]:
    body = operation.body(company)
    seconds: dict[Running, list[float]] = {now: [], before: []}
    for turn in range(operation.rounds):
        order = (now, before) if turn % 2 else (before, now)
        answers = []
        for process in order:
            spent, answer = process.asked(body)
            seconds[process].append(spent)
            answers.append(operation.comparable(answer))
        if answers[0] != answers[1]:
            raise SystemExit(f"{operation.title}: the answers differ:\n{answers[0]}\n{answers[1]}")
    against = f"before, {median(seconds[before]) * 1000:.2f} ms"
    yield Result(operation.title, median(seconds[now]) / median(seconds[before]), compared_to=against)
    yield Result(operation.title, min(seconds[now]) / min(seconds[before]), compared_to="before, the minimum of each")
    yield Result(operation.title, now.calls(body), "calls of DynamoDB", f"{before.calls(body)} before")
    if os.environ.get("PROFILE") == operation.name:
        now.profile(body)


def main() -> None:
    if wanted := os.environ.get(_WANTED):
        commit, *names = wanted.split()
        print_results(results(commit, names))
        return
    known = [operation.name for operation in OPERATIONS]
    parser = argparse.ArgumentParser(prog="benchmarks.before", description="Compare our CPU with that of a commit.")
    parser.add_argument("commit")
    parser.add_argument("operation", nargs="*", choices=[[], *known], metavar="OPERATION", help=", ".join(known))
    asked = parser.parse_args()
    lines = backend.run("benchmarks.before", **{_WANTED: " ".join([asked.commit, *(asked.operation or known)])})
    print(table(read(line) for line in lines))


if __name__ == "__main__":
    main()

"""`python -m benchmarks.memory_probe JOB FEW MANY` measures how many MiB a run over many rows adds to its process.

It first runs the job over few rows, prints a line and waits for a line on standard input. Then it does the run over many rows,
which is due a week later, and prints the peak (VmHWM) minus the memory before that run (VmRSS). Linux only.
"""

import gc
import io
import re
import sys
from contextlib import redirect_stdout
from datetime import timedelta
from pathlib import Path

from benchmarks.firing import fire, succeeded
from benchmarks.rows import DUE, wait_for_ministack
from chalicelib import telemetry
from chalicelib.jobs import catalog

WEEK = timedelta(days=7)
_PROCESS = Path("/proc/self")
_FORGET_PEAK = "5"


class _Discard(io.TextIOBase):
    """Throw the log away."""

    def write(self, text: str) -> int:
        return len(text)


def main() -> None:
    wait_for_ministack()
    job, few, many = catalog.find(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    with redirect_stdout(_Discard()):
        telemetry.start()
    due = DUE[job]
    fire(job, due - WEEK)
    succeeded(job, due - WEEK, few)
    before = begin_peak()
    print("ready", flush=True)
    sys.stdin.readline()
    fire(job, due)
    print(peak_added(before))
    succeeded(job, due, many)


def begin_peak() -> int:
    """Forget the highest memory of this process so far. Return what it has now, in KiB."""
    gc.collect()
    (_PROCESS / "clear_refs").write_text(_FORGET_PEAK)
    return kibibytes("VmRSS")


def peak_added(before: int) -> float:
    """Return how many MiB this process had more than `before` since then, at its peak."""
    return (kibibytes("VmHWM") - before) / 1024


def kibibytes(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", (_PROCESS / "status").read_text())
    if not found:
        raise SystemExit(f"{_PROCESS / 'status'} has no {name}")
    return int(found[1])


if __name__ == "__main__":
    main()

"""`python -m benchmarks.memory_probe JOB FEW MANY` measures, in MiB, what a run over many rows adds to the memory of its process.

It does the job's run over few rows first, prints a line, waits for one on standard input, and does the run over many, which is
due a week later. What it prints then is the peak (VmHWM) less what it had before (VmRSS). For Linux only.
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


class _Nowhere(io.TextIOBase):
    """Where the log goes."""

    def write(self, text: str) -> int:
        return len(text)


def main() -> None:
    wait_for_ministack()
    job, few, many = catalog.find(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    with redirect_stdout(_Nowhere()):
        telemetry.start()
    due = DUE[job]
    fire(job, due - WEEK)
    succeeded(job, due - WEEK, few)
    gc.collect()
    (_PROCESS / "clear_refs").write_text(_FORGET_PEAK)
    before = kibibytes("VmRSS")
    print("ready", flush=True)
    sys.stdin.readline()
    fire(job, due)
    print((kibibytes("VmHWM") - before) / 1024)
    succeeded(job, due, many)


def kibibytes(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", (_PROCESS / "status").read_text())
    if not found:
        raise SystemExit(f"{_PROCESS / 'status'} does not tell {name}")
    return int(found[1])


if __name__ == "__main__":
    main()

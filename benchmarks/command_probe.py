"""`python -m benchmarks.command_probe FILE ...` runs `crmctl ...` and writes the MiB that it had at its peak to FILE. Linux only."""

import runpy
import sys
from pathlib import Path

from benchmarks.memory_probe import kibibytes


def main() -> None:
    report = Path(sys.argv[1])
    sys.argv = ["crmctl", *sys.argv[2:]]
    try:
        runpy.run_module("crmctl", run_name="__main__")
    finally:
        report.write_text(str(kibibytes("VmHWM") / 1024))


if __name__ == "__main__":
    main()

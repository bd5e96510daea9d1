"""Starts a function as a cold start on Lambda does: `python -S benchmarks/cold.py PACKAGE`.

Standard input has the imports, the first work and the event. The last line of standard output has the CPU seconds of both, and the
peak memory in MiB. The process finds only the package and the standard library.
"""

import json
import re
import sys
import time
from pathlib import Path


class Context:
    """As Lambda's context object."""

    function_name = "crm"
    function_version = "1"
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:crm"
    memory_limit_in_mb = 1024
    aws_request_id = "cold"

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


def peak() -> float:
    """Return Linux's figure for this process; `getrusage` would include the one that started it."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    if found is None:
        raise SystemExit("/proc/self/status does not say how much memory was in use")
    return int(found[1]) / 1024


def main() -> None:
    asked = json.load(sys.stdin)
    sys.path.insert(0, sys.argv[1])
    names = {"event": asked["event"], "context": Context()}
    took = []
    for code in (asked["start"], asked["first"]):
        compiled = compile(code, "cold", "exec")
        began = time.process_time()
        exec(compiled, names)  # noqa: S102 - the benchmark's own
        took.append(time.process_time() - began)
    print()
    print(json.dumps([*took, peak()]))


if __name__ == "__main__":
    main()

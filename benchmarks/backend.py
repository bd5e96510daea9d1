"""Starts an empty MiniStack for a benchmark, and processes that use it."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localdev.emulator import Emulator, fetch
from localdev.environment import FIXED
from localdev.state import State

ROOT = Path(__file__).parent.parent
FULL = "CRM_FULL_SIZE"
"""With it the largest size is 100,000, as in the tests: minutes more."""
_OURS, _FOREIGN = (FULL, "CRM_BENCH_"), ("AWS_", "CRM_")


@contextmanager
def emulator() -> Iterator[str]:
    """Yield its address."""
    fetch()
    with tempfile.TemporaryDirectory() as scratch:
        state = State(Path(scratch))
        state.create()
        state.log.touch()
        with state.lifetime_lock.open("w") as lock:
            running = Emulator(state, lock.fileno())
            try:
                while not running.is_ready():
                    if not running.is_running():
                        raise SystemExit(state.log.read_text())
                    time.sleep(0.05)
                yield running.endpoint
            finally:
                running.stop()


def environment(endpoint: str, **settings: str) -> dict[str, str]:
    """That of this process, with nothing of AWS or of this project in it but what leads to the emulator.

    What is meant for the benchmarks, CRM_BENCH_... and CRM_FULL_SIZE, stays.
    """
    kept = {name: text for name, text in os.environ.items() if name.startswith(_OURS) or not name.startswith(_FOREIGN)}
    wanted = {"AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "us-east-1", "CRM_STAGE": "bench"}
    return kept | FIXED | wanted | settings


def run(module: str, **settings: str) -> Iterator[str]:
    """The lines that a module of ours prints as a process of its own, with an emulator of its own."""
    with emulator() as endpoint:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=environment(endpoint, **settings),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        with process.stdout:
            yield from process.stdout
        if process.wait():
            raise SystemExit(f"{module} ended with {process.returncode}")

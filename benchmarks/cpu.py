"""Measures the CPU time of this process. Other processes, such as the emulator, do not count."""

import gc
import time
from collections.abc import Callable, Mapping


def minimum(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the seconds of each work: the minimum of `rounds` in which they take turns, after one warm-up."""
    for work in works.values():
        work()
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(once(work))
    return {name: min(times) for name, times in found.items()}


def once(work: Callable[[], object]) -> float:
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began

"""Where does a handler's CPU time go: to which packages, and to which functions?

Packages are sampled, which costs next to nothing. The functions are from a profiler, to which small ones look dearer than
they are, and which counts the waiting for DynamoDB: a hint where to look, with the number of calls.
"""

import cProfile
import pstats
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO

from benchmarks.backend import ROOT

SECONDS = 4.0
STEP = 0.001
TIMES, FUNCTIONS = 20, 40
_INSTALLED = "site-packages"


def show(work: Callable[[], object], out: IO[str]) -> None:
    found = packages(work)
    for package, samples in found.most_common(10):
        print(f"{samples / found.total():7.1%} {package}", file=out)
    profiler = cProfile.Profile()
    for _ in range(TIMES):
        profiler.runcall(work)
    pstats.Stats(profiler, stream=out).strip_dirs().sort_stats("tottime").print_stats(FUNCTIONS)


def packages(work: Callable[[], object], seconds: float = SECONDS) -> Counter[str]:
    """Samples of each, by the time of the CPU; what is written in C counts as of who calls it."""
    found: Counter[str] = Counter()

    def sample(_signal: int, frame: FrameType | None) -> None:
        if frame:
            found[_package(frame.f_code.co_filename)] += 1

    before = signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, STEP, STEP)
    try:
        end = time.process_time() + seconds
        while time.process_time() < end:
            work()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return found


def _package(file: str) -> str:
    path = Path(file)
    if _INSTALLED in path.parts:
        return path.parts[path.parts.index(_INSTALLED) + 1]
    if path.is_relative_to(ROOT):
        return path.relative_to(ROOT).parts[0]
    return "Python's own library"

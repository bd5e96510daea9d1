"""Shows who uses the CPU time: by packages, by functions, or by the parts of a server that a reader of this project knows.

Packages are sampled, which costs next to nothing. A profiler makes small functions look more expensive than they are, and counts
the time waiting for DynamoDB, so take its figures as a hint where to look.
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

ROOT = Path(__file__).parent.parent
PARTS = {
    "GraphQL and its resolvers": ("/graphql/", "/chalicelib/api/"),
    "the domain": ("/chalicelib/",),
    "pynamodb": ("/pynamodb/",),
    "botocore and HTTP": ("/botocore/", "/urllib3/", "/http/", "/boto3/", "/socket", "/email/", "_socket", "/ssl"),
}
OTHER = "others, built-ins among them"
SAMPLED_SECONDS, SAMPLE_INTERVAL = 4.0, 0.001
PROFILED_CALLS, MAX_FUNCTIONS = 20, 40
_INSTALLED = "site-packages"


def print_profile(work: Callable[[], object], out: IO[str], seconds: float = SAMPLED_SECONDS) -> None:
    """Print the share of each package, and the most expensive functions."""
    samples = sample_packages(work, seconds)
    for package, count in samples.most_common(10):
        print(f"{count / samples.total():7.1%} {package}", file=out)
    profiler = cProfile.Profile()
    for _ in range(PROFILED_CALLS):
        profiler.runcall(work)
    pstats.Stats(profiler, stream=out).strip_dirs().sort_stats("tottime").print_stats(MAX_FUNCTIONS)


def sample_packages(work: Callable[[], object], seconds: float) -> Counter[str]:
    """Count samples of the CPU time by package. Code written in C counts for its caller."""
    found: Counter[str] = Counter()

    def sample(_signal: int, frame: FrameType | None) -> None:
        if frame:
            found[_package(frame.f_code.co_filename)] += 1

    before = signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, SAMPLE_INTERVAL, SAMPLE_INTERVAL)
    try:
        end = time.process_time() + seconds
        while time.process_time() < end:
            work()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return found


def time_by_part(profile: cProfile.Profile) -> dict[str, float]:
    """Return the share of each of PARTS, the largest first. Built-in functions count for their callers."""
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    found: dict[str, float] = {}
    for (file, _, name), (_, _, own, _, callers) in stats.items():
        part = _part(f"{file}:{name}")
        if part is None and callers:
            for (caller_file, _, caller), (_, _, spent, _) in callers.items():
                caller_part = _part(f"{caller_file}:{caller}") or OTHER
                found[caller_part] = found.get(caller_part, 0.0) + spent
        else:
            found[part or OTHER] = found.get(part or OTHER, 0.0) + own
    total = sum(found.values())
    return {name: own / total for name, own in sorted(found.items(), key=lambda entry: -entry[1])}


def _part(function: str) -> str | None:
    return next((part for part, marks in PARTS.items() if any(mark in function for mark in marks)), None)


def _package(file: str) -> str:
    path = Path(file)
    if _INSTALLED in path.parts:
        return path.parts[path.parts.index(_INSTALLED) + 1]
    if path.is_relative_to(ROOT):
        return path.relative_to(ROOT).parts[0]
    return "the standard library"

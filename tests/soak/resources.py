"""What processes hold: memory, threads and open files, as Linux counts them, and whether they hold more and more."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

MAX_GROWTH = 256 * 1024
"""Bytes of memory per thousand requests: a leak of one small dictionary per request is more."""
MAX_NOISE = 6 * 1024 * 1024
"""Bytes that the allocator's arenas may add, however short the soak is."""
MAX_MORE_THREADS, MAX_MORE_FILES = 3, 4
SECONDS = 1.0
WARM_UP = 400
"""Requests after which every process that answers them has done each kind of work."""
MIN_SAMPLES = 20
MIDDLE, END = 5, 9
"""The tenths that are compared. In the first half, what has a bound fills up: caches, the pool of connections, and the
memory that a job's work needs, which grows with the rows until a page is full."""


@dataclass(frozen=True)
class Sample:
    requests: int
    memory: int
    threads: int
    files: int


@dataclass
class Resources:
    """What the processes `pids`, by name, held. An emulator keeps all rows in its memory, so it is noted and not judged."""

    pids: Mapping[str, int]
    requests: Callable[[], int]
    emulator: str
    has_worked: Callable[[str], bool] = lambda _name: True
    """Tells whether a process has done its first work, which loads what it needs."""
    samples: dict[str, list[Sample]] = field(default_factory=dict)

    @contextmanager
    def watched(self) -> Iterator[None]:
        done = threading.Event()

        def watch() -> None:
            while not done.wait(SECONDS):
                self.take_samples()

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def take_samples(self) -> None:
        """Take a sample of each process that is warm."""
        count = self.requests()
        for name in filter(self.has_worked, self.pids) if count >= WARM_UP else ():
            pid = self.pids[name]
            self.samples.setdefault(name, []).append(sample(pid, count))

    def problems(self) -> list[str]:
        """Compare the middle with the end: what has no bound goes on growing."""
        found = [] if self._judged() else [f"too few samples: {self.requests()} requests"]
        for name, samples in self._judged():
            if name == self.emulator:
                continue
            early, late = tenth(samples, MIDDLE), tenth(samples, END)
            allowed = MAX_NOISE + MAX_GROWTH * (late.requests - early.requests) / 1000
            if late.memory - early.memory > allowed:
                found.append(f"{name}: memory has grown from {early.memory:,} to {late.memory:,} bytes")
            if late.threads - early.threads > MAX_MORE_THREADS:
                found.append(f"{name}: {early.threads} threads became {late.threads}")
            if late.files - early.files > MAX_MORE_FILES:
                found.append(f"{name}: {early.files} open files became {late.files}")
        return found

    def _judged(self) -> list[tuple[str, list[Sample]]]:
        return [(name, samples) for name, samples in self.samples.items() if len(samples) >= MIN_SAMPLES]

    def summary(self) -> Iterator[str]:
        for name, samples in self._judged():
            tenths = [tenth(samples, number) for number in range(10)]
            early, late = tenths[MIDDLE], tenths[END]
            growth = (late.memory - early.memory) / max(late.requests - early.requests, 1)
            curve = " ".join(f"{each.memory / 2**20:.1f}" for each in tenths)
            yield (
                f"{name}: {curve} MiB in tenths, {growth:+,.0f} kB per 1,000 requests; "
                f"{early.threads} to {late.threads} threads, {early.files} to {late.files} files"
            )


def tenth(samples: list[Sample], number: int) -> Sample:
    """Return the medians of one tenth of the samples, counted from 0."""
    part = samples[len(samples) * number // 10 : len(samples) * (number + 1) // 10]
    return Sample(*(int(median(getattr(each, name) for each in part)) for name in Sample.__annotations__))


def sample(pid: int, requests: int) -> Sample:
    process = Path("/proc") / str(pid)
    status = (process / "status").read_text("utf-8")
    memory, threads = (int(found) for found in re.findall(r"^(?:VmRSS|Threads):\s+(\d+)", status, re.MULTILINE))
    return Sample(requests, memory * 1024, threads, sum(1 for _ in (process / "fd").iterdir()))

"""Two kinds of load: a fixed number of threads that wait for each response, or arrivals at a fixed rate."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

_MAX_WORKERS = 500
"""Threads at a time. Nearly all of them only wait."""


def run_together(threads: int, times: int, work: Callable[[random.Random], object]) -> float:
    """Return the seconds that `threads` need to do the work `times` times together."""
    together = threading.Barrier(threads + 1)

    def do(number: int) -> None:
        dice = random.Random(number)  # noqa: S311 - not a secret
        together.wait()
        for _ in range(number, times, threads):
            work(dice)

    with ThreadPoolExecutor(threads) as pool:
        done = [pool.submit(do, number) for number in range(threads)]
        together.wait()
        began = time.perf_counter()
        wait(done)
        seconds = time.perf_counter() - began
    for one in done:
        one.result()
    return seconds


def run_at_rate(rate: float, times: int, work: Callable[[random.Random], object]) -> float:
    """Start work at the times of a Poisson process, finished or not. Return the actual rate."""
    dice = random.Random(times)  # noqa: S311 - not a secret
    with ThreadPoolExecutor(_MAX_WORKERS) as pool:
        began = due = time.monotonic()
        done = []
        for number in range(times):
            due += dice.expovariate(rate)
            time.sleep(max(0.0, due - time.monotonic()))
            done.append(pool.submit(work, random.Random(number)))  # noqa: S311 - not a secret
        came = times / (time.monotonic() - began)
    for one in done:
        one.result()
    return came

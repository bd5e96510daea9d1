"""How does work come in? From so many who each wait for their answer, or from outside, at a rate that does not care."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

_MOST = 500
"""At work at a time. Nearly all of them only wait."""


def at_once(threads: int, times: int, work: Callable[[random.Random], object]) -> float:
    """Seconds in which `threads` have done the work `times` together."""
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


def at_rate(rate: float, times: int, work: Callable[[random.Random], object]) -> float:
    """A Poisson process: each piece comes at its time, whatever became of those before. The rate that it was in fact."""
    dice = random.Random(times)  # noqa: S311 - not a secret
    with ThreadPoolExecutor(_MOST) as pool:
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

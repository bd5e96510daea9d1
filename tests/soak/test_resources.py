"""Are memory, threads and files that grow noticed, and only those?"""

import os
from dataclasses import replace

import pytest

from tests.soak.resources import WARM_UP, Resources, Sample, sample

pytestmark = pytest.mark.no_database
MIB = 2**20
FLAT = [Sample(WARM_UP + 100 * number, 100 * MIB + number % 7 * 50_000, 20 + number % 2, 40) for number in range(300)]


def problems(samples: list[Sample], name: str = "server") -> list[str]:
    return Resources({}, lambda: 0, "emulator", samples={name: samples}).problems()


def test_what_stays_the_same_passes_even_if_it_warmed_up_before() -> None:
    cold = [Sample(WARM_UP, 60 * MIB + number * 100_000, 5, 10) for number in range(len(FLAT) // 10)]
    assert problems(FLAT) == []
    assert problems([*cold, *FLAT]) == []


def test_what_fills_up_to_a_bound_in_the_first_half_passes() -> None:
    half = len(FLAT) // 2
    filling = [
        replace(each, memory=each.memory + min(number, half) * 100_000, files=each.files + min(number, half) // 10)
        for number, each in enumerate(FLAT)
    ]
    assert problems(filling) == []


def test_a_process_is_sampled_once_it_is_warm() -> None:
    requests, worked = [0], {"busy"}
    resources = Resources({"busy": os.getpid(), "idle": os.getpid()}, lambda: requests[0], "", worked.__contains__)
    for count, name in ((WARM_UP - 1, "busy"), (WARM_UP, "busy"), (WARM_UP, "idle")):
        requests[0] = count
        worked.add(name)
        resources.take_samples()
    assert {name: len(samples) for name, samples in resources.samples.items()} == {"busy": 2, "idle": 1}
    assert resources.problems() == [f"too few samples: {WARM_UP} requests"]


def test_a_short_peak_passes() -> None:
    assert (
        problems([replace(each, memory=300 * MIB) if 250 < number < 260 else each for number, each in enumerate(FLAT)])
        == []
    )


def test_what_each_request_leaves_is_noticed() -> None:
    (memory,) = problems([replace(each, memory=each.memory + 1000 * each.requests) for each in FLAT])
    assert "memory has grown" in memory
    (threads,) = problems([replace(each, threads=each.threads + each.requests // 500) for each in FLAT])
    assert "threads" in threads
    (files,) = problems([replace(each, files=each.files + each.requests // 500) for each in FLAT])
    assert "open files" in files


def test_the_emulator_may_grow_because_it_has_the_data() -> None:
    assert problems([replace(each, memory=each.memory + 9000 * each.requests) for each in FLAT], "emulator") == []


def test_a_sample_is_what_the_kernel_says_of_a_process() -> None:
    before = sample(os.getpid(), 1)
    read, write = os.pipe()
    try:
        after = sample(os.getpid(), 2)
    finally:
        os.close(read)
        os.close(write)
    assert after.files == before.files + 2
    assert before.threads >= 1
    assert before.memory > 10 * MIB

"""Eight workers claim the same run at once: one wins, and nobody takes it from a live worker.

Three hundred contests in memory, where threads change hands at every call, and twenty over the wire; CRM_FULL_SIZE=1
has a thousand of each. Without guards, every single contest has several winners.
"""

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.errors import Conflict
from chalicelib.jobs import catalog, ledger, slots
from chalicelib.jobs.job import Job, StepResult
from chalicelib.jobs.ledger import LEASE, LostLease
from chalicelib.jobs.run_records import Run
from tests.builders import moment, time_is
from tests.faults.environment import Environment, fake_aws
from tests.faults.memory import Memory
from tests.faults.schedules import without_guards

NOW = moment("2026-11-22T12:00:00")
SLOT = slots.of(NOW)
THREADS = 8
CONTESTS, ON_THE_WIRE, TAKE_OVERS = (1000, 1000, 100) if os.environ.get("CRM_FULL_SIZE") else (300, 20, 30)


@pytest.fixture(autouse=True)
def _frequent_thread_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def in_memory() -> Iterator[Environment]:
    with fake_aws() as built, built.run(Environment(Memory(), NOW)) as environment:
        yield environment


def _job(number: int) -> Job:
    return replace(catalog.LOW_STOCK, name=f"job-{number}")


def _winners(pool: ThreadPoolExecutor, job: Job) -> list[Run]:
    """Return the winners of eight claims that start together."""
    together = threading.Barrier(THREADS)

    def claim_at_once(_: int) -> Run | None:
        together.wait()
        try:
            return ledger.claim(job, SLOT)
        except Conflict:
            return None

    return [run for run in pool.map(claim_at_once, range(THREADS)) if run]


def _contests(count: int) -> Counter[int]:
    """Count the contests by number of winners."""
    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(len(_winners(pool, _job(number))) for number in range(count))


@pytest.mark.no_database
@pytest.mark.usefixtures("in_memory")
def test_one_of_eight_workers_wins_each_claim() -> None:
    assert _contests(CONTESTS) == {1: CONTESTS}


@pytest.mark.ministack
def test_one_of_eight_workers_wins_on_ministack() -> None:
    began = time.perf_counter()
    with time_is(NOW.isoformat()[:19]):
        assert _contests(ON_THE_WIRE) == {1: ON_THE_WIRE}
    print(f"{ON_THE_WIRE} contests in {time.perf_counter() - began:.1f} s")


@pytest.mark.no_database
@pytest.mark.usefixtures("in_memory")
def test_without_conditions_several_workers_win() -> None:
    """Control: shows that the test finds the defect."""
    with without_guards():
        found = _contests(20)
    print(f"contests by their number of winners: {dict(found)}")
    assert min(found) > 1


@pytest.mark.no_database
def test_a_run_is_taken_over_once_and_only_after_its_lease(in_memory: Environment) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for number in range(TAKE_OVERS):
            in_memory.now = NOW
            (first,) = _winners(pool, _job(number))
            in_memory.now = NOW + LEASE - timedelta(microseconds=1)
            assert _winners(pool, _job(number)) == []
            in_memory.now = NOW + LEASE
            (second,) = _winners(pool, _job(number))
            assert (second.attempts, second.owner == first.owner) == (2, False)
            for write in (ledger.checkpoint, ledger.finish):
                with pytest.raises(LostLease):
                    write(first, StepResult({"at": 1} if write is ledger.checkpoint else None, ("a line",)))
            with pytest.raises(LostLease):
                ledger.hand_over(first)
            assert ledger.finish(second, StepResult(None, ("a line",))).finished


@pytest.mark.no_database
def test_a_renewed_lease_holds_longer(in_memory: Environment) -> None:
    job = _job(0)
    run = ledger.claim(job, SLOT)
    assert run
    in_memory.now = NOW + LEASE - timedelta(seconds=1)
    ledger.checkpoint(run, StepResult({"at": 1}))
    in_memory.now = clock.now() + LEASE - timedelta(seconds=1)
    assert ledger.claim(job, SLOT) is None
    in_memory.now = clock.now() + timedelta(seconds=1)
    assert ledger.claim(job, SLOT)

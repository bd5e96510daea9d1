"""The cost of a run depends on the rows it changes, not on the size of the tables.

The larger company has 1,500 rows of each kind, in the database in memory that charges writes as MiniStack does, and reads by
their bytes. CRM_FULL_SIZE=1 gives it 100,000 on MiniStack, which takes minutes to load.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.counted_memory import CountedMemory
from benchmarks.rows import AFFECTED, DUE, IS_FULL, empty_tables, put_books, put_company
from chalicelib.jobs import catalog, run_records, slots
from chalicelib.jobs.runner import Runner
from tests.as_operator import execute
from tests.builders import time_is
from tests.conftest import connected_to, in_memory
from tests.metering import Meter, metered

pytestmark = pytest.mark.ministack if IS_FULL else pytest.mark.no_database

SMALL, LARGE = (1000, 100_000) if IS_FULL else (500, 1500)
JOBS = (catalog.CUSTOMER_CLEANUP, catalog.ORDER_REMINDERS, catalog.LOW_STOCK)


@contextmanager
def _empty_database() -> Iterator[None]:
    if IS_FULL:
        try:
            yield
        finally:
            empty_tables()
    else:
        with connected_to(None), in_memory(CountedMemory()):
            yield


def _put_company(size: int) -> None:
    began = time.perf_counter()
    put_company(size)
    put_books(size)
    print(f"{size} rows of each kind loaded in {time.perf_counter() - began:.0f} s")


def _costs(size: int) -> dict[str, Meter]:
    found = {}
    with _empty_database():
        _put_company(size)
        for job in JOBS:
            slot = DUE[job]
            began = time.perf_counter()
            with time_is(slot.isoformat()[:19]), metered() as found[job.name]:
                Runner(lambda _actor: execute, lambda: 300).fire(job, slot)
            run = run_records.find(job.name, slots.of(slot))
            assert run
            assert (run.status, max(run.counts.values())) == ("SUCCEEDED", AFFECTED)
            meter = found[job.name]
            print(
                f"{job.name} of {size}: {meter.total_calls} calls {dict(meter.calls)}, {meter.read_units} read units, "
                f"{meter.write_units} write units, {time.perf_counter() - began:.1f} s"
            )
    return found


def test_the_cost_of_a_run_does_not_depend_on_the_table_size() -> None:
    small, large = _costs(SMALL), _costs(LARGE)
    for name, meter in large.items():
        assert "Scan" not in meter.calls
        assert meter.total_calls <= small[name].total_calls * 1.2
        assert 0 < meter.read_units <= small[name].read_units * 1.2
        assert 0 < meter.write_units <= small[name].write_units * 1.2
        assert meter.write_units > AFFECTED or name == catalog.ORDER_REMINDERS.name

"""A backfill with a fault at every call: each slot is run once, in order, and nothing is left behind."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from chalicelib.jobs import backfills, catalog, slots
from chalicelib.store import tables
from tests.faults.calls import Calls
from tests.faults.environment import MINUTE, Environment, FakeAws, Fault
from tests.faults.fault_scenarios import READS, fault_at, fault_points
from tests.faults.memory import Memory
from tests.faults.sample_company import ROWS, SLOTS, sample_company

pytestmark = pytest.mark.no_database
JOB = catalog.LOW_STOCK
NOW = SLOTS[JOB] + 5 * MINUTE
DUE = [slots.of(SLOTS[JOB] - timedelta(hours=12 * number)) for number in (2, 1, 0)]


@pytest.fixture(scope="module")
def small_company() -> Iterator[tuple[FakeAws, Memory]]:
    with sample_company() as (fake_aws, memory):
        yield fake_aws, fake_aws.first_checked(memory, NOW)


def _backfill(small_company: tuple[FakeAws, Memory], choose: Callable[[int], Fault | None]) -> Calls:
    """Have three slots run, and an operator who asks again until there is an answer. Return the calls."""
    fake_aws, memory = small_company
    with fake_aws.run(Environment(memory.copy(), NOW, choose)) as environment:
        environment._invoke(_ask)
        environment.deliver_messages()
        sent = environment.sent.copy()
        environment.choose = lambda _: None
        _ask()
        environment.settle(*((JOB.name, slot) for slot in DUE))
        runs = {key[1]: row for key, row in environment.memory.rows_of(tables.Run).items() if key[0] == JOB.name}
        assert {slot: runs[slot]["status"]["S"] for slot in DUE} == dict.fromkeys(DUE, "SUCCEEDED")
        started = [runs[slot]["started_at"]["S"] for slot in DUE]
        assert started == sorted(started)
        assert environment.unfinished() == []
        assert backfills.find(JOB.name) is None
        before, after = memory.rows_of(tables.Product), environment.memory.rows_of(tables.Product)
        added = [int(row["stock"]["N"]) - int(before[key]["stock"]["N"]) for key, row in after.items()]
        assert sum(added) == 10 * ROWS, "each low product is restocked by ten once"
        return sent


def _ask() -> None:
    backfills.request(JOB, slots.moment_of(DUE[0]), slots.moment_of(DUE[-1]), "ann")


def test_a_fault_at_any_call_changes_nothing(small_company: tuple[FakeAws, Memory]) -> None:
    sent = _backfill(small_company, lambda _: None)
    for number, _, fault in fault_points(sent, READS):
        _backfill(small_company, fault_at(number, fault))

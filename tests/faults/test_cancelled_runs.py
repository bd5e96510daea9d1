"""A run is cancelled between any two of its calls, and its worker may die there as well: what was done is recorded."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from benchmarks.rows import IS_FULL
from chalicelib.errors import CrmError
from chalicelib.jobs import catalog, operator_actions, slots
from chalicelib.store import tables
from tests.faults.environment import MINUTE, Environment, FakeAws, Fault
from tests.faults.memory import Memory
from tests.faults.sample_company import PAGE_SIZE, ROWS, SLOTS, sample_company

pytestmark = pytest.mark.no_database

JOB = catalog.LOW_STOCK
DUE = SLOTS[JOB]
SLOT = slots.of(DUE)


@pytest.fixture(scope="module")
def small_company() -> Iterator[tuple[FakeAws, Memory]]:
    with sample_company() as (fake_aws, memory):
        yield fake_aws, fake_aws.first_checked(memory, DUE - MINUTE)


def _restocked(environment: Environment) -> int:
    return sum("restock_slot" in row for row in environment.memory.rows_of(tables.Product).values())


def _try_cancel(environment: Environment) -> None:
    with environment.without_faults():
        try:
            operator_actions.cancel_run(JOB, SLOT, "ann", "enough")
        except CrmError:
            return  # the run does not exist yet, or it has ended


def _cancel_at(
    small_company: tuple[FakeAws, Memory], at: int, fault: Fault | None = None, fault_at: int = 0
) -> tuple[str, int, int]:
    """Cancel before call `at`, with a fault at another. Return the final status, and how many calls the run made."""
    fake_aws, memory = small_company
    with fake_aws.run(Environment(memory.copy(), DUE)) as environment:

        def choose(number: int) -> Fault | None:
            if number == at:
                _try_cancel(environment)
            return fault if number == fault_at else None

        environment.choose = choose
        environment.fire(JOB, DUE)
        calls = len(environment.sent)
        environment.choose = lambda _: None
        environment.settle((JOB.name, SLOT))
        assert environment.unfinished() == []
        run = environment.memory.rows_of(tables.Run)[JOB.name, SLOT]
        counted = json.loads(run["counts"]["S"]).get("restocked", 0)
        assert "owner" not in environment.memory.rows_of(tables.AuxRow)["job", JOB.name]
        done, status = _restocked(environment), run["status"]["S"]
        assert counted <= done
        assert done == ROWS or status == "CANCELLED"
        if status == "CANCELLED":  # it can be continued, and then everything is done once
            operator_actions.run_again(JOB, SLOT, "bob")
            environment.settle((JOB.name, SLOT))
            run = environment.memory.rows_of(tables.Run)[JOB.name, SLOT]
        assert (run["status"]["S"], json.loads(run["counts"]["S"]), _restocked(environment)) == (
            "SUCCEEDED",
            {"restocked": ROWS},
            ROWS,
        )
        return status, counted, calls


def _calls_from(at: int, calls: int, fault: Fault) -> range:
    """Return the next six calls. Dying after a call leaves the same as dying before the next, except for the last of them."""
    end = min(at + 6, calls)
    return range(end - 1 if fault is Fault.DIE_AFTER else at, end)


def test_a_run_is_cancelled_between_any_two_of_its_calls(small_company: tuple[FakeAws, Memory]) -> None:
    _, _, calls = _cancel_at(small_company, at=-1)
    found = [_cancel_at(small_company, at) for at in range(calls)]
    statuses = Counter(status for status, _, _ in found)
    print(f"{calls} calls: {dict(statuses)}")
    assert statuses["CANCELLED"] >= calls // 2
    assert {counted for status, counted, _ in found if status == "CANCELLED"} >= {PAGE_SIZE, 2 * PAGE_SIZE}


@pytest.mark.parametrize("fault", [Fault.DIE_BEFORE, Fault.DIE_AFTER, Fault.LOSE_ANSWER, Fault.STALL_BEFORE])
def test_a_worker_of_a_cancelled_run_may_die_or_stall_anywhere(
    small_company: tuple[FakeAws, Memory], fault: Fault
) -> None:
    _, _, calls = _cancel_at(small_company, at=-1)
    statuses = Counter(
        _cancel_at(small_company, at, fault, fault_at)[0]
        for at in range(2, calls, 4 if IS_FULL else 6)
        for fault_at in _calls_from(at, calls, fault)
    )
    print(dict(statuses))
    assert statuses["CANCELLED"] > 0

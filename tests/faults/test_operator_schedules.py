"""Several schedules of one job, with faults at every call and operators who change them meanwhile: one answer per slot."""

import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile

import pytest

from chalicelib.errors import CrmError
from chalicelib.jobs import (
    catalog,
    job_state,
    operator_actions,
    operator_schedules,
    run_records,
    schedule_changes,
    slots,
)
from chalicelib.jobs.crontab import Crontab
from chalicelib.jobs.run_records import Status
from chalicelib.store import tables
from tests.faults.environment import MINUTE, Environment, FakeAws, Fault
from tests.faults.fault_scenarios import READS, fault_at, fault_points
from tests.faults.memory import Memory
from tests.faults.sample_company import SLOTS, sample_company
from tests.faults.schedules import LIKELY, new_seeds

pytestmark = pytest.mark.no_database

JOB = catalog.LOW_STOCK
DUE = SLOTS[JOB]
LOW = 7
"""Low products of the sample company."""
NEXT = ["2026-11-22T18:00:00Z", "2026-11-23T12:00:00Z"]
FULL = bool(os.environ.get("CRM_FULL_SIZE"))
SEEDS = 1000 if FULL else 10
CRONTABS = ("*/10 * * * *", "*/7 * * * *", "5,25 * * * *", "* * * * *")


@pytest.fixture(scope="module")
def small_company() -> Iterator[tuple[FakeAws, Memory]]:
    with sample_company() as made:
        yield made


def _restocks(environment: Environment, before: Memory) -> int:
    """Return how often products were restocked, from their stock."""
    old, new = before.rows_of(tables.Product), environment.memory.rows_of(tables.Product)
    return sum(int(row["stock"]["N"]) - int(old[key]["stock"]["N"]) for key, row in new.items()) // 10


def _counted(environment: Environment) -> int:
    found = environment.memory.rows_of(tables.Run).values()
    return sum(json.loads(run["counts"]["S"]).get("restocked", 0) for run in found)


def _noon(
    small_company: tuple[FakeAws, Memory], choose: Callable[[int], Fault | None]
) -> tuple[dict[tuple[str, ...], str], list[str]]:
    """Two schedules, one time and the job's own slot are due at once. Return the statuses of the runs, and the calls."""
    fake_aws, memory = small_company
    with fake_aws.run(Environment(memory.copy(), DUE - MINUTE)) as environment:
        environment.run_checks()
        for crontab in ("0 12 * * *", "0 */6 * * *"):
            schedule_changes.create(JOB, {"crontab": crontab}, "ann")
        schedule_changes.create(JOB, {"at": DUE}, "ann")
        environment.now = DUE
        environment.sent.clear()
        environment.choose = choose
        environment.dispatch()
        environment.fire(JOB, DUE)
        environment.deliver_messages()
        sent = list(environment.sent)
        environment.choose = lambda _: None
        environment.settle((JOB.name, slots.of(DUE)))
        assert sorted(row.next_at or "" for row in operator_schedules.find_all()) == NEXT
        assert environment.unfinished() == []
        assert (_restocks(environment, memory), _counted(environment)) == (LOW, LOW)
        found = {
            key: run["status"]["S"] for key, run in environment.memory.rows_of(tables.Run).items() if key[0] == JOB.name
        }
        return found, sent


def test_a_fault_at_any_call_leaves_one_run_for_each_slot(small_company: tuple[FakeAws, Memory]) -> None:
    clean, sent = _noon(small_company, lambda _: None)
    assert (len(clean), set(clean.values())) == (4, {"SUCCEEDED"})
    print(f"{len(sent)} calls")
    for number, operation, fault in fault_points(sent):
        if operation in READS and not FULL:
            continue  # dying at a read leaves the same as dying after the write before it
        found, _ = _noon(small_company, fault_at(number, fault))
        assert len(found) == 4, (operation, number, fault)
        assert set(found.values()) == {"SUCCEEDED"}, (operation, number, fault, found)


@dataclass
class Operators:
    """They change schedules at random moments, between any two calls. `spans` says what was in force from when to when."""

    environment: Environment
    dice: random.Random
    spans: dict[str, list[tuple[str, datetime, datetime | None]]] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)

    def act(self) -> None:
        with self.environment.without_faults(), suppress(CrmError):
            action = self.dice.choice((self.create, self.change, self.change, self.delete, self.cancel, self.pause))
            action()
            self.done[action.__name__] += 1

    def create(self) -> None:
        crontab = self.dice.choice(CRONTABS)
        made = schedule_changes.create(JOB, {"crontab": crontab}, "ann")
        self.spans[made.id] = [(crontab, self.environment.now, None)]

    def change(self) -> None:
        schedule_id, crontab = self._one(), self.dice.choice(CRONTABS)
        enabled = self.dice.random() < 0.7
        schedule_changes.update(schedule_id, {"crontab": crontab, "enabled": enabled}, "bob")
        self._end(schedule_id)
        if enabled:
            self.spans[schedule_id].append((crontab, self.environment.now, None))

    def delete(self) -> None:
        schedule_id = self._one()
        schedule_changes.delete(schedule_id, "bob")
        self._end(schedule_id)

    def cancel(self) -> None:
        waiting = run_records.unfinished()
        if waiting:
            operator_actions.cancel_run(JOB, self.dice.choice(waiting).slot, "bob", "enough")

    def pause(self) -> None:
        if job_state.find(JOB.name).pause:
            job_state.resume(JOB.name)
        else:
            job_state.pause(JOB.name, "stock-taking", "bob")

    def expected(self, until: datetime) -> set[str]:
        """Return the slots that were due until then."""
        found: set[str] = set()
        for schedule_id, spans in self.spans.items():
            for crontab, begin, end in spans:
                found |= {slots.of(slot, schedule_id) for slot in _due(crontab, begin, end or until)}
        return found

    def _one(self) -> str:
        return self.dice.choice([*self.spans] or ["sch_0"])

    def _end(self, schedule_id: str) -> None:
        spans = self.spans[schedule_id]
        if spans[-1][2] is None:
            crontab, begin, _ = spans.pop()
            spans.append((crontab, begin, self.environment.now))


def _due(crontab: str, begin: datetime, end: datetime) -> Iterator[datetime]:
    return takewhile(lambda slot: slot <= end, Crontab(crontab).after(begin))


def _an_hour(small_company: tuple[FakeAws, Memory], seed: int, totals: Counter[str]) -> list[str]:
    """Return what is wrong after an hour with faults and busy operators."""
    fake_aws, memory = small_company
    dice = random.Random(seed)
    begin = DUE + MINUTE
    with fake_aws.run(Environment(memory.copy(), begin)) as environment:
        environment.run_checks()
        operators = Operators(environment, dice)
        for _ in range(3):
            operators.create()

        def choose(_number: int) -> Fault | None:
            if dice.random() < 0.02:
                operators.act()
            if dice.random() < 0.97:
                return None
            totals["faults"] += 1
            return dice.choice(LIKELY)

        environment.choose = choose
        while environment.now < begin + timedelta(hours=1):
            environment.now += MINUTE
            for _ in range(dice.choice((0, 1, 1, 1, 2))):
                environment.dispatch()
            environment.deliver_messages()
            if dice.random() < 0.2:
                environment.run_checks()
        environment.choose = lambda _: None
        job_state.resume(JOB.name)
        environment.dispatch()
        last = environment.now
        for row in operator_schedules.find_all():
            schedule_changes.delete(row.id, "ann")
        environment.settle()
        totals.update(operators.done)
        return _problems(environment, memory, operators.expected(last), totals)


def _problems(environment: Environment, before: Memory, expected: set[str], totals: Counter[str]) -> list[str]:
    stored = environment.memory.rows_of(tables.Run)
    runs = {key[1]: run for key, run in stored.items() if key[0] == JOB.name and slots.schedule_of(key[1])}
    statuses = Counter(run["status"]["S"] for run in runs.values())
    totals.update(statuses)
    found = [f"no run of {slot}" for slot in expected - runs.keys()]
    found += [f"a run of {slot}, which was not due" for slot in runs.keys() - expected]
    found += [f"unfinished: {key}" for key in environment.unfinished()]
    made, counted = _restocks(environment, before), _counted(environment)
    if counted > made or (counted < made and not statuses.keys() & {Status.CANCELLED, Status.FAILED}):
        found.append(f"{made} restocks, {counted} counted")
    return found


def test_every_slot_has_one_answer_whatever_fails_and_whatever_operators_change(
    small_company: tuple[FakeAws, Memory],
) -> None:
    totals: Counter[str] = Counter()
    problems = {seed: _an_hour(small_company, seed, totals) for seed in new_seeds(SEEDS)}
    print(dict(totals))
    assert {seed: found for seed, found in problems.items() if found} == {}
    assert totals.keys() >= {
        "SUCCEEDED",
        "SKIPPED",
        "CANCELLED",
        "faults",
        "create",
        "change",
        "delete",
        "cancel",
        "pause",
    }

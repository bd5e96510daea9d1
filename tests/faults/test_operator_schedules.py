"""Several schedules of one job, with faults at every call and operators who change them meanwhile: one answer per slot."""

import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from chalicelib.errors import CrmError
from chalicelib.jobs import (
    backfills,
    catalog,
    job_state,
    one_off_runs,
    operator_actions,
    operator_schedules,
    run_records,
    schedule_changes,
    slots,
)
from chalicelib.jobs.run_records import Status
from chalicelib.store import tables
from tests.faults.calls import Calls
from tests.faults.environment import MINUTE, Environment, FakeAws, Fault
from tests.faults.fault_scenarios import READS, fault_at, fault_points
from tests.faults.memory import Memory
from tests.faults.sample_company import ROWS, SLOTS, sample_company
from tests.faults.schedule_book import ScheduleBook
from tests.faults.schedules import LIKELY, new_seeds

pytestmark = pytest.mark.no_database

JOB = catalog.LOW_STOCK
DUE = SLOTS[JOB]
BEGIN = DUE + MINUTE
NEXT = ["2026-11-22T18:00:00Z", "2026-11-23T12:00:00Z"]
FULL = bool(os.environ.get("CRM_FULL_SIZE"))
LONG, SHORT = (100, 900) if FULL else (2, 33)
"""Random schedules of an hour, and of a few minutes."""
FEW_MINUTES = timedelta(minutes=5)
CRONTABS = ("*/10 * * * *", "*/7 * * * *", "5,25 * * * *", "* * * * *")


@pytest.fixture(scope="module")
def small_company() -> Iterator[tuple[FakeAws, Memory]]:
    with sample_company() as made:
        yield made


@pytest.fixture(scope="module")
def scheduled(small_company: tuple[FakeAws, Memory]) -> tuple[FakeAws, Memory, ScheduleBook]:
    """A company with three schedules. The watchdog has seen it."""
    fake_aws, memory = small_company
    with fake_aws.run(Environment(fake_aws.first_checked(memory, BEGIN), BEGIN)) as environment:
        operators = Operators(environment, random.Random(1))
        for crontab in CRONTABS[1:]:
            operators.create(crontab)
        return fake_aws, environment.memory, operators.book


def _restocks(environment: Environment, before: Memory) -> int:
    """Return how often products were restocked, from their stock."""
    old, new = before.rows_of(tables.Product), environment.memory.rows_of(tables.Product)
    return sum(int(row["stock"]["N"]) - int(old[key]["stock"]["N"]) for key, row in new.items()) // 10


def _counted(environment: Environment) -> int:
    found = environment.memory.rows_of(tables.Run).values()
    return sum(json.loads(run["counts"]["S"]).get("restocked", 0) for run in found)


@pytest.fixture(scope="module")
def just_before_noon(small_company: tuple[FakeAws, Memory]) -> tuple[FakeAws, Memory]:
    """Two schedules, one time and the job's own slot are due at noon."""
    fake_aws, memory = small_company
    with fake_aws.run(Environment(fake_aws.first_checked(memory, DUE - MINUTE), DUE - MINUTE)) as environment:
        for crontab in ("0 12 * * *", "0 */6 * * *"):
            schedule_changes.create(JOB, {"crontab": crontab}, "ann")
        schedule_changes.create(JOB, {"at": DUE}, "ann")
    return fake_aws, environment.memory


def _noon(
    just_before_noon: tuple[FakeAws, Memory], choose: Callable[[int], Fault | None]
) -> tuple[dict[tuple[str, ...], str], Calls]:
    """Return the statuses of the runs that are due at noon, and the calls."""
    fake_aws, memory = just_before_noon
    with fake_aws.run(Environment(memory.copy(), DUE, choose)) as environment:
        environment.dispatch()
        environment.fire(JOB, DUE)
        environment.deliver_messages()
        sent = environment.sent.copy()
        environment.choose = lambda _: None
        environment.settle((JOB.name, slots.of(DUE)))
        assert sorted(row.next_at or "" for row in operator_schedules.find_all()) == NEXT
        assert environment.unfinished() == []
        assert (_restocks(environment, memory), _counted(environment)) == (ROWS, ROWS)
        found = {
            key: run["status"]["S"] for key, run in environment.memory.rows_of(tables.Run).items() if key[0] == JOB.name
        }
        return found, sent


def test_a_fault_at_any_call_leaves_one_run_for_each_slot(just_before_noon: tuple[FakeAws, Memory]) -> None:
    clean, sent = _noon(just_before_noon, lambda _: None)
    assert (len(clean), set(clean.values())) == (4, {"SUCCEEDED"})
    print(f"{len(sent)} calls")
    for number, operation, fault in fault_points(sent, () if FULL else READS):
        found, _ = _noon(just_before_noon, fault_at(number, fault))
        assert len(found) == 4, (operation, number, fault)
        assert set(found.values()) == {"SUCCEEDED"}, (operation, number, fault, found)


@dataclass
class Operators:
    """They change schedules at random moments, between any two calls."""

    environment: Environment
    dice: random.Random
    book: ScheduleBook = field(default_factory=ScheduleBook)
    done: Counter[str] = field(default_factory=Counter)

    def act(self) -> None:
        with self.environment.without_faults(), suppress(CrmError):
            often = (self.change, self.cancel, self.pause)
            action = self.dice.choice((*often, self.create, self.once, self.change, self.delete, self.backfill))
            action()
            self.done[action.__name__] += 1

    def create(self, crontab: str | None = None) -> None:
        crontab = crontab or self.dice.choice(CRONTABS)
        made = schedule_changes.create(JOB, {"crontab": crontab}, "ann")
        self.book.begin(made.id, crontab, self.environment.now)

    def once(self) -> None:
        at = self.environment.now + timedelta(minutes=self.dice.randint(1, 9))
        run = one_off_runs.request(JOB, at, "ann", {})
        self.book.requested.add(run.slot)

    def change(self) -> None:
        schedule_id, crontab = self._one(), self.dice.choice(CRONTABS)
        enabled = self.dice.random() < 0.7
        schedule_changes.update(schedule_id, {"crontab": crontab, "enabled": enabled}, "bob")
        self.book.end(schedule_id, self.environment.now)
        if enabled:
            self.book.begin(schedule_id, crontab, self.environment.now)

    def delete(self) -> None:
        schedule_id = self._one()
        schedule_changes.delete(schedule_id, "bob")
        self.book.end(schedule_id, self.environment.now)

    def cancel(self) -> None:
        waiting = run_records.unfinished()
        if waiting:
            operator_actions.cancel_run(JOB, self.dice.choice(waiting).slot, "bob", "enough")

    def backfill(self) -> None:
        backfills.request(JOB, DUE - timedelta(days=1), DUE, "ann")

    def pause(self) -> None:
        if job_state.find(JOB.name).pause:
            job_state.resume(JOB.name)
        else:
            job_state.pause(JOB.name, "stock-taking", "bob")

    def _one(self) -> str:
        return self.dice.choice([*self.book.spans] or ["sch_0"])


def _live(
    scheduled: tuple[FakeAws, Memory, ScheduleBook], seed: int, length: timedelta, rate: float, totals: Counter[str]
) -> list[str]:
    """Return what is wrong after a time with faults and operators who act at this share of the calls."""
    fake_aws, memory, book = scheduled
    dice = random.Random(seed)
    with fake_aws.run(Environment(memory.copy(), BEGIN)) as environment:
        operators = Operators(environment, dice, deepcopy(book))

        def choose(_number: int) -> Fault | None:
            if dice.random() < rate:
                operators.act()
            if dice.random() < 0.97:
                return None
            totals["faults"] += 1
            return dice.choice(LIKELY)

        environment.choose = choose
        while environment.now < BEGIN + length:
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
        return _problems(environment, memory, operators.book.expected(last), totals)


def _problems(environment: Environment, before: Memory, expected: set[str], totals: Counter[str]) -> list[str]:
    stored = environment.memory.rows_of(tables.Run)
    runs = {key[1]: run for key, run in stored.items() if key[0] == JOB.name and slots.schedule_of(key[1])}
    statuses = Counter(run["status"]["S"] for run in runs.values())
    totals.update(statuses)
    found = [f"no run of {slot}" for slot in expected - runs.keys()]
    found += [f"a run of {slot}, which was not due" for slot in runs.keys() - expected]
    found += [f"unfinished: {key}" for key in environment.unfinished()]
    if left := backfills.find(JOB.name):
        found.append(f"left of a backfill: {left}")
    made, counted = _restocks(environment, before), _counted(environment)
    if counted > made or (counted < made and not statuses.keys() & {Status.CANCELLED, Status.FAILED}):
        found.append(f"{made} restocks, {counted} counted")
    return found


def test_every_slot_has_one_answer_whatever_fails_and_whatever_operators_change(
    scheduled: tuple[FakeAws, Memory, ScheduleBook],
) -> None:
    totals: Counter[str] = Counter()
    seeds = new_seeds(LONG + SHORT)
    problems = {seed: _live(scheduled, seed, timedelta(hours=1), 0.02, totals) for seed in seeds[:LONG]}
    problems |= {seed: _live(scheduled, seed, FEW_MINUTES, 0.06, totals) for seed in seeds[LONG:]}
    print(dict(totals))
    assert {seed: found for seed, found in problems.items() if found} == {}
    assert totals.keys() >= {
        "SUCCEEDED",
        "SKIPPED",
        "CANCELLED",
        "faults",
        "backfill",
        "create",
        "once",
        "change",
        "delete",
        "cancel",
        "pause",
    }

"""Random schedules: jobs that are due in the same minute, while calls are lost, repeated, killed and delayed for ten minutes.

Afterwards there are no more faults. Once the delays between attempts are over, every slot must have ended, and the data
must equal that of a clean run.
"""

import os
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from pynamodb.expressions.condition import Condition

from chalicelib.crm import deleted_customers
from chalicelib.jobs import catalog, operator_actions, queue, run_records, run_writes, slots
from chalicelib.jobs.job import Job
from chalicelib.jobs.schedule import Schedule
from chalicelib.store import tables, transaction
from chalicelib.store.transaction import Transaction
from tests.builders import Rows, moment
from tests.faults.environment import CHECKS_WHILE_BACKING_OFF, MINUTE, Environment, FakeAws, FakeQueue, Fault
from tests.faults.memory import Memory
from tests.faults.sample_company import comparable_data

DUE = moment("2026-11-23T06:00:00")
SLOT = slots.of(DUE)
LIKELY = (Fault.DIE_BEFORE, Fault.DIE_AFTER) + 3 * (Fault.LOSE_REQUEST, Fault.LOSE_ANSWER) + (Fault.STALL_BEFORE,)
HEARTBEAT = catalog.HEARTBEAT.name


@contextmanager
def all_due_at_once() -> Iterator[dict[str, Job]]:
    """Yield the five jobs, each with a slot at DUE."""
    daily = Schedule("0 6 * * *")
    jobs = {name: replace(job, schedule=daily) for name, job in catalog.JOBS.items() if name != HEARTBEAT}
    jobs[HEARTBEAT] = catalog.HEARTBEAT
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalog, "JOBS", dict(jobs))
        yield jobs


@dataclass
class Outcome:
    wrong: list[str] = field(default_factory=list)
    """What differs from the data of a clean run."""
    unfinished: list[str] = field(default_factory=list)
    """Slots that have not ended."""
    injected: Counter[str] = field(default_factory=Counter)


@dataclass
class ScheduleRunner:
    fake_aws: FakeAws
    memory: Memory
    jobs: dict[str, Job]
    _starts: dict[tuple[str, ...], Memory] = field(default_factory=dict)
    _clean: dict[tuple[str, ...], dict[str, Rows]] = field(default_factory=dict)

    def run(self, seed: int) -> Outcome:
        dice = random.Random(seed)
        chosen = tuple(sorted(dice.sample(sorted(self.jobs), 2)))
        if chosen not in self._clean:
            self._clean[chosen] = self._run_schedule(chosen, None, Outcome())
        outcome = Outcome()
        found = self._run_schedule(chosen, dice, outcome)
        outcome.wrong += _differences(self._clean[chosen], found)
        return outcome

    def _run_schedule(self, chosen: tuple[str, ...], dice: random.Random | None, outcome: Outcome) -> dict[str, Rows]:
        catalog.JOBS.clear()
        catalog.JOBS.update({name: self.jobs[name] for name in chosen})  # the watchdog checks only these
        if chosen not in self._starts:
            self._starts[chosen] = self.fake_aws.first_checked(self.memory, DUE - MINUTE)
        memory = self._starts[chosen].copy()
        memory.knows_tokens = dice is None or dice.random() < 0.5
        with self.fake_aws.run(Environment(memory, DUE)) as environment:
            if dice:
                _inject_faults(environment, dice, outcome.injected)
            for name in dice.sample(chosen, 2) if dice else chosen:
                for _ in range(dice.choice((0, 1, 1, 1, 1, 2, 2)) if dice else 1):
                    environment.fire(self.jobs[name], DUE)
            for _ in range(2 if dice else 1):
                _five_minutes(environment)
            environment.choose = lambda _: None
            environment.messages.doubled = lambda: False
            for number in range(CHECKS_WHILE_BACKING_OFF):
                _five_minutes(environment)
                if number and not _unfinished_slots(environment, chosen):
                    break
            outcome.unfinished += _unfinished_slots(environment, chosen)
            self._repair(environment, chosen)
            environment.now += timedelta(seconds=queue.VISIBILITY) + MINUTE
            environment.deliver_messages()
        return _data_of(environment, chosen)

    def _repair(self, environment: Environment, chosen: tuple[str, ...]) -> None:
        """Do what operators do about a run that failed after six attempts."""
        for name in chosen:
            run = run_records.find(name, SLOT)
            if name != HEARTBEAT and run and run.status is run_records.Status.FAILED:
                operator_actions.run_again(self.jobs[name], SLOT, "operator")
        environment.deliver_messages()


def _inject_faults(environment: Environment, dice: random.Random, injected: Counter[str]) -> None:
    calm = dice.choice((0.9, 0.95, 0.98))

    def choose(_number: int) -> Fault | None:
        if dice.random() < calm:
            return None
        fault = dice.choice(LIKELY)
        injected[fault] += 1
        return fault

    environment.choose = choose
    environment.messages = FakeQueue(doubled=lambda: dice.random() < 0.2)


def _five_minutes(environment: Environment) -> None:
    for _ in range(5):
        environment.now += MINUTE
        environment.deliver_messages()
    environment.run_checks()
    environment.deliver_messages()


def _unfinished_slots(environment: Environment, chosen: tuple[str, ...]) -> list[str]:
    stored = environment.memory.rows_of(tables.Run)
    late = [str(key) for key in environment.unfinished()]
    return late + [name for name in chosen if (name, SLOT) not in stored]


def _data_of(environment: Environment, chosen: tuple[str, ...]) -> dict[str, Rows]:
    """Remove the heartbeats, which may fail, but report any that logged twice."""
    found = comparable_data(environment.memory)
    found["Run"] = {key: row for key, row in found["Run"].items() if key[0] in chosen and key[0] != HEARTBEAT}
    told = {key: row for key, row in found["AuxRow"].items() if HEARTBEAT in key[0] or HEARTBEAT in key[1]}
    lines = Counter(key[0] for key in told if key[0].startswith("run"))
    found["AuxRow"] = {key: row for key, row in found["AuxRow"].items() if key not in told and key[0] != "alert"}
    if any(count > 1 for count in lines.values()):
        found["Run"][HEARTBEAT,] = {"told": dict(lines)}
    return found


def _differences(clean: dict[str, Rows], found: dict[str, Rows]) -> list[str]:
    return [
        f"{table} {key}: {rows.get(key)} became {found[table].get(key)}"
        for table, rows in clean.items()
        for key in {**rows, **found[table]}
        if rows.get(key) != found[table].get(key)
    ]


def new_seeds(count: int) -> range:
    """Return new seeds. Set CRM_SEED to repeat a failure."""
    first = int(os.environ.get("CRM_SEED") or secrets.randbelow(10**9))
    return range(first, first + count)


def run_schedules(schedule_runner: ScheduleRunner, seeds: range) -> tuple[list[str], list[str]]:
    """Return the seeds with wrong data, and those with slots that have not ended."""
    began = time.process_time()
    outcomes = {seed: schedule_runner.run(seed) for seed in seeds}
    faults = sum((outcome.injected for outcome in outcomes.values()), Counter[str]())
    seconds = time.process_time() - began
    print(
        f"{len(outcomes)} schedules from seed {seeds[0]} on, {faults.total()} faults, {seconds:.1f} s: {dict(faults)}"
    )
    wrong = [f"{seed}: {outcome.wrong}" for seed, outcome in outcomes.items() if outcome.wrong]
    return wrong, [f"{seed}: {outcome.unfinished}" for seed, outcome in outcomes.items() if outcome.unfinished]


@contextmanager
def without_guards() -> Iterator[None]:
    """Control: remove leases, tokens, conditions and confirmation, which is how jobs are usually written."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (transaction, deleted_customers):
            patch.setattr(module, "confirm", lambda _: None)
        for name in ("put", "update", "delete"):
            patch.setattr(Transaction, name, _without_condition(getattr(Transaction, name)))
        patch.setattr(run_records.Run, "held_at", lambda *_: False)
        patch.setattr(run_writes, "was_written", lambda _: False)
        yield


def _without_condition(method: Callable[..., Any]) -> Callable[..., Any]:
    def without_condition(target: Any, *arguments: Any, **_condition: Any) -> Any:
        return method(target, *(one for one in arguments if not isinstance(one, Condition) and not callable(one)))

    return without_condition

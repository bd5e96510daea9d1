"""Run a scenario again and again, each time with another fault, and compare the data afterwards."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from chalicelib.jobs import catalog, queue, slots
from chalicelib.jobs.job import Job
from tests.builders import Rows
from tests.faults.calls import Calls
from tests.faults.environment import MINUTE, Environment, FakeAws, Fault
from tests.faults.fault_injection import TRIES
from tests.faults.memory import Memory
from tests.faults.sample_company import SLOTS, comparable_data

READS = {"GetItem", "BatchGetItem", "Query", "GetQueueUrl"}
ON_THE_WAY_THERE = (Fault.LOSE_REQUEST, Fault.STALL_BEFORE)
ON_THE_WAY_BACK = (Fault.DIE_AFTER, Fault.LOSE_ANSWER, Fault.STALL_AFTER)
"""After a read these have the same effect as the faults before it."""


@dataclass(frozen=True)
class Scenario:
    """`act` meets the faults; `prepare` runs before it without faults."""

    job: Job
    act: Callable[[Environment], object]
    prepare: Callable[[Environment], object] = lambda _: None
    writes_only: bool = False
    """Inject no faults into reads: dying at a read leaves the same as dying after the write before it."""


def fire(job: Job) -> Callable[[Environment], None]:
    """Fire the schedule and deliver the messages."""

    def act(environment: Environment) -> None:
        environment.fire(job, SLOTS[job])
        if job.queued:
            environment.deliver_messages()

    return act


@dataclass(frozen=True)
class ScenarioRunner:
    fake_aws: FakeAws
    memory: Memory
    scenario: Scenario

    def run(self, first: int = -1, fault: Fault | None = None) -> tuple[dict[str, Rows], Calls]:
        """Return the data at the end, and the calls of `act`."""
        slot = SLOTS[self.scenario.job]
        length = TRIES if fault in {Fault.LOSE_REQUEST, Fault.LOSE_ANSWER} else 1
        with self.fake_aws.run(self.prepared.copy()) as environment:
            environment.choose = lambda number: fault if first <= number < first + length else None
            self.scenario.act(environment)
            sent = environment.sent.copy()
            environment.choose = lambda _: None
            environment.settle((self.scenario.job.name, slots.of(slot)))
            assert environment.unfinished() == []
            environment.now += timedelta(seconds=queue.VISIBILITY) + MINUTE
            environment.deliver_messages()  # late messages change nothing
            assert environment.messages.waiting == environment.messages.dead == []
        return without_other_heartbeats(comparable_data(environment.memory), self.scenario.job), sent

    @cached_property
    def prepared(self) -> Environment:
        """What every run starts from: the watchdog has seen the company, and the slot of the job is due."""
        slot = SLOTS[self.scenario.job]
        with self.fake_aws.run(Environment(self.memory.copy(), slot - MINUTE)) as environment:
            environment.run_checks()
            environment.now = slot
            self.scenario.prepare(environment)
        return environment

    def problems(self) -> list[str]:
        """Inject every fault into every call of the clean run, and return what goes wrong."""
        clean, sent = self.run()
        found = []
        for number, operation, fault in fault_points(sent, READS if self.scenario.writes_only else ()):
            ending, _ = self.run(number, fault)
            if ending != clean:
                found.append(f"{operation} ({number}) {fault}: {differences(clean, ending)}")
        print(f"{len(sent)} calls, {len(found)} problems")
        return found


def fault_points(sent: Calls, skipped: Collection[str] = ()) -> Iterator[tuple[int, str, Fault]]:
    """Yield every fault at every call, except at the skipped operations.

    Dying before a call leaves the same as dying after the last write before it. So only the first call of a Lambda has both.
    """
    is_first = True
    for number, operation in enumerate(sent):
        is_first = is_first or number in sent.first_calls
        if operation in skipped:
            continue
        if is_first:
            yield number, operation, Fault.DIE_BEFORE
            is_first = False
        for fault in ON_THE_WAY_THERE if operation in READS else ON_THE_WAY_THERE + ON_THE_WAY_BACK:
            yield number, operation, fault


def fault_at(first: int, fault: Fault) -> Callable[[int], Fault | None]:
    length = TRIES if fault in {Fault.LOSE_REQUEST, Fault.LOSE_ANSWER} else 1
    return lambda number: fault if first <= number < first + length else None


def without_other_heartbeats(found: dict[str, Rows], job: Job) -> dict[str, Rows]:
    """Remove the heartbeats that the scenario did not fire."""
    without_other_heartbeats = (job.name, slots.of(SLOTS[job]))
    found["Run"] = {
        key: row
        for key, row in found["Run"].items()
        if key[0] != catalog.HEARTBEAT.name or key == without_other_heartbeats
    }
    found["AuxRow"] = {key: row for key, row in found["AuxRow"].items() if not key[1].startswith("heartbeat#")}
    return found


def differences(clean: dict[str, Rows], ending: dict[str, Rows]) -> list[str]:
    return [
        f"{table} {key}: {rows.get(key)} became {ending[table].get(key)}"
        for table, rows in clean.items()
        for key in {**rows, **ending[table]}
        if rows.get(key) != ending[table].get(key)
    ]

"""A story is played again and again, with something else going wrong each time, and the books are compared."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.jobs import catalog, queue, slots
from chalicelib.jobs.job import Job
from tests.builders import Rows
from tests.faults.environment import MINUTE, Environment, Fault, Stage
from tests.faults.fault_injection import TRIES
from tests.faults.memory import Memory
from tests.faults.sample_company import SLOTS, books

READS = {"GetItem", "BatchGetItem", "Query", "GetQueueUrl"}
ON_THE_WAY_THERE = (Fault.DIE_BEFORE, Fault.LOSE_REQUEST, Fault.STALL_BEFORE)
ON_THE_WAY_BACK = (Fault.DIE_AFTER, Fault.LOSE_ANSWER, Fault.STALL_AFTER)
"""After a read they leave the same as the others before it."""


@dataclass(frozen=True)
class Story:
    """`act` is what faults befall; `prepare` goes before it undisturbed."""

    job: Job
    act: Callable[[Environment], object]
    prepare: Callable[[Environment], object] = lambda _: None
    writes_only: bool = False
    """Nothing befalls its reads: whoever dies of one leaves what the write before it left."""


def fire(job: Job) -> Callable[[Environment], None]:
    """The schedule fires, and the queue is worked off."""

    def act(environment: Environment) -> None:
        environment.fire(job, SLOTS[job])
        if job.queued:
            environment.work_off()

    return act


@dataclass(frozen=True)
class Theatre:
    stage: Stage
    memory: Memory
    story: Story

    def play(self, first: int = -1, fault: Fault | None = None) -> tuple[dict[str, Rows], list[str]]:
        """The books in the end, and the calls that were made until then by what faults befall."""
        slot = SLOTS[self.story.job]
        length = TRIES if fault in {Fault.LOSE_REQUEST, Fault.LOSE_ANSWER} else 1
        with self.stage.play(Environment(self.memory.copy(), slot - MINUTE)) as environment:
            environment.run_checks()
            environment.now = slot
            self.story.prepare(environment)
            environment.sent.clear()
            environment.choose = lambda number: fault if first <= number < first + length else None
            self.story.act(environment)
            sent = list(environment.sent)
            environment.choose = lambda _: None
            environment.settle((self.story.job.name, slots.of(slot)))
            assert environment.unfinished() == []
            environment.now += timedelta(seconds=queue.VISIBILITY) + MINUTE
            environment.work_off()  # whatever comes late changes nothing
            assert environment.letters.waiting == environment.letters.dead == []
        return own(books(environment.memory), self.story.job), sent

    def problems(self) -> list[str]:
        """What goes wrong, of everything that can befall each call of the clean run."""
        clean, sent = self.play()
        found = []
        for number, operation, fault in breaks(sent):
            if operation in READS and self.story.writes_only:
                continue
            ending, _ = self.play(number, fault)
            if ending != clean:
                found.append(f"{operation} ({number}) {fault}: {differences(clean, ending)}")
        print(f"{len(sent)} calls, {len(found)} problems")
        return found


def breaks(sent: list[str]) -> Iterator[tuple[int, str, Fault]]:
    for number, operation in enumerate(sent):
        for fault in ON_THE_WAY_THERE if operation in READS else ON_THE_WAY_THERE + ON_THE_WAY_BACK:
            yield number, operation, fault


def own(found: dict[str, Rows], job: Job) -> dict[str, Rows]:
    """Without heartbeats that nobody fired here."""
    own = (job.name, slots.of(SLOTS[job]))
    found["Run"] = {key: row for key, row in found["Run"].items() if key[0] != catalog.HEARTBEAT.name or key == own}
    found["AuxRow"] = {key: row for key, row in found["AuxRow"].items() if not key[1].startswith("heartbeat#")}
    return found


def differences(clean: dict[str, Rows], ending: dict[str, Rows]) -> list[str]:
    return [
        f"{table} {key}: {rows.get(key)} became {ending[table].get(key)}"
        for table, rows in clean.items()
        for key in {**rows, **ending[table]}
        if rows.get(key) != ending[table].get(key)
    ]

"""A soak: mixed traffic for some minutes, with the jobs on a wound clock, and then a look at what it has left."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from statistics import quantiles

from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.errors import Unavailable
from chalicelib.jobs import catalog, run_records, slots
from chalicelib.store import tables
from tests.builders import rows_of
from tests.conftest import connected_to
from tests.soak import books
from tests.soak.journal import added_up
from tests.soak.local_server import EMULATOR, Target
from tests.soak.resources import Resources
from tests.soak.traffic import CLERKS, Traffic
from tests.soak.wound_clock import WoundClock

WIND_SECONDS = 25.0
"""Twice a minute the clock is wound to the next slot of a job, so five minutes have two days of slots."""
IDLE_SECONDS = 60.0
MAX_SETTLING = 8
SETTINGS = {"CRM_INACTIVE_DAYS": "7", "CRM_CLEANUP_PERCENT": "100"}
"""An hour of a soak is five weeks of the clock. So the clean-up has something to do in it."""
LOGGED_FAULTS = re.compile(r"(?=Traceback \(most recent call last\)|Too many open files|MemoryError)")
DISTURBED = "StepsInVain"
"""The clerks kept changing the orders of a report's week. It is attempted again, and must succeed: see `run_problems`."""
MAX_SHOWN = 20


@dataclass
class Soak:
    target: Target
    clock: WoundClock
    minutes: float
    _due: set[tuple[str, slots.Slot]] = field(default_factory=set)
    """The jobs and the slot that the clock was wound to."""

    def problems(self) -> list[str]:
        """Run the soak and return what is wrong, each problem as a sentence."""
        with self.clock.set_here(), connected_to(self.target.endpoint):
            keys = [api_keys.create(f"clerk {number}", Role.OPERATOR, "operator").key for number in range(CLERKS)]
            traffic = Traffic(self.target.url, keys)
            traffic.open_shop()
            resources = Resources(self.target.processes, lambda: traffic.requests, EMULATOR, self.target.has_worked)
            with traffic.flowing(), resources.watched():
                fired = list(self._wind())
            self._settle()
            print("\n".join(_summary(traffic, resources, fired)))
            due = [pair for slot in fired for pair in due_at(slots.moment_of(slot))]
            journal = added_up(clerk.journal for clerk in traffic.clerks)
            found = [*traffic.faults, *resources.problems(), *self._logged(), *books.run_problems(due)]
            with traffic.closed_shop() as auditor:
                found += [*books.problems(auditor, journal), *auditor.faults]
        return found

    def _wind(self) -> Iterator[slots.Slot]:
        """Wind the clock to one slot after another until the time is over. Yield the slots."""
        end = time.monotonic() + 60 * self.minutes
        while (left := end - time.monotonic()) > 0:
            if left > WIND_SECONDS / 2:
                yield self._wind_once()
            time.sleep(min(WIND_SECONDS, left))
            self._wait_for_runs()

    def _wind_once(self) -> slots.Slot:
        slot = self.clock.wind_to_next_slot()
        self._due = due_at(slot)
        return slots.of(slot)

    def _wait_for_runs(self) -> None:
        """Give the runs that are due the time to start and to end: winding the clock ends leases, and slots are missed."""
        deadline = time.monotonic() + IDLE_SECONDS
        while time.monotonic() < deadline:
            with suppress(Unavailable):  # whether the server had an answer is for its clients to say
                now = self.clock.now()
                is_busy = any(not run.is_backing_off_at(now) for run in run_records.unfinished())
                if not is_busy and run_records.find_pairs(self._due).keys() == self._due:
                    return
            time.sleep(0.5)

    def _settle(self) -> None:
        """Let all runs end, also those that wait for their next attempt. What does not end is found as a problem."""
        for _ in range(MAX_SETTLING):
            self._wait_for_runs()
            if not run_records.unfinished():
                return
            self._wind_once()

    def _logged(self) -> Iterator[str]:
        for name, log in self.target.logs.items():
            _, *after_signs = LOGGED_FAULTS.split(log.read_text(errors="replace"))
            excerpts = (text[:2000] for text in after_signs)
            yield from (f"the log of {name} has a fault: {each}" for each in excerpts if DISTURBED not in each)


def due_at(moment: datetime) -> set[tuple[str, slots.Slot]]:
    return {(job.name, slots.of(moment)) for job in catalog.JOBS.values() if job.schedule.until(moment) == moment}


def _summary(traffic: Traffic, resources: Resources, fired: list[slots.Slot]) -> Iterator[str]:
    seconds = [second for clerk in traffic.clerks for second in clerk.client.seconds]
    median, p99 = quantiles(seconds, n=100)[49], quantiles(seconds, n=100)[98]
    yield f"{traffic.requests:,} requests, median {median * 1000:.0f} ms, 99 % within {p99 * 1000:.0f} ms"
    yield f"answered: {dict(traffic.answered().most_common())}"
    yield f"expected codes: {dict(traffic.codes().most_common())}"
    yield f"slots: {len(fired)}, from {fired[0]} to {fired[-1]}"
    yield f"runs: {_runs()}"
    yield from resources.summary()


def _runs() -> dict[str, int]:
    return dict(Counter(f"{job} {row['status']['S']}" for (job, _), row in rows_of(tables.Run).items()))

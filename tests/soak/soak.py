"""A soak: mixed traffic for some minutes, with the jobs on a wound clock, and then a look at what it has left."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import quantiles

from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.jobs import run_records, slots
from chalicelib.store import tables
from tests.builders import rows_of
from tests.conftest import connected_to
from tests.localdev.servers import wait_for
from tests.soak import books
from tests.soak.journal import added_up
from tests.soak.local_server import EMULATOR, Target
from tests.soak.resources import Resources
from tests.soak.traffic import CLERKS, Traffic
from tests.soak.wound_clock import WoundClock

WIND_SECONDS = 25.0
"""Twice a minute the clock is wound to the next slot of a job, so five minutes have two days of slots."""
IDLE_SECONDS = 30.0
SETTINGS = {"CRM_INACTIVE_DAYS": "7", "CRM_CLEANUP_PERCENT": "100"}
"""An hour of a soak is five weeks of the clock. So the clean-up has something to do in it."""
LOGGED_FAULTS = ("Traceback (most recent call last)", "Too many open files", "MemoryError")
MAX_SHOWN = 20


@dataclass
class Soak:
    target: Target
    clock: WoundClock
    minutes: float

    def problems(self) -> list[str]:
        """Run the soak and return what is wrong, each problem as a sentence."""
        with self.clock.set_here(), connected_to(self.target.endpoint):
            keys = [api_keys.create(f"clerk {number}", Role.OPERATOR, "operator").key for number in range(CLERKS)]
            traffic = Traffic(self.target.url, keys)
            traffic.open_shop()
            resources = Resources(self.target.processes, lambda: traffic.requests, EMULATOR)
            with traffic.flowing(), resources.watched():
                fired = list(self._wind())
            wait_for(lambda: not run_records.unfinished() or None, "the end of all runs")
            print("\n".join(_summary(traffic, resources, fired)))
            journal = added_up(clerk.journal for clerk in traffic.clerks)
            found = [*traffic.faults, *resources.problems(), *self._logged(), *books.run_problems(fired)]
            with traffic.closed_shop() as auditor:
                found += [*books.problems(auditor, journal), *auditor.faults]
        return found

    def _wind(self) -> Iterator[slots.Slot]:
        """Wind the clock to one slot after another until the time is over. Yield the slots."""
        end = time.monotonic() + 60 * self.minutes
        while (left := end - time.monotonic()) > 0:
            if left > WIND_SECONDS / 2:
                yield slots.of(self.clock.wind_to_next_slot())
            time.sleep(min(WIND_SECONDS, left))
            self._wait_for_runs()

    @staticmethod
    def _wait_for_runs() -> None:
        """Give runs the time to end, since winding ends their leases. One that is overtaken must continue all the same."""
        deadline = time.monotonic() + IDLE_SECONDS
        while run_records.unfinished() and time.monotonic() < deadline:
            time.sleep(0.2)

    def _logged(self) -> Iterator[str]:
        for name, log in self.target.logs.items():
            text = log.read_text(errors="replace")
            for sign in LOGGED_FAULTS:
                if sign in text:
                    yield f"the log of {name} has {sign!r}: {text[text.index(sign) :][:2000]}"


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

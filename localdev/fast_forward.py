"""`python -m localdev fast-forward`: run the jobs of the last days in seconds.

The clock moves from slot to slot. At each slot the function that is due is called, and then the queue is consumed, as in
production. The ledger rejects slots that already ran, so a second fast-forward changes nothing.
"""

import os
import sys
import threading
import time
from collections import Counter
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from localdev import environment, server, startup
from localdev.console import print_info
from localdev.processes import Process
from localdev.server import Address

FIRING_DELAY = timedelta(seconds=1)
"""How long after its slot a schedule fires."""
MAX_WAIT_SECONDS = 30.0
"""How long to wait for a run whose message another server has taken."""


def run(days: int, *, heartbeat: bool) -> None:
    """Run the jobs of the last days on this checkout's local data. Raises LocalError."""
    sys.dont_write_bytecode = True  # otherwise a server running beside restarts
    startup.quiet_library_logs()
    address = server.free_address()
    os.environ[environment.API_URL] = f"{address.url}/graphql"  # the heartbeat checks the server of this process
    state, _ = startup.connect(Process.current(), address, reloaded=False)
    startup.provision(state)
    from app import app

    _serve(app, address)
    FastForward(app, days, heartbeat=heartbeat).run()


def _serve(app: Any, address: Address) -> None:
    """Serve HTTP in this process, where the clock is moved."""
    from chalice.config import Config
    from chalice.local import ChaliceRequestHandler, create_local_server

    ChaliceRequestHandler.log_message = lambda *_: None
    http = create_local_server(app, Config.create(), address.host, address.port).server
    threading.Thread(target=http.serve_forever, name="http", daemon=True).start()


def _dispatched(since: datetime, until: datetime) -> list[datetime]:
    """Return the minutes in which the dispatcher has something to do. In all others, firing it would change nothing."""
    from chalicelib.jobs import operator_schedules
    from chalicelib.store import timestamps

    found: set[datetime] = set()
    for row in operator_schedules.find_all():
        if row.next_at is None or row.broken:
            continue
        first = max(since, timestamps.from_text(row.next_at) - timedelta(seconds=1))
        for due in takewhile(lambda due: due <= until, row.due_after(first)):
            found.add(due + timedelta(seconds=-due.second % 60))
    return [minute for minute in sorted(found) if minute <= until]


class MovedClock:
    """A clock that runs on from the time it is set to, so that durations stay real."""

    def set(self, time_: datetime) -> None:
        self._start, self._set_at = time_, time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._set_at)


class FastForward:
    """Fires all slots of the last days. Create it after the environment is set."""

    def __init__(self, app: Any, days: int, *, heartbeat: bool) -> None:
        from chalicelib import clock
        from chalicelib.jobs import catalog
        from localdev.queue_poller import QueuePoller
        from localdev.ticker import Ticker

        self._ticker, self._poller = Ticker(app, sleep=lambda _: None), QueuePoller(app)
        self._days = days
        self._jobs = [job for job in self._ticker.jobs if heartbeat or job is not catalog.HEARTBEAT]
        now = clock.now()
        since = now - timedelta(days=days)
        fired = [
            (slot, number, job) for number, job in enumerate(self._jobs) for slot in job.schedule.between(since, now)
        ]
        self._firings = sorted(
            [*fired, *((minute, len(self._jobs), None) for minute in _dispatched(since, now))],
            key=lambda each: each[:2],
        )

    def run(self) -> None:
        from chalicelib import clock

        moved, began = MovedClock(), time.monotonic()
        try:
            for slot, _, job in self._firings:
                moved.set(slot + FIRING_DELAY)
                clock.set_source(moved.now)
                self._fire(job, slot)
        finally:
            clock.set_source(None)
        print_info(f"\n{self._days} days, {len(self._firings)} firings in {time.monotonic() - began:.0f} s:")
        for job in self._jobs:
            print_info(self._summary(job))

    def _fire(self, job: Any, slot: datetime) -> None:
        from chalicelib.jobs import catalog, dispatcher, watchdog

        if job is None:
            self._ticker.fire(dispatcher.NAME, slot)
            self._poller.deliver_waiting()
            return
        # The watchdog makes 17 of a heartbeat's 26 requests. Nothing gets lost here, so once per hour is enough.
        thorough = job is not catalog.HEARTBEAT or slot.minute == 0
        checks = watchdog.run_checks, watchdog.check_alerts
        if not thorough:
            watchdog.run_checks, watchdog.check_alerts = (lambda: None), (lambda _job: None)
        try:
            self._ticker.fire(job.name, slot)
        finally:
            watchdog.run_checks, watchdog.check_alerts = checks
        if thorough:
            self._poller.deliver_waiting()
        if job.queued:
            self._wait(job, slot)

    def _wait(self, job: Any, slot: datetime) -> None:
        """Wait until the run has finished or failed once. A server running beside may be the one that does it."""
        from chalicelib.jobs import run_records, slots

        deadline = time.monotonic() + MAX_WAIT_SECONDS
        while time.monotonic() < deadline:
            run = run_records.find(job.name, slots.of(slot))
            if run is None or run.finished or run.error:
                return
            time.sleep(0.1)
            self._poller.deliver_waiting()

    def _summary(self, job: Any) -> str:
        from chalicelib.jobs import run_records, slots
        from chalicelib.jobs.run_records import Status

        found = run_records.find_all(
            job.name, [slots.of(slot) for slot, _, fired in self._firings if fired is job]
        ).values()
        statuses = Counter(run.status for run in found)
        counts: Counter[str] = Counter()
        for run in found:
            counts.update(run.counts)
        always = (Status.SUCCEEDED, Status.FAILED, Status.SKIPPED)
        status_text = ", ".join(f"{statuses[key]} {key.lower()}" for key in Status if key in always or statuses[key])
        sums = ", ".join(f"{name} {number}" for name, number in counts.items() if not name.endswith("_ms"))
        return f"  {job.name:<17} {len(found):>5} runs: {status_text}{sums and f'; {sums}'}"

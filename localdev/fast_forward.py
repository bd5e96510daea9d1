"""What would the jobs have done in the last days? `python -m localdev fast-forward` has them do it, in seconds.

The clock goes from slot to slot. At each the function that is due is called, and then the queue is worked off, as
production would. What the ledger has already is refused by it, so a second time does no harm.
"""

import os
import sys
import threading
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from localdev import environment, server, startup
from localdev.console import say
from localdev.processes import Process
from localdev.server import Address

LAG = timedelta(seconds=1)
"""How long after its time a schedule fires here."""
PATIENCE = 30.0
"""Seconds for a run whose message a server that runs beside has taken."""


def run(days: int, *, heartbeat: bool) -> None:
    """On this checkout's local data. Raises LocalError."""
    sys.dont_write_bytecode = True  # or a server that runs beside starts anew
    startup.quieten_logs()
    address = server.free_address()
    os.environ[environment.API_URL] = f"{address.url}/graphql"  # the heartbeat asks the server of this process
    state, _ = startup.connect(Process.current(), address, reloaded=False)
    startup.provision(state)
    from app import app

    _serve(app, address)
    IndexScan(app, days, heartbeat=heartbeat).run()


def _serve(app: Any, address: Address) -> None:
    """Answer HTTP in this process, where the clock is the moved one."""
    from chalice.config import Config
    from chalice.local import ChaliceRequestHandler, create_local_server

    ChaliceRequestHandler.log_message = lambda *_: None
    http = create_local_server(app, Config.create(), address.host, address.port).server
    threading.Thread(target=http.serve_forever, name="http", daemon=True).start()


class Clock:
    """It goes on from where it is set, so that runs take the time they take."""

    def set(self, moment: datetime) -> None:
        self._moment, self._at = moment, time.monotonic()

    def now(self) -> datetime:
        return self._moment + timedelta(seconds=time.monotonic() - self._at)


class IndexScan:
    """Made once the environment is set."""

    def __init__(self, app: Any, days: int, *, heartbeat: bool) -> None:
        from chalicelib import clock
        from chalicelib.jobs import catalog
        from localdev.queue_poller import Pump
        from localdev.ticker import Ticker

        self._ticker, self._pump = Ticker(app, sleep=lambda _: None), Pump(app)
        self._days = days
        self._jobs = [job for job in self._ticker.jobs if heartbeat or job is not catalog.HEARTBEAT]
        now = clock.now()
        self._firings = sorted(
            (slot, number, job)
            for number, job in enumerate(self._jobs)
            for slot in job.schedule.between(now - timedelta(days=days), now)
        )

    def run(self) -> None:
        from chalicelib import clock

        moved, began = Clock(), time.monotonic()
        try:
            for slot, _, job in self._firings:
                moved.set(slot + LAG)
                clock.set_source(moved.now)
                self._fire(job, slot)
        finally:
            clock.set_source(None)
        say(f"\n{self._days} days, {len(self._firings)} firings in {time.monotonic() - began:.0f} s:")
        for job in self._jobs:
            say(self._summary(job))

    def _fire(self, job: Any, slot: datetime) -> None:
        from chalicelib.jobs import catalog, watchdog

        # The watch makes 17 of a heartbeat's 26 requests, for slots and runs that were lost: here once an hour will do.
        thorough = job is not catalog.HEARTBEAT or slot.minute == 0
        run_checks = watchdog.run_checks
        if not thorough:
            watchdog.run_checks = lambda: None
        try:
            self._ticker.fire(job.name, slot)
        finally:
            watchdog.run_checks = run_checks
        if thorough:
            self._pump.drain()
        if job.queued:
            self._wait(job, slot)

    def _wait(self, job: Any, slot: datetime) -> None:
        """Until the run has ended, or failed for the first time. With a server beside, that may be the one who does it."""
        from chalicelib.jobs import run_records, slots

        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            run = run_records.find(job.name, slots.of(slot))
            if run is None or run.finished or run.error:
                return
            time.sleep(0.1)
            self._pump.drain()

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
        told = ", ".join(f"{statuses[key]} {key.lower()}" for key in Status if key in always or statuses[key])
        sums = ", ".join(f"{name} {number}" for name, number in counts.items() if not name.endswith("_ms"))
        return f"  {job.name:<17} {len(found):>5} runs: {told}{sums and f'; {sums}'}"

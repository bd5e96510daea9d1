"""The runs that the schedules of past days bring: fire them, and sum them up.

At each slot the function that is due is called, and then the queue is consumed, as in production. The ledger rejects slots
that already ran, so doing it twice changes nothing.
"""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile
from typing import Any

from localdev.lambda_events import ChaliceApp
from localdev.replay import Event

FIRING_DELAY = timedelta(seconds=1)
"""How long after its slot a schedule fires."""
MAX_WAIT_SECONDS = 30.0
"""How long to wait for a run whose message another server has taken."""


class PastRuns:
    """The runs between two moments. Create it after the environment is set.

    `heartbeat_since` is from when the heartbeat runs, which is most of the work: 288 runs per day.
    """

    def __init__(self, app: ChaliceApp, since: datetime, until: datetime, heartbeat_since: datetime) -> None:
        from chalicelib.jobs import catalog
        from localdev.queue_poller import QueuePoller
        from localdev.ticker import Ticker

        self._ticker, self._poller = Ticker(app, sleep=lambda _: None), QueuePoller(app)
        self._fired: dict[str, list[datetime]] = {}
        for job in self._ticker.jobs:
            first = max(since, heartbeat_since) if job is catalog.HEARTBEAT else since
            self._fired[job.name] = list(job.schedule.between(first, until))
        self._dispatched = _dispatched(since, until)

    def slots(self, job: str) -> list[datetime]:
        return self._fired[job]

    def leave_out(self, job: str, slot: datetime) -> None:
        self._fired[job].remove(slot)

    def events(self) -> Iterator[Event]:
        for job in self._ticker.jobs:
            for slot in self._fired[job.name]:
                yield slot + FIRING_DELAY, partial(self._fire, job, slot)
        for minute in self._dispatched:
            yield minute + FIRING_DELAY, partial(self._dispatch, minute)

    def _dispatch(self, minute: datetime) -> None:
        from chalicelib.jobs import dispatcher

        self._ticker.fire(dispatcher.NAME, minute)
        self._poller.deliver_waiting()

    def _fire(self, job: Any, slot: datetime) -> None:
        from chalicelib.jobs import catalog, watchdog

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

    def summary(self) -> list[str]:
        return [_summary(job, slots) for job, slots in self._fired.items() if slots]


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


def _summary(job: str, fired: list[datetime]) -> str:
    from chalicelib.jobs import run_records, slots
    from chalicelib.jobs.run_records import Status

    found = run_records.find_all(job, [slots.of(slot) for slot in fired]).values()
    statuses = Counter(run.status for run in found)
    counts: Counter[str] = Counter()
    for run in found:
        counts.update(run.counts)
    always = (Status.SUCCEEDED, Status.FAILED, Status.SKIPPED)
    status_text = ", ".join(f"{statuses[key]} {key.lower()}" for key in Status if key in always or statuses[key])
    sums = ", ".join(f"{name} {number}" for name, number in counts.items() if not name.endswith("_ms"))
    return f"  {job:<17} {len(found):>5} runs: {status_text}{sums and f'; {sums}'}"

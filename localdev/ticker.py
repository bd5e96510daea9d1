"""Fire the schedules under `chalice local` at their real times."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from chalice.app import ScheduledEventConfig

from chalicelib import clock
from chalicelib.jobs import catalog, dispatcher
from chalicelib.settings import settings
from localdev import lambda_events
from localdev.console import print_error, print_info
from localdev.lambda_events import ChaliceApp

OVERLAP = timedelta(minutes=2)
"""How far back a start looks for slots. A reload takes seconds, and a slot that fires twice runs once. The watchdog makes
up for older slots, also after this machine slept."""
RETRY_DELAYS = (60.0, 120.0)
"""Seconds before Lambda's first and second retry of a scheduled function that failed."""


class Ticker:
    """The app's scheduled functions: the jobs and the dispatcher. It remembers up to when their slots were fired."""

    def __init__(self, app: ChaliceApp, sleep: Callable[[float], None] = time.sleep) -> None:
        names = [source.name for source in app.event_sources if isinstance(source, ScheduledEventConfig)]
        self.jobs = [catalog.JOBS[name] for name in names if name != dispatcher.NAME]
        self._schedules = {job.name: job.schedule for job in self.jobs}
        if dispatcher.NAME in names:
            self._schedules[dispatcher.NAME] = dispatcher.SCHEDULE
        self._app = app
        self._sleep = sleep
        self._fired = clock.now() - OVERLAP

    def run(self) -> None:
        """Fire slots as they become due, without end."""
        while True:
            for name, slot in self.take_due():
                threading.Thread(target=self.fire, args=(name, slot), name=f"{name} {slot}", daemon=True).start()
            self._sleep(1 - clock.now().microsecond / 1_000_000)

    def take_due(self) -> list[tuple[str, datetime]]:
        """Return the slots that became due since the last call.

        After the clock was set back, slots come again. Waiting until it has caught up would stop all jobs for that long,
        and a slot that fires twice runs once.
        """
        now = clock.now()
        if now < self._fired - OVERLAP:
            print_info(f"The clock was set back from {self._fired:%Y-%m-%d %H:%M:%S} to {now:%Y-%m-%d %H:%M:%S} UTC.")
            self._fired = now
        since = max(self._fired, now - OVERLAP)
        self._fired = max(now, self._fired)
        return [(name, slot) for name, schedule in self._schedules.items() for slot in schedule.between(since, now)]

    def fire(self, name: str, slot: datetime) -> None:
        """Call a scheduled function, and retry it twice, as Lambda does."""
        event = lambda_events.schedule_event(name, slot, settings.region)
        for pause in (*RETRY_DELAYS, None):
            try:
                lambda_events.call_function(self._app, name, event)
            except Exception as error:  # noqa: BLE001 - Lambda continues whatever a function raises
                outcome = f"retrying in {pause:.0f} s" if pause else "giving up; the watchdog will retry"
                print_error(f"{name} of {event['time']} failed, {outcome}: {type(error).__name__}: {error}")
                if pause:
                    self._sleep(pause)
            else:
                return

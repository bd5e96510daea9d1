"""What fires the schedules under `chalice local`, at their real times?"""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from chalice.app import ScheduledEventConfig

from chalicelib import clock
from chalicelib.jobs import catalog
from chalicelib.settings import settings
from localdev import lambda_events
from localdev.console import complain

OVERLAP = timedelta(minutes=2)
"""How far back a start looks for slots: a reload takes seconds, and a slot that fires twice has its effect once. What is
older is for the watch to make up for, also after this machine slept."""
RETRIES = (60.0, 120.0)
"""Seconds before Lambda calls a function again that was called by a schedule and failed."""


class Ticker:
    """The jobs whose names are those of the app's scheduled functions, and up to when their slots have been fired."""

    def __init__(self, app: Any, sleep: Callable[[float], None] = time.sleep) -> None:
        names = [source.name for source in app.event_sources if isinstance(source, ScheduledEventConfig)]
        self.jobs = [catalog.JOBS[name] for name in names]
        self._app = app
        self._sleep = sleep
        self._fired = clock.now() - OVERLAP

    def run(self) -> None:
        """For ever."""
        while True:
            for name, slot in self.due():
                threading.Thread(target=self.fire, args=(name, slot), name=f"{name} {slot}", daemon=True).start()
            self._sleep(1 - clock.now().microsecond / 1_000_000)

    def due(self) -> list[tuple[str, datetime]]:
        """What has become due since the last call."""
        now = clock.now()
        since = max(self._fired, now - OVERLAP)
        self._fired = max(now, self._fired)
        return [(job.name, slot) for job in self.jobs for slot in job.schedule.between(since, now)]

    def fire(self, name: str, slot: datetime) -> None:
        """As Lambda does it: twice again when it fails, and then no more."""
        event = lambda_events.scheduled(name, slot, settings.region)
        for pause in (*RETRIES, None):
            try:
                lambda_events.call(self._app, name, event)
            except Exception as error:  # noqa: BLE001 - whatever a function raises, Lambda goes on
                again = f"trying again in {pause:.0f} s" if pause else "giving up: the watch sees to it"
                complain(f"{name} of {event['time']} failed, {again}: {type(error).__name__}: {error}")
                if pause:
                    self._sleep(pause)
            else:
                return

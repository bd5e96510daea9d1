"""A clock that a test winds ahead, for itself and for the servers that it starts.

They read how far it is ahead from a file. The emulator keeps the real time, since it checks the times of signatures.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chalicelib import clock
from chalicelib.jobs import catalog
from deploy.rehearsal.emulator import set_clock_ahead

WEEKEND = timedelta(days=5, hours=23, minutes=59)
"""From the beginning of a week to just before its Sunday, on which the clean-up is due. The report is due the day after."""
SCHEDULES = [job.schedule for job in catalog.JOBS.values() if job is not catalog.HEARTBEAT]


class WoundClock:
    def __init__(self, directory: Path) -> None:
        self.file = directory / "ahead"
        self.packages = directory / "clock"
        """A server with this directory on its path has the same clock."""
        self.packages.mkdir(parents=True)
        set_clock_ahead(self.packages, self.file)
        self._ahead = timedelta()
        self._wind(self._ahead)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def start_before_weekend(self) -> None:
        """Wind the clock to the end of the next Saturday, so that two days have a slot of every job."""
        now = self.now()
        monday = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=now.weekday())
        begin = monday + WEEKEND
        self._wind((begin if begin > now else begin + timedelta(weeks=1)) - datetime.now(UTC))

    def wind_to_next_slot(self) -> datetime:
        """Wind the clock to the next slot of a job other than the heartbeat, and return that slot."""
        now = self.now()
        slot = min(schedule.after(now) for schedule in SCHEDULES)
        self._wind(slot + timedelta(milliseconds=100) - datetime.now(UTC))
        return slot

    @contextmanager
    def set_here(self) -> Iterator[None]:
        """Use the clock in this process, too."""
        clock.set_source(self.now)
        try:
            yield
        finally:
            clock.set_source(None)

    def _wind(self, ahead: timedelta) -> None:
        """Replace the file in one step: a server that read half of it would be back in the present for a moment."""
        draft = self.file.with_suffix(".draft")
        draft.write_text(f"{ahead.total_seconds():.6f}")
        draft.replace(self.file)
        self._ahead = ahead

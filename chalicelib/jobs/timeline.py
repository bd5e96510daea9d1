"""The day across all jobs: what ran, hour by hour, and what is due in the next 24 hours.

It is read from the keys of one index, so it costs the same whatever the history: one call for each state, and one more for
each further thousand runs of the day.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.jobs import runs_by_status, slots
from chalicelib.jobs.overview import JobNow
from chalicelib.jobs.run_records import Status
from chalicelib.store import timestamps

DAY = timedelta(hours=24)
_HOUR = timedelta(hours=1)
_MAX_CALLS = 10
"""For each state. Six schedules that are due every minute have fewer than 10,000 runs a day."""
_WORST_FIRST = (
    Status.FAILED,
    Status.MISSED,
    Status.RUNNING,
    Status.WAITING,
    Status.CANCELLED,
    Status.SKIPPED,
    Status.SUCCEEDED,
)


@dataclass(frozen=True, slots=True)
class StatusCount:
    status: Status
    count: int


@dataclass(frozen=True, slots=True)
class PastHour:
    """The runs of a job that were due in an hour. Runs that wait for a later time are in the hour in which they are due."""

    job: str
    hour: str
    counts: list[StatusCount]
    """The worst state first."""

    @property
    def status(self) -> Status:
        return self.counts[0].status


@dataclass(frozen=True, slots=True)
class ComingHour:
    """An hour in which a schedule of a job is due, first at `due`."""

    job: str
    hour: str
    due: str


def past(now: datetime) -> list[PastHour]:
    """Return the hours with runs, oldest first: of the last 24 hours, and those that wait for the next 24."""
    hours: dict[tuple[str, str], Counter[Status]] = {}
    for status in _WORST_FIRST:
        for key in runs_by_status.newest(status, now - DAY, now + DAY, max_calls=_MAX_CALLS)[0]:
            hour = slots.of(_hour_of(slots.moment_of(key.slot)))
            hours.setdefault((hour, key.job), Counter())[status] += 1
    return [
        PastHour(job, hour, [StatusCount(status, counts[status]) for status in _WORST_FIRST if counts[status]])
        for (hour, job), counts in sorted(hours.items())
    ]


def coming(jobs: Sequence[JobNow], now: datetime) -> list[ComingHour]:
    """Return the hours in which schedules are due, soonest first. A pause covers those before its end."""
    found: dict[tuple[str, str], datetime] = {}
    for job in jobs:
        for due in _due(job, now):
            place = (slots.of(_hour_of(due)), job.name)
            found[place] = min(due, found.get(place, due))
    return [ComingHour(job, hour, slots.of(due)) for (hour, job), due in sorted(found.items())]


def _due(job: JobNow, now: datetime) -> Iterator[datetime]:
    """Yield the first instant of each hour at which a schedule of the job is due."""
    begin = now
    if job.pause:
        if job.pause.until is None:
            return
        begin = max(now, timestamps.from_text(job.pause.until) - timedelta(seconds=1))
    for next_after in _schedules(job):
        due = next_after(begin)
        while due and due <= now + DAY:
            yield due
            due = next_after(_hour_of(due) + _HOUR - timedelta(seconds=1))


def _schedules(job: JobNow) -> Iterator[Callable[[datetime], datetime | None]]:
    """Yield, for each schedule of the job, the function that returns its first instant after a moment."""
    if not job.changed:
        yield job.job.schedule.after
    for row in job.schedules:
        if not row.broken:
            yield lambda moment, row=row: next(row.due_after(moment), None)  # type: ignore[misc]  # row is bound here


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)

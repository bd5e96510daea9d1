"""A job together with its state, its runs and its health, as the watchdog checks it and as operators see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from chalicelib import clock
from chalicelib.jobs import catalog, health, job_state, run_records, slots
from chalicelib.jobs.health import Health, HealthStatus
from chalicelib.jobs.job import Job
from chalicelib.jobs.job_state import JobState, Pause
from chalicelib.jobs.run_arguments import Argument
from chalicelib.jobs.run_records import Run, Status
from chalicelib.store import timestamps


@dataclass(frozen=True, slots=True, kw_only=True)
class JobNow:
    """A job at one moment. The properties are the fields of GraphQL's type Job."""

    job: Job
    job_state: JobState
    recent: Sequence[Run]
    """The latest runs, newest first."""
    health: Health
    now: datetime

    @property
    def name(self) -> str:
        return self.job.name

    @property
    def description(self) -> str:
        return self.job.description

    @property
    def arguments(self) -> tuple[Argument, ...]:
        return self.job.arguments

    @property
    def schedule(self) -> str:
        return self.job.schedule.crontab

    @property
    def schedule_text(self) -> str:
        return self.job.schedule.words

    @property
    def state(self) -> HealthStatus:
        return self.health.state

    @property
    def problems(self) -> list[str]:
        found = self.health
        return [text for text in (found.late, found.failing, found.alarm, found.too_frequent) if text]

    @property
    def pause(self) -> Pause | None:
        return self.job_state.paused_at(self.now)

    @property
    def latest(self) -> Run | None:
        """The latest run that has started."""
        return next((run for run in self.recent if run.started_at), None)

    @property
    def last_run(self) -> str | None:
        return self.latest.started_at if self.latest else None

    @property
    def next_run(self) -> str | None:
        """The first slot that no pause covers. None during a pause without an end."""
        if self.pause is None:
            return slots.of(self.job.schedule.after(self.now))
        if self.pause.until is None:
            return None
        try:
            return slots.of(self.job.schedule.after(timestamps.from_text(self.pause.until) - timedelta(microseconds=1)))
        except OverflowError:  # a pause until the last days of the year 9999
            return None

    @property
    def average_seconds(self) -> float | None:
        seconds = [run.seconds for run in self.recent if run.status is Status.SUCCEEDED and run.seconds is not None]
        return round(fmean(seconds), 3) if seconds else None


def load_all() -> list[JobNow]:
    """Return every job of the catalog as it is now."""
    unfinished = run_records.unfinished()
    return [_load(job, unfinished) for job in catalog.JOBS.values()]


def load(job: Job) -> JobNow:
    """Return one job as it is now."""
    return _load(job, run_records.unfinished())


def assemble(job: Job, state: JobState, all_unfinished: Sequence[Run], now: datetime) -> JobNow:
    """Read the job's recent runs and assess its health. `all_unfinished` may hold runs of other jobs, too."""
    recent = run_records.latest(job.name, health.recent_count(job))
    own = [run for run in all_unfinished if run.job == job.name]
    return JobNow(job=job, job_state=state, recent=recent, health=health.assess(job, state, recent, own, now), now=now)


def _load(job: Job, all_unfinished: Sequence[Run]) -> JobNow:
    return assemble(job, job_state.find(job.name), all_unfinished, clock.now())

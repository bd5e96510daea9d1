"""Load a job with its state, latest runs and health, for the watchdog and for operators."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib import clock
from chalicelib.jobs import catalog, health, job_state, operator_schedules, run_records, slots
from chalicelib.jobs.health import Health, HealthStatus
from chalicelib.jobs.job import Job
from chalicelib.jobs.job_state import JobState, Pause
from chalicelib.jobs.operator_schedules import OperatorSchedule
from chalicelib.jobs.run_arguments import Argument
from chalicelib.jobs.run_records import Run
from chalicelib.plurals import counted
from chalicelib.store import timestamps

EARLINESS = timedelta(minutes=1)
"""A run that starts so long before its slot, because some clock is behind, is no run for later."""
LONG_PAUSE = timedelta(days=1)
"""A job that has been paused for longer is among the problems, whoever has paused it, and until when."""
LONG_DISABLED = timedelta(days=7)
"""A schedule that has been disabled for so long is among the problems."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobNow:
    """A job at one moment. The properties are the fields of GraphQL's type Job."""

    job: Job
    job_state: JobState
    recent: Sequence[Run]
    """The latest runs, newest first."""
    health: Health
    now: datetime
    schedules: Sequence[OperatorSchedule] = ()
    """Those that operators have made for it."""

    @property
    def changed(self) -> OperatorSchedule | None:
        return operator_schedules.changed_schedule(self.name, self.schedules)

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
        return self.changed.crontab or "" if self.changed else self.job.schedule.crontab

    @property
    def schedule_text(self) -> str:
        return self.changed.words if self.changed else self.job.schedule.words

    @property
    def state(self) -> HealthStatus:
        return self.health.state

    @property
    def problems(self) -> list[str]:
        found = self.health
        own = (found.late, found.slow, found.failing, found.alarm, found.too_frequent, found.paused, self.long_pause)
        return [text for text in (*own, *self.long_disabled, *self.broken_schedules) if text]

    @property
    def broken_schedules(self) -> list[str]:
        return [f"{row.id} cannot be served: {text}" for row in self.schedules if (text := row.broken)]

    @property
    def long_pause(self) -> str | None:
        """A pause that somebody may have forgotten. It is no alert: the operators have decided it."""
        pause = self.pause
        lasted = self.now - timestamps.from_text(pause.since) if pause else timedelta()
        if pause is None or lasted <= LONG_PAUSE:
            return None
        end = f"until {slots.of(timestamps.from_text(pause.until))}" if pause.until else "without an end"
        return f"paused for {counted(lasted.days, 'day')}, {end}, by {pause.actor}: {pause.reason}"

    @property
    def long_disabled(self) -> list[str]:
        """Schedules that somebody may have forgotten to enable again."""
        disabled = [(row, row.updated_at) for row in self.schedules if not (row.enabled or row.paused)]
        lasted = [(row.id, self.now - timestamps.from_text(since)) for row, since in disabled if since]
        return [
            f"{name} has been disabled for {time.days} days: enable it, or delete it"
            for name, time in lasted
            if time >= LONG_DISABLED
        ]

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
        """The first slot of any schedule that no pause covers. None during a pause without an end."""
        if self.pause is None:
            own = [] if self.changed else [slots.of(self.job.schedule.after(self.now))]
            return min([*own, *(row.next_at for row in self.schedules if row.next_at)], default=None)
        if self.pause.until is None:
            return None
        end = timestamps.from_text(self.pause.until) - timedelta(microseconds=1)
        try:
            own = [] if self.changed else [slots.of(self.job.schedule.after(end))]
            return min(
                filter(None, [*own, *(row.next_after(end) for row in self.schedules if not row.broken)]), default=None
            )
        except OverflowError:  # a pause until the last days of the year 9999
            return None

    @property
    def average_seconds(self) -> float | None:
        usual = health.usual_seconds(self.recent)
        return None if usual is None else round(usual, 3)


def load_all(jobs: Iterable[Job] | None = None) -> list[JobNow]:
    """Return these jobs, by default those of the catalog, as they are now."""
    unfinished, schedules = run_records.unfinished(), operator_schedules.find_all()
    return [_load(job, unfinished, schedules) for job in (catalog.JOBS.values() if jobs is None else jobs)]


def load(job: Job) -> JobNow:
    """Return one job as it is now."""
    return _load(job, run_records.unfinished(), operator_schedules.find_all())


def find_state(job: Job) -> JobState:
    """Return the state of a job. One on demand cannot be paused, and no slot of it is checked, so nothing need be read."""
    return JobState(job.name) if job.is_on_demand else job_state.find(job.name)


def assemble(
    job: Job,
    state: JobState,
    all_unfinished: Sequence[Run],
    all_schedules: Sequence[OperatorSchedule],
    now: datetime,
) -> JobNow:
    """Read the job's recent runs and assess its health. What is passed may hold runs and schedules of other jobs, too."""
    recent = run_records.latest(job.name, health.recent_count(job), now + EARLINESS)
    own = [run for run in all_unfinished if run.job == job.name]
    schedules = [row for row in all_schedules if row.job == job.name]
    found = health.assess(job, state, recent, own, now, schedules)
    return JobNow(job=job, job_state=state, recent=recent, health=found, now=now, schedules=schedules)


def _load(job: Job, all_unfinished: Sequence[Run], all_schedules: Sequence[OperatorSchedule]) -> JobNow:
    return assemble(job, find_state(job), all_unfinished, all_schedules, clock.now())

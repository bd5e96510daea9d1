"""Time limits of a schedule's runs, and its failures before a pause. What it does not set is as the catalog says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.jobs.job import Job
from chalicelib.jobs.operator_schedules import OperatorSchedule
from chalicelib.jobs.run_records import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    start: timedelta
    """Within this time a run must have started."""
    run: timedelta | None
    """So long a run may take. None: it follows from the usual time."""
    catch_up_window: timedelta | None
    """Missed slots that are older are not caught up. None: no slot is too old."""
    pause_after: int | None
    """After so many failed runs in a row, the schedule pauses itself. None: never."""


def limits_of(job: Job, schedule: OperatorSchedule | None) -> Limits:
    if schedule is None:
        return Limits(
            start=job.grace, run=job.run_limit, catch_up_window=job.catch_up_window, pause_after=job.pause_after
        )
    return Limits(
        start=_minutes(schedule.start_limit) or job.grace,
        run=_minutes(schedule.run_limit) or job.run_limit,
        catch_up_window=_minutes(schedule.catch_up_window) or job.catch_up_window,
        pause_after=schedule.pause_after or job.pause_after,
    )


def limits_of_run(job: Job, run: Run, schedules: Iterable[OperatorSchedule]) -> Limits:
    """Return the limits of the run's schedule, as it is now. If it was deleted, those of the job hold."""
    return limits_of(job, next((row for row in schedules if row.id == run.schedule), None))


def _minutes(number: int | None) -> timedelta | None:
    return timedelta(minutes=number) if number else None

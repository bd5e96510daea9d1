"""Shared by the tests of operators' schedules: create and change them, and look at the runs of the job."""

from chalicelib.jobs import (
    run_records,
    schedule_changes,
    slots,
)
from chalicelib.jobs.job import Job
from chalicelib.jobs.operator_schedules import OperatorSchedule
from chalicelib.jobs.run_records import Run
from chalicelib.jobs.schedule_input import ScheduleChanges

DEFAULT = "tally.default"


def create(job: Job, crontab: str = "30 * * * *", **more: object) -> OperatorSchedule:
    changes: ScheduleChanges = {"crontab": crontab, **more}  # type: ignore[typeddict-item]
    return schedule_changes.create(job, changes, "ann")


def update(schedule_id: str, **changes: object) -> OperatorSchedule:
    return schedule_changes.update(schedule_id, changes, "bob")  # type: ignore[arg-type]


def runs() -> dict[str, Run]:
    """Return the runs by their instant without the date, and `@` if an operator's schedule was due."""
    found = run_records.latest("tally", 50)
    return {slots.instant_of(run.slot)[11:19] + "@" * bool(slots.schedule_of(run.slot)): run for run in found}


def statuses() -> dict[str, str]:
    return {slot: run.status.value for slot, run in sorted(runs().items())}

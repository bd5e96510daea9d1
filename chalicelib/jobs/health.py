"""The health of a job, assessed from its rows alone. The watchdog raises alerts from it, and operators see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.jobs import operator_schedules, slots
from chalicelib.jobs.job import Job
from chalicelib.jobs.job_state import JobState
from chalicelib.jobs.operator_schedules import OperatorSchedule
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.store import timestamps

_RECENT = 30
_RESULTS = {Status.SUCCEEDED, Status.FAILED, Status.MISSED}


class HealthStatus(StrEnum):
    OK = "OK"
    RUNNING = "RUNNING"
    LATE = "LATE"
    FAILING = "FAILING"
    PAUSED = "PAUSED"
    NEVER_RAN = "NEVER_RAN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The problems of a job, each as a text for the operator or None, and the state that follows from them."""

    late: str | None
    failing: str | None
    alarm: str | None
    too_frequent: str | None
    state: HealthStatus

    @property
    def recovered(self) -> bool:
        return not (self.late or self.failing)


def assess(  # noqa: PLR0913, PLR0917 - everything that the health of a job follows from
    job: Job,
    state: JobState,
    recent: Sequence[Run],
    unfinished: Sequence[Run],
    now: datetime,
    schedules: Sequence[OperatorSchedule] = (),
) -> Health:
    """Assess a job. `recent` are its latest runs, newest first; `unfinished` are its runs that have not ended.

    `schedules` are those that operators have made for it.
    """
    last = next((run for run in recent if run.status in _RESULTS), None)
    changed = operator_schedules.changed_schedule(job.name, schedules)
    late = _undispatched(job, schedules, now) or _late(job, None if changed else state, recent, unfinished, now)
    if late is None and last and last.status is Status.MISSED:
        late = f"the run of {last.slot} was missed: {last.reason}"
    failing = f"the run of {last.slot} failed: {last.error}" if last and last.status is Status.FAILED else None
    return Health(
        late=late,
        failing=failing,
        alarm=_alarm(job, recent),
        too_frequent=_too_frequent(job, recent, now, is_changed=changed is not None),
        state=_state(state, recent, unfinished, late, failing, now),
    )


def recent_count(job: Job) -> int:
    """Return how many recent runs `assess` needs: enough to see that there were too many."""
    return max(_RECENT, job.max_runs + 1)


def _late(
    job: Job, state: JobState | None, recent: Sequence[Run], unfinished: Sequence[Run], now: datetime
) -> str | None:
    overdue = [run.slot for run in unfinished if _requested_at(run) + job.grace < now]
    if overdue:
        return f"the run of {min(overdue)} has not finished {job.grace} after it was due"
    if state is None:
        return None  # the dispatcher starts its runs
    if state.is_rescheduled(job.schedule.crontab):
        return None  # the watchdog counts the slots of the new schedule from its next check on
    expected = slots.of(job.schedule.until(now - job.grace))
    # Slots up to `checked_until` have a row. If it is None, the watchdog has never checked this job.
    if state.checked_until and expected > state.checked_until and expected not in {run.slot for run in recent}:
        return f"the run of {expected} has not started {job.grace} after it was due"
    return None


def _alarm(job: Job, recent: Sequence[Run]) -> str | None:
    """Return what is alarming: from `alarm_after` alarming runs in a row on, until as many in a row are not."""
    standing: str | None = None
    others = 0
    for run in reversed(recent):
        if run.status is not Status.SUCCEEDED:
            continue  # it tells us nothing new, so an alarm raised before it stays
        text = job.alarm(run.counts)
        if text and run.reason and run.trigger is not Trigger.CATCH_UP:
            text = f"{text}: {run.reason}"
        others = others + 1 if (text is None) != (standing is None) else 0
        if others >= job.alarm_after:
            standing, others = text, 0
        elif text and standing:
            standing = text
    return standing


def _requested_at(run: Run) -> datetime:
    """Return when the run was due. A run that an operator started or repeated was due when they asked for it.

    If they asked for a later time, it was due then.
    """
    is_requested = run.trigger in {Trigger.OPERATOR, Trigger.BACKFILL}
    return max(timestamps.from_text(run.created_at), run.due) if is_requested else run.due


def _undispatched(job: Job, schedules: Sequence[OperatorSchedule], now: datetime) -> str | None:
    for schedule in schedules:
        if schedule.slot and slots.moment_of(schedule.slot) + job.grace < now:
            return f"the run of {schedule.slot} has not started {job.grace} after it was due"
    return None


def _too_frequent(job: Job, recent: Sequence[Run], now: datetime, *, is_changed: bool) -> str | None:
    """Count the runs that started lately. How often their own schedules run is the operators' decision."""
    since, until = timestamps.to_text(now - job.window), timestamps.to_text(now)
    counted = [run for run in recent if not slots.schedule_of(run.slot) and run.trigger is not Trigger.BACKFILL]
    if is_changed:
        counted = [run for run in counted if run.trigger is Trigger.OPERATOR]
    count = sum(since < (run.started_at or "") <= until for run in counted)
    return f"{count} runs within {job.window}, more than {job.max_runs}" if count > job.max_runs else None


def _state(  # noqa: PLR0913, PLR0917 - everything that a state follows from
    state: JobState,
    recent: Sequence[Run],
    unfinished: Sequence[Run],
    late: str | None,
    failing: str | None,
    now: datetime,
) -> HealthStatus:
    for found, applies in (
        (HealthStatus.PAUSED, state.paused_at(now)),
        (HealthStatus.LATE, late),
        (HealthStatus.RUNNING, any(run.held_at(now) for run in unfinished)),
        (HealthStatus.FAILING, failing),
        (HealthStatus.NEVER_RAN, all(run.started_at is None for run in recent)),
    ):
        if applies:
            return found
    return HealthStatus.OK

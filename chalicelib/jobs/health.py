"""The health of a job, assessed from its rows alone. The watchdog raises alerts from it, and operators see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import fmean

from chalicelib.jobs import operator_schedules, slots
from chalicelib.jobs.job import Job
from chalicelib.jobs.job_state import JobState
from chalicelib.jobs.operator_schedules import OperatorSchedule
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.schedule_limits import limits_of, limits_of_run
from chalicelib.store import timestamps

_RECENT = 30
_MIN_RUN_LIMIT = timedelta(minutes=1)
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
    slow: str | None
    failing: str | None
    alarm: str | None
    too_frequent: str | None
    paused: str | None
    """Schedules that have paused themselves."""
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
    last = (_unrepaired(recent) if job.is_on_demand else None) or _last_result(recent)
    changed = operator_schedules.changed_schedule(job.name, schedules)
    late = _undispatched(job, schedules, now) or _not_started(job, unfinished, schedules, now)
    late = late or (None if changed else _not_recorded(job, state, recent, now))
    slow = _slow(job, recent, unfinished, schedules, now)
    if late is None and last and last.status is Status.MISSED:
        late = f"the run of {last.slot} was missed: {last.reason}"
    failing = f"the run of {last.slot} failed: {last.error}" if last and last.status is Status.FAILED else None
    return Health(
        late=late,
        slow=slow,
        failing=failing,
        alarm=_alarm(job, recent),
        paused="; ".join(f"{row.id} {row.paused}" for row in schedules if row.paused) or None,
        too_frequent=_too_frequent(job, recent, now, is_changed=changed is not None),
        state=_state(state, recent, unfinished, late or slow, failing, now),
    )


def _last_result(recent: Sequence[Run]) -> Run | None:
    return next((run for run in recent if run.status in _RESULTS), None)


def _unrepaired(recent: Sequence[Run]) -> Run | None:
    """Return the latest failed run whose work no later run has done. One that does other work says nothing about it."""
    done = []
    for run in recent:
        if run.status is Status.SUCCEEDED:
            done.append(run.arguments)
        elif run.status is Status.FAILED and run.arguments not in done:
            return run
    return None


def recent_count(job: Job) -> int:
    """Return how many recent runs `assess` needs: enough to see that there were too many."""
    return max(_RECENT, job.max_runs + 1)


def _not_started(
    job: Job, unfinished: Sequence[Run], schedules: Sequence[OperatorSchedule], now: datetime
) -> str | None:
    """Return which run has not started in time. One that has started and failed is no longer late to start."""
    for run in sorted(unfinished, key=lambda run: run.slot):
        limit = limits_of_run(job, run, schedules).start
        if run.started_at is None and _expected_at(run) + limit < now:
            return f"the run of {run.slot} has not started {limit} after it was due"
    return None


def _slow(
    job: Job, recent: Sequence[Run], unfinished: Sequence[Run], schedules: Sequence[OperatorSchedule], now: datetime
) -> str | None:
    """Return which run takes too long. Without a limit of its own, one that has failed may wait for its next attempts."""
    usual = usual_seconds(recent)
    expected = max(_MIN_RUN_LIMIT, 3 * timedelta(seconds=usual)) if usual is not None else job.grace
    for run in sorted(unfinished, key=lambda run: run.slot):
        if run.started_at is None:
            continue
        is_first_attempt = run.attempts <= 1 and run.next_attempt_at is None
        default = expected if is_first_attempt else max(expected, job.grace)
        limit = limits_of_run(job, run, schedules).run or default
        if timestamps.from_text(run.started_at) + limit < now:
            return f"the run of {run.slot} takes longer than {timedelta(seconds=round(limit.total_seconds()))}"
    return None


def usual_seconds(recent: Sequence[Run]) -> float | None:
    """Return the mean duration of the runs that have succeeded."""
    seconds = [run.seconds for run in recent if run.status is Status.SUCCEEDED and run.seconds is not None]
    return fmean(seconds) if seconds else None


def _not_recorded(job: Job, state: JobState, recent: Sequence[Run], now: datetime) -> str | None:
    """Return which slot of the catalog's schedule has no row, although it was due long ago."""
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


def _expected_at(run: Run) -> datetime:
    """Return when the run should have started. A run that an operator started or repeated was due when they asked for it.

    If they asked for a later time, or the schedule spreads its runs, it was due then.
    """
    is_requested = run.trigger in {Trigger.OPERATOR, Trigger.BACKFILL}
    due = max(timestamps.from_text(run.created_at), run.due) if is_requested else run.due
    return max(due, timestamps.from_text(run.next_attempt_at)) if run.next_attempt_at else due


def _undispatched(job: Job, schedules: Sequence[OperatorSchedule], now: datetime) -> str | None:
    for schedule in schedules:
        limit = limits_of(job, schedule).start
        if schedule.slot and slots.moment_of(schedule.slot) + limit < now:
            return f"the run of {schedule.slot} has not started {limit} after it was due"
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

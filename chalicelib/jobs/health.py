"""How a job is doing, from its rows alone: what the watch tells of, and what an operator sees."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.jobs import slots
from chalicelib.jobs.job import Job
from chalicelib.jobs.job_state import JobState
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.store import timestamps

RECENT = 30
"""Runs that are looked at, or one more than may be in a span where that is more."""
_RESULTS = {Status.SUCCEEDED, Status.FAILED, Status.MISSED}


class State(StrEnum):
    OK = "OK"
    RUNNING = "RUNNING"
    LATE = "LATE"
    FAILING = "FAILING"
    PAUSED = "PAUSED"
    NEVER_RAN = "NEVER_RAN"


@dataclass(frozen=True, slots=True)
class Health:
    """What there is to complain of; each is a text for the operator, or None."""

    late: str | None
    failing: str | None
    alarm: str | None
    too_frequent: str | None
    state: State

    @property
    def recovered(self) -> bool:
        return not (self.late or self.failing)


def of(job: Job, control: JobState, recent: Sequence[Run], unfinished: Sequence[Run], now: datetime) -> Health:
    """`recent` are the job's latest runs, the newest first; `unfinished` its runs that are not at their end."""
    last = next((run for run in recent if run.status in _RESULTS), None)
    late = _late(job, control, recent, unfinished, now)
    if late is None and last and last.status is Status.MISSED:
        late = f"the run of {last.slot} was missed: {last.reason}"
    failing = f"the run of {last.slot} failed: {last.error}" if last and last.status is Status.FAILED else None
    # Of one that failed nobody knows what it would have found: what was alarming before still is.
    succeeded = next((run for run in recent if run.status is Status.SUCCEEDED), None)
    return Health(
        late=late,
        failing=failing,
        alarm=job.alarm(succeeded.counts) if succeeded else None,
        too_frequent=_too_frequent(job, recent, now),
        state=_state(control, recent, unfinished, late, failing, now),
    )


def looked_at(job: Job) -> int:
    return max(RECENT, job.max_runs + 1)


def _late(job: Job, control: JobState, recent: Sequence[Run], unfinished: Sequence[Run], now: datetime) -> str | None:
    overdue = [run.slot for run in unfinished if _asked_at(run) + job.grace < now]
    if overdue:
        return f"the run of {min(overdue)} is not finished, {job.grace} after it was due"
    expected = slots.of(job.schedule.until(now - job.grace))
    # A slot up to `watched` has a row, and without it nobody has begun to watch.
    if control.watched and expected > control.watched and expected not in {run.slot for run in recent}:
        return f"the run of {expected} was not begun, {job.grace} after it was due"
    return None


def _asked_at(run: Run) -> datetime:
    """Of a run that an operator repeats, not when it was due once."""
    return timestamps.from_text(run.created_at) if run.trigger is Trigger.OPERATOR else run.due


def _too_frequent(job: Job, recent: Sequence[Run], now: datetime) -> str | None:
    since, until = timestamps.to_text(now - job.window), timestamps.to_text(now)
    count = sum(since < (run.started_at or "") <= until for run in recent)
    return f"{count} runs within {job.window}, more than {job.max_runs}" if count > job.max_runs else None


def _state(  # noqa: PLR0913, PLR0917 - what a state is made of
    control: JobState,
    recent: Sequence[Run],
    unfinished: Sequence[Run],
    late: str | None,
    failing: str | None,
    now: datetime,
) -> State:
    for state, holds in (
        (State.PAUSED, control.paused_at(now)),
        (State.LATE, late),
        (State.RUNNING, any(run.held_at(now) for run in unfinished)),
        (State.FAILING, failing),
        (State.NEVER_RAN, all(run.started_at is None for run in recent)),
    ):
        if holds:
            return state
    return State.OK

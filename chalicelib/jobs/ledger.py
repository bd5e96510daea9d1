"""The ledger: how runs are claimed, carried on and ended, so that each slot's effect happens once.

    (nothing) --record--> WAITING --claim--> RUNNING --finish--> SUCCEEDED
        |                   |  ^               |  |
        |                   |  +---release-----+  +--end--> FAILED
        +-------end---------+--end--> SKIPPED, MISSED, FAILED --reopen--> WAITING

Every write is conditional on the row as it was read, and known again by its token, so a lost answer, a schedule that
fires twice and two workers all end in one winner. A claim is a lease: a worker that dies loses it by time, and what it
still writes afterwards is refused.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib import clock, telemetry
from chalicelib.errors import Conflict, RunNotRepeatable
from chalicelib.jobs import job_state, run_records
from chalicelib.jobs.job import Job, Overlap, StepResult
from chalicelib.jobs.job_state import JobState
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.settings import settings
from chalicelib.store import tables, timestamps
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale, Transaction, new_token

LEASE = timedelta(minutes=6)
"""Renewed with each page. Longer than a Lambda of ours may live: who has lost it is dead, and changes nothing any more."""
MAX_ATTEMPTS_WITHOUT_PROGRESS = 5
_REPEATABLE = {Status.FAILED, Status.MISSED, Status.SKIPPED}


class LostLease(Stale):
    """Somebody else has taken the run over"""


def record(run: Run) -> Run:
    """Store a run that waits, unless its slot has a row: then that one is the answer."""
    for _ in retry_delays():
        stored = run_records.find(run.job, run.slot)
        if stored:
            return stored
        try:
            return _store(run, run)
        except Stale:
            continue
    raise Conflict


def claim(job: Job, slot: str, trigger: Trigger = Trigger.SCHEDULE) -> Run | None:
    """The run, ours for the time of a lease; None if there is nothing to do, and then the ledger says why."""
    for _ in retry_delays():
        run = run_records.find(job.name, slot) or run_records.new(job.name, slot, trigger)
        now = clock.now()
        if run.finished or run.held_at(now):
            return None
        state = job_state.find(job.name)
        try:
            if state.current == slot or _may_begin(job, run, state, now):
                return _take(job, run, state, now)
        except Stale:
            continue
        return None
    raise Conflict


def checkpoint(run: Run, page: StepResult) -> Run:
    """A page is done, and there is more. Raises LostLease."""
    return _advance(run, page, state=dict(page.state or {}), lease_until=timestamps.to_text(clock.now() + LEASE))


def finish(run: Run, page: StepResult) -> Run:
    """The last page is done. Raises LostLease."""
    finished_at = timestamps.to_text(clock.now())
    return _advance(run, page, state={}, status=Status.SUCCEEDED, lease_until=None, finished_at=finished_at)


def release(run: Run, error: str | None = None, trace: str | None = None) -> Run:
    """Let another go on: at once when handed over, as a further attempt after an error. Raises LostLease."""
    status = Status.WAITING if error else Status.RUNNING
    try:
        return _store(run, replace(run, status=status, lease_until=None, error=error or run.error, trace=trace))
    except Stale as stale:
        raise LostLease from stale


def end(
    run: Run, status: Status, *, reason: str | None = None, error: str | None = None, trace: str | None = None
) -> Run:
    """End a run without a result. Raises Stale if it has gone on meanwhile."""
    ended = replace(
        run,
        status=status,
        lease_until=None,
        finished_at=timestamps.to_text(clock.now()),
        reason=reason or run.reason,
        error=error or run.error,
        trace=trace or run.trace,
    )
    write, ended = _written(run, ended)
    if job_state.find(run.job).current == run.slot:
        _let_go(write, run)
    write.commit()
    log_outcome(ended)
    return ended


def reopen(run: Run, actor: str, arguments: Mapping[str, Any] | None = None) -> Run:
    """Have a run that failed, was missed or was skipped wait again, from where it stood. Raises RunNotRepeatable."""
    if run.status not in _REPEATABLE:
        raise RunNotRepeatable(f"The run of {run.slot} has the state {run.status}: {RunNotRepeatable.__doc__}")
    again = replace(
        run,
        status=Status.WAITING,
        trigger=Trigger.OPERATOR,
        actor=actor,
        created_at=timestamps.to_text(clock.now()),
        arguments={**run.arguments, **(arguments or {})},
        attempts_since_progress=0,
        started_at=None,
        finished_at=None,
        reason=None,
    )
    write, again = _written(run, again, subject=subject_of(run))
    write.commit()
    return again


def subject_of(run: Run) -> str:
    """Return what a change of the run is about, for the mark of a request with an Idempotency-Key."""
    return f"run {run.job} {run.slot}"


def _may_begin(job: Job, run: Run, state: JobState, now: datetime) -> bool:
    """Whether nothing speaks against it; otherwise what does is recorded. Raises Stale."""
    pause = state.paused_at(now)
    if pause:
        end(run, Status.SKIPPED, reason=f"paused by {pause.actor}: {pause.reason}")
        return False
    current = run_records.find(job.name, state.current) if state.current else None
    if current is None or current.finished:
        return True
    if job.overlap is Overlap.WAIT:
        if not run.token or run.reason is None:
            _store(run, replace(run, reason=f"waits for the run of {current.slot}"))
        return False
    if current.held_at(now):
        end(run, Status.SKIPPED, reason=f"the run of {current.slot} was still going")
        return False
    end(current, Status.FAILED, error=current.error or f"its worker died, and the run of {run.slot} takes its place")
    raise Stale


def _take(job: Job, run: Run, state: JobState, now: datetime) -> Run | None:
    handed_over = run.status is Status.RUNNING and run.lease_until is None
    if run.attempts_since_progress >= MAX_ATTEMPTS_WITHOUT_PROGRESS and not handed_over:
        end(run, Status.FAILED, error=run.error or f"its worker died {run.attempts_since_progress} times")
        return None
    owner = new_token()
    taken = replace(
        run,
        status=Status.RUNNING,
        owner=owner,
        lease_until=timestamps.to_text(now + (job.lease or LEASE)),
        attempts=run.attempts + (not handed_over),
        attempts_since_progress=run.attempts_since_progress + (not handed_over),
        started_at=run.started_at or timestamps.to_text(now),
        reason=run.reason if run.trigger is Trigger.CATCH_UP else None,
    )
    write, taken = _written(run, taken)
    row = tables.AuxRow
    unchanged = row.token == state.token if state.token else row.token.does_not_exist()
    free = row.owner == state.current if state.current else row.owner.does_not_exist()
    write.update(job_state.key(run.job), [row.owner.set(run.slot)], unchanged & free)
    write.commit()
    return taken


def _advance(run: Run, page: StepResult, **changes: Any) -> Run:
    counts = dict(run.counts)
    for name, amount in page.counts.items():
        counts[name] = counts.get(name, 0) + amount
    write, new = _written(
        run,
        replace(run, pages=run.pages + 1, counts=counts, attempts_since_progress=1, error=None, trace=None, **changes),
    )
    if page.lines or page.content is not None:
        kept = {"lines": list(page.lines), "content": page.content}
        sk = f"{new.pages:06d}"
        write.put(tables.AuxRow(pk=run_records.partition(run.job, run.slot), sk=sk, content=kept, ttl=_expiry(new)))
    if new.finished:
        _let_go(write, run)
    try:
        write.commit()
    except Stale as stale:
        raise LostLease from stale
    return new


def log_outcome(run: Run) -> None:
    """Tell the log how a run has ended."""
    telemetry.info(
        f"{run.job} {run.status}",
        job=run.job,
        slot=run.slot,
        counts=run.counts,
        seconds=run.seconds,
        error=run.error,
        reason=run.reason,
    )
    telemetry.count(f"Run{run.status.capitalize()}", job=run.job)


def _let_go(write: Transaction, run: Run) -> None:
    write.update(job_state.key(run.job), [tables.AuxRow.owner.remove()], tables.AuxRow.owner == run.slot)


def _store(old: Run, new: Run) -> Run:
    write, new = _written(old, new)
    write.commit()
    return new


def _written(old: Run, new: Run, *, subject: str | None = None) -> tuple[Transaction, Run]:
    new = replace(new, token=new_token())
    row = tables.Run
    write = Transaction(was_applied=lambda: _was_written(new), subject=subject)
    write.put(_row(new), row.token == old.token if old.token else row.job.does_not_exist())
    return write, new


def _was_written(run: Run) -> bool:
    stored = run_records.find(run.job, run.slot)
    return stored is not None and stored.token == run.token


def _expiry(run: Run) -> datetime:
    return timestamps.from_text(run.created_at) + timedelta(days=settings.history_days)


def _row(run: Run) -> tables.Run:
    return tables.Run(
        job=run.job,
        slot=run.slot,
        status=run.status.value,
        unfinished=None if run.finished else run.status.value,
        trigger=run.trigger.value,
        actor=run.actor,
        arguments=run.arguments,
        owner=run.owner,
        lease_until=run.lease_until,
        attempts=run.attempts,
        attempts_since_progress=run.attempts_since_progress,
        pages=run.pages,
        state=run.state,
        counts=run.counts,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        error=run.error,
        trace=run.trace,
        reason=run.reason,
        token=run.token,
        ttl=_expiry(run),
    )

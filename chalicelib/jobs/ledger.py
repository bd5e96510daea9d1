"""The ledger: every transition between the states of a run, so that each slot takes effect once.

    (no row) --record--> WAITING --claim----------> RUNNING --finish--> SUCCEEDED
       |                  |   ^                     |  |  |
       |                  |   +--retry_or_fail------+  |  +--retry_or_fail, end--> FAILED
       |                  |   ^                        +--checkpoint, hand_over--> RUNNING
       +-------end--------+--end--> SKIPPED, MISSED, FAILED
                              |                      |
                              +--------reopen--------+

A claim after six attempts without progress ends the run as FAILED, too. A run that waits for its next attempt cannot be
claimed before that is due, see `backoff`.

Every write is conditional on the row as it was read, and recognises itself by its token. So a lost answer, a schedule
that fires twice and two workers at once all lead to one winner. A claim is a lease: a worker that dies loses it when it
expires, and whatever it still writes afterwards is refused.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib import clock, telemetry
from chalicelib.errors import Conflict, RunNotRepeatable
from chalicelib.jobs import backoff, error_text, job_state, run_records, step_rows
from chalicelib.jobs.backoff import MAX_ATTEMPTS_WITHOUT_PROGRESS
from chalicelib.jobs.job import Job, Overlap, RunArguments, StepResult
from chalicelib.jobs.job_state import JobState
from chalicelib.jobs.log_text import log_text
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.store import tables, timestamps
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale, Transaction, new_token

LEASE = timedelta(minutes=6)
"""Renewed by each step. It is longer than our Lambdas may live, so a worker that has lost its lease is dead."""
_REPEATABLE = {Status.FAILED, Status.MISSED, Status.SKIPPED}


class LostLease(Stale):
    """Another worker has taken over the run"""


def record(run: Run) -> Run:
    """Store a run that waits, and return it. If its slot already has a row, return that one instead."""
    for _ in retry_delays():
        stored = run_records.find(run.job, run.slot)
        if stored:
            return stored
        try:
            return _store(run, run)
        except Stale:
            continue
    raise Conflict


def request(run: Run, before: Slot | None) -> Run:
    """Store a run that an operator starts. `before` is the slot of the one that was started last.

    Raises Stale if another was started meanwhile, or if the slot has a row.
    """
    write, stored = _prepare(run, run)
    requested = tables.AuxRow.requested
    unchanged = requested == before if before else requested.does_not_exist()
    write.update(job_state.key(run.job), [requested.set(run.slot)], unchanged)
    write.commit()
    return stored


def claim(job: Job, slot: Slot, trigger: Trigger = Trigger.SCHEDULE) -> Run | None:
    """Claim a run for the length of one lease.

    Return None if there is nothing to do; the ledger records the reason. Raises Conflict, Unavailable.
    """
    for _ in retry_delays():
        run = run_records.find(job.name, slot) or run_records.new(job.name, slot, trigger)
        now = clock.now()
        if run.finished or run.held_at(now) or run.is_backing_off_at(now):
            return None
        state = job_state.find(job.name)
        try:
            if state.current == slot or _may_start(job, run, state, now):
                return _take(job, run, state, now)
        except Stale:
            continue
        return None
    raise Conflict


def checkpoint(run: Run, result: StepResult) -> Run:
    """Store a step that is not the last, and renew the lease. Raises LostLease, and RunRefused if it is too large."""
    lease_until = timestamps.to_text(clock.now() + LEASE)
    return _advance(run, replace(run, state=dict(result.state or {}), lease_until=lease_until), result)


def finish(run: Run, result: StepResult) -> Run:
    """Store the last step; the run has succeeded. Raises LostLease, and RunRefused if the step is too large."""
    finished_at = timestamps.to_text(clock.now())
    reason = result.reason or run.reason
    succeeded = replace(
        run, state={}, status=Status.SUCCEEDED, lease_until=None, finished_at=finished_at, reason=reason
    )
    return _advance(run, succeeded, result)


def hand_over(run: Run) -> Run:
    """Give up the lease, so that another invocation can continue at once. Raises LostLease."""
    return _release(run, replace(run, lease_until=None))


def retry_or_fail(job: Job, run: Run, error: str, trace: str) -> Run:
    """Let the run wait for its next attempt. If there is none, see `backoff`, end it. Raises Stale."""
    moment = backoff.next_attempt_at(job, run, clock.now())
    if moment is None:
        return end(run, Status.FAILED, error=error, trace=trace)
    waiting = replace(
        run,
        status=Status.WAITING,
        lease_until=None,
        next_attempt_at=timestamps.to_text(moment),
        error=error_text.shorten(error),
        trace=trace,
    )
    return _release(run, waiting)


def has_given_up(run: Run) -> bool:
    """Return whether the run failed with an error that retries did not overcome, and was not refused."""
    has_died_too_often = run.attempts_since_progress >= MAX_ATTEMPTS_WITHOUT_PROGRESS
    return run.status is Status.FAILED and (run.trace is not None or has_died_too_often)


def end(
    run: Run, status: Status, *, reason: str | None = None, error: str | None = None, trace: str | None = None
) -> Run:
    """End a run that has not succeeded: SKIPPED, MISSED or FAILED. Raises Stale if it has changed since it was read."""
    ended = replace(
        run,
        status=status,
        lease_until=None,
        next_attempt_at=None,
        finished_at=timestamps.to_text(clock.now()),
        reason=reason or run.reason,
        error=error_text.shorten(error) if error else run.error,
        trace=trace if error else run.trace,
    )
    write, ended = _prepare(run, ended)
    if job_state.find(run.job).current == run.slot:
        _free_job(write, run)
    write.commit()
    log_outcome(ended)
    return ended


def reopen(run: Run, actor: str, arguments: RunArguments | None = None) -> Run:
    """Let a run continue from its last checkpoint at once, with attempts counted anew.

    It must have failed, have been missed or skipped, or wait for its next attempt. Raises RunNotRepeatable, Stale.
    """
    if run.status not in _REPEATABLE and run.next_attempt_at is None:
        raise RunNotRepeatable(f"The run of {run.slot} has the state {run.status}: {RunNotRepeatable.__doc__}")
    again = replace(
        run,
        status=Status.WAITING,
        trigger=Trigger.OPERATOR,
        actor=actor,
        created_at=timestamps.to_text(clock.now()),
        arguments={**run.arguments, **(arguments or {})},
        attempts_since_progress=0,
        next_attempt_at=None,
        started_at=None,
        finished_at=None,
        reason=None,
    )
    write, again = _prepare(run, again, subject=subject_of(run))
    write.commit()
    return again


def subject_of(run: Run) -> str:
    """Return what a change of the run is about, for the mark of a request with an Idempotency-Key."""
    return f"run {run.job} {run.slot}"


def log_outcome(run: Run) -> None:
    """Log how a run has ended, and count it."""
    telemetry.info(
        f"{run.job} {run.status}",
        job=run.job,
        slot=run.slot,
        counts=run.counts,
        seconds=run.seconds,
        error=run.error and log_text(run.error),
        reason=run.reason and log_text(run.reason),
    )
    telemetry.count(f"Run{run.status.capitalize()}", total=True, job=run.job)


def _may_start(job: Job, run: Run, state: JobState, now: datetime) -> bool:
    """Return whether the run may start. If not, record the reason. Raises Stale."""
    pause = state.paused_at(now)
    if pause:
        end(run, Status.SKIPPED, reason=pause.text)
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
    taken = replace(
        run,
        status=Status.RUNNING,
        owner=new_token(),
        lease_until=timestamps.to_text(now + (job.lease or LEASE)),
        next_attempt_at=None,
        attempts=run.attempts + (not handed_over),
        attempts_since_progress=run.attempts_since_progress + (not handed_over),
        started_at=run.started_at or timestamps.to_text(now),
        reason=run.reason if run.trigger is Trigger.CATCH_UP else None,
    )
    write, taken = _prepare(run, taken)
    row = tables.AuxRow
    unchanged = row.token == state.token if state.token else row.token.does_not_exist()
    free = row.owner == state.current if state.current else row.owner.does_not_exist()
    write.update(job_state.key(run.job), [row.owner.set(run.slot)], unchanged & free)
    write.commit()
    return taken


def _advance(run: Run, changed: Run, result: StepResult) -> Run:
    counts = dict(run.counts)
    for name, amount in result.counts.items():
        counts[name] = counts.get(name, 0) + amount
    step_rows.check_state(run.pages + 1, changed.state)
    write, new = _prepare(
        run, replace(changed, pages=run.pages + 1, counts=counts, attempts_since_progress=1, error=None, trace=None)
    )
    if result.lines or result.content is not None:
        for row in run_records.to_step_rows(new, result):
            write.put(row)
    if new.finished:
        _free_job(write, run)
    try:
        write.commit()
    except Stale as stale:
        raise LostLease from stale
    return new


def _release(run: Run, released: Run) -> Run:
    try:
        return _store(run, released)
    except Stale as stale:
        raise LostLease from stale


def _free_job(write: Transaction, run: Run) -> None:
    write.update(job_state.key(run.job), [tables.AuxRow.owner.remove()], tables.AuxRow.owner == run.slot)


def _store(old: Run, new: Run) -> Run:
    write, new = _prepare(old, new)
    write.commit()
    return new


def _prepare(old: Run, new: Run, *, subject: str | None = None) -> tuple[Transaction, Run]:
    """Return a transaction that replaces `old` by `new`, and `new` with its token."""
    new = replace(new, token=new_token())
    row = tables.Run
    write = Transaction(was_applied=lambda: _was_written(new), subject=subject)
    write.put(run_records.to_row(new), row.token == old.token if old.token else row.job.does_not_exist())
    return write, new


def _was_written(run: Run) -> bool:
    stored = run_records.find(run.job, run.slot)
    return stored is not None and stored.token == run.token

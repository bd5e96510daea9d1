"""The ledger: claim, continue and end runs, so that each slot takes effect once. `run_changes` reopens and cancels them.

    (no row) --record--> WAITING --claim----------> RUNNING --finish--> SUCCEEDED
       |                  |   ^                     |  |  |
       |                  |   +--retry_or_fail------+  |  +--retry_or_fail, end--> FAILED
       |                  |   ^                        +--checkpoint, hand_over--> RUNNING
       +-------end--------+--end--> SKIPPED, MISSED, FAILED, CANCELLED
                              |                      |
                              +--------reopen--------+

A claim after six attempts without progress ends the run as FAILED, too. A run that waits for its next attempt cannot be
claimed before that is due, see `backoff`.

Every write is conditional on the row as it was read, and recognises itself by its token. So a lost answer, a schedule
that fires twice and two workers at once all lead to one winner. A claim is a lease: a worker that dies loses it when it
expires, and whatever it still writes afterwards is refused. A run that a worker holds is cancelled by a note in its row:
the worker finds it when it writes its step, and ends the run together with that step.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib import clock, telemetry
from chalicelib.errors import Conflict
from chalicelib.jobs import backoff, error_text, job_state, notifications, run_records, run_writes, step_rows
from chalicelib.jobs.backoff import MAX_ATTEMPTS_WITHOUT_PROGRESS
from chalicelib.jobs.job import Job, Overlap, StepResult
from chalicelib.jobs.job_state import JobState
from chalicelib.jobs.log_escaping import escape_phrases
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.store import tables, timestamps
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale, new_token

LEASE = timedelta(minutes=6)
"""Renewed by each step. It is longer than our Lambdas may live, so a worker that has lost its lease is dead."""


class LostLease(Stale):
    """Another worker has taken over the run"""


def record(run: Run) -> Run:
    """Store a run that waits, and return it. If its slot already has a row, return that one instead."""
    for _ in retry_delays():
        stored = run_records.find(run.job, run.slot)
        if stored:
            return stored
        try:
            return run_writes.store(run, run)
        except Stale:
            continue
    raise Conflict


def request(run: Run, before: Slot | None) -> Run:
    """Store a run that an operator starts. `before` is the slot of the one that was started last.

    Raises Stale if another was started meanwhile, or if the slot has a row.
    """
    write, stored = run_writes.prepare(run, run, subject=run_writes.subject_of(run))
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
            if run.cancellation:
                end(run, Status.CANCELLED, reason=run.cancellation.text)
            elif state.current == slot or _may_start(job, run, state, now):
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
    """Give up the lease, so that another invocation can continue at once. Raises Stale.

    If the run was cancelled meanwhile, end it instead.
    """
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
    """End a run that has not succeeded. Raises Stale if another than a request to cancel it has changed it."""
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
    write, ended = run_writes.prepare(run, ended)
    if job_state.find(run.job).current == run.slot:
        run_writes.free_job(write, run)
    try:
        write.commit()
    except Stale:
        current = _cancelled_meanwhile(run)
        if current is None:
            raise
        return end(current, status, reason=reason, error=error, trace=trace)
    log_outcome(ended)
    return ended


def as_cancelled(run: Run) -> Run:
    """Return the run as it is once it is cancelled."""
    return replace(
        run,
        status=Status.CANCELLED,
        lease_until=None,
        next_attempt_at=None,
        finished_at=timestamps.to_text(clock.now()),
        reason=run.cancellation.text if run.cancellation else run.reason,
    )


def log_outcome(run: Run) -> None:
    """Log how a run has ended, and count it."""
    telemetry.info(
        f"{run.job} {run.status}",
        job=run.job,
        slot=run.slot,
        counts=run.counts,
        seconds=run.seconds,
        error=run.error and escape_phrases(run.error),
        reason=run.reason and escape_phrases(run.reason),
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
            run_writes.store(run, replace(run, reason=f"waits for the run of {current.slot}"))
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
    write, taken = run_writes.prepare(run, taken)
    row = tables.AuxRow
    unchanged = row.token == state.token if state.token else row.token.does_not_exist()
    free = row.owner == state.current if state.current else row.owner.does_not_exist()
    write.update(job_state.key(run.job), [row.owner.set(run.slot)], unchanged & free)
    write.commit()
    return taken


def _advance(run: Run, changed: Run, result: StepResult) -> Run:
    """Store a step. If the run was cancelled meanwhile, and this is not its last step, end it as well."""
    try:
        return _store_step(run, changed, result)
    except Stale as stale:
        current = _cancelled_meanwhile(run)
        if current is None:
            raise LostLease from stale
        noted = replace(changed, cancellation=current.cancellation)
        if changed.finished:
            noted = replace(noted, reason=changed.reason or "it was done before it could be cancelled")
        try:
            return _store_step(current, noted if changed.finished else as_cancelled(noted), result)
        except Stale as second:
            raise LostLease from second


def _store_step(run: Run, changed: Run, result: StepResult) -> Run:
    counts = dict(run.counts)
    for name, amount in result.counts.items():
        counts[name] = counts.get(name, 0) + amount
    step_rows.check_state(run.pages + 1, changed.state)
    write, new = run_writes.prepare(
        run, replace(changed, pages=run.pages + 1, counts=counts, attempts_since_progress=1, error=None, trace=None)
    )
    if result.lines or result.content is not None:
        for row in run_records.to_step_rows(new, result):
            write.put(row)
    if new.finished:
        run_writes.free_job(write, run)
    told = notifications.add_success(write, new) if new.status is Status.SUCCEEDED else []
    write.commit()
    notifications.send_messages(told)
    return new


def _release(run: Run, released: Run) -> Run:
    try:
        return run_writes.store(run, released)
    except Stale as stale:
        current = _cancelled_meanwhile(run)
        if current is None or current.cancellation is None:
            raise LostLease from stale
        return end(current, Status.CANCELLED, reason=current.cancellation.text)


def _cancelled_meanwhile(run: Run) -> Run | None:
    """Return the row of a run that the caller has claimed, if nothing but a request to cancel it has changed it."""
    if run.owner is None or run.cancellation:
        return None
    stored = run_records.find(run.job, run.slot)
    if stored and stored.status is Status.RUNNING and stored.owner == run.owner and stored.cancellation:
        return stored
    return None

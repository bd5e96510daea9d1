"""The ledger's transitions that operators cause: reopen a run that has ended, or cancel one that has not."""

from dataclasses import replace

from chalicelib import clock
from chalicelib.errors import RunNotCancellable, RunNotRepeatable
from chalicelib.jobs import job_state, ledger, one_off_runs, run_writes
from chalicelib.jobs.run_arguments import RunArguments
from chalicelib.jobs.run_cancellation import Cancellation
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.store import timestamps

_REPEATABLE = {Status.FAILED, Status.MISSED, Status.SKIPPED, Status.CANCELLED}


def reopen(run: Run, actor: str, arguments: RunArguments | None = None) -> Run:
    """Let a run continue from its last checkpoint at once, with attempts counted anew.

    It must have failed, have been missed, skipped or cancelled, or wait for its next attempt. Raises RunNotRepeatable,
    Stale.
    """
    if run.status not in _REPEATABLE and run.next_attempt_at is None:
        raise RunNotRepeatable(f"The run of {run.slot} has the state {run.status}: {RunNotRepeatable.__doc__}")
    again = repeated(run, actor, Trigger.OPERATOR)
    again = replace(again, arguments={**run.arguments, **(arguments or {})})
    write, again = run_writes.prepare(run, again, subject=run_writes.subject_of(run))
    one_off_runs.delete_schedule(write, run)
    write.commit()
    return again


def repeated(run: Run, actor: str, trigger: Trigger) -> Run:
    """Return the run as it is once it waits again, to continue from its last checkpoint."""
    return replace(
        run,
        status=Status.WAITING,
        trigger=trigger,
        actor=actor,
        created_at=timestamps.to_text(clock.now()),
        attempts_since_progress=0,
        next_attempt_at=None,
        started_at=None,
        finished_at=None,
        reason=None,
        cancellation=None,
    )


def cancel(run: Run, actor: str, reason: str) -> Run:
    """Cancel a run. If a worker holds it, the worker ends it after the step that it is taking; otherwise it ends at once.

    What the run has done stays. Raises RunNotCancellable, Stale.
    """
    if run.finished:
        raise RunNotCancellable(f"The run of {run.slot} has the state {run.status}: {RunNotCancellable.__doc__}")
    if run.cancellation:
        return run
    now = clock.now()
    requested = replace(run, cancellation=Cancellation(actor, reason, timestamps.to_text(now)))
    if run.held_at(now):
        write, requested = run_writes.prepare(run, requested, subject=run_writes.subject_of(run))
        write.commit()
        return requested
    write, ended = run_writes.prepare(run, ledger.as_cancelled(requested), subject=run_writes.subject_of(run))
    if job_state.find(run.job).current == run.slot:
        run_writes.free_job(write, run)
    one_off_runs.delete_schedule(write, run)
    write.commit()
    ledger.log_outcome(ended)
    return ended

"""Start, repeat, cancel or preview runs for operators, with the messages that set them going."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib import clock
from chalicelib.errors import Ambiguous, Conflict, InProgress, NotFound, Unavailable
from chalicelib.jobs import (
    backfills,
    job_state,
    ledger,
    queue,
    run_arguments,
    run_changes,
    run_records,
    run_writes,
    runner,
    slots,
)
from chalicelib.jobs.job import Job, Preview
from chalicelib.jobs.operations import Execute
from chalicelib.jobs.run_arguments import RunArguments
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.store import change_marks
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale


def slot_at(job: str, moment: datetime, schedule: str | None) -> Slot:
    """Return the slot of a job at a moment, of the schedule with that id.

    Without one, it is the slot of the only run there. Raises Ambiguous if there are several.
    """
    if schedule is not None:
        return slots.of(moment, None if schedule == slots.built_in_id(job) else schedule)
    found = run_records.find_at(job, slots.of(moment))
    if len(found) > 1:
        names = ", ".join(run.schedule for run in found)
        raise Ambiguous(f"{job} has {len(found)} runs of {slots.of(moment)}. Give one of {names}", field="schedule")
    return found[0].slot if found else slots.of(moment)


def run_now(job: Job, actor: str, arguments: RunArguments) -> Run:
    """Start a run through the queue. If an operator's run with the same arguments still waits, return that one.

    Raises JobPaused, Unavailable, and InProgress if one with other arguments waits.
    """
    made = _made_before(job, actor, arguments)
    if made:
        send(made)
        return made
    job_state.refuse_if_paused(job.name)
    run = _find_or_record(job, actor, arguments)
    send(run)
    return run


def preview(job: Job, execute: Execute, arguments: RunArguments) -> Preview:
    """Return what `run_now` would do, without doing it. Raises RunRefused, OperationFailed."""
    now = clock.now()
    run = run_records.new(job.name, slots.of_request(now), Trigger.OPERATOR, arguments=arguments)
    found = job.preview(runner.step_context(run, execute=execute, cache={}))
    pause = job_state.find(job.name).paused_at(now)
    if pause is None:
        return found
    return replace(found, summary=f"{found.summary}. The job is {pause.text}: no run starts until it is resumed")


def run_again(job: Job, slot: Slot, actor: str, arguments: RunArguments | None = None) -> Run:
    """Continue a run that failed, or was missed, skipped or cancelled. `arguments` are added to those that it has.

    Raises NotFound, RunNotRepeatable, JobPaused, and InvalidInput if the run has begun with other arguments.
    """
    run = run_records.find(job.name, slot)
    if run is None:
        raise NotFound(f"{job.name} has no run of {slot}", field="slot")
    if change_marks.is_done(run_writes.subject_of(run)):
        again = run
    else:
        job_state.refuse_if_paused(job.name)
        if run.pages:
            run_arguments.check_change(job.arguments, run.arguments, arguments or {})
        again = run_changes.reopen(run, actor, arguments)
    send(again)
    return again


def cancel_run(job: Job, slot: Slot, actor: str, reason: str) -> Run:
    """Cancel a run, see `run_changes.cancel`. If it has ended and a backfill has got no further yet, end the backfill.

    Raises NotFound, RunNotCancellable, Conflict.
    """
    for _ in retry_delays():
        run = run_records.find(job.name, slot)
        if run is None:
            raise NotFound(f"{job.name} has no run of {slot}", field="slot")
        is_done = change_marks.is_done(run_writes.subject_of(run))
        with suppress(Stale):
            if run.finished and not is_done and backfills.end(job, run, reason):
                return run
            cancelled = run if is_done else run_changes.cancel(run, actor, reason)
            if cancelled.finished:
                if cancelled.trigger is Trigger.BACKFILL:
                    backfills.advance(job)
                runner.wake_waiting(job)  # also if it is done: that attempt may have died before it got here
            return cancelled
    raise Conflict


def _find_or_record(job: Job, actor: str, arguments: RunArguments) -> Run:
    """Return the operator's run that waits, or store one in a slot of its own. Raises InProgress, Conflict.

    The row of the job decides, so that two requests at the same time cannot make two runs.
    """
    for _ in retry_delays():
        requested = job_state.find(job.name).requested
        waiting = run_records.find(job.name, requested) if requested else None
        if waiting and waiting.status is Status.WAITING:
            if waiting.arguments == arguments:
                return waiting
            raise InProgress(
                f"A run of {job.name} with other arguments waits already, that of {waiting.slot}. "
                "Start yours when it has started"
            )
        slot = free_slot(job.name, change_marks.moment())
        run = run_records.new(job.name, slot, Trigger.OPERATOR, actor=actor, arguments=arguments)
        with suppress(Stale):
            return ledger.request(run, requested)
    raise Conflict


def free_slot(job: str, moment: datetime) -> Slot:
    """Return the slot of a request made at this moment, or the next one that no run of the job has."""
    while run_records.find(job, slots.of_request(moment)):
        moment += timedelta(microseconds=1)
    return slots.of_request(moment)


def _made_before(job: Job, actor: str, arguments: RunArguments) -> Run | None:
    """Return the run that an earlier attempt at this request has made, if there is one."""
    if not change_marks.is_replay():
        return None
    run = run_records.find(job.name, slots.of_request(change_marks.moment()))
    return run if run and run.actor == actor and run.arguments == arguments else None


def send(run: Run) -> None:
    """Send the message that starts a run. Without an answer of the queue, the watchdog does it."""
    try:
        queue.send(run.job, run.slot)
    except Unavailable:
        return  # the run waits in the ledger

"""One-off runs at a later time: a schedule that is due once, and its run, which waits until then.

Both are written together, so the run is seen and can be cancelled like any other. The dispatcher finds the schedule when
its time has come, deletes it and sends the message of the run.
"""

from dataclasses import replace
from datetime import datetime

from chalicelib import clock
from chalicelib.errors import Conflict, NotFound
from chalicelib.jobs import ledger, operator_schedules, run_records, run_writes, schedule_cap, schedule_input, slots
from chalicelib.jobs.job import Job
from chalicelib.jobs.operator_schedules import OperatorSchedule
from chalicelib.jobs.run_arguments import RunArguments
from chalicelib.jobs.run_cancellation import Cancellation
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.store import change_marks, ids, tables, timestamps
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale, Transaction, new_token


def request(job: Job, at: datetime, actor: str, arguments: RunArguments) -> Run:
    """Let a job run once, at a time to come. Raises InvalidInput, Conflict."""
    schedule_id = ids.new_id(operator_schedules.KIND)
    if change_marks.is_done(schedule_id):
        return _made_before(job, at, schedule_id)
    schedule, run = _prepare(job, at, actor, arguments, schedule_id)
    for _ in retry_delays():
        write = Transaction(
            was_applied=lambda: run_writes.was_written(run),
            subject=schedule_id,
            after=operator_schedules.to_change_row(schedule),
        )
        write.lead_from([run_writes.subject_of(run)])
        schedule_cap.take_room(write)
        write.put(operator_schedules.to_row(schedule), tables.AuxRow.pk.does_not_exist())
        write.put(run_records.to_row(run), tables.Run.job.does_not_exist())
        try:
            write.commit()
        except Stale:
            continue
        return run
    raise Conflict


def find_schedule(run: Run) -> OperatorSchedule | None:
    """Return the schedule of a run that waits for a time to come; None if its time has come, or it is not such a run."""
    schedule_id = slots.schedule_of(run.slot)
    found = operator_schedules.find(schedule_id) if schedule_id else None
    return found if found and found.at and found.slot == run.slot else None


def find_run(schedule: OperatorSchedule) -> Run | None:
    """Return the run that waits for the time of a schedule, if it was requested together with it."""
    return run_records.find(schedule.job, schedule.slot) if schedule.at and schedule.slot else None


def delete_schedule(write: Transaction, run: Run) -> None:
    """Delete the schedule of a run that need not wait for its time any more."""
    schedule = find_schedule(run)
    if schedule:
        write.lead_from([schedule.id])
        write.delete(operator_schedules.key(schedule.id), tables.AuxRow.token == schedule.token)


def cancel_run(write: Transaction, schedule: OperatorSchedule, actor: str) -> None:
    """Cancel the run of a schedule that is deleted, unless somebody has started it already."""
    run = find_run(schedule)
    if run is None or run.status is not Status.WAITING or run.started_at:
        return
    why = Cancellation(actor, "deleted the schedule", timestamps.to_text(clock.now()))
    ended = replace(ledger.as_cancelled(replace(run, cancellation=why)), token=new_token())
    write.lead_from([run_writes.subject_of(run)])
    write.put(run_records.to_row(ended), tables.Run.token == run.token)


def _prepare(
    job: Job, at: datetime, actor: str, arguments: RunArguments, schedule_id: str
) -> tuple[OperatorSchedule, Run]:
    created_at = timestamps.to_text(change_marks.moment())
    blank = OperatorSchedule(id=schedule_id, job=job.name, crontab=None, created_at=created_at, created_by=actor)
    schedule = schedule_input.with_changes(blank, job, {"at": at})
    schedule = replace(schedule, next_at=schedule.at, arguments=arguments, token=new_token())
    assert schedule.slot is not None  # noqa: S101 - it has a time
    run = run_records.new(job.name, schedule.slot, Trigger.OPERATOR, actor=actor, arguments=arguments)
    return schedule, replace(run, next_attempt_at=timestamps.to_text(run.due), token=new_token())


def _made_before(job: Job, at: datetime, schedule_id: str) -> Run:
    run = run_records.find(job.name, slots.of(at.replace(microsecond=0), schedule_id))
    if run is None:
        raise NotFound("The run that this request has made is no longer kept", field="at")
    return run

"""The dispatcher: every minute, it starts the runs of operators' schedules that are due.

Each slot gets its answer together with the step to the next slot, in one transaction: a run that waits, or why there is
none. A schedule that was changed or deleted meanwhile makes the transaction fail, so nothing of it runs any more. The
watchdog does the same every five minutes, in case the dispatcher itself fails.
"""

import hashlib
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib import clock, telemetry
from chalicelib.errors import Unavailable
from chalicelib.jobs import (
    catalog,
    failure_pauses,
    job_state,
    ledger,
    missed_slots,
    operator_schedules,
    queue,
    run_records,
    run_writes,
    slots,
)
from chalicelib.jobs.operator_schedules import OperatorSchedule
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.schedule import Schedule
from chalicelib.jobs.schedule_limits import limits_of
from chalicelib.jobs.slots import Slot
from chalicelib.store import tables, timestamps
from chalicelib.store.transaction import Stale, Transaction, new_token

NAME = "dispatch"
SCHEDULE = Schedule("* * * * *")
MAX_SLOTS_PER_CALL = 300
"""Slots of one schedule that one call answers. The next call continues."""
_REMOVED = "this job no longer exists"


def serve() -> list[OperatorSchedule]:
    """Answer every slot that is due, and return all schedules as they are then.

    A schedule that cannot be served does not hold up the others. Raises Unavailable; the next call does what is left.
    """
    now = clock.now()
    left = []
    for schedule in operator_schedules.find_all():
        try:
            served = serve_schedule(schedule, now)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the cause, the others are served
            telemetry.error("a schedule could not be served", job=schedule.job, schedule=schedule.id, exc_info=error)
            served = schedule
        if served:
            left.append(served)
    return left


def serve_schedule(schedule: OperatorSchedule, now: datetime, skipped: str | None = None) -> OperatorSchedule | None:
    """Answer the slots of a schedule that are due, and return it as it is then; None if it is gone.

    With `skipped`, which says why, they are not run.
    """
    current: OperatorSchedule | None = schedule
    for _ in range(MAX_SLOTS_PER_CALL):
        if current is None or current.next_at is None or timestamps.from_text(current.next_at) > now:
            break
        try:
            current = _answer(current, now, skipped)
        except Stale:  # the dispatcher and the watchdog met, or somebody changed it
            current = operator_schedules.find(schedule.id)
    return current


def _answer(schedule: OperatorSchedule, now: datetime, skipped: str | None) -> OperatorSchedule | None:
    """Write the answer to the next slot, and move on. Raises Stale."""
    slot = schedule.slot
    assert slot is not None  # noqa: S101 - the caller has seen that it is due
    moved = replace(schedule, next_at=schedule.next_after(slots.moment_of(slot)), token=new_token())
    is_over = moved.next_at is None and schedule.at is not None
    stored = run_records.find(schedule.job, slot)
    failing = failure_pauses.reason_to_pause(schedule)
    if failing:
        moved = failure_pauses.paused(schedule, failing)
        skipped = f"the schedule {failing}"
    run = stored or replace(_run_of(schedule, slot, moved.next_at, now, skipped), token=new_token())
    if not run.finished:
        moved = failure_pauses.with_latest(moved, slot)
    row = tables.AuxRow
    write = Transaction(
        was_applied=lambda: run_writes.was_written(run) if is_over else operator_schedules.was_written(moved)
    )
    if is_over:
        write.delete(operator_schedules.key(schedule.id), row.token == schedule.token)
    else:
        write.put(operator_schedules.to_row(moved), row.token == schedule.token)
    if stored is None:
        write.put(run_records.to_row(run), tables.Run.job.does_not_exist())
    write.commit()
    if run.finished and stored is None:
        ledger.log_outcome(run)
    elif not run.finished:
        _send(run, now)
    return None if is_over else moved


def _run_of(schedule: OperatorSchedule, slot: Slot, next_at: str | None, now: datetime, skipped: str | None) -> Run:
    """Return the run of a slot: one that waits, or one that has ended because it must not start."""
    job = catalog.JOBS.get(schedule.job)
    run = run_records.new(schedule.job, slot, Trigger.SCHEDULE, arguments=schedule.arguments)
    if job is None:
        return missed_slots.ended(run, Status.SKIPPED, _REMOVED)
    if skipped:
        return missed_slots.ended(run, Status.SKIPPED, skipped)
    if now - run.due <= missed_slots.MISSED_AFTER:
        starts_at = run.due + _offset(schedule, slot)
        return replace(run, next_attempt_at=timestamps.to_text(starts_at) if starts_at > now else None)
    is_latest = next_at is None or timestamps.from_text(next_at) > now
    window = limits_of(job, schedule).catch_up_window
    return missed_slots.answer(job, job_state.find(job.name), run, is_latest=is_latest, window=window)


def _offset(schedule: OperatorSchedule, slot: Slot) -> timedelta:
    """Return how long after its slot a run starts: another time for each schedule and slot, within the spread."""
    if not schedule.spread:
        return timedelta()
    digest = hashlib.sha256(f"{schedule.id} {slot}".encode()).digest()
    return timedelta(seconds=int.from_bytes(digest[:4]) % (60 * schedule.spread))


def _send(run: Run, now: datetime) -> None:
    starts_at = timestamps.from_text(run.next_attempt_at) if run.next_attempt_at else now
    with suppress(Unavailable):  # the run waits in the ledger, and the watchdog sends the message
        queue.send(run.job, run.slot, max(starts_at - now, timedelta()))

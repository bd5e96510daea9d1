"""What operators change about schedules: create, update and delete their own, and change or reset that of a job.

Before a schedule changes, every slot up to now gets its answer, and the change is made only if no other has met it. So no
slot gets lost with the old schedule, and none of a deleted one is run.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from chalicelib import clock
from chalicelib.crm import text
from chalicelib.errors import Conflict, InvalidInput, NotFound
from chalicelib.jobs import (
    catalog,
    dispatcher,
    job_state,
    missed_slots,
    one_off_runs,
    operator_schedules,
    run_records,
    schedule_cap,
    seen_versions,
    slots,
)
from chalicelib.jobs.job import Job
from chalicelib.jobs.operator_schedules import OperatorSchedule
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.schedule_input import ScheduleChanges, with_changes
from chalicelib.jobs.seen_versions import SeenVersion
from chalicelib.store import change_marks, ids, tables, timestamps
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale, Transaction, new_token

_DECIDE_WHEN_DUE = ("crontab", "at", "time_zone", "starts_at", "ends_at", "enabled")
_Change = Callable[[OperatorSchedule, datetime], tuple[Transaction, OperatorSchedule]]


def create(job: Job, changes: ScheduleChanges, actor: str) -> OperatorSchedule:
    """Add a schedule to a job. Raises InvalidInput, Conflict."""
    schedule_id = ids.new_id(operator_schedules.KIND)
    if change_marks.is_done(schedule_id):
        return require(schedule_id)
    _refuse_if_fixed(job)
    created_at = timestamps.to_text(change_marks.moment())
    blank = OperatorSchedule(id=schedule_id, job=job.name, crontab=None, created_at=created_at, created_by=actor)
    made = with_changes(blank, job, changes)
    made = replace(made, next_at=made.next_after(clock.now()), token=new_token())
    _refuse_if_never_due(made)
    for _ in retry_delays():
        write = Transaction(
            was_applied=lambda: operator_schedules.was_written(made),
            subject=schedule_id,
            after=operator_schedules.to_change_row(made),
        )
        schedule_cap.take_room(write)
        write.put(operator_schedules.to_row(made), tables.AuxRow.pk.does_not_exist())
        try:
            write.commit()
        except Stale:
            continue
        return made
    raise Conflict


def update(schedule_id: str, changes: ScheduleChanges, actor: str, seen: SeenVersion | None = None) -> OperatorSchedule:
    """Change a schedule. Raises NotFound, InvalidInput, RowChanged, Conflict."""

    def change(old: OperatorSchedule, now: datetime) -> tuple[Transaction, OperatorSchedule]:
        seen_versions.check(seen, old.updated_at, operator_schedules.to_change_row(old))
        job = catalog.find(old.job)
        _refuse_if_fixed(job)
        if one_off_runs.find_run(old):
            raise InvalidInput("A run that was requested for a time cannot be moved. Cancel it, and request another")
        updated_at = timestamps.to_text(change_marks.moment())
        new = replace(with_changes(old, job, changes), updated_at=updated_at, updated_by=actor)
        if not old.token:  # a job's own schedule, that nobody has changed before
            new = replace(new, since=slots.of(now.replace(microsecond=0)))
        new = replace(new, next_at=new.next_after(now), token=new_token())
        if any(changes.get(name) for name in _DECIDE_WHEN_DUE):
            _refuse_if_never_due(new)
        before, after = change_marks.differences(
            operator_schedules.to_change_row(old), operator_schedules.to_change_row(new)
        )
        write = Transaction(
            was_applied=lambda: operator_schedules.was_written(new), subject=schedule_id, before=before, after=after
        )
        row = tables.AuxRow
        condition = row.token == old.token if old.token else row.pk.does_not_exist()
        write.put(operator_schedules.to_row(new), condition)
        return write, new

    return _change(schedule_id, change)


def delete(schedule_id: str, actor: str) -> str:
    """Delete a schedule, and return its id. Slots that are due now are skipped. Raises NotFound, Conflict."""
    if change_marks.is_done(schedule_id):
        return schedule_id
    if require(schedule_id).is_built_in:
        raise InvalidInput("The schedule of a job itself cannot be deleted. Reset or disable it", field="id")

    def remove(old: OperatorSchedule, now: datetime) -> tuple[Transaction, OperatorSchedule]:
        write, gone = _delete(old, now)
        one_off_runs.cancel_run(write, old, actor)
        return write, gone

    return _change(schedule_id, remove, skipped=f"{actor} deleted the schedule").id


def reset(job: Job) -> OperatorSchedule:
    """Give a job its own schedule back, as it is in the catalog. Its slots count from now on. Raises Conflict."""
    schedule_id = slots.built_in_id(job.name)

    def restore(old: OperatorSchedule, now: datetime) -> tuple[Transaction, OperatorSchedule]:
        if old.since:  # slots before the change that nothing has started, and that the watchdog has not seen yet
            missed_slots.record(job, job_state.find(job.name), timestamps.from_text(old.since))
        write, _ = _delete(old, now)
        job_state.count_from(write, job.name, job.schedule.crontab, slots.of(now.replace(microsecond=0)))
        return write, operator_schedules.built_in(job, now)

    if operator_schedules.find_changed(job.name) is None:
        return operator_schedules.built_in(job, clock.now())
    return _change(schedule_id, restore)


def require(schedule_id: str) -> OperatorSchedule:
    """Return a schedule: a row, or a job's own as the catalog has it. Raises NotFound."""
    found = operator_schedules.find(schedule_id) if text.fits_key(schedule_id) else None
    if found is not None:
        return found
    for job in catalog.JOBS.values():
        if schedule_id == slots.built_in_id(job.name):
            return operator_schedules.built_in(job, clock.now())
    raise NotFound(f"There is no schedule {schedule_id[:40]!r}", field="id")


def list_all(job: str | None = None) -> list[OperatorSchedule]:
    """Return the schedules of one job, or of all: each job's own one, changed or not, and then those of operators."""
    rows = operator_schedules.find_all()
    now = clock.now()
    found: list[OperatorSchedule] = []
    for each in catalog.JOBS.values():
        if job in {None, each.name}:
            found.append(operator_schedules.changed_schedule(each.name, rows) or operator_schedules.built_in(each, now))
            found += [row for row in rows if row.job == each.name and not row.is_built_in]
    return found


def _change(schedule_id: str, change: _Change, skipped: str | None = None) -> OperatorSchedule:
    """Change a schedule once all its slots up to now have their answer."""
    for _ in retry_delays():
        old = require(schedule_id)
        if change_marks.is_done(schedule_id):
            return old
        now = clock.now()
        is_due = old.next_at is not None and timestamps.from_text(old.next_at) <= now
        broken = old.broken if is_due else None
        served = dispatcher.serve_schedule(old, now, skipped) if is_due and not broken else old
        if served is None or (not broken and served.next_at and timestamps.from_text(served.next_at) <= now):
            continue  # it was due once, and that is over; or more slots are due than one call answers
        write, new = change(served, now)
        if broken:
            _skip_slot(write, old, broken)
        try:
            write.commit()
        except Stale:
            continue
        return new
    raise Conflict


def _skip_slot(write: Transaction, schedule: OperatorSchedule, why: str) -> None:
    """Answer the next slot of a schedule that cannot be served. Which slots came after it is unknown."""
    assert schedule.slot is not None  # noqa: S101 - the caller has seen that it is due
    run = run_records.new(schedule.job, schedule.slot, Trigger.SCHEDULE, arguments=schedule.arguments)
    ended = replace(missed_slots.ended(run, Status.SKIPPED, why), token=new_token())
    write.put(run_records.to_row(ended), tables.Run.job.does_not_exist())


def _delete(old: OperatorSchedule, _now: datetime) -> tuple[Transaction, OperatorSchedule]:
    write = Transaction(
        was_applied=lambda: operator_schedules.find(old.id) is None,
        subject=old.id,
        before=operator_schedules.to_change_row(old),
    )
    write.delete(operator_schedules.key(old.id), tables.AuxRow.token == old.token)
    return write, old


def _refuse_if_never_due(schedule: OperatorSchedule) -> None:
    """Refuse a schedule that is enabled and yet would never start a run again: nobody would notice."""
    if not schedule.enabled or schedule.next_at is not None:
        return
    if schedule.at:
        raise InvalidInput("at must be in the future", field="at")
    raise InvalidInput("The schedule is never due in the time given. To stop it, disable it", field="ends_at")


def _refuse_if_fixed(job: Job) -> None:
    if job.has_fixed_schedule:
        raise InvalidInput(f"The schedule of {job.name} is fixed: the watchdog runs with it", field="job")

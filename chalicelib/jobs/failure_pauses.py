"""Pause a schedule after a number of failed runs in a row.

A paused schedule is disabled, and says why. It starts again when an operator enables it; the failures before do not count
then. Runs that were repeated with success do not count either, because their rows are looked at anew each time.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.jobs import catalog, job_state, operator_schedules, run_records, slots
from chalicelib.jobs.job import Job
from chalicelib.jobs.operator_schedules import OperatorSchedule
from chalicelib.jobs.run_records import Run, Status
from chalicelib.jobs.schedule_limits import limits_of
from chalicelib.jobs.slots import Slot
from chalicelib.store import tables, timestamps
from chalicelib.store.transaction import Stale, Transaction, new_token

MAX_PAUSE_AFTER = 10
_MAX_ERROR = 200
"""Characters of the error that the row of a schedule keeps."""


def with_latest(schedule: OperatorSchedule, slot: Slot) -> OperatorSchedule:
    """Return the schedule with a slot more among those that were run last, if it has to know them."""
    count = _limit(schedule)
    latest = (*schedule.latest_slots, slots.instant_of(slot))[-count:] if count else ()
    return replace(schedule, latest_slots=latest)


def reason_to_pause(schedule: OperatorSchedule) -> str | None:
    """Return why a schedule has to pause itself, None if it need not. Costs one read if the schedule has the limit."""
    count, latest = _limit(schedule), _latest(schedule)
    if count is None or len(latest) < count:
        return None
    return _reason(count, latest, run_records.find_all(schedule.job, latest[-count:]))


def paused(schedule: OperatorSchedule, reason: str) -> OperatorSchedule:
    """Return the schedule as it is once it has paused itself."""
    return replace(schedule, enabled=False, next_at=None, paused=reason, token=new_token())


def pause_failing(schedules: Sequence[OperatorSchedule], now: datetime) -> list[OperatorSchedule]:
    """Pause the schedules of all jobs whose runs have failed, and return all as they are then.

    Those with a slot that is due are left to the dispatcher.
    """
    candidates = [*schedules, *_unchanged(schedules, now)]
    keys = {(row.job, slot) for row in candidates if _limit(row) for slot in _latest(row)}
    if not keys:
        return list(schedules)
    runs = run_records.find_pairs(keys)
    return [row for row in (_checked(row, runs, now) for row in candidates) if row.token]


def _checked(schedule: OperatorSchedule, runs: dict[tuple[str, Slot], Run], now: datetime) -> OperatorSchedule:
    count, latest = _limit(schedule), _latest(schedule)
    is_due = schedule.next_at and timestamps.from_text(schedule.next_at) <= now
    if count is None or len(latest) < count or not schedule.enabled or is_due:
        return schedule
    own = {slot: runs[schedule.job, slot] for slot in latest if (schedule.job, slot) in runs}
    reason = _reason(count, latest, own)
    if reason is None:
        return schedule
    changed = paused(schedule, reason)
    row = tables.AuxRow
    write = Transaction(was_applied=lambda: operator_schedules.was_written(changed))
    condition = row.token == schedule.token if schedule.token else row.pk.does_not_exist()
    write.put(operator_schedules.to_row(changed), condition)
    with suppress(Stale):  # somebody has changed it meanwhile: the next check looks again
        write.commit()
        return changed
    return schedule


def _reason(count: int, latest: Sequence[Slot], runs: dict[Slot, Run]) -> str | None:
    found = [runs[slot] for slot in latest[-count:] if slot in runs]
    if len(found) < count or any(run.status is not Status.FAILED for run in found):
        return None
    return f"paused itself after {count} failed runs, the last of which says: {(found[-1].error or '')[:_MAX_ERROR]}"


def _limit(schedule: OperatorSchedule) -> int | None:
    job = catalog.JOBS.get(schedule.job)
    return limits_of(job, schedule).pause_after if job else None


def _latest(schedule: OperatorSchedule) -> list[Slot]:
    own = None if schedule.is_built_in else schedule.id
    return [slots.of(timestamps.from_text(instant), own) for instant in schedule.latest_slots]


def _unchanged(schedules: Iterable[OperatorSchedule], now: datetime) -> list[OperatorSchedule]:
    """Return the schedules of the catalog that no row replaces and that have the limit, with the slots they had last."""
    changed = {row.job for row in schedules if row.is_built_in}
    found = []
    for job in catalog.JOBS.values():
        if job.pause_after and job.name not in changed and not job.has_fixed_schedule:
            since = job_state.find(job.name).since
            latest = [slot for slot in _slots_before(job, now) if since is None or slot > since]
            row = operator_schedules.built_in(job, now)
            found.append(replace(row, latest_slots=tuple(latest), since=slots.of(now.replace(microsecond=0))))
    return found


def _slots_before(job: Job, now: datetime) -> list[Slot]:
    """Return the latest slots of the catalog's schedule, oldest first, as many as the limit needs."""
    found: list[Slot] = []
    moment = now
    for _ in range(job.pause_after or 0):
        moment = job.schedule.until(moment)
        found.insert(0, slots.of(moment))
        moment -= timedelta(seconds=1)
    return found

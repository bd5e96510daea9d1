"""Backfills: run those slots of a range of time that have no successful run, oldest first, one at a time.

The row `(backfill, job)` of `ops` has the slots that are left, and the one that was started last. When its run has ended,
the row and the run of the next slot are written in one transaction. So a backfill goes on wherever it was interrupted,
and starts each slot once. A run that fails is counted and left behind; cancelling a run of a backfill ends the backfill.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import islice, takewhile

from chalicelib import clock
from chalicelib.errors import Conflict, InProgress, InvalidInput, Unavailable
from chalicelib.jobs import catalog, job_state, operator_schedules, queue, run_changes, run_records, run_writes, slots
from chalicelib.jobs.crontab import Crontab
from chalicelib.jobs.job import CatchUp, Job
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.schedule_input import MIN_YEAR
from chalicelib.jobs.slots import Slot
from chalicelib.store import change_marks, reads, tables
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale, Transaction, new_token

PARTITION = "backfill"
MAX_LEFT = 400
"""Slots that one backfill may have left: more than a year of days."""
MAX_RANGE = 1000
"""Slots that one request may look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    job: str
    actor: str
    left: tuple[Slot, ...]
    """Not started, oldest first."""
    current: Slot | None = None
    """Started last."""
    total: int = 0
    failed: int = 0
    token: str = ""


def find(job: str) -> Backfill | None:
    item = reads.get_op(PARTITION, job)
    return _load(item) if item else None


def find_missing(job: Job, since: datetime, until: datetime) -> list[Slot]:
    """Return the slots of the job's own schedule that have no successful run, from `since` up to `until` and to now.

    Raises InvalidInput.
    """
    if job.catch_up is CatchUp.NONE:
        raise InvalidInput(f"{job.name} cannot be run for the past", field="job")
    now = clock.now()
    if since.year < MIN_YEAR or until < since:
        raise InvalidInput(f"from must be in the years from {MIN_YEAR} on, and not after to", field="from")
    if since > now:
        raise InvalidInput("from must not be in the future", field="from")
    due = _due(job, since - timedelta(seconds=1), min(until, now))
    found = [slots.of(instant) for instant in islice(due, MAX_RANGE + 1)]
    if len(found) > MAX_RANGE:
        raise InvalidInput(f"The range has more than {MAX_RANGE} slots. Give a shorter one", field="to")
    stored = run_records.find_all(job.name, found)
    return [slot for slot in found if slot not in stored or stored[slot].status is not Status.SUCCEEDED]


def request(job: Job, since: datetime, until: datetime, actor: str) -> list[Slot]:
    """Have the slots run that `find_missing` returns, and return them. They are added to a backfill that is in progress.

    Raises InvalidInput, JobPaused, Conflict, and InProgress if that backfill is being cancelled.
    """
    subject = f"job:{job.name}"
    if change_marks.is_done(subject):
        advance(job)
        return list(map(Slot, change_marks.after(subject)["slots"]))
    job_state.refuse_if_paused(job.name)
    missing = find_missing(job, since, until)
    if missing:
        _refuse_if_ending(job)
        _add(job, missing, actor, subject)
        advance(job)
    return missing


def advance(job: Job) -> None:
    """Start the next slot of a job's backfill, unless a run of it is in progress or the job is paused."""
    for _ in retry_delays():
        found = find(job.name)
        if found is None or job_state.find(job.name).paused_at(clock.now()):
            return
        current = run_records.find(job.name, found.current) if found.current else None
        if current and not current.finished:
            return
        try:
            started = _start_next(job, found, current)
        except Stale:
            continue
        if started:
            with suppress(Unavailable):  # the run waits in the ledger, and the watchdog sends the message
                queue.send(job.name, started)
        return


def advance_all() -> None:
    """Start the next slot of each backfill whose run has ended without anybody noticing."""
    items = reads.query(
        TableName=reads.table_name(tables.AuxRow),
        KeyConditionExpression="pk = :backfill",
        ExpressionAttributeValues={":backfill": {"S": PARTITION}},
        ConsistentRead=True,
    )
    for name in [item["sk"]["S"] for item in items]:
        if name in catalog.JOBS:
            advance(catalog.JOBS[name])
        else:
            _delete(name)


def end(job: Job, run: Run, reason: str) -> bool:
    """End the backfill that has started this run last, for example because the job is paused. Raises Stale.

    Return False if none has.
    """
    found = find(job.name)
    if found is None or found.current != run.slot:
        return False
    write = Transaction(
        was_applied=lambda: find(job.name) is None,
        subject=run_writes.subject_of(run),
        before={"left": list(found.left)},
        reason=reason,
    )
    write.delete(tables.AuxRow(PARTITION, job.name), tables.AuxRow.token == found.token)
    write.commit()
    return True


def _start_next(job: Job, found: Backfill, current: Run | None) -> Slot | None:
    """Write the run of the next slot, or delete the backfill if there is none. Raises Stale."""
    left = list(found.left)
    failed = found.failed
    if current and current.status is Status.SKIPPED:
        left.insert(0, current.slot)  # a pause has stopped it
    elif current and current.status is not Status.SUCCEEDED:
        failed += 1
    if current and current.cancellation:
        left = []  # also if it was done, or failed, before it could be cancelled
    while left:
        stored = run_records.find(job.name, left[0])
        if stored is None or stored.status is not Status.SUCCEEDED:
            break
        left.pop(0)  # somebody has run it meanwhile
    if not left:
        _delete(job.name, found)
        return None
    moved = replace(found, left=tuple(left[1:]), current=left[0], failed=failed, token=new_token())
    write = Transaction(was_applied=lambda: _was_written(moved))
    write.put(_to_row(moved), tables.AuxRow.token == found.token)
    if stored is None or stored.finished:
        run = _run_of(job, left[0], stored, found.actor)
        write.put(
            run_records.to_row(run), tables.Run.token == stored.token if stored else tables.Run.job.does_not_exist()
        )
    write.commit()
    return left[0]


def _run_of(job: Job, slot: Slot, stored: Run | None, actor: str) -> Run:
    """Return the run to start: a new one, or the stored one from its last checkpoint."""
    if stored is None:
        row = operator_schedules.find_changed(job.name)
        arguments = row.arguments if row else {}
        new = run_records.new(job.name, slot, Trigger.BACKFILL, actor=actor, arguments=arguments)
        return replace(new, token=new_token())
    return replace(run_changes.repeated(stored, actor, Trigger.BACKFILL), token=new_token())


def _due(job: Job, after: datetime, until: datetime) -> Iterator[datetime]:
    row = operator_schedules.find_changed(job.name)
    if row and row.broken:
        raise InvalidInput(f"The schedule of {job.name} cannot be used: {row.broken}", field="job")
    crontab = Crontab(row.crontab, row.time_zone) if row and row.crontab else Crontab(job.schedule.crontab, "UTC")
    return takewhile(lambda due: due <= until, crontab.after(after))


def _refuse_if_ending(job: Job) -> None:
    """Refuse to add slots to a backfill that ends with its cancelled run, because they would never run."""
    found = find(job.name)
    current = run_records.find(job.name, found.current) if found and found.current else None
    if current is None or not current.cancellation:
        return
    if not current.finished:
        raise InProgress(
            f"The backfill of {job.name} is being cancelled. Request yours when the run of {current.slot} has ended"
        )
    advance(job)  # its worker died before it could delete the backfill


def _add(job: Job, missing: Iterable[Slot], actor: str, subject: str) -> None:
    for _ in retry_delays():
        before = find(job.name)
        made = _with_slots(before or Backfill(job=job.name, actor=actor, left=()), missing, actor)
        write, token = _write_of(made, subject, missing), tables.AuxRow.token
        write.put(_to_row(made), token == before.token if before else token.does_not_exist())
        try:
            write.commit()
        except Stale:
            continue
        return
    raise Conflict


def _write_of(made: Backfill, subject: str, slots_: Iterable[Slot]) -> Transaction:
    return Transaction(was_applied=lambda: _was_written(made), subject=subject, after={"slots": list(slots_)})


def _with_slots(old: Backfill, missing: Iterable[Slot], actor: str) -> Backfill:
    new = {slot for slot in missing if slot not in {*old.left, old.current}}
    left = tuple(sorted({*old.left, *new}))
    if len(left) > MAX_LEFT:
        raise InvalidInput(
            f"A backfill has at most {MAX_LEFT} slots, not {len(left)}. Give a shorter range", field="to"
        )
    return replace(old, actor=actor, left=left, total=old.total + len(new), token=new_token())


def _delete(job: str, found: Backfill | None = None) -> None:
    write = Transaction(was_applied=lambda: find(job) is None)
    write.delete(tables.AuxRow(PARTITION, job), tables.AuxRow.token == found.token if found else None)
    write.commit()


def _was_written(made: Backfill) -> bool:
    return reads.has_token(tables.AuxRow, made.token, pk=PARTITION, sk=made.job)


def _to_row(made: Backfill) -> tables.AuxRow:
    content = {name: value for name, value in asdict(made).items() if name not in {"job", "token"}}
    return tables.AuxRow(PARTITION, made.job, content=content, token=made.token)


def _load(item: reads.Item) -> Backfill:
    content = reads.json_of(item, "content")
    known = {
        name: content[name] for name in ("actor", "current", "total", "failed")
    }  # a later release may store others
    return Backfill(job=item["sk"]["S"], left=tuple(map(Slot, content["left"])), token=item["token"]["S"], **known)

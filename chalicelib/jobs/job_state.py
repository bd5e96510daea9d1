"""The state of a job: whether it is paused, which run holds it, and up to where the watchdog has checked its slots.

It is the row `(job, name)` of `ops`.
"""

from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.errors import JobPaused
from chalicelib.jobs.slots import Slot
from chalicelib.store import change_marks, reads, tables, timestamps
from chalicelib.store.transaction import AlreadyApplied, Transaction, new_token

PARTITION = "job"


@dataclass(frozen=True, slots=True)
class Pause:
    reason: str
    actor: str
    since: str
    until: str | None
    """None: until an operator resumes the job."""

    @property
    def text(self) -> str:
        return f"paused by {self.actor}: {self.reason}"


@dataclass(frozen=True, slots=True)
class JobState:
    job: str
    pause: Pause | None = None
    current: Slot | None = None
    """The slot whose run holds the job."""
    checked_until: Slot | None = None
    """The watchdog has recorded every slot up to this one in the ledger."""
    schedule: str | None = None
    """The schedule by which it has done so. A deployment may have changed the job's schedule since."""
    since: Slot | None = None
    """When operators gave the job its own schedule back. Earlier failures do not pause it."""
    requested: Slot | None = None
    """The slot of the run that an operator started last. Unlike an index, it tells at once whether one waits."""
    token: str | None = None

    def is_rescheduled(self, crontab: str) -> bool:
        """Return whether the slots of the job were last checked by another schedule than `crontab`."""
        return self.schedule not in {None, crontab}

    def paused_at(self, moment: datetime) -> Pause | None:
        """Return the pause that applies at `moment`, if any."""
        over = self.pause and self.pause.until and self.pause.until <= timestamps.to_text(moment)
        return None if over else self.pause


def find(job: str) -> JobState:
    item = reads.get_op(PARTITION, job)
    if item is None:
        return JobState(job)
    content = reads.json_of(item, "content")
    return JobState(
        job=job,
        pause=Pause(**content) if content else None,
        current=_slot(item, "owner"),
        checked_until=_slot(item, "watched"),
        schedule=reads.text(item, "schedule"),
        since=_slot(item, "since"),
        requested=_slot(item, "requested"),
        token=reads.text(item, "token"),
    )


def refuse_if_paused(job: str) -> None:
    """Raises JobPaused."""
    paused = find(job).paused_at(clock.now())
    if paused:
        raise JobPaused(f"{job} is {paused.text}. Resume it first", field="name")


def pause(job: str, reason: str, actor: str, until: datetime | None = None) -> JobState:
    """Pause a job: no run starts from now on. A run that has started continues to its end."""
    since = timestamps.to_text(clock.now())
    paused = Pause(reason, actor, since, timestamps.to_text(until) if until else None)
    return _change(job, paused)


def resume(job: str) -> JobState:
    return _change(job, None)


def set_checked_until(job: str, schedule: str, slot: Slot, before: Slot | None) -> None:
    """Note that the watchdog has recorded all slots of `schedule` up to `slot`.

    Raises Stale if `before` is no longer stored.
    """

    def was_applied() -> bool:
        stored = find(job)
        return (stored.checked_until, stored.schedule) == (slot, schedule)

    row = tables.AuxRow
    write = Transaction(was_applied=was_applied)
    condition = row.checked_until == before if before else row.checked_until.does_not_exist()
    write.update(key(job), [row.checked_until.set(slot), row.schedule.set(schedule)], condition)
    write.commit()


def count_from(write: Transaction, job: str, schedule: str, slot: Slot) -> None:
    """Let the slots of `schedule` count from `slot` on, in a transaction of the caller."""
    row = tables.AuxRow
    write.update(key(job), [row.checked_until.set(slot), row.schedule.set(schedule), row.since.set(slot)])


def _slot(item: reads.Item, name: str) -> Slot | None:
    found = reads.text(item, name)
    return Slot(found) if found else None


def _change(job: str, new: Pause | None) -> JobState:
    if change_marks.is_done(_subject(job)):
        return find(job)
    token = new_token()
    old = find(job).pause
    write = Transaction(
        was_applied=lambda: find(job).token == token,
        subject=_subject(job),
        before={"paused": old is not None, "until": old.until if old else None},
        after={"paused": new is not None, "until": new.until if new else None},
        reason=new.reason if new else None,
    )
    content = tables.AuxRow.content
    action: Action = content.set(asdict(new)) if new else content.remove()
    write.update(key(job), [action, tables.AuxRow.token.set(token)])
    with suppress(AlreadyApplied):
        write.commit()
    return find(job)


def _subject(job: str) -> str:
    return f"job:{job}"


def key(job: str) -> tables.AuxRow:
    """Return the row of a job with nothing but its key, for updates."""
    return tables.AuxRow(pk=PARTITION, sk=job)

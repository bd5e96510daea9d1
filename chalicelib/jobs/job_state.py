"""What is true of a job now, whichever its runs: whether it is paused, which run holds it, how far the watch has looked.

A row `(job, name)` of `ops`.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.store import change_marks, reads, tables, timestamps
from chalicelib.store.transaction import AlreadyApplied, Transaction, new_token

PARTITION = "job"


@dataclass(frozen=True, slots=True)
class Pause:
    reason: str
    actor: str
    since: str
    until: str | None
    """None: until somebody resumes it."""


@dataclass(frozen=True, slots=True)
class JobState:
    job: str
    pause: Pause | None = None
    current: str | None = None
    """The slot whose run holds the job."""
    checked_until: str | None = None
    """The watchdog has recorded every slot up to this one in the ledger."""
    token: str | None = None

    def paused_at(self, moment: datetime) -> Pause | None:
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
        current=reads.text(item, "owner"),
        checked_until=reads.text(item, "watched"),
        token=reads.text(item, "token"),
    )


def pause(job: str, reason: str, actor: str, until: datetime | None = None) -> JobState:
    """From now on no run of the job begins; one that is running goes on to its end."""
    since = timestamps.to_text(clock.now())
    row = tables.AuxRow.content
    return _change(
        job,
        row.set(
            {"reason": reason, "actor": actor, "since": since, "until": timestamps.to_text(until) if until else None}
        ),
    )


def resume(job: str) -> JobState:
    return _change(job, tables.AuxRow.content.remove())


def watch_from(job: str, slot: str, seen: str | None) -> None:
    """The watch has accounted for all slots up to `slot`; `seen` is how far it had looked when it began."""
    row = tables.AuxRow
    write = Transaction(was_applied=lambda: find(job).checked_until == slot)
    condition = row.checked_until == seen if seen else row.checked_until.does_not_exist()
    write.update(key(job), [row.checked_until.set(slot)], condition)
    write.commit()


def _change(job: str, action: Action) -> JobState:
    if change_marks.is_done(_subject(job)):
        return find(job)
    token = new_token()
    write = Transaction(was_applied=lambda: find(job).token == token, subject=_subject(job))
    write.update(key(job), [action, tables.AuxRow.token.set(token)])
    with suppress(AlreadyApplied):
        write.commit()
    return find(job)


def _subject(job: str) -> str:
    return f"job {job}"


def key(job: str) -> tables.AuxRow:
    return tables.AuxRow(pk=PARTITION, sk=job)

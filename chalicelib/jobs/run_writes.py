"""The conditional writes that `ledger` is made of: each requires the row as it was read, and recognises its own token."""

from dataclasses import replace

from chalicelib import clock
from chalicelib.jobs import job_state, run_arguments, run_failures, run_records
from chalicelib.jobs.run_failures import Failure
from chalicelib.jobs.run_records import Run, Status
from chalicelib.store import change_marks, reads, tables, timestamps
from chalicelib.store.transaction import Transaction, new_token


def prepare(old: Run, new: Run, *, subject: str | None = None) -> tuple[Transaction, Run]:
    """Return a transaction that replaces `old` by `new`, and `new` with its token.

    With `subject` it also writes a change row: a person or a key has asked for the change.
    """
    new = replace(new, token=new_token(), failures=_failures(old, new))
    row = tables.Run
    before, after = change_marks.differences(_values(old) if old.token else {}, _values(new))
    write = Transaction(
        was_applied=lambda: was_written(new),
        subject=subject,
        before=before if old.token else None,
        after=after,
        reason=new.cancellation.reason if new.cancellation else None,
    )
    write.put(run_records.to_row(new), row.token == old.token if old.token else row.job.does_not_exist())
    return write, new


def _failures(old: Run, new: Run) -> tuple[Failure, ...]:
    """Return the failed attempts of a run, with the one that this write records if it records one."""
    has_failed = new.status is Status.FAILED or (new.status is Status.WAITING and old.status is Status.RUNNING)
    if not has_failed or old.status is new.status or new.error is None:
        return new.failures
    return run_failures.with_another(new.failures, new.attempts, timestamps.to_text(clock.now()), new.error)


def subject_of(run: Run) -> str:
    """Return what a change of the run is about, for its change row."""
    return f"run:{run.job}:{run.slot}"


def _values(run: Run) -> dict[str, object]:
    """Return what operators change, for change rows."""
    return {
        "status": run.status,
        "cancelled": run.cancellation is not None,
        "arguments": dict(run_arguments.as_texts(run.arguments)),
    }


def store(old: Run, new: Run) -> Run:
    """Replace `old` by `new`. Raises Stale."""
    write, new = prepare(old, new)
    write.commit()
    return new


def free_job(write: Transaction, run: Run) -> None:
    """Let the next run of the job start."""
    write.update(job_state.key(run.job), [tables.AuxRow.owner.remove()], tables.AuxRow.owner == run.slot)


def was_written(run: Run) -> bool:
    return reads.has_token(tables.Run, run.token, job=run.job, slot=run.slot)

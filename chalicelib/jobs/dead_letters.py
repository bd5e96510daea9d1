"""Retry or discard dead letters, for operators. `queue` reads them."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chalicelib import clock, telemetry
from chalicelib.jobs import job_state, queue, run_changes, run_records
from chalicelib.jobs.queue import DeadLetter
from chalicelib.jobs.run_records import Status
from chalicelib.store import change_marks

MAX_REDRIVEN = 100
_SUBJECT = "queue"


@dataclass(frozen=True, slots=True)
class RedriveResult:
    sent: int
    left: int
    """Letters that name no run, or a run of a paused job, and ids that no letter has."""


def redrive(actor: str, ids: Collection[str] | None = None) -> RedriveResult:
    """Send dead letters to the queue again: those with these ids, or 100 that name a run.

    Each is sent before it is removed: after a crash in between there is one message too many, which does no harm.
    """
    kept, failed = [], 0
    redriven: list[DeadLetter] = []
    limit = MAX_REDRIVEN if ids is None else len(ids)
    with _written_change("redriven", redriven):
        for batch in queue.take_dead_letters():
            for letter in batch:
                is_wanted = len(redriven) < limit and (ids is None or letter.id in ids)
                if is_wanted and _send_again(letter, actor):
                    redriven.append(letter)
                else:
                    kept.append(letter)
                    failed += is_wanted
            if len(redriven) == limit:
                break
        queue.make_visible(kept)
    return RedriveResult(len(redriven), failed if ids is None else len(ids) - len(redriven))


def discard(actor: str, ids: Collection[str]) -> int:
    """Delete the dead letters with these ids, and return how many there were. Their runs stay as they are."""
    kept = []
    discarded: list[DeadLetter] = []
    with _written_change("discarded", discarded):
        for batch in queue.take_dead_letters():
            for letter in batch:
                if letter.id in ids:
                    queue.remove(letter)
                    _log("discarded", letter, actor)
                    discarded.append(letter)
                else:
                    kept.append(letter)
            if len(discarded) == len(ids):
                break
        queue.make_visible(kept)
    return len(discarded)


def _send_again(letter: DeadLetter, actor: str) -> bool:
    """Return False if the letter names no run, or a run of a paused job."""
    run = run_records.find(letter.message.job, letter.message.slot) if letter.message else None
    if run is None or job_state.find(run.job).paused_at(clock.now()):
        return False
    if run.status is Status.FAILED:
        run_changes.reopen(run, actor)
    queue.send(run.job, run.slot)
    queue.remove(letter)
    _log("sent to the queue again", letter, actor)
    return True


@contextmanager
def _written_change(done: str, letters: Iterable[DeadLetter]) -> Iterator[None]:
    """Write the change row at the end, also if an error ends the work early: messages have no part in transactions."""
    try:
        yield
    finally:
        _write_change(done, letters)


def _write_change(done: str, letters: Iterable[DeadLetter]) -> None:
    what = [f"{letter.message.job} {letter.message.slot}" if letter.message else letter.id for letter in letters]
    if not what:
        return
    if change_marks.is_done(
        _SUBJECT
    ):  # an earlier attempt at this request has dealt with some, and the rows have one key
        what = [*change_marks.before(_SUBJECT)["letters"], *what]
    row = change_marks.row_of(_SUBJECT, before={"letters": what}, after={done: len(what)})
    if row is not None:
        row.save()


def _log(done: str, letter: DeadLetter, actor: str) -> None:
    keys = {"job": letter.message.job, "slot": letter.message.slot} if letter.message else {}
    telemetry.info(f"a dead letter was {done}", actor=actor, letter=letter.id, **keys)

"""What operators can do with dead letters: retry them, or discard them."""

from collections.abc import Collection
from dataclasses import dataclass

from chalicelib import clock, telemetry
from chalicelib.jobs import job_state, queue, run_changes, run_records
from chalicelib.jobs.queue import DeadLetter
from chalicelib.jobs.run_records import Status

MAX_REDRIVEN = 100


@dataclass(frozen=True, slots=True)
class RedriveResult:
    sent: int
    left: int
    """Letters that name no run, or a run of a paused job, and ids that no letter has."""


def redrive(actor: str, ids: Collection[str] | None = None) -> RedriveResult:
    """Send dead letters to the queue again: those with these ids, or 100 that name a run.

    Each is sent before it is removed: after a crash in between there is one message too many, which does no harm.
    """
    kept, sent, failed = [], 0, 0
    limit = MAX_REDRIVEN if ids is None else len(ids)
    for batch in queue.take_dead_letters():
        for letter in batch:
            is_wanted = sent < limit and (ids is None or letter.id in ids)
            if is_wanted and _send_again(letter, actor):
                sent += 1
            else:
                kept.append(letter)
                failed += is_wanted
        if sent == limit:
            break
    queue.make_visible(kept)
    return RedriveResult(sent, failed if ids is None else len(ids) - sent)


def discard(actor: str, ids: Collection[str]) -> int:
    """Delete the dead letters with these ids, and return how many there were. Their runs stay as they are."""
    kept, discarded = [], 0
    for batch in queue.take_dead_letters():
        for letter in batch:
            if letter.id in ids:
                queue.remove(letter)
                _log("discarded", letter, actor)
                discarded += 1
            else:
                kept.append(letter)
        if discarded == len(ids):
            break
    queue.make_visible(kept)
    return discarded


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


def _log(done: str, letter: DeadLetter, actor: str) -> None:
    keys = {"job": letter.message.job, "slot": letter.message.slot} if letter.message else {}
    telemetry.info(f"a dead letter was {done}", actor=actor, letter=letter.id, **keys)

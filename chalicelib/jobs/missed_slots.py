"""Settle slots that nothing has started: catch up or record them as MISSED by the job's rules, or SKIPPED in a pause."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from chalicelib import clock, telemetry
from chalicelib.errors import Unavailable
from chalicelib.jobs import job_state, ledger, queue, run_records, run_writes, slots
from chalicelib.jobs.job import CatchUp, Job
from chalicelib.jobs.job_state import JobState
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.store import timestamps
from chalicelib.store.transaction import Stale

MISSED_AFTER = timedelta(minutes=10)
"""A slot without a row is missed after this time: EventBridge fires within a minute, and Lambda retries for three."""
MAX_SLOTS_PER_CHECK = 500
"""Missed slots recorded by one check of a job. The next check continues."""


def record(job: Job, state: JobState, until: datetime) -> None:
    """Record what happened to each slot of the catalog's schedule, up to `until`, that nothing has started.

    Slots before the very first check do not count, nor do slots before the first check after a change of the schedule:
    they were never due.
    """
    if state.checked_until is None or state.is_rescheduled(job.schedule.crontab):
        _count_from(clock.now(), job, state)
        return
    due = job.schedule.between(slots.moment_of(state.checked_until), until)
    passed = [slots.of(firing) for firing in islice(due, MAX_SLOTS_PER_CHECK)]
    stored = run_records.find_all(job.name, passed)
    latest = slots.of(job.schedule.until(until))
    for slot in passed:
        if slot not in stored:
            run = run_records.new(job.name, slot, Trigger.SCHEDULE)
            with suppress(Stale):  # it has started meanwhile
                _store(run, answer(job, state, run, is_latest=slot == latest, window=job.catch_up_window))
    if passed or state.schedule is None:
        _set_checked_until(job, passed[-1] if passed else state.checked_until, state.checked_until)


def answer(job: Job, state: JobState, run: Run, *, is_latest: bool, window: timedelta | None) -> Run:
    """Return the run of a missed slot as it has to be stored: one that waits, or one that has ended.

    Slots that are older than `window` are not caught up.
    """
    pause = state.paused_at(run.due)
    if pause and timestamps.from_text(pause.since) <= run.due:
        return ended(run, Status.SKIPPED, pause.text)
    if window and job.catch_up is not CatchUp.NONE and run.due < clock.now() - window:
        return ended(run, Status.MISSED, f"did not start on time; only slots of the last {window} are caught up")
    if job.catch_up is CatchUp.ALL or (job.catch_up is CatchUp.LATEST and is_latest):
        return replace(run, trigger=Trigger.CATCH_UP, reason="did not start on time; caught up")
    caught_up = "only the latest missed slot" if job.catch_up is CatchUp.LATEST else "no missed slots"
    return ended(run, Status.MISSED, f"did not start on time; this job catches up {caught_up}")


def ended(run: Run, status: Status, reason: str) -> Run:
    return replace(run, status=status, reason=reason, finished_at=timestamps.to_text(clock.now()))


def _store(run: Run, answered: Run) -> None:
    if answered.finished:
        ledger.end(run, answered.status, reason=answered.reason)
        return
    run_writes.store(run, answered)
    try:
        queue.send(run.job, run.slot)
    except Unavailable as error:  # the run waits in the ledger, and the next check sends the message
        telemetry.warn("the queue is unavailable", job=run.job, slot=run.slot, exc_info=error)


def _count_from(now: datetime, job: Job, state: JobState) -> None:
    is_noted = _set_checked_until(job, slots.of(now.replace(microsecond=0)), state.checked_until)
    if is_noted and state.schedule is not None:
        telemetry.info(
            f"{job.name}: the schedule has changed from {state.schedule!r} to {job.schedule.crontab!r}; "
            "slots count from now on",
            job=job.name,
        )


def _set_checked_until(job: Job, slot: Slot, before: Slot | None) -> bool:
    """Return False if another check was faster."""
    try:
        job_state.set_checked_until(job.name, job.schedule.crontab, slot, before)
    except Stale:
        return False
    return True

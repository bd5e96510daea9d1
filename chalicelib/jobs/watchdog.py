"""The watchdog: it runs with the heartbeat, every few minutes, and makes sure that no slot and no run is lost.

It continues runs whose worker died, records the slots that were missed, and raises and clears alerts for jobs that are
late, failing, alarming or running too often.
"""

from datetime import datetime, timedelta
from itertools import islice

from chalicelib import clock, telemetry
from chalicelib.errors import Unavailable
from chalicelib.jobs import alerts, catalog, job_state, ledger, overview, queue, run_records, slots
from chalicelib.jobs.health import Health
from chalicelib.jobs.job import CatchUp, Job
from chalicelib.jobs.job_state import JobState
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.store import timestamps
from chalicelib.store.transaction import Stale

MISSED_AFTER = timedelta(minutes=10)
"""A slot without a row is missed after this time: EventBridge fires within a minute, and Lambda retries for three."""
_REMOVED = "this job no longer exists"
_RESEND_AFTER = timedelta(minutes=5)
"""A run that has waited this long gets another message: the first may be lost."""
MAX_SLOTS_PER_CHECK = 500
"""Missed slots recorded by one check of a job. The next check continues."""


def run_checks() -> None:
    """Check all runs and all jobs once. Raises Unavailable; the next check then does what is left."""
    now = clock.now()
    for run in run_records.unfinished():
        _recover(run, now)
    unfinished = run_records.unfinished()
    states = {job.name: job_state.find(job.name) for job in catalog.JOBS.values()}
    for job in catalog.JOBS.values():
        record_missed_slots(job, states[job.name], now)
    open_alerts = alerts.open_alerts()
    _close_alerts_of_removed_jobs(open_alerts)
    for job in catalog.JOBS.values():
        found = overview.assemble(job, states[job.name], unfinished, now)
        raise_or_clear_alerts(job, found.health, open_alerts)


def check_alerts(job: Job, /) -> None:
    """Raise and clear the alerts of one job, so that they need not wait for the next check of all. Raises Unavailable."""
    found = overview.assemble(job, job_state.find(job.name), run_records.unfinished(), clock.now())
    raise_or_clear_alerts(job, found.health, alerts.open_alerts())


def _recover(run: Run, now: datetime) -> None:
    """Continue a run whose worker died or whose message was lost. One message too many does no harm."""
    job = catalog.JOBS.get(run.job)
    try:
        if job is None:
            ledger.end(run, Status.FAILED, error=_REMOVED)
        elif run.held_at(now):
            return
        elif run.cancellation:
            ledger.end(run, Status.CANCELLED, reason=run.cancellation.text)
        elif run.status is Status.RUNNING and job.catch_up is CatchUp.NONE:
            ledger.end(run, Status.FAILED, error="its worker died, and a late result of this job is of no use")
        elif run.status is Status.RUNNING or _needs_message(run, now):
            _send(run.job, run.slot)
    except Stale:
        return  # a worker has changed it meanwhile


def _needs_message(waiting: Run, now: datetime) -> bool:
    """Return whether the run's next attempt is due, or its first message may be lost."""
    if waiting.next_attempt_at:
        return not waiting.is_backing_off_at(now)
    return now - timestamps.from_text(waiting.created_at) > _RESEND_AFTER


def _send(job: str, slot: Slot) -> None:
    try:
        queue.send(job, slot)
    except Unavailable as error:  # the run waits in the ledger, and the next check sends the message
        telemetry.warn("the queue is unavailable", job=job, slot=slot, exc_info=error)


def record_missed_slots(job: Job, state: JobState, now: datetime) -> None:
    """Record what happened to each slot that nothing has started.

    Slots before the very first check do not count, nor do slots before the first check after a change of the schedule:
    they were never due.
    """
    if state.checked_until is None or state.is_rescheduled(job.schedule.crontab):
        _count_from(now, job, state)
        return
    due = job.schedule.between(slots.moment_of(state.checked_until), now - MISSED_AFTER)
    passed = [slots.of(firing) for firing in islice(due, MAX_SLOTS_PER_CHECK)]
    stored = run_records.find_all(job.name, passed)
    latest = slots.of(job.schedule.until(now - MISSED_AFTER))
    for slot in passed:
        if slot not in stored:
            _record_missed_slot(job, state, slot, is_latest=slot == latest)
    if passed or state.schedule is None:
        _set_checked_until(job, passed[-1] if passed else state.checked_until, state.checked_until)


def _count_from(now: datetime, job: Job, state: JobState) -> None:
    is_noted = _set_checked_until(job, slots.of(now.replace(microsecond=0)), state.checked_until)
    if is_noted and state.schedule is not None:
        telemetry.info(
            f"{job.name}: the schedule has changed from {state.schedule!r} to {job.schedule.crontab!r}; "
            "slots count from now on",
            job=job.name,
        )


def _record_missed_slot(job: Job, state: JobState, slot: Slot, *, is_latest: bool) -> None:
    pause = state.paused_at(slots.moment_of(slot))
    try:
        if pause and timestamps.from_text(pause.since) <= slots.moment_of(slot):
            ledger.end(run_records.new(job.name, slot, Trigger.SCHEDULE), Status.SKIPPED, reason=pause.text)
        elif job.catch_up is CatchUp.ALL or (job.catch_up is CatchUp.LATEST and is_latest):
            ledger.record(run_records.new(job.name, slot, Trigger.CATCH_UP, reason="did not start on time; caught up"))
            _send(job.name, slot)
        else:
            caught_up = "only the latest missed slot" if job.catch_up is CatchUp.LATEST else "no missed slots"
            reason = f"did not start on time; this job catches up {caught_up}"
            ledger.end(run_records.new(job.name, slot, Trigger.SCHEDULE), Status.MISSED, reason=reason)
    except Stale:
        return  # it has started meanwhile


def _set_checked_until(job: Job, slot: Slot, before: Slot | None) -> bool:
    """Return False if another check was faster."""
    try:
        job_state.set_checked_until(job.name, job.schedule.crontab, slot, before)
    except Stale:
        return False
    return True


def _close_alerts_of_removed_jobs(open_alerts: set[tuple[str, str]]) -> None:
    """Nobody would ever clear them, and the first alert of a later job of that name would not be sent."""
    for job, kind in sorted(open_alerts):
        if job in catalog.JOBS:
            continue
        try:
            alerts.end(job, kind, _REMOVED)
        except Exception as error:  # noqa: BLE001 - as below
            telemetry.error("an alert could not be sent", job=job, kind=kind, exc_info=error)


def raise_or_clear_alerts(job: Job, found: Health, open_alerts: set[tuple[str, str]]) -> None:
    """Send the alerts that have begun or are over. One that cannot be sent is logged, and the next check retries it."""
    for kind, text in (
        (alerts.LATE, found.late),
        (alerts.FAILING, found.failing),
        (job.alarm_kind, found.alarm),
        (alerts.TOO_FREQUENT, found.too_frequent),
    ):
        is_open = (job.name, kind) in open_alerts
        try:
            if text and not is_open:
                alerts.begin(job.name, kind, text)
            # A late run that then failed has not recovered.
            elif is_open and not text and (found.recovered or kind not in {alerts.LATE, alerts.FAILING}):
                alerts.end(job.name, kind)
        except Exception as error:  # noqa: BLE001 - whatever the cause, the other alerts go out; the next check retries
            telemetry.error("an alert could not be sent", job=job.name, kind=kind, exc_info=error)

"""The watchdog: it runs with the heartbeat, every few minutes, and makes sure that no slot and no run is lost.

It continues runs whose worker died, records the slots that were missed, and raises and clears alerts for jobs that are
late, slow, failing, alarming or running too often, and for schedules that pause themselves.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from chalicelib import clock, telemetry
from chalicelib.errors import Unavailable
from chalicelib.jobs import (
    alerts,
    backfills,
    catalog,
    deliveries,
    dispatcher,
    failure_pauses,
    ledger,
    missed_slots,
    operator_schedules,
    overview,
    queue,
    run_records,
    weekly_digest,
)
from chalicelib.jobs.health import Health
from chalicelib.jobs.job import CatchUp, Job
from chalicelib.jobs.operator_schedules import OperatorSchedule
from chalicelib.jobs.run_records import Run, Status
from chalicelib.jobs.slots import Slot
from chalicelib.store import timestamps
from chalicelib.store.transaction import Stale

_REMOVED = "this job no longer exists"
_RESEND_AFTER = timedelta(minutes=5)
"""A run that has waited this long gets another message: the first may be lost."""


def run_checks() -> None:
    """Check all runs and all jobs once. Raises Unavailable; the next check then does what is left."""
    now = clock.now()
    for run in run_records.unfinished():
        _recover(run, now)
    backfills.advance_all()
    unfinished = run_records.unfinished()
    schedules = failure_pauses.pause_failing(dispatcher.serve(), now)
    known = catalog.known_jobs()
    states = {name: overview.find_state(job) for name, job in known.items()}
    for job in catalog.JOBS.values():
        missed_slots.record(job, states[job.name], _counts_until(job, schedules, now))
    open_alerts = alerts.open_alerts()
    _close_alerts_of_removed_jobs(open_alerts)
    for job in known.values():
        found = overview.assemble(job, states[job.name], unfinished, schedules, now)
        raise_or_clear_alerts(job, found.health, open_alerts)
    _send_notifications(now)


def check_alerts(job: Job, /) -> None:
    """Raise and clear the alerts of one job, so that they need not wait for the next check of all. Raises Unavailable."""
    raise_or_clear_alerts(job, overview.load(job).health, alerts.open_alerts())


def _counts_until(job: Job, schedules: Iterable[OperatorSchedule], now: datetime) -> datetime:
    """Return up to when the slots of the catalog's schedule count: not beyond the moment at which operators changed it."""
    until = now - missed_slots.MISSED_AFTER
    changed = operator_schedules.changed_schedule(job.name, schedules)
    return min(until, timestamps.from_text(changed.since)) if changed and changed.since else until


def _recover(run: Run, now: datetime) -> None:
    """Continue a run whose worker died or whose message was lost. One message too many does no harm."""
    job = catalog.known_jobs().get(run.job)
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


def _send_notifications(now: datetime) -> None:
    """Send what is due, and what did not get into the queue. Whatever goes wrong, the watchdog goes on."""
    for send in (deliveries.send_messages_again, weekly_digest.send_if_due):
        try:
            send(now)
        except Exception as error:  # noqa: BLE001 - as the docstring says; the next check tries again
            telemetry.error("notifications could not be sent", exc_info=error)


def _close_alerts_of_removed_jobs(open_alerts: set[tuple[str, str]]) -> None:
    """Nobody would ever clear them, and the first alert of a later job of that name would not be sent."""
    for job, kind in sorted(open_alerts):
        if job in catalog.known_jobs():
            continue
        try:
            alerts.end(job, kind, _REMOVED)
        except Exception as error:  # noqa: BLE001 - as below
            telemetry.error("an alert could not be sent", job=job, kind=kind, exc_info=error)


def raise_or_clear_alerts(job: Job, found: Health, open_alerts: set[tuple[str, str]]) -> None:
    """Send the alerts that have begun or are over. One that cannot be sent is logged, and the next check retries it."""
    for kind, text in (
        (alerts.LATE, found.late),
        (alerts.SLOW, found.slow),
        (alerts.FAILING, found.failing),
        (job.alarm_kind, found.alarm),
        (alerts.TOO_FREQUENT, found.too_frequent),
        (alerts.PAUSED, found.paused),
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

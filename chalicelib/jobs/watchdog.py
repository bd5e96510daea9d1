"""The watch: every few minutes, along with the heartbeat, it sees to it that no slot and no run is lost, and tells of jobs
that are late, fail or run too often.
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
from chalicelib.store import timestamps
from chalicelib.store.transaction import Stale

START = timedelta(minutes=10)
"""After so long a slot without a row was missed: EventBridge fires within a minute, and Lambda tries again for three."""
_STALE = timedelta(minutes=5)
MAX_SLOTS_PER_CHECK = 500
"""Missed slots that one look records; the next goes on."""


def run_checks() -> None:
    """Raises Unavailable; the next look makes up for it."""
    now = clock.now()
    for run in run_records.unfinished():
        _carry_on(run, now)
    unfinished = run_records.unfinished()
    states = {job.name: job_state.find(job.name) for job in catalog.JOBS.values()}
    for job in catalog.JOBS.values():
        record_missed_slots(job, states[job.name], now)
    open_alerts = alerts.open_alerts()
    untold: Unavailable | None = None
    for job in catalog.JOBS.values():
        found = overview.assemble(job, states[job.name], unfinished, now)
        try:
            raise_or_clear_alerts(job, found.health, open_alerts)
        except Unavailable as error:  # a topic that is gone must not keep the other jobs from being told of
            untold = error
    if untold:
        raise untold


def _carry_on(run: Run, now: datetime) -> None:
    """Have a run go on whose worker died, or whose message was lost. A message too many does no harm."""
    job = catalog.JOBS.get(run.job)
    try:
        if job is None:
            ledger.end(run, Status.FAILED, error="there is no such job any more")
        elif run.held_at(now):
            return
        elif run.status is Status.RUNNING and job.catch_up is CatchUp.NONE:
            ledger.end(run, Status.FAILED, error="its worker died, and what it would do now is of no use any more")
        elif run.status is Status.RUNNING or now - timestamps.from_text(run.created_at) > _STALE:
            _send(run.job, run.slot)
    except Stale:
        return  # it went on by itself


def _send(job: str, slot: str) -> None:
    try:
        queue.send(job, slot)
    except Unavailable as error:  # the row waits in the ledger, and the next look sends it
        telemetry.warn("the queue does not answer", job=job, slot=slot, exc_info=error)


def record_missed_slots(job: Job, state: JobState, now: datetime) -> None:
    """Record what became of each slot that nobody has begun. Everything before the first look does not count."""
    if state.checked_until is None:
        _watched(job, slots.of(now.replace(microsecond=0)), None)
        return
    due = job.schedule.between(slots.moment_of(state.checked_until), now - START)
    passed = [slots.of(firing) for firing in islice(due, MAX_SLOTS_PER_CHECK)]
    stored = run_records.find_all(job.name, passed)
    latest = slots.of(job.schedule.until(now - START))
    for slot in passed:
        if slot not in stored:
            _record(job, state, slot, is_latest=slot == latest)
    if passed:
        _watched(job, passed[-1], state.checked_until)


def _record(job: Job, state: JobState, slot: str, *, is_latest: bool) -> None:
    pause = state.paused_at(slots.moment_of(slot))
    try:
        if pause and slots.moment_of(pause.since) <= slots.moment_of(slot):
            run = run_records.new(job.name, slot, Trigger.SCHEDULE)
            ledger.end(run, Status.SKIPPED, reason=f"paused by {pause.actor}: {pause.reason}")
        elif job.catch_up is CatchUp.ALL or (job.catch_up is CatchUp.LATEST and is_latest):
            ledger.record(run_records.new(job.name, slot, Trigger.CATCH_UP, reason="missed at its time, and caught up"))
            _send(job.name, slot)
        else:
            run = run_records.new(job.name, slot, Trigger.SCHEDULE)
            caught_up = {CatchUp.ALL: "all", CatchUp.LATEST: "the latest", CatchUp.NONE: "none"}[job.catch_up]
            reason = f"nothing began it at its time; of what was missed, this job catches up {caught_up}"
            ledger.end(run, Status.MISSED, reason=reason)
    except Stale:
        return  # it has just been begun


def _watched(job: Job, slot: str, seen: str | None) -> None:
    try:
        job_state.watch_from(job.name, slot, seen)
    except Stale:
        return  # another look was faster


def raise_or_clear_alerts(job: Job, found: Health, open_alerts: set[tuple[str, str]]) -> None:
    for kind, text in (
        (alerts.LATE, found.late),
        (alerts.FAILING, found.failing),
        (alerts.DOWN, found.alarm),
        (alerts.TOO_FREQUENT, found.too_frequent),
    ):
        stands = (job.name, kind) in open_alerts
        if text and not stands:
            alerts.begin(job.name, kind, text)
        # A late run that then failed has not recovered.
        elif stands and not text and (found.recovered or kind not in {alerts.LATE, alerts.FAILING}):
            alerts.end(job.name, kind)

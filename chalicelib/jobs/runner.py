"""The runner does the work of a run when a schedule fires or a message arrives.

It claims the slot and takes one step after another. Before Lambda's time is up, it hands the run over to a new
invocation, through the queue. After an error, the run waits for its next attempt, see `backoff`.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from chalicelib import clock, telemetry
from chalicelib.crm import calendar_days
from chalicelib.errors import Unavailable
from chalicelib.jobs import (
    backfills,
    catalog,
    deliveries,
    error_text,
    ledger,
    operator_schedules,
    queue,
    run_records,
    slots,
)
from chalicelib.jobs.job import Job, Overlap, RunRefused, StepContext, StepResult, StepsInVain
from chalicelib.jobs.ledger import LostLease
from chalicelib.jobs.operations import Execute
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.store import timestamps
from chalicelib.store.transaction import Stale

MARGIN = 60.0
"""Seconds of Lambda time that are left for handing over; half of the time where there is less than twice that."""
REDELIVERY_DELAY = 30
"""Seconds until a message that could not be handled is delivered again."""
_MAX_EARLINESS = timedelta(seconds=30)
"""How long before its slot an event may be dated: some services round down, or their clock is behind."""
_MAX_DELAY = timedelta(minutes=15)
"""How long after its slot an event may arrive."""


class NotDue(ValueError):
    """The event's time fits no slot of the schedule"""


class RunFailed(Exception):
    """The run of this message has failed and is not retried: the message becomes a dead letter"""


@dataclass(frozen=True, slots=True)
class Runner:
    """`execute_as` returns GraphQL's execution for an actor; `seconds_left` is the rest of this invocation's time."""

    execute_as: Callable[[str], Execute]
    seconds_left: Callable[[], float]

    def fire(self, job: Job, moment: datetime) -> None:
        """Handle an event of the job's schedule. Raises NotDue, Unavailable."""
        slot = slot_of(job, moment)
        if not job.has_fixed_schedule and _is_replaced(job, slot):
            return
        if job.queued:
            ledger.record(run_records.new(job.name, slot, Trigger.SCHEDULE))
            queue.send(job.name, slot)
            return
        try:
            self.run(job, slot)
        except Unavailable:
            if job.on_ledger_unavailable is None:
                raise
            log_step(job, slot, job.on_ledger_unavailable())

    def deliver(self, body: str, receipt: str) -> None:
        """Handle a message of the queue. An exception makes the queue deliver it again, or make it a dead letter."""
        delivery = queue.delivery_in(body)
        if delivery:
            deliveries.deliver(delivery)
            return
        try:
            self._handle(queue.read(body))
        except Exception:
            queue.postpone(receipt, REDELIVERY_DELAY)
            raise

    def _handle(self, message: queue.Message) -> None:
        if run_records.find(message.job, message.slot) is None:
            raise queue.BadMessage(f"The ledger has no run of {message.job} for {message.slot}")
        job = catalog.find_any(message.job)
        self.run(job, message.slot)
        run = run_records.find(message.job, message.slot)
        if run and run.finished and run.trigger is Trigger.BACKFILL:
            with suppress(Unavailable):  # the watchdog starts the next one
                backfills.advance(job)
        if run and ledger.has_given_up(run):
            raise RunFailed(run.error)

    def run(self, job: Job, slot: Slot) -> None:
        """Work on a run until it ends, fails or the time is up. After an error, have it attempted again later."""
        run = ledger.claim(job, slot)
        try:
            if run:
                self._work(job, run)
        except Stale:
            return  # another worker has taken over the run, and continues it

    def _work(self, job: Job, run: Run) -> None:
        """Raises Stale when another worker has taken over the run."""
        margin = min(MARGIN, self.seconds_left() / 2)
        context = partial(
            step_context,
            execute=self.execute_as(f"job:{job.name}"),
            has_time=lambda: self.seconds_left() >= margin,
            cache={},
        )
        while not run.finished:
            try:
                run = _take_step(job, run, context(run))
            except LostLease:
                raise
            except RunRefused as refusal:
                run = ledger.end(run, Status.FAILED, error=str(refusal))
            except Exception as error:  # noqa: BLE001 - whatever the error is, the ledger must record it
                run = _handle_error(job, run, error)
                if not run.finished:
                    return
            if not run.finished and self.seconds_left() < margin:
                run = ledger.hand_over(run)
                if not run.finished:
                    queue.send(job.name, run.slot)
                    return
        wake_waiting(job)


def slot_of(job: Job, moment: datetime) -> Slot:
    """Return the slot that an event of `moment` belongs to. Raises NotDue."""
    due = job.schedule.until(moment + _MAX_EARLINESS)
    if moment - due > _MAX_DELAY:
        raise NotDue(f"{job.name} is not due at {moment}: {job.schedule.words}")
    return slots.of(due)


def _is_replaced(job: Job, slot: Slot) -> bool:
    """Return whether operators have changed the schedule, so that the dispatcher starts its runs, and this is no slot."""
    changed = operator_schedules.find_changed(job.name)
    return (
        changed is not None
        and changed.since is not None
        and slots.moment_of(slot) > timestamps.from_text(changed.since)
    )


def log_step(job: Job, slot: Slot, result: StepResult) -> None:
    for line in result.lines:
        telemetry.info(line, job=job.name, slot=slot, personal=job.personal)
    for name, value in result.counts.items():
        telemetry.count(name, value, job=job.name)


def step_context(
    run: Run, *, execute: Execute, has_time: Callable[[], bool] = lambda: True, cache: dict[str, object]
) -> StepContext:
    """Return what the next step of `run` is given."""
    return StepContext(
        slot=run.slot,
        attempts=run.attempts,
        pages=run.pages,
        state=run.state,
        counts=run.counts,
        arguments=run.arguments,
        execute=execute,
        step_data=lambda slot: (
            record.content for record in run_records.step_records(run.job, slot) if record.content is not None
        ),
        other_slots_today=lambda: [slot for slot in _slots_of_day(run) if slot != run.slot],
        has_time=has_time,
        cache=cache,
    )


def _slots_of_day(run: Run) -> list[Slot]:
    day = calendar_days.day_of(run.due)
    return run_records.between(run.job, calendar_days.start_of(day), calendar_days.start_of(day + timedelta(days=1)))


def _take_step(job: Job, run: Run, context: StepContext) -> Run:
    result = job.step(context)
    run = ledger.finish(run, result) if result.state is None else ledger.checkpoint(run, result)
    # Log only what the ledger has accepted: a line logged twice reads as work done twice.
    log_step(job, run.slot, result)
    if run.finished:
        ledger.log_outcome(run)
    return run


def _handle_error(job: Job, run: Run, error: Exception) -> Run:
    """Let the ledger retry or fail the run, and send the message of its next attempt. Raises Stale."""
    telemetry.warn("an attempt of a run failed", job=job.name, slot=run.slot, attempt=run.attempts, exc_info=error)
    if isinstance(error, StepsInVain):
        run = replace(run, attempts_since_progress=run.attempts)
    run = ledger.retry_or_fail(job, run, error_text.describe(error), error_text.trace_of(error))
    if run.next_attempt_at:
        delay = max(timestamps.from_text(run.next_attempt_at) - clock.now(), timedelta())
        if delay <= queue.MAX_DELAY:  # a later attempt is started by the watchdog
            with suppress(Unavailable):  # likewise
                queue.send(job.name, run.slot, delay)
    return run


def wake_waiting(job: Job) -> None:
    """Send a message for the oldest run that waits until the job is free, so that it need not wait for the watchdog."""
    if job.overlap is Overlap.SKIP:
        return
    try:
        now = clock.now()
        waiting = [run for run in run_records.unfinished() if run.job == job.name and run.status is Status.WAITING]
        free = [run.slot for run in waiting if not run.is_backing_off_at(now)]
        if free:
            queue.send(job.name, min(free))
    except Unavailable:
        return  # the watchdog sends them

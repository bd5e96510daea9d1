"""Running: what a schedule's firing and a message of the queue set off.

A firing claims its slot and works page by page. Short of time it hands the run over through the queue; an error lets it
wait there for its next try.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from traceback import format_exception
from typing import Any

from chalicelib import telemetry
from chalicelib.errors import Unavailable
from chalicelib.jobs import catalog, ledger, queue, run_records, slots
from chalicelib.jobs.job import Execute, Job, Overlap, RunRefused, StepContext, StepResult
from chalicelib.jobs.ledger import LostLease
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.store.transaction import Stale

MARGIN = 60.0
"""Seconds of Lambda time that are kept for handing over; half of the time where there is less than twice that."""
PAUSE = 30
"""Seconds before the second try."""
_MAX_TRACE = 8000
_WINDOW = timedelta(minutes=15)
"""How far the time of an event may lie behind its slot."""


class NotDue(ValueError):
    """The event's time fits no firing of the schedule"""


class RunFailed(Exception):
    """The run of this message has failed for good: it belongs to the dead letters"""


@dataclass(frozen=True, slots=True)
class Runner:
    """`execute` runs GraphQL in process, `seconds_left` is the time of this invocation."""

    execute: Execute
    seconds_left: Callable[[], float]

    def fire(self, job: Job, moment: datetime) -> None:
        """The schedule of `job` fired at `moment`. Raises NotDue, Unavailable."""
        slot = slot_of(job, moment)
        if job.queued:
            ledger.record(run_records.new(job.name, slot, Trigger.SCHEDULE))
            queue.send(job.name, slot)
            return
        try:
            failed = self.run(job, slot)
        except Unavailable:
            if job.on_ledger_unavailable is None:
                raise
            log_step(job, slot, job.on_ledger_unavailable())
        else:
            if failed:
                queue.send(job.name, slot, delay=PAUSE)

    def deliver(self, body: str, receipt: str) -> None:
        """A message asks for a run. Raises what it fails of, so that the queue sends the message again, or buries it."""
        try:
            self._handle(queue.read(body))
        except Exception:
            queue.postpone(receipt, PAUSE)
            raise

    def _handle(self, message: queue.Message) -> None:
        if run_records.find(message.job, message.slot) is None:
            raise queue.BadMessage(f"The ledger has no run of {message.job} for {message.slot}")
        failed = self.run(catalog.find(message.job), message.slot)
        if failed:
            raise failed
        run = run_records.find(message.job, message.slot)
        if run and run.status is Status.FAILED and run.attempts_since_progress >= ledger.MAX_ATTEMPTS_WITHOUT_PROGRESS:
            raise RunFailed(run.error)

    def run(self, job: Job, slot: str) -> Exception | None:
        """Work on a run as long as there is work and time; the error after which it waits for a further try."""
        run = ledger.claim(job, slot)
        try:
            return self._carry_on(job, run) if run else None
        except Stale:
            return None  # it is somebody else's now, who goes on

    def _carry_on(self, job: Job, run: Run) -> Exception | None:
        """Raises Stale when the run is lost."""
        margin = min(MARGIN, self.seconds_left() / 2)
        cache: dict[str, Any] = {}
        while not run.finished:
            try:
                run = self._take_step(job, run, cache)
            except LostLease:
                raise
            except RunRefused as refusal:
                run = ledger.end(run, Status.FAILED, error=str(refusal))
            except Exception as error:  # noqa: BLE001 - whatever a step fails of, the ledger must say so
                return _try_again(job, run, error)
            if not run.finished and self.seconds_left() < margin:
                ledger.release(run)
                queue.send(job.name, run.slot)
                return None
        _wake_waiting(job)
        return None

    def _take_step(self, job: Job, run: Run, cache: dict[str, Any]) -> Run:
        page = job.step(self._work(run, cache))
        run = ledger.finish(run, page) if page.state is None else ledger.checkpoint(run, page)
        log_step(
            job, run.slot, page
        )  # not before it is certain: what is told twice was done twice, to whoever reads the log
        if run.finished:
            ledger.log_outcome(run)
        return run

    def _work(self, run: Run, cache: dict[str, Any]) -> StepContext:
        return StepContext(
            slot=run.slot,
            pages=run.pages,
            state=run.state,
            counts=run.counts,
            arguments=run.arguments,
            execute=self.execute,
            step_data=lambda slot: (
                kept.content for kept in run_records.kept(run.job, slot) if kept.content is not None
            ),
            other_slots_today=lambda: [slot for slot in run_records.on_day(run.job, run.slot[:10]) if slot != run.slot],
            cache=cache,
        )


def slot_of(job: Job, moment: datetime) -> str:
    """The firing that an event of `moment` is for. Raises NotDue."""
    firing = job.schedule.until(moment)
    if moment - firing > _WINDOW:
        raise NotDue(f"{job.name} is not due at {moment}: {job.schedule.words}")
    return slots.of(firing)


def _try_again(job: Job, run: Run, error: Exception) -> Exception | None:
    text = f"{type(error).__name__}: {error}"
    trace = "".join(format_exception(error))[-_MAX_TRACE:]
    telemetry.warn("a try of a run failed", job=job.name, slot=run.slot, attempt=run.attempts, exc_info=error)
    try:
        if run.attempts_since_progress < ledger.MAX_ATTEMPTS_WITHOUT_PROGRESS:
            ledger.release(run, text, trace)
        else:
            ledger.end(run, Status.FAILED, error=text, trace=trace)
            _wake_waiting(job)
    except Stale:
        return None  # somebody else has taken it over
    return error


def _wake_waiting(job: Job) -> None:
    """The job is free: those that wait for it need not wait for the watch."""
    if job.overlap is Overlap.SKIP:
        return
    try:
        for waiting in run_records.unfinished():
            if waiting.job == job.name and waiting.status is Status.WAITING:
                queue.send(job.name, waiting.slot)
    except Unavailable:
        return  # the watch sends them


def log_step(job: Job, slot: str, page: StepResult) -> None:
    for line in page.lines:
        telemetry.info(line, job=job.name, slot=slot, personal=job.personal)
    for name, value in page.counts.items():
        telemetry.count(name, value, job=job.name)

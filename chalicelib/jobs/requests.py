"""What operators ask for: a run now, a run once more, dead letters sent again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib import clock
from chalicelib.errors import JobPaused, NotFound, Unavailable
from chalicelib.jobs import control, ledger, queue, runs, slots
from chalicelib.jobs.job import Job
from chalicelib.jobs.runs import Run, Status, Trigger


@dataclass(frozen=True, slots=True)
class Redriven:
    """`left` are those that no run can be made of."""

    sent: int
    left: int


def run_now(job: Job, actor: str, arguments: Mapping[str, Any]) -> Run:
    """A run through the queue. While one that was asked for in the same words still waits, that one is the answer."""
    pause = control.find(job.name).paused_at(clock.now())
    if pause:
        raise JobPaused(f"{job.name} is paused by {pause.actor}: {pause.reason}. Resume it first", field="name")
    for run in runs.unfinished():
        asked_for = run.status is Status.WAITING and run.trigger is Trigger.OPERATOR
        if run.job == job.name and asked_for and run.arguments == arguments:
            return run
    slot = slots.of_request(clock.now())
    run = ledger.record(runs.new(job.name, slot, Trigger.OPERATOR, actor=actor, arguments=dict(arguments)))
    _send(run)
    return run


def run_again(job: Job, slot: str, actor: str) -> Run:
    """Another chance for a run that failed, was missed or was skipped. Raises NotFound, RunNotRepeatable."""
    run = runs.find(job.name, slot)
    if run is None:
        raise NotFound(f"{job.name} has no run of {slot}", field="slot")
    again = ledger.reopen(run, actor)
    _send(again)
    return again


def redrive(actor: str) -> Redriven:
    """Send dead letters again, each before it is removed: a crash between leaves one too many, which does no harm."""
    sent = left = 0
    for letter in queue.take_dead_letters():
        if letter.message is None:
            left += 1
            continue
        run = runs.find(letter.message.job, letter.message.slot)
        if run and run.status is Status.FAILED:
            ledger.reopen(run, actor)
        queue.send(letter.message.job, letter.message.slot)
        queue.remove(letter)
        sent += 1
    return Redriven(sent, left)


def _send(run: Run) -> None:
    try:
        queue.send(run.job, run.slot)
    except Unavailable:
        return  # it waits in the ledger, and the watch sends it

"""Find everything that is wrong now, or went wrong in 24 hours, for the console and `crmctl status`.

What failed or was missed counts for 24 hours, whatever has succeeded since. Late runs, alerts, dead letters, long pauses and
merges that have stopped count as of now. The number of calls does not depend on the history.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.crm import merge_records
from chalicelib.errors import Unavailable
from chalicelib.jobs import notification_channels, queue, run_records, runs_by_status
from chalicelib.jobs.overview import JobNow
from chalicelib.jobs.run_records import Status
from chalicelib.jobs.runs_by_status import RunKey
from chalicelib.jobs.slots import Slot
from chalicelib.plurals import counted
from chalicelib.store import timestamps

WINDOW = timedelta(hours=24)
MERGE_WAIT = timedelta(minutes=10)
"""A merge of customers without a step for so long has been given up."""
MAX_LISTED = 20
"""How many failed runs are listed one by one, and how many missed ones."""


class ProblemKind(StrEnum):
    FAILED = "FAILED"
    MISSED = "MISSED"
    LATE = "LATE"
    ALERT = "ALERT"
    PAUSED = "PAUSED"
    MERGE = "MERGE"
    DEAD_LETTERS = "DEAD_LETTERS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    kind: ProblemKind
    text: str
    job: str | None = None
    slot: Slot | None = None
    """Of the run that failed or was missed."""
    schedule: str | None = None
    kept_id: str | None = None
    """The customers of a merge."""
    absorbed_id: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Findings:
    problems: list[Problem]
    more: bool
    """There are more than are counted."""

    @property
    def count(self) -> int:
        return sum(problem.count for problem in self.problems)


def find(jobs: Sequence[JobNow], now: datetime) -> Findings:
    """Return what is wrong. `jobs` are all jobs as they are at `now`."""
    failed, has_more_failed = runs_by_status.newest(Status.FAILED, now - WINDOW, now)
    missed, has_more_missed = runs_by_status.newest(Status.MISSED, now - WINDOW, now)
    lost = [*failed, *missed]
    found = [
        *_of_runs(failed, missed),
        *(problem for job in jobs for problem in _of_job(job, lost)),
        *_of_merges(now),
        *_of_queue(),
        *_of_channels(now),
    ]
    return Findings(found, has_more_failed or has_more_missed)


def _of_runs(failed: Sequence[RunKey], missed: Sequence[RunKey]) -> Iterator[Problem]:
    """Yield the newest runs one by one, and the number of the others."""
    listed = [*failed[:MAX_LISTED], *missed[:MAX_LISTED]]
    runs = run_records.find_pairs((key.job, key.slot) for key in listed)
    for kind, keys in ((ProblemKind.FAILED, failed), (ProblemKind.MISSED, missed)):
        for key in keys[:MAX_LISTED]:
            run = runs.get((key.job, key.slot))
            if run and run.status is key.status:  # the index may be behind: it was repeated meanwhile
                text = run.error if kind is ProblemKind.FAILED else run.reason
                text = text or f"the run {kind.lower()}"
                yield Problem(kind=kind, text=text, job=run.job, slot=run.slot, schedule=run.schedule)
        if others := len(keys[MAX_LISTED:]):
            yield Problem(kind=kind, text=f"{others} more", count=others)


def _of_job(job: JobNow, lost: Sequence[RunKey]) -> Iterator[Problem]:
    """Yield the problems of a job but those of runs that are counted already."""
    found = job.health
    for kind, text in (
        (ProblemKind.LATE, found.late),
        *((ProblemKind.ALERT, text) for text in (found.slow, found.failing, found.alarm, found.too_frequent)),
        (ProblemKind.ALERT, found.paused),
        *((ProblemKind.ALERT, text) for text in job.broken_schedules),
        (ProblemKind.PAUSED, job.long_pause),
        *((ProblemKind.PAUSED, text) for text in job.long_disabled),
    ):
        if text and not any(key.job == job.name and text.startswith(f"the run of {key.slot} ") for key in lost):
            yield Problem(kind=kind, text=text, job=job.name)


def _of_merges(now: datetime) -> Iterator[Problem]:
    """Yield the merges of customers, and their undoings, with which nobody goes on: each request does only a part."""
    for merge in merge_records.find_unfinished():
        if now - timestamps.from_text(merge.changed_at) <= MERGE_WAIT:
            continue
        is_undone = merge.status is merge_records.Status.UNDOING
        what = "undoing of the merge" if is_undone else "merge"
        done = f"{counted(merge.returned, 'order')} back" if is_undone else f"{counted(merge.moved, 'order')} moved"
        yield Problem(
            kind=ProblemKind.MERGE,
            text=f"the {what} of {merge.absorbed_id} into {merge.kept_id} has stopped, with {done}: repeat it to complete it",
            kept_id=merge.kept_id,
            absorbed_id=merge.absorbed_id,
        )


def _of_queue() -> Iterator[Problem]:
    try:
        dead = queue.depth()["dead"]
    except Unavailable:
        yield Problem(kind=ProblemKind.ALERT, text="the queue does not answer")
        return
    if dead:
        text = f"{counted(dead, 'message')} failed for good"
        yield Problem(kind=ProblemKind.DEAD_LETTERS, text=text, count=dead)


def _of_channels(now: datetime) -> Iterator[Problem]:
    day_ago = timestamps.to_text(now - WINDOW)
    for channel in notification_channels.find_all_with_status():
        failed = channel.last_failed_at or ""
        if channel.enabled and failed > max(channel.last_delivered_at or "", day_ago):
            yield Problem(kind=ProblemKind.ALERT, text=f"notifications to {channel.name} fail: {channel.last_error}")

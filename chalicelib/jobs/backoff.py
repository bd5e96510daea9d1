"""When a run that failed is attempted again.

    attempt --fails--> 30 s --> attempt --fails--> 2 min --> ... 10 min ... 1 h ... 4 h --> attempt --fails--> FAILED

Progress starts the series anew. No attempt is made once the schedule's next slot is due, because that slot does the work.
"""

import random
from datetime import datetime, timedelta

from chalicelib.jobs import operator_schedules
from chalicelib.jobs.job import CatchUp, Job
from chalicelib.jobs.run_records import Run
from chalicelib.store import timestamps

DELAYS = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=4),
)
MAX_ATTEMPTS_WITHOUT_PROGRESS = 1 + len(DELAYS)
_JITTER = 0.2
"""Each delay is longer by a random share of up to this, so that jobs that failed together do not return together."""


def next_attempt_at(job: Job, run: Run, now: datetime) -> datetime | None:
    """Return when to attempt a run again that has just failed, or None if it is not attempted again."""
    if job.catch_up is CatchUp.NONE or run.attempts_since_progress >= MAX_ATTEMPTS_WITHOUT_PROGRESS:
        return None  # a late result of a job that catches up nothing is of no use
    delay = DELAYS[max(run.attempts_since_progress, 1) - 1]
    moment = now + delay * random.uniform(1, 1 + _JITTER)  # noqa: S311 - not a secret
    requested_at = max(run.due, timestamps.from_text(run.created_at))
    next_slot = operator_schedules.slot_after(job, run.slot, requested_at)
    return moment if next_slot is None or moment < next_slot else None

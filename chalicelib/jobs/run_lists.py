"""Lists of runs in pages, newest first: of one job or of all, by status, trigger, person, time or text.

The index of runs by status and time answers a filter by status, so that a year of heartbeats hides no failure. The slots
of one job are a partition of the table itself. What neither answers is compared with the rows, within the read budget; a text
also with the log, which takes a call for each run.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.jobs import log_lines, run_records, slots
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.store import tables
from chalicelib.store.index_keys import SEPARATOR
from chalicelib.store.index_scan import IndexRange
from chalicelib.store.pagination import Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """What runs must have to be listed. None stands for any."""

    job: str | None = None
    schedule: str | None = None
    status: Status | None = None
    trigger: Trigger | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    """In any case of letters, in the error, in the reason, or in the log of the latest steps."""

    def passes(self, run: Run) -> bool:
        wanted = (self.job, self.schedule, self.status, self.trigger, self.actor)
        found = (run.job, run.schedule, run.status, run.trigger, run.actor)
        return all(each in {None, value} for each, value in zip(wanted, found, strict=True)) and self._has_text(run)

    def _has_text(self, run: Run) -> bool:
        if self.text is None:
            return True
        text = self.text.casefold()
        if any(text in (found or "").casefold() for found in (run.error, run.reason)):
            return True
        return any(text in line.casefold() for line in log_lines.read_latest_steps(run))

    @property
    def query(self) -> str:
        return SEPARATOR.join(map(str, ("runs", *(getattr(self, name) for name in self.__slots__))))

    @property
    def partition_job(self) -> str | None:
        """The job whose partition of the table is read. Those that have not succeeded are few among those that have."""
        return self.job if self.status in {None, Status.SUCCEEDED} else None


def listing(wanted: RunFilter) -> Listing[Run]:
    low = slots.start_of(wanted.since) if wanted.since else None
    high = slots.end_of(wanted.until) if wanted.until else None
    others: tuple[str | None, ...] = (wanted.schedule, wanted.trigger, wanted.actor, wanted.text)
    if wanted.partition_job:
        found = IndexRange(
            tables.Run, None, "job", "slot", (wanted.partition_job,), id_name="job", low=low, high=high, has_ties=True
        )
        others = (*others, wanted.status)
    else:
        statuses = (wanted.status,) if wanted.status else tuple(Status)
        found = IndexRange(
            tables.Run, "by_time", "status", "slot", statuses, id_name="job", low=low, high=high, has_ties=True
        )
        others = (*others, wanted.job)
    return Listing(
        index_range=found,
        descending=True,
        query=wanted.query,
        fetch=_fetch,
        passes=wanted.passes,
        exact=all(each is None for each in others),
        row_calls=int(wanted.text is not None),
    )


def _fetch(row_ids: Iterable[str]) -> dict[str, Run]:
    """Return the runs by the ids that `IndexRange` makes of their keys."""
    keys = [row_id.split(SEPARATOR) for row_id in row_ids]
    found = run_records.find_pairs((job, slot) for slot, job in keys)
    return {f"{slot}{SEPARATOR}{job}": run for (job, slot), run in found.items()}

"""Operators' schedules: more of them for a job, and changed versions of its own. Rows `(schedule, id)` of `ops`.

`next_at` is the next slot that has no answer yet. Whoever moves it on writes the answer in the same transaction (see
`dispatcher`), so each slot gets one, and none is left out. All rows are read with one query; there are at most 100.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from chalicelib.jobs import crontab, run_arguments, slots
from chalicelib.jobs.crontab import BadCrontab
from chalicelib.jobs.job import Job
from chalicelib.jobs.run_arguments import RunArguments
from chalicelib.jobs.slots import Slot
from chalicelib.store import reads, tables, timestamps

PARTITION = "schedule"
KIND = "sch"
"""Begins the ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSchedule:
    """A row. Times are instants in UTC, as text."""

    id: str
    job: str
    crontab: str | None
    """None: it is due once, `at`."""
    time_zone: str = "UTC"
    at: str | None = None
    arguments: RunArguments = field(default_factory=RunArguments)
    starts_at: str | None = None
    ends_at: str | None = None
    spread: int = 0
    """Minutes over which runs are spread, so that not everything starts at once."""
    start_limit: int | None = None
    """Minutes within which a run must have started. None, here and below: what the job has in the catalog."""
    run_limit: int | None = None
    """Minutes that a run may take."""
    catch_up_window: int | None = None
    """Minutes: older missed slots are not caught up."""
    pause_after: int | None = None
    """After so many failed runs in a row, the schedule pauses itself."""
    paused: str | None = None
    """Why it has paused itself. It is then not enabled."""
    latest_slots: tuple[str, ...] = ()
    """The instants of the slots that were run last, oldest first, as many as `pause_after` needs."""
    enabled: bool = True
    note: str | None = None
    created_at: str | None = None
    created_by: str | None = None
    updated_at: str | None = None
    updated_by: str | None = None
    since: str | None = None
    """Of a job's own schedule: from when on this row takes the place of the schedule in the catalog."""
    next_at: str | None = None
    """The next slot without an answer; None if there is none."""
    token: str = ""

    @property
    def is_built_in(self) -> bool:
        return self.id == slots.built_in_id(self.job)

    @property
    def slot(self) -> Slot | None:
        """The next slot without an answer. The slots of a job's own schedule do not name it."""
        if self.next_at is None:
            return None
        return slots.of(timestamps.from_text(self.next_at), None if self.is_built_in else self.id)

    @property
    def broken(self) -> str | None:
        """Why it cannot be served any more, for example because tzdata has dropped its time zone."""
        try:
            _ = self.crontab and crontab.parsed(self.crontab, self.time_zone)
        except BadCrontab as bad:
            return str(bad)
        return None

    @property
    def words(self) -> str:
        if not self.crontab:
            return f"Once, at {self.at}"
        return f"{self.crontab} ({self.broken})" if self.broken else crontab.parsed(self.crontab, self.time_zone).words

    def due_after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the instants after `moment` at which the schedule is due, in order."""
        if not self.enabled:
            return
        if self.at:
            due = timestamps.from_text(self.at)
            yield from [due] if due > moment else []
        if self.crontab:
            begin = timestamps.from_text(self.starts_at) - timedelta(seconds=1) if self.starts_at else moment
            end = timestamps.from_text(self.ends_at) if self.ends_at else None
            for due in crontab.parsed(self.crontab, self.time_zone).after(max(moment, begin)):
                if end and due > end:
                    return
                yield due

    def next_after(self, moment: datetime) -> str | None:
        """Return the first instant after `moment` at which the schedule is due, as text."""
        return next((slots.of(due) for due in self.due_after(moment)), None)

    def next_runs(self, count: int) -> list[str]:
        """Return the next instants without an answer, at most `count`."""
        if self.next_at is None or self.broken:
            return []
        just_before = timestamps.from_text(self.next_at) - timedelta(seconds=1)
        return [slots.of(due) for due in islice(self.due_after(just_before), count)]


def built_in(job: Job, now: datetime) -> OperatorSchedule:
    """Return a job's own schedule as the catalog has it."""
    crontab = job.schedule.crontab
    next_at = slots.of(job.schedule.after(now))
    return OperatorSchedule(id=slots.built_in_id(job.name), job=job.name, crontab=crontab, next_at=next_at)


def find(schedule_id: str) -> OperatorSchedule | None:
    item = reads.get_op(PARTITION, schedule_id)
    return load(item) if item else None


def find_changed(job: str) -> OperatorSchedule | None:
    """Return the row that takes the place of a job's own schedule, if operators have changed it."""
    return find(slots.built_in_id(job))


def changed_schedule(job: str, schedules: Iterable[OperatorSchedule]) -> OperatorSchedule | None:
    """Return the row among `schedules` that takes the place of a job's own schedule."""
    return next((row for row in schedules if row.job == job and row.is_built_in), None)


def find_all() -> list[OperatorSchedule]:
    """Return all rows, as they are now, in the order of their ids."""
    items = reads.query(
        TableName=reads.table_name(tables.AuxRow),
        KeyConditionExpression="pk = :schedule",
        ExpressionAttributeValues={":schedule": {"S": PARTITION}},
        ConsistentRead=True,
    )
    return [load(item) for item in items]


def was_written(schedule: OperatorSchedule) -> bool:
    """Return whether the row is as this write made it."""
    return reads.has_token(tables.AuxRow, schedule.token, pk=PARTITION, sk=schedule.id)


def slot_after(job: Job, slot: Slot, moment: datetime) -> datetime | None:
    """Return when the schedule of a run is due next after `moment`; None if it is not, or was deleted."""
    if job.is_on_demand:
        return None
    schedule_id = slots.schedule_of(slot)
    row = find(schedule_id or slots.built_in_id(job.name))
    if row is not None:
        return None if row.broken else next(row.due_after(moment), None)
    return None if schedule_id else job.schedule.after(moment)


def to_row(schedule: OperatorSchedule) -> tables.AuxRow:
    content = {name: value for name, value in asdict(schedule).items() if name not in {"id", "token"}}
    return tables.AuxRow(pk=PARTITION, sk=schedule.id, content=content, token=schedule.token)


def to_change_row(schedule: OperatorSchedule) -> dict[str, object]:
    """Return the fields that operators change, for change rows."""
    return {
        "job": schedule.job,
        "crontab": schedule.crontab,
        "at": schedule.at,
        "timeZone": schedule.time_zone,
        "arguments": dict(run_arguments.as_texts(schedule.arguments)),
        "startsAt": schedule.starts_at,
        "endsAt": schedule.ends_at,
        "spread": schedule.spread,
        "startLimit": schedule.start_limit,
        "runLimit": schedule.run_limit,
        "catchUpWindow": schedule.catch_up_window,
        "pauseAfter": schedule.pause_after,
        "enabled": schedule.enabled,
        "note": schedule.note,
    }


def key(schedule_id: str) -> tables.AuxRow:
    """Return the row with nothing but its key, for deletions."""
    return tables.AuxRow(pk=PARTITION, sk=schedule_id)


def load(item: reads.Item) -> OperatorSchedule:
    content: Mapping[str, Any] = reads.json_of(item, "content")
    known = {name: content[name] for name in content if name in _FIELDS}  # a later release may have stored others
    latest = tuple(known.pop("latest_slots", ()))
    return OperatorSchedule(id=item["sk"]["S"], token=item["token"]["S"], latest_slots=latest, **known)


_FIELDS = {each.name for each in fields(OperatorSchedule)}

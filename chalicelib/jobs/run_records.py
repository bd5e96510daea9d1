"""Runs: the rows of the ledger, and how they are read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib import clock
from chalicelib.jobs import slots
from chalicelib.store import index_keys, reads, tables, timestamps
from chalicelib.store.index_scan import IndexRange
from chalicelib.store.pagination import Listing


class Status(StrEnum):
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    MISSED = "MISSED"


class Trigger(StrEnum):
    SCHEDULE = "SCHEDULE"
    CATCH_UP = "CATCH_UP"
    OPERATOR = "OPERATOR"


UNFINISHED = (Status.WAITING, Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Run:
    """A row keyed job + slot. Without a token it is not stored yet."""

    job: str
    slot: str
    trigger: Trigger
    created_at: str
    status: Status = Status.WAITING
    actor: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    owner: str | None = None
    """Who has claimed it: another text with each claim."""
    lease_until: str | None = None
    """Until when nobody else may claim it; None in a running one that is handed over."""
    attempts: int = 0
    """How often it was begun, or begun again after a failure; handing over does not count."""
    attempts_since_progress: int = 0
    """The attempts since it last got a page further, the one that did included."""
    pages: int = 0
    state: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    started_at: str | None = None
    finished_at: str | None = None
    error: str | None = None
    trace: str | None = None
    reason: str | None = None
    """Why it waits, was skipped or missed."""
    token: str = ""
    """Changes with each write: who has read an older one writes nothing."""

    @property
    def finished(self) -> bool:
        return self.status not in UNFINISHED

    @property
    def due(self) -> datetime:
        return slots.moment_of(self.slot)

    def held_at(self, moment: datetime) -> bool:
        """Whether somebody is at work on it."""
        return (
            self.status is Status.RUNNING
            and self.lease_until is not None
            and self.lease_until > timestamps.to_text(moment)
        )

    @property
    def seconds(self) -> float | None:
        """From its beginning to its end."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (timestamps.from_text(self.finished_at) - timestamps.from_text(self.started_at)).total_seconds()


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What a page of a run left behind."""

    lines: list[str]
    content: Any


def new(job: str, slot: str, trigger: Trigger, **more: Any) -> Run:
    return Run(job, slot, trigger, timestamps.to_text(clock.now()), **more)


def find(job: str, slot: str) -> Run | None:
    item = reads.get(tables.Run, {"job": {"S": job}, "slot": {"S": slot}})
    return load(item) if item else None


def find_all(job: str, job_slots: Iterable[str]) -> dict[str, Run]:
    keys_ = [{"job": {"S": job}, "slot": {"S": slot}} for slot in job_slots]
    return {item["slot"]["S"]: load(item) for item in reads.get_all(tables.Run, keys_, consistent=True)}


def latest(job: str, count: int) -> list[Run]:
    """The newest first."""
    answer = reads.call(
        "query",
        TableName=reads.table_name(tables.Run),
        KeyConditionExpression="job = :job",
        ExpressionAttributeValues={":job": {"S": job}},
        ScanIndexForward=False,
        ConsistentRead=True,
        Limit=count,
    )
    return [load(item) for item in answer["Items"]]


def listing(job: str, status: Status | None = None) -> Listing[Run]:
    """The newest first."""
    path = IndexRange(tables.Run, None, "job", "slot", (job,), id_name="slot")
    return Listing(
        path=path,
        descending=True,
        query=f"runs {job} {status}",
        fetch=lambda found: find_all(job, found),
        passes=lambda run: status in {None, run.status},
        exact=status is None,
    )


def unfinished() -> list[Run]:
    """Of all jobs."""
    found: list[Run] = []
    for status in UNFINISHED:
        items = reads.query(
            TableName=reads.table_name(tables.Run),
            IndexName="by_status",
            KeyConditionExpression="unfinished = :status",
            ExpressionAttributeValues={":status": {"S": status}},
        )
        rows = reads.get_all(tables.Run, [{"job": item["job"], "slot": item["slot"]} for item in items])
        found += [load(row) for row in rows]
    return [run for run in found if not run.finished]


def on_day(job: str, day: str) -> list[str]:
    """The slots of a day (YYYY-MM-DD) that have a row."""
    items = reads.query(
        TableName=reads.table_name(tables.Run),
        KeyConditionExpression="job = :job AND begins_with(slot, :day)",
        ExpressionAttributeValues={":job": {"S": job}, ":day": {"S": day}},
        ConsistentRead=True,
    )
    return [item["slot"]["S"] for item in items]


def kept(job: str, slot: str) -> Iterator[StepRecord]:
    """What the pages left, in their order."""
    items = reads.query(
        TableName=reads.table_name(tables.AuxRow),
        KeyConditionExpression="pk = :run",
        ExpressionAttributeValues={":run": {"S": partition(job, slot)}},
        ConsistentRead=True,
    )
    for item in items:
        stored = reads.json_of(item, "content")
        yield StepRecord(stored["lines"], stored["content"])


def partition(job: str, slot: str) -> str:
    """Where in `ops` the pages of a run are."""
    return index_keys.SEPARATOR.join(("run", job, slot))


def load(item: reads.Item) -> Run:
    return Run(
        job=item["job"]["S"],
        slot=item["slot"]["S"],
        trigger=Trigger(item["trigger"]["S"]),
        created_at=item["created_at"]["S"],
        status=Status(item["status"]["S"]),
        actor=reads.text(item, "actor"),
        arguments=reads.json_of(item, "arguments"),
        owner=reads.text(item, "owner"),
        lease_until=reads.text(item, "lease_until"),
        attempts=reads.number(item, "attempts"),
        attempts_since_progress=reads.number(item, "tries"),
        pages=reads.number(item, "pages"),
        state=reads.json_of(item, "state"),
        counts=reads.json_of(item, "counts"),
        started_at=reads.text(item, "started_at"),
        finished_at=reads.text(item, "finished_at"),
        error=reads.text(item, "error"),
        trace=reads.text(item, "trace"),
        reason=reads.text(item, "reason"),
        token=item["token"]["S"],
    )

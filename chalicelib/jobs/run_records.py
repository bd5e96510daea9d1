"""The records of runs and steps, and how to read them: one for each run, and one for each step that left lines or data."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib import clock
from chalicelib.jobs import run_failures, slots, step_rows
from chalicelib.jobs.job import StepResult
from chalicelib.jobs.run_arguments import RunArguments
from chalicelib.jobs.run_cancellation import Cancellation
from chalicelib.jobs.run_failures import Failure
from chalicelib.jobs.slots import Slot
from chalicelib.settings import settings
from chalicelib.store import index_keys, reads, tables, timestamps
from chalicelib.store.fast_dataclasses import quickly_made
from chalicelib.store.put_request import PlainRow


class Status(StrEnum):
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    MISSED = "MISSED"
    CANCELLED = "CANCELLED"


class Trigger(StrEnum):
    SCHEDULE = "SCHEDULE"
    CATCH_UP = "CATCH_UP"
    OPERATOR = "OPERATOR"
    BACKFILL = "BACKFILL"
    """An operator had the slots of the past run, see `backfills`."""


UNFINISHED = (Status.WAITING, Status.RUNNING)


@quickly_made
@dataclass(frozen=True, slots=True)
class Run:
    """A row, keyed by job and slot. Without a token it is not stored yet."""

    job: str
    slot: Slot
    trigger: Trigger
    created_at: str
    status: Status = Status.WAITING
    actor: str | None = None
    arguments: RunArguments = field(default_factory=RunArguments)
    owner: str | None = None
    """Names the claim: each claim writes a new value."""
    lease_until: str | None = None
    """Until then nobody else may claim the run. None in a RUNNING run that was handed over."""
    attempts: int = 0
    """How often the run was started, or started again after a failure. Handing over does not count."""
    attempts_since_progress: int = 0
    """The attempts since the last completed step, including the attempt that completed it."""
    next_attempt_at: str | None = None
    """When a run that failed is attempted again. None in a run that does not wait for that."""
    pages: int = 0
    """The number of completed steps."""
    state: Mapping[str, object] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    started_at: str | None = None
    finished_at: str | None = None
    error: str | None = None
    trace: str | None = None
    failures: tuple[Failure, ...] = ()
    reason: str | None = None
    """Why the run waits, was skipped or was missed, or had the result that it had."""
    cancellation: Cancellation | None = None
    """The worker that finds this in its run ends it after the step that it is taking."""
    token: str = ""
    """Changes with each write. A writer that has read an older token is refused."""

    @property
    def finished(self) -> bool:
        return self.status not in UNFINISHED

    @property
    def due(self) -> datetime:
        return slots.moment_of(self.slot)

    @property
    def schedule(self) -> str:
        """The id of the schedule that was due. Runs that operators started count as those of the job's own."""
        return slots.schedule_of(self.slot) or slots.built_in_id(self.job)

    def held_at(self, moment: datetime) -> bool:
        """Return whether a worker holds the run at `moment`."""
        return (
            self.status is Status.RUNNING
            and self.lease_until is not None
            and self.lease_until > timestamps.to_text(moment)
        )

    def is_backing_off_at(self, moment: datetime) -> bool:
        """Return whether the run failed and its next attempt is not due at `moment`."""
        return self.next_attempt_at is not None and self.next_attempt_at > timestamps.to_text(moment)

    @property
    def seconds(self) -> float | None:
        """How long the run took, from its start to its end."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (timestamps.from_text(self.finished_at) - timestamps.from_text(self.started_at)).total_seconds()


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What one step of a run stored."""

    lines: list[str]
    content: object


def new(  # noqa: PLR0913 - what a run may be created with
    job: str,
    slot: Slot,
    trigger: Trigger,
    *,
    actor: str | None = None,
    arguments: RunArguments | None = None,
    reason: str | None = None,
) -> Run:
    """Return a run that waits. It is not stored."""
    created_at = timestamps.to_text(clock.now())
    return Run(job, slot, trigger, created_at, actor=actor, arguments=arguments or {}, reason=reason)


def find(job: str, slot: Slot) -> Run | None:
    item = reads.get(tables.Run, {"job": {"S": job}, "slot": {"S": slot}})
    return load(item) if item else None


def find_at(job: str, instant: str) -> list[Run]:
    """Return the runs of a job that were due at an instant: one for each schedule."""
    return [load(item) for item in _items(job, instant, instant + slots.LAST)]


def find_all(job: str, job_slots: Iterable[str]) -> dict[Slot, Run]:
    """Return the runs of those slots that have a row."""
    return {run.slot: run for run in find_pairs((job, slot) for slot in job_slots).values()}


def find_pairs(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, Slot], Run]:
    """Return the runs of those jobs and slots that have a row."""
    row_keys = [{"job": {"S": job}, "slot": {"S": slot}} for job, slot in pairs]
    items = reads.get_all(tables.Run, row_keys, consistent=True)
    return {(run.job, run.slot): run for run in map(load, items)}


def latest(job: str, count: int, until: datetime | None = None) -> list[Run]:
    """Return the latest runs of a job, newest first. With `until`, leave out those that are due later."""
    condition, values = "job = :job", {":job": {"S": job}}
    if until:
        condition += " AND slot <= :until"
        values[":until"] = {"S": slots.end_of(until)}
    answer = reads.call(
        "query",
        TableName=reads.table_name(tables.Run),
        KeyConditionExpression=condition,
        ExpressionAttributeValues=values,
        ScanIndexForward=False,
        ConsistentRead=True,
        Limit=count,
    )
    return [load(item) for item in answer["Items"]]


def unfinished() -> list[Run]:
    """Return the runs of all jobs that have not ended."""
    found: list[Run] = []
    for status in UNFINISHED:
        items = reads.query(
            TableName=reads.table_name(tables.Run),
            IndexName="by_time",
            KeyConditionExpression="#status = :status",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":status": {"S": status}},
        )
        rows = reads.get_all(tables.Run, [{"job": item["job"], "slot": item["slot"]} for item in items])
        found += [load(row) for row in rows]
    return [run for run in found if not run.finished]


def between(job: str, since: datetime, before: datetime) -> list[Slot]:
    """Return the slots from `since` on, and before `before`, that have a row. Both are whole seconds."""
    return [Slot(item["slot"]["S"]) for item in _items(job, slots.start_of(since), slots.start_of(before))]


def _items(job: str, low: str, high: str) -> Iterator[reads.Item]:
    return reads.query(
        TableName=reads.table_name(tables.Run),
        KeyConditionExpression="job = :job AND slot BETWEEN :low AND :high",
        ExpressionAttributeValues={":job": {"S": job}, ":low": {"S": low}, ":high": {"S": high}},
        ConsistentRead=True,
    )


def step_records(job: str, slot: Slot) -> Iterator[StepRecord]:
    """Return what the steps of a run stored, in their order."""
    items = reads.query(
        TableName=reads.table_name(tables.AuxRow),
        KeyConditionExpression="pk = :run",
        ExpressionAttributeValues={":run": {"S": partition(job, slot)}},
        ConsistentRead=True,
    )
    for stored in step_rows.from_rows(items):
        yield StepRecord(stored["lines"], stored["content"])


def partition(job: str, slot: Slot) -> str:
    """Return the partition of `ops` that holds the step records of a run."""
    return index_keys.SEPARATOR.join(("run", job, slot))


def to_step_rows(run: Run, result: StepResult) -> list[PlainRow]:
    """Return the rows for the step that `run` has just completed. Raises RunRefused if they are too large."""
    record = {"lines": list(result.lines), "content": result.content}
    return step_rows.to_rows(partition(run.job, run.slot), run.pages, record, _expiry(run))


def to_row(run: Run) -> PlainRow:
    return PlainRow(
        table=tables.Run,
        texts={
            "job": run.job,
            "slot": run.slot,
            "status": run.status.value,
            "trigger": run.trigger.value,
            "actor": run.actor,
            "owner": run.owner,
            "lease_until": run.lease_until,
            "next_attempt_at": run.next_attempt_at,
            "created_at": run.created_at,
            "started_at": run.started_at,
            "finished_at": run.finished_at,
            "error": run.error,
            "trace": run.trace,
            "reason": run.reason,
            "token": run.token,
        },
        numbers={
            "attempts": run.attempts,
            "tries": run.attempts_since_progress,
            "pages": run.pages,
            "ttl": int(_expiry(run).timestamp()),
        },
        contents={
            "arguments": run.arguments,
            "state": run.state,
            "counts": run.counts,
            "failures": run_failures.to_content(run.failures),
            "cancellation": asdict(run.cancellation) if run.cancellation else None,
        },
    )


def load(item: reads.Item) -> Run:
    cancellation = reads.json_of(item, "cancellation")
    return Run(
        job=item["job"]["S"],
        slot=Slot(item["slot"]["S"]),
        trigger=Trigger(item["trigger"]["S"]),
        created_at=item["created_at"]["S"],
        status=Status(item["status"]["S"]),
        actor=reads.text(item, "actor"),
        arguments=reads.json_of(item, "arguments"),
        owner=reads.text(item, "owner"),
        lease_until=reads.text(item, "lease_until"),
        attempts=reads.number(item, "attempts"),
        attempts_since_progress=reads.number(item, "tries"),
        next_attempt_at=reads.text(item, "next_attempt_at"),
        pages=reads.number(item, "pages"),
        state=reads.json_of(item, "state"),
        counts=reads.json_of(item, "counts"),
        started_at=reads.text(item, "started_at"),
        finished_at=reads.text(item, "finished_at"),
        error=reads.text(item, "error"),
        trace=reads.text(item, "trace"),
        failures=run_failures.from_content(reads.json_of(item, "failures")),
        reason=reads.text(item, "reason"),
        cancellation=Cancellation(**cancellation) if cancellation else None,
        token=item["token"]["S"],
    )


def _expiry(run: Run) -> datetime:
    return max(timestamps.from_text(run.created_at), run.due) + timedelta(days=settings.history_days)

"""Uptime per hour: heartbeats that found the API up or down, or did not run, counted from the ledger."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from chalicelib import clock
from chalicelib.jobs import heartbeat, run_records, slots
from chalicelib.jobs.run_records import Run, Status
from chalicelib.store import reads, tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    hour: str
    up: int
    down: int
    missing: int
    average_ms: int | None


def hours(days: int) -> list[Hour]:
    """Return one entry per hour, oldest first. It costs about 20 read units per day."""
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    first = now - timedelta(days=days) + timedelta(hours=1)
    found: dict[str, list[Run]] = {}
    for run in _since(first):
        found.setdefault(run.slot[:13], []).append(run)
    all_hours = (first + timedelta(hours=number) for number in range(days * 24))
    return [_hour(hour, found.get(slots.of(hour)[:13], [])) for hour in all_hours]


def _hour(hour: datetime, runs: list[Run]) -> Hour:
    finished = [run.counts for run in runs if run.status is Status.SUCCEEDED]
    up = [counts for counts in finished if counts.get(heartbeat.UP)]
    latencies = [counts[heartbeat.LATENCY] for counts in up if heartbeat.LATENCY in counts]
    missing = sum(run.status in {Status.MISSED, Status.FAILED, Status.SKIPPED, Status.CANCELLED} for run in runs)
    return Hour(
        hour=slots.of(hour),
        up=len(up),
        down=len(finished) - len(up),
        missing=missing,
        average_ms=round(fmean(latencies)) if latencies else None,
    )


def _since(first: datetime) -> list[Run]:
    items = reads.query(
        TableName=reads.table_name(tables.Run),
        KeyConditionExpression="job = :job AND slot >= :first",
        ExpressionAttributeValues={":job": {"S": heartbeat.NAME}, ":first": {"S": slots.of(first)}},
    )
    return [run_records.load(item) for item in items]

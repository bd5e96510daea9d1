"""Find the newest runs with a status, in a range of time, from an index: their keys, without reading the runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.jobs import slots
from chalicelib.jobs.run_records import Status
from chalicelib.jobs.slots import Slot
from chalicelib.store import read_budget, reads, tables

MAX_KEYS = 1000
"""As many as one call reads."""
_KEYS_PER_UNIT = 20
"""A key has less than 200 bytes, and DynamoDB charges 4 KB as one unit."""


@dataclass(frozen=True, slots=True)
class RunKey:
    job: str
    slot: Slot
    status: Status


def newest(status: Status, since: datetime, until: datetime, *, max_calls: int = 1) -> tuple[list[RunKey], bool]:
    """Return the runs in a state that were due in a time, newest first, and whether there are more.

    Each call reads up to MAX_KEYS; only the first is made whatever is left of the read budget. The index is a moment behind
    the table.
    """
    found: list[RunKey] = []
    start: dict[str, reads.Item] = {}
    for _ in range(max_calls):
        response = _query(status, since, until, start)
        found += [RunKey(item["job"]["S"], Slot(item["slot"]["S"]), status) for item in response["Items"]]
        if "LastEvaluatedKey" not in response:
            return found, False
        if not read_budget.current().has(rows=3 * MAX_KEYS, calls=3 * len(Status)):
            break
        start = {"ExclusiveStartKey": response["LastEvaluatedKey"]}
    return found, True


def _query(status: Status, since: datetime, until: datetime, start: Mapping[str, reads.Item]) -> Mapping[str, Any]:
    response: Mapping[str, Any] = reads.call(
        "query",
        _KEYS_PER_UNIT,
        TableName=reads.table_name(tables.Run),
        IndexName="by_time",
        KeyConditionExpression="#status = :status AND slot BETWEEN :since AND :until",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={
            ":status": {"S": status},
            ":since": {"S": slots.start_of(since)},
            ":until": {"S": slots.end_of(until)},
        },
        ScanIndexForward=False,
        Limit=MAX_KEYS,
        **start,
    )
    return response

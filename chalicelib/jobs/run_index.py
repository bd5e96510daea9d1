"""The keys of the index of runs by status and time: which runs are in a state, without reading the runs themselves."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.jobs import slots
from chalicelib.jobs.run_records import Status
from chalicelib.jobs.slots import Slot
from chalicelib.store import reads, tables

MAX_KEYS = 1000
"""As many as one call reads, so that the cost does not depend on the history."""
_KEYS_PER_UNIT = 20
"""A key has less than 200 bytes, and DynamoDB charges 4 KB as one unit."""


@dataclass(frozen=True, slots=True)
class RunKey:
    job: str
    slot: Slot
    status: Status


def newest(status: Status, since: datetime, until: datetime) -> tuple[list[RunKey], bool]:
    """Return the runs in a state that were due in a time, newest first, and whether there are more than MAX_KEYS.

    The index is a moment behind the table.
    """
    response = reads.call(
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
    )
    found = [RunKey(item["job"]["S"], Slot(item["slot"]["S"]), status) for item in response["Items"]]
    return found, "LastEvaluatedKey" in response

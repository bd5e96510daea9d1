"""Measures what a piece of work asks of AWS, and the bytes that it leaves in the tables."""

from collections.abc import Callable

from benchmarks.cost_model import Units
from benchmarks.metering import metered, row_bytes
from chalicelib import clock
from chalicelib.store import connection

OVERHEAD = 100
"""Bytes that DynamoDB adds to each row, and to each entry of an index, when it stores them."""


def stored() -> Units:
    """Bytes that stay, in tables and in indexes, and bytes times days of the rows that DynamoDB deletes in time."""
    found = {"table_bytes": 0.0, "index_bytes": 0.0, "byte_days": 0.0}
    for table in connection.TABLES:
        schema = table._get_schema()  # noqa: SLF001 - the models' own account of their keys
        keys = {entry["AttributeName"] for entry in schema["key_schema"]}
        indexes = [keys | {e["AttributeName"] for e in i["key_schema"]} for i in schema["global_secondary_indexes"]]
        for page in connection.client().get_paginator("scan").paginate(TableName=table.Meta.table_name):
            for row in page["Items"]:
                size = row_bytes(row) + OVERHEAD
                entries = [{name: row[name] for name in names} for names in indexes if names <= row.keys()]
                indexed = sum(row_bytes(entry) + OVERHEAD for entry in entries)
                if "ttl" in row:
                    days = (int(row["ttl"]["N"]) - clock.now().timestamp()) / 86400
                    found["byte_days"] += (size + indexed) * max(0.0, days)
                else:
                    found["table_bytes"] += size
                    found["index_bytes"] += indexed
    return found


def measured(work: Callable[[], None], *, requests: int = 0, invocations: int = 0) -> Units:
    before = stored()
    with metered() as usage:
        work()
    after = stored()
    if usage.scans:
        raise SystemExit("something scans a table")
    counted = {name: getattr(usage, name) for name in ("write_units", "read_units", "calls", "sqs_calls")}
    kept = {name: after[name] - before[name] for name in after}
    return {**counted, "requests": requests, "invocations": invocations + requests, **kept}


def each(units: Units, times: int) -> Units:
    return {name: round(value / times, 3) for name, value in units.items()}

"""Counts the calls of DynamoDB and SQS, and the units that DynamoDB would charge for them.

Write units come from MiniStack, which is exact. It reports none for a write whose condition fails; we count one unit, which is
right for rows up to 1 KB. MiniStack's read units differ from DynamoDB's, so we compute them from the returned rows: a row read by
key is rounded up to 4 KB; the rows of one page of a query or scan are added up first; the minimum is one such step; an eventually
consistent read costs half. Nothing here filters or projects in DynamoDB, so the rows returned are the rows examined. A query that
only counts is computed with a typical row size.
"""

import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from chalicelib import aws
from chalicelib.store import connection

Item = Mapping[str, Mapping[str, Any]]
_READS = ("GetItem", "BatchGetItem", "Query", "Scan")
_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
_REFUSED = "ConditionalCheckFailedException"
_STEP = 4096
_COUNTED = 200
"""Bytes of an index entry, for queries that only count."""


@dataclass(slots=True)
class Usage:
    calls: int = 0
    scans: int = 0
    """How many of the calls scan. Our own code has none."""
    sqs_calls: int = 0
    read_units: float = 0.0
    write_units: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def call(self, model: Any, **_rest: Any) -> None:
        assert model.name in _READS + _WRITES, model.name  # noqa: S101 - what has no rule here
        with self._lock:
            self.calls += 1
            self.scans += model.name == "Scan"

    def sqs_call(self, **_rest: Any) -> None:
        with self._lock:
            self.sqs_calls += 1

    def wrote(self, parsed: dict[str, Any], **_rest: Any) -> None:
        consumed = parsed.get("ConsumedCapacity") or []
        entries = [consumed] if isinstance(consumed, dict) else consumed
        error = parsed.get("Error", {}).get("Code")
        assert error in {None, _REFUSED}, error  # noqa: S101 - what has no rule here
        with self._lock:
            self.write_units += sum(entry["CapacityUnits"] for entry in entries) + (error == _REFUSED)

    def read(self, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_rest: Any) -> None:
        with self._lock:
            self.read_units += read_units(model.name, context["asked"], parsed)


def read_units(operation: str, asked: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
    if operation == "BatchGetItem":
        return sum(
            _batch(wanted, answer.get("Responses", {}).get(table, ()))
            for table, wanted in asked["RequestItems"].items()
        )
    if operation == "GetItem":
        return _units(row_bytes(answer.get("Item") or {}), consistent=asked.get("ConsistentRead", False))
    rows = answer.get("Items") or ()
    seen_rows = sum(map(row_bytes, rows)) + _COUNTED * (answer.get("ScannedCount", 0) - len(rows))
    return _units(seen_rows, consistent=asked.get("ConsistentRead", False))


def _batch(wanted: Mapping[str, Any], rows: list[Item] | tuple[()]) -> float:
    consistent = wanted.get("ConsistentRead", False)
    found = sum(_units(row_bytes(row), consistent=consistent) for row in rows)
    return found + (len(wanted["Keys"]) - len(rows)) * _units(0, consistent=consistent)


def _units(size: int, *, consistent: bool) -> float:
    return max(1, math.ceil(size / _STEP)) * (1.0 if consistent else 0.5)


def row_bytes(row: Item) -> int:
    """Return the size of a row of strings and numbers, as DynamoDB measures it."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in row.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    if "S" in value:
        return len(value["S"].encode())
    if "N" in value:
        return math.ceil(len(value["N"].strip("-").replace(".", "")) / 2) + 1
    return 1


def _ask_for_units(params: dict[str, Any], **_rest: Any) -> dict[str, Any]:
    return {**params, "ReturnConsumedCapacity": "INDEXES"}


def _remember(params: dict[str, Any], context: dict[str, Any], **_rest: Any) -> None:
    context["asked"] = params


@contextmanager
def metered(client: Any = None) -> Iterator[Usage]:
    """Count what any thread asks meanwhile, through our DynamoDB client or the given one."""
    usage = Usage()
    dynamodb = client or connection.client()
    handlers: list[tuple[Any, str, Callable[..., Any]]] = [
        (dynamodb, "before-call.dynamodb", usage.call),
        (aws.client("sqs"), "before-call.sqs", usage.sqs_call),
    ]
    for operation in _READS:
        handlers.append((dynamodb, f"provide-client-params.dynamodb.{operation}", _remember))
        handlers.append((dynamodb, f"after-call.dynamodb.{operation}", usage.read))
    for operation in _WRITES:
        handlers.append((dynamodb, f"provide-client-params.dynamodb.{operation}", _ask_for_units))
        handlers.append((dynamodb, f"after-call.dynamodb.{operation}", usage.wrote))
    for service, event, handler in handlers:
        service.meta.events.register(event, handler)
    try:
        yield usage
    finally:
        for service, event, handler in handlers:
            service.meta.events.unregister(event, handler)

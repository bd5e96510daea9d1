"""Metering: count the calls and capacity units of a piece of work.

pynamodb discards ConsumedCapacity, so both are taken from botocore's events. Works with any code that uses the shared
client, from any thread, and may be nested. A call that botocore repeats by itself counts once.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from chalicelib.store import connection

_READS = ("GetItem", "BatchGetItem", "Query", "Scan")
_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")


@dataclass(slots=True)
class Meter:
    """`calls` by operation, e.g. {"Query": 1}; `rows` are rows and index keys that were read; units as the database charged
    them, indexes included.
    """

    calls: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    read_units: float = 0.0
    write_units: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def total_calls(self) -> int:
        return self.calls.total()

    def count(self, model: Any, **_rest: Any) -> None:
        with self._lock:
            self.calls[model.name] += 1

    def charge_reads(self, parsed: dict[str, Any], **_rest: Any) -> None:
        batches = parsed.get("Responses", {}).values()
        with self._lock:
            self.read_units += _units(parsed)
            self.rows += len(parsed.get("Items", ())) + ("Item" in parsed) + sum(map(len, batches))

    def charge_writes(self, parsed: dict[str, Any], **_rest: Any) -> None:
        with self._lock:
            self.write_units += _units(parsed)


def _units(parsed: dict[str, Any]) -> float:
    consumed = parsed.get("ConsumedCapacity") or []
    entries = [consumed] if isinstance(consumed, dict) else consumed
    return float(sum(entry["CapacityUnits"] for entry in entries))


def _ask_for_units(params: dict[str, Any], **_rest: Any) -> dict[str, Any]:
    return {**params, "ReturnConsumedCapacity": "INDEXES"}


@contextmanager
def metered() -> Iterator[Meter]:
    meter = Meter()
    events = connection.client().meta.events
    handlers: list[tuple[str, Any]] = [("before-call.dynamodb", meter.count)]
    for operation in _READS + _WRITES:
        handlers.append((f"provide-client-params.dynamodb.{operation}", _ask_for_units))
        charge = meter.charge_writes if operation in _WRITES else meter.charge_reads
        handlers.append((f"after-call.dynamodb.{operation}", charge))
    for number, (event, handler) in enumerate(handlers):
        events.register(event, handler, unique_id=f"metered-{id(meter)}-{number}")
    try:
        yield meter
    finally:
        for number, (event, handler) in enumerate(handlers):
            events.unregister(event, handler, unique_id=f"metered-{id(meter)}-{number}")

"""Adds conflicts between transactions, which emulators lack: DynamoDB cancels one of two that want the same row.

It sits between our client and the emulator. A transaction holds its rows for a fixed time and then gets its response. Another one
that needs a held row gets DynamoDB's cancellation, and holds nothing.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, TypeAlias

from chalicelib.store import connection, retries

CONFLICT = "TransactionConflict"
REFUSED = "ConditionalCheckFailed"
Row: TypeAlias = tuple[str, ...]
"""(table, values of its key)"""
_KEYS = {
    str(table.Meta.table_name): [entry["AttributeName"] for entry in table._get_schema()["key_schema"]]  # noqa: SLF001 - the models' own account of their keys
    for table in connection.TABLES
}


@dataclass(slots=True)
class Holds:
    """The rows held by current transactions, and counts of what was sent."""

    seconds: float
    sent: int = 0
    refused: int = 0
    """Because a condition failed."""
    conflicts: Counter[str] = field(default_factory=Counter)
    """Cancelled transactions, by the table of the held row."""
    known: set[str] = field(default_factory=set)
    """Tokens of the transactions. A retry has the same token."""
    first: Counter[str] = field(default_factory=Counter)
    """The conflicts of first attempts."""
    _until: dict[Row, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def arrive(self, params: dict[str, Any], **_rest: Any) -> Any:
        """Return None, or the cancellation in place of a response."""
        asked = json.loads(params["body"])
        rows = [row_of(action) for action in asked["TransactItems"]]
        with self._lock:
            now = time.monotonic()
            held = [self._until.get(row, 0.0) > now for row in rows]
            self._record(
                asked["ClientRequestToken"], {row[0] for row, is_held in zip(rows, held, strict=True) if is_held}
            )
            if any(held):
                return cancelled([CONFLICT if is_held else None for is_held in held])
            self._until.update(dict.fromkeys(rows, now + self.seconds))
        time.sleep(self.seconds)
        return None

    def answered(self, parsed: dict[str, Any], **_rest: Any) -> None:
        codes = {reason["Code"] for reason in parsed.get("CancellationReasons", ())}
        with self._lock:
            self.refused += REFUSED in codes

    def _record(self, token: str, met: set[str]) -> None:
        self.sent += 1
        self.conflicts.update(met)
        if token not in self.known:
            self.known.add(token)
            self.first.update(met)


def row_of(action: dict[str, dict[str, Any]]) -> Row:
    ((_, wanted),) = action.items()
    key = wanted.get("Key") or wanted["Item"]
    return wanted["TableName"], *(key[name]["S"] for name in _KEYS[wanted["TableName"]])


def cancelled(reasons: Sequence[str | None]) -> tuple[Any, dict[str, Any]]:
    """Return DynamoDB's response to a cancelled transaction, with a reason or None for each action."""
    told = [{"Code": reason, "Message": reason} if reason else {"Code": "None"} for reason in reasons]
    codes = ", ".join(reason or "None" for reason in reasons)
    error = {
        "Error": {"Code": "TransactionCanceledException", "Message": f"Transaction cancelled [{codes}]"},
        "CancellationReasons": told,
        "ResponseMetadata": {"HTTPStatusCode": 400, "HTTPHeaders": {}},
    }
    return SimpleNamespace(status_code=400), error


@contextmanager
def holding(seconds: float) -> Iterator[Holds]:
    """Hold rows for `seconds`, and count. With 0 seconds nothing conflicts."""
    holds = Holds(seconds)
    handlers = (
        ("before-call.dynamodb.TransactWriteItems", holds.arrive),
        ("after-call.dynamodb.TransactWriteItems", holds.answered),
    )
    events = connection.client().meta.events
    for event, handler in handlers:
        events.register(event, handler)
    try:
        yield holds
    finally:
        for event, handler in handlers:
            events.unregister(event, handler)


@contextmanager
def slow_motion(times: float) -> Iterator[None]:
    """Make the pauses between retries, and their time limit, last `times` times longer.

    If requests also come more slowly, and rows are held longer, by the same factor, the result is the same as at full speed. So a
    small machine can show a rate that it does not reach.
    """
    real = vars(retries)["time"]
    slowed = SimpleNamespace(
        sleep=lambda seconds: time.sleep(seconds * times), monotonic=lambda: time.monotonic() / times
    )
    vars(retries)["time"] = slowed
    try:
        yield
    finally:
        vars(retries)["time"] = real

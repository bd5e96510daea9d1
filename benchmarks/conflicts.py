"""What if two transactions want the same row at the same time? DynamoDB cancels one; emulators never do, so it is done here.

Between our client and the emulator, a transaction holds each of its rows from its arrival for a time that is the same for
all, and is answered after that. Another one that meets a held row gets DynamoDB's refusal, and holds nothing.
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

from chalicelib.store import connection, transaction

CONFLICT = "TransactionConflict"
REFUSED = "ConditionalCheckFailed"
Row: TypeAlias = tuple[str, ...]
"""Its table, and the values of its key."""
_KEYS = {
    str(table.Meta.table_name): [entry["AttributeName"] for entry in table._get_schema()["key_schema"]]  # noqa: SLF001 - the models' own account of their keys
    for table in connection.TABLES
}


@dataclass(slots=True)
class Holds:
    """Rows held by transactions under way, and what became of all that were sent meanwhile."""

    seconds: float
    sent: int = 0
    refused: int = 0
    """Because a condition did not hold."""
    conflicts: Counter[str] = field(default_factory=Counter)
    """Transactions cancelled, by the table whose row was held."""
    known: set[str] = field(default_factory=set)
    """Their tokens: one that is sent again has the same."""
    first: Counter[str] = field(default_factory=Counter)
    """Of the conflicts, those of transactions that were sent for the first time."""
    _until: dict[Row, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def arrive(self, params: dict[str, Any], **_rest: Any) -> Any:
        """None, or the refusal instead of an answer."""
        asked = json.loads(params["body"])
        rows = [row_of(action) for action in asked["TransactItems"]]
        with self._lock:
            now = time.monotonic()
            held = [self._until.get(row, 0.0) > now for row in rows]
            self._note(
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

    def _note(self, token: str, met: set[str]) -> None:
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
    """DynamoDB's answer to a transaction that it has cancelled, with a reason or none for each of its actions."""
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
    """With 0 seconds nothing is ever in the way, and all is counted."""
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
    """The pauses between our tries, and our patience with them, last so many times longer.

    What is asked of a database more slowly by that factor, and held longer by it, then goes as it would at full speed: so a
    small machine shows what happens at a rate that it does not reach.
    """
    real = vars(transaction)["time"]
    slowed = SimpleNamespace(
        sleep=lambda seconds: time.sleep(seconds * times), monotonic=lambda: time.monotonic() / times
    )
    vars(transaction)["time"] = slowed
    try:
        yield
    finally:
        vars(transaction)["time"] = real

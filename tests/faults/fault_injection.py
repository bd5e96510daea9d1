"""Injects lost messages: the n-th request never arrives, or it is executed and its answer is lost.

This happens below botocore's own retries, so a retry meets what the first attempt has done, on moto as on MiniStack.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from botocore.retries.quota import RetryQuota

from benchmarks import conflicts
from chalicelib.errors import CrmError, Unavailable
from chalicelib.store import batch_writes, connection, ids, index_keys
from tests import database
from tests.builders import Rows, key_names, rows_of, time_is
from tests.faults.search_rows import without_left_overs

NOW = "2026-11-22T12:00:00"
TRIES = 3
"""How often botocore sends a call before it gives up."""
FOREVER = 10**6


@dataclass
class MessageLoss:
    """Loses `length` messages, starting with number `first` (from 0). `sent` has all operations, including lost ones."""

    first: int = FOREVER
    length: int = 1
    arrives: bool = False
    sent: list[str] = field(default_factory=list)

    def send(self, pass_on: Callable[..., Any], request: Any, model: Any, context: Any) -> Any:
        number = len(self.sent)
        self.sent.append(model.name)
        if not self.first <= number < self.first + self.length:
            return pass_on(request, model, context)
        if not self.arrives:
            return None, ConnectTimeoutError(endpoint_url="lost")
        pass_on(request, model, context)
        return None, ReadTimeoutError(endpoint_url="lost")


@contextmanager
def intercepted(client: Any, send: Callable[..., Any]) -> Iterator[None]:
    """Send the client's requests through `send`, whose first argument passes them on. May be nested."""
    endpoint = client._endpoint
    pass_on = endpoint._do_get_response
    endpoint._do_get_response = partial(send, pass_on)
    try:
        yield
    finally:
        endpoint._do_get_response = pass_on


def losing_messages(loss: MessageLoss) -> AbstractContextManager[None]:
    return intercepted(connection.client(), loss.send)


@dataclass(frozen=True)
class Scenario:
    """`prepare` creates the data, and `act` is the operation on it."""

    prepare: Callable[[], Any]
    act: Callable[[Any], Any]


@dataclass(frozen=True)
class Outcome:
    tables: dict[str, Rows]
    error: str | None
    sent: list[str]


@dataclass(frozen=True)
class Start:
    """What a scenario starts from, and how to come back there."""

    given: Any
    tables: dict[str, Rows]
    numbers: Counter[str]
    come_back: Callable[[], None]


def start_of(scenario: Scenario) -> Start:
    """Create the data of a scenario."""
    numbers = Counter[str]()
    with _numbered_and_without_delays(numbers):
        empty_tables()
        given = scenario.prepare()
        on_ministack = connection.connection.host is not None
        come_back = _restoring_rows() if on_ministack else database.snapshot()
        return Start(given, dump(), numbers.copy(), come_back)


def _restoring_rows() -> Callable[[], None]:
    """Return a function that deletes all rows that are not there now, and writes those again that have changed."""
    before = {table: rows_of(table) for table in connection.TABLES}

    def restore() -> None:
        for table, rows in before.items():
            found = rows_of(table)
            new = [row for key, row in found.items() if key not in rows]
            batch_writes.delete(table, [{name: row[name] for name in key_names(table)} for row in new])
            batch_writes.put(table, [row for key, row in rows.items() if found.get(key) != row])

    return restore


def run_scenario(scenario: Scenario, loss: MessageLoss) -> tuple[dict[str, Rows], Outcome]:
    """Return the tables before, and the outcome. Ids and the time are the same in every call."""
    start = start_of(scenario)
    return start.tables, run_from(start, scenario, loss)


def run_from(start: Start, scenario: Scenario, loss: MessageLoss) -> Outcome:
    numbers = Counter[str]()
    with _numbered_and_without_delays(numbers):
        start.come_back()
        numbers.clear()
        numbers.update(start.numbers)
        error = None
        with losing_messages(loss):
            try:
                scenario.act(start.given)
            except CrmError as raised:
                error = raised.code
            except AssertionError:
                error = "WRONG RESULT"
        return Outcome(dump(), error, loss.sent)


@contextmanager
def _numbered_and_without_delays(numbers: Counter[str]) -> Iterator[None]:
    """Number the ids, starting after `numbers`, and stop the clock."""

    def new_id(kind: str) -> str:
        numbers[kind] += 1
        return f"{kind}_{numbers[kind]:026d}"

    with pytest.MonkeyPatch.context() as patch, time_is(NOW):
        patch.setattr(ids, "new_id", new_id)
        patch.setattr("time.sleep", lambda _: None)
        patch.setattr(RetryQuota, "acquire", lambda *_: True)  # otherwise a long test uses up botocore's retry quota
        yield


def faults_found(scenario: Scenario, *, length: int, arrives: bool) -> list[str]:
    """Lose the n-th message and the following ones, for every n, and return what goes wrong."""
    start = start_of(scenario)
    clean = run_from(start, scenario, MessageLoss())
    assert clean.error is None
    assert clean.tables != start.tables
    found = []
    for first, operation in enumerate(clean.sent):
        outcome = run_from(start, scenario, MessageLoss(first, length, arrives))
        problem = _problem(start.tables, clean, outcome, operation, length)
        if problem:
            found.append(f"{operation} ({first}): {problem}")
    return found


def _problem(before: dict[str, Rows], clean: Outcome, outcome: Outcome, operation: str, length: int) -> str | None:
    done, untouched = outcome.tables == clean.tables, outcome.tables == before
    if outcome.error is None:
        return None if done else "reported as done, but it is not"
    if length == FOREVER:  # the outcome may be unknown
        in_doubt = outcome.error == Unavailable.code and (done or untouched)
        return None if in_doubt else f"{outcome.error}, done: {done}, untouched: {untouched}"
    if length == 1 or operation not in {"GetItem", "BatchGetItem", "Query"}:
        return f"{outcome.error}, though there was time to repeat; done: {done}"
    return None if untouched and outcome.error == Unavailable.code else f"{outcome.error}, untouched: {untouched}"


def dump() -> dict[str, Rows]:
    """Return what readers can see: no tokens, and no lines or search rows of what does not exist."""
    stored = {table.__name__: rows_of(table) for table in connection.TABLES}
    stored["AuxRow"] = without_left_overs(stored)
    for rows in stored.values():
        for row in rows.values():
            row.pop("token", None)
            row.pop("search_mark", None)
            if "restock_slot" in row:
                row["restock_slot"] = {"S": row["restock_slot"]["S"].partition(index_keys.SEPARATOR)[0]}
    order_ids = {order_id for (order_id,) in stored["Order"]}
    lines = stored["Line"]
    stored["Line"] = {key: row for key, row in lines.items() if key[1].partition(index_keys.SEPARATOR)[2] in order_ids}
    return stored


def empty_tables() -> None:
    for table in connection.TABLES:
        for row in rows_of(table).values():
            connection.client().delete_item(
                TableName=table.Meta.table_name, Key={name: row[name] for name in key_names(table)}
            )


def cancelled(reason: str, actions: int) -> tuple[Any, dict[str, Any]]:
    """Return DynamoDB's answer to a transaction whose last action conflicted or was throttled."""
    return conflicts.cancelled([None] * (actions - 1) + [reason])


def refused(code: str) -> tuple[Any, dict[str, Any]]:
    metadata = {"HTTPStatusCode": 400, "HTTPHeaders": {}}
    return _Answer(400), {"Error": {"Code": code, "Message": code}, "ResponseMetadata": metadata}


@dataclass(frozen=True)
class _Answer:
    status_code: int

"""Writes of several rows at once, all or none, each of them applied once whatever happens to the answer.

A write can be answered, refused, or lost: a request or its answer may vanish, and a retry below us may then meet its own
first try. So each transaction carries a token into one of its rows, and where the outcome is in doubt that row is asked.
"""

import random
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import CancellationReason, PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite
from ulid import ULID

from chalicelib.crm.tables import connection
from chalicelib.errors import Conflict, Unavailable

ATTEMPTS = 8
_REFUSED = "ConditionalCheckFailed"
_CONTENDED = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"}
_PASSING = {
    "TransactionInProgressException",
    "TransactionConflictException",
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "InternalServerError",
    "ServiceUnavailable",
}

Refusal: TypeAlias = Callable[[], Exception]


def new_token() -> str:
    return str(ULID())


class Transaction:
    """Actions that are written together.

    `refusal` makes the error that is raised when that action's condition does not hold; the first action added wins.
    `proof` says whether this very transaction has been applied; it is asked only when that is in doubt.
    """

    def __init__(self, proof: Callable[[], bool]) -> None:
        self._proof = proof
        # pynamodb sends checks, deletes, puts, updates, whatever the order of the calls, and the reasons for a refusal
        # come in that order: so each kind has its own list.
        self._actions: dict[str, list[tuple[int, Callable[[TransactWrite], None], Refusal]]] = {
            "delete": [],
            "put": [],
            "update": [],
        }
        self._size = 0

    def put(self, row: Model, condition: Condition | None = None, refusal: Refusal = Conflict) -> None:
        self._add("put", lambda write: write.save(row, condition), refusal)

    def update(
        self, row: Model, actions: list[Action], condition: Condition | None = None, refusal: Refusal = Conflict
    ) -> None:
        self._add("update", lambda write: write.update(row, actions, condition), refusal)

    def delete(self, row: Model, condition: Condition | None = None, refusal: Refusal = Conflict) -> None:
        self._add("delete", lambda write: write.delete(row, condition), refusal)

    def _add(self, kind: str, action: Callable[[TransactWrite], None], refusal: Refusal) -> None:
        self._actions[kind].append((self._size, action, refusal))
        self._size += 1

    def commit(self) -> None:
        """Raises the refusal of the first action whose condition fails, Conflict or Unavailable when tries run out."""
        ordered = [entry for entries in self._actions.values() for entry in entries]
        token = new_token()
        contended = False
        for _ in attempts():
            try:
                with TransactWrite(connection=connection, client_request_token=token) as write:
                    for _, action, _ in ordered:
                        action(write)
                return
            except TransactWriteError as error:
                if not is_passing(error):
                    reasons = error.cancellation_reasons
                    refused = [entry for entry, why in zip(ordered, reasons, strict=False) if _is(why, {_REFUSED})]
                    contended = not refused and any(_is(why, _CONTENDED) for why in reasons)
                    if not (refused or contended):
                        raise
                    if refused:
                        if self._proof():
                            return
                        raise min(refused, key=lambda entry: entry[0])[2]() from error
                elif self._applied():
                    return
        if not contended and self._proof():
            return
        raise Conflict if contended else Unavailable

    def _applied(self) -> bool:
        try:
            return self._proof()
        except PynamoDBException:
            return False  # still in doubt: the next attempt repeats the very same write, under the same token


def _is(reason: CancellationReason | None, codes: set[str]) -> bool:
    return reason is not None and reason.code in codes


def is_passing(error: PynamoDBException) -> bool:
    """Whether the write may or may not have been applied, and may be tried again."""
    cause = error.cause
    if isinstance(cause, ClientError):
        return error.cause_response_code in _PASSING
    return isinstance(cause, BotoCoreError)


def attempts() -> Iterator[int]:
    """Number the tries, with a pause of full jitter before each but the first: 20 ms, doubling, at most a second."""
    for number in range(ATTEMPTS):
        if number:
            time.sleep(random.uniform(0, min(1.0, 0.02 * 2**number)))  # noqa: S311 - not a secret
        yield number

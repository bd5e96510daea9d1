"""Writes of several rows at once, all or none, each of them applied once whatever happens to the answer.

A write can be answered, refused, or lost: a request or its answer may vanish, and a retry below us may then meet its own
first try. So each transaction leaves a mark that only it can leave, and where the outcome is in doubt the mark is looked for.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from pynamodb.exceptions import CancellationReason, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite
from ulid import ULID

from chalicelib.errors import Conflict, Unavailable
from chalicelib.store import change_marks
from chalicelib.store.connection import connection
from chalicelib.store.retries import confirm, is_transient, retry_delays

_REFUSED = "ConditionalCheckFailed"
_CONTENDED = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"}
Refusal: TypeAlias = Callable[[], Exception]


class Stale(Conflict):
    """Somebody else changed this at the same time. Read it again and repeat the request"""

    # Not applied, and known to be so: the caller may look again and start anew. A plain Conflict is for the user.


def new_token() -> str:
    return str(ULID())


class AlreadyApplied(Stale):
    """An earlier attempt at this request has made this change. Read the row again"""


class Transaction:
    """Actions that are written together.

    `subject` is the id of the row that is changed. With it, a request with an Idempotency-Key also writes the mark of this
    change with the row `before` it (see `change_marks`), and raises AlreadyApplied if an earlier attempt has written it.
    `refusal` makes the error that is raised when that action's condition does not hold; the first action added wins.
    `proof` says whether this very transaction has been applied; it is asked only when that is in doubt.
    """

    def __init__(
        self, was_applied: Callable[[], bool], *, subject: str | None = None, before: Mapping[str, Any] | None = None
    ) -> None:
        self._proof = was_applied
        self._subject = subject
        # pynamodb sends checks, deletes, puts, updates, whatever the order of the calls, and the reasons for a refusal
        # come in that order: so each kind has its own list.
        self._actions: dict[str, list[tuple[int, Callable[[TransactWrite], None], Refusal]]] = {
            "delete": [],
            "put": [],
            "update": [],
        }
        self._size = 0
        mark = change_marks.mark_of(subject, before) if subject else None
        if mark is not None:  # the first action, so that its refusal wins: what the others say is no longer news
            self.put(mark, type(mark).pk.does_not_exist(), AlreadyApplied)

    def put(self, row: Model, condition: Condition | None = None, refusal: Refusal = Stale) -> None:
        self._add("put", lambda write: write.save(row, condition), refusal)

    def update(
        self, row: Model, actions: list[Action], condition: Condition | None = None, refusal: Refusal = Stale
    ) -> None:
        self._add("update", lambda write: write.update(row, actions, condition), refusal)

    def delete(self, row: Model, condition: Condition | None = None, refusal: Refusal = Stale) -> None:
        self._add("delete", lambda write: write.delete(row, condition), refusal)

    def commit(self) -> None:
        """Raises the refusal of the first action whose condition fails, Conflict or Unavailable when tries run out."""
        token = new_token()
        contended = False
        for _ in retry_delays():
            try:
                self._send(token)
            except TransactWriteError as error:
                refusal = self._refusal(error)
                if refusal:
                    if confirm(self._proof):
                        self._record()
                        return
                    raise refusal() from error
                contended = any(_is(reason, _CONTENDED) for reason in error.cancellation_reasons)
                if not (contended or is_transient(error)):
                    raise
            else:
                self._record()
                return
        if not confirm(self._proof):
            raise Conflict if contended else Unavailable
        self._record()

    def _record(self) -> None:
        if self._subject:
            change_marks.record(self._subject)

    def _add(self, kind: str, action: Callable[[TransactWrite], None], refusal: Refusal) -> None:
        self._actions[kind].append((self._size, action, refusal))
        self._size += 1

    def _send(self, token: str) -> None:
        with TransactWrite(connection=connection, client_request_token=token) as write:
            for actions in self._actions.values():
                for _, action, _ in actions:
                    action(write)

    def _refusal(self, error: TransactWriteError) -> Refusal | None:
        sent = [entry for actions in self._actions.values() for entry in actions]
        # Not strict: there are no reasons at all unless the transaction was cancelled.
        refused = [entry for entry, why in zip(sent, error.cancellation_reasons, strict=False) if _is(why, {_REFUSED})]
        return min(refused, key=lambda entry: entry[0])[2] if refused else None


def _is(reason: CancellationReason | None, codes: set[str]) -> bool:
    return reason is not None and reason.code in codes

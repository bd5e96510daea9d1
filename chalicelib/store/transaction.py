"""Transactions: write several rows together, all or none, and exactly once even if a response is lost.

When a response is lost, botocore or we send the transaction again, and its conditions may then fail because of its own
first attempt. So each transaction leaves a mark that only it can leave, and looks for the mark when the outcome is in doubt.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from pynamodb.exceptions import CancellationReason, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from ulid import ULID

from chalicelib.errors import Conflict, CrmError, Unavailable
from chalicelib.store import batch_writes, change_marks
from chalicelib.store.change_marks import Values
from chalicelib.store.connection import connection
from chalicelib.store.put_request import PlainRow, put_request
from chalicelib.store.reads import Item
from chalicelib.store.retries import confirm, is_transient, retry_delays
from chalicelib.store.tables import AuxRow

_CONDITION_FAILED = "ConditionalCheckFailed"
_CONTENDED = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"}
MakeError: TypeAlias = Callable[[], Exception]


@dataclass(frozen=True, slots=True)
class _Entry:
    """An action, how many were added before it, and the error to raise if its condition fails."""

    number: int
    request: Callable[[], dict[str, Any]]
    error: MakeError


class Stale(Conflict):
    """Another request changed this at the same time. Read it again and retry"""

    # The write was certainly not applied, so the caller may read again and retry. A plain Conflict goes to the user.


def new_token() -> str:
    """Return a mark that no other write has. It tells when it was made, see `search_upkeep`."""
    return str(ULID())


class AlreadyApplied(Stale):
    """An earlier attempt at this request has made this change. Read the row again"""


class Transaction:
    """Actions that are written together.

    `subject` names what is changed, usually by the id of its row. With it, the change row is written as well if a person, a
    key or a job asked for the change (see `change_marks`): `before` and `after` have the fields that change, and `reason`
    why. Without `is_logged` the row is only the mark of a request with an Idempotency-Key. Raises AlreadyApplied if an
    earlier attempt at the same request has written it.
    `error` of an action makes the error to raise if its condition fails. If several fail, the action that was added first
    wins. `was_applied` says whether this very transaction has been applied; it is called only when that is in doubt.
    """

    def __init__(  # noqa: PLR0913 - what a change row says
        self,
        was_applied: Callable[[], bool],
        *,
        subject: str | None = None,
        before: Values | None = None,
        after: Values | None = None,
        reason: str | None = None,
        is_logged: bool = True,
    ) -> None:
        self._was_applied = was_applied
        self._subject = subject
        # pynamodb sends checks, then deletes, then puts, then updates, whatever the order of the calls, and DynamoDB's reasons for a
        # cancellation come in the order of sending. So each kind has its own list.
        self._entries: dict[str, list[_Entry]] = {"check": [], "delete": [], "put": [], "update": []}
        self._size = 0
        self._rows_before: list[Item] = []
        self._keys_after: list[Item] = []
        self._change = change_marks.row_of(subject, before, after, reason, is_logged=is_logged) if subject else None
        self._put_change(self._change)  # added first, so that its error wins: those of the others are no longer news

    def put(self, row: Model | PlainRow, condition: Condition | None = None, error: MakeError = Stale) -> None:
        self._add("put", lambda: put_request(row, condition), error)

    def update(
        self, row: Model, actions: list[Action], condition: Condition | None = None, error: MakeError = Stale
    ) -> None:
        self._add("update", lambda: row.get_update_kwargs_from_instance(actions, condition=condition), error)

    def delete(self, row: Model, condition: Condition | None = None, error: MakeError = Stale) -> None:
        self._add("delete", lambda: row.get_delete_kwargs_from_instance(condition), error)

    def check(self, table: type[Model], row_id: str, condition: Condition, error: MakeError = Stale) -> None:
        """Write nothing to this row, but fail unless the condition holds."""
        self._add("check", lambda: table.get_operation_kwargs_from_class(row_id, condition=condition), error)

    def log(self, subject: str, before: Values | None, after: Values | None) -> None:
        """Write the change row of something else that changes along with the subject."""
        self._put_change(change_marks.row_of(subject, before, after))

    def lead_from(self, subjects: Iterable[str]) -> None:
        """Let the changes of these rows lead to this change, too: it changes them along with its subject."""
        if self._change is not None and self._change.change_log:
            self.put_before(change_marks.leading_to(self._change, subjects))

    def put_before(self, rows: Iterable[Item]) -> None:
        """Put these rows of `ops` before the transaction. Readers must ignore them unless it is committed."""
        self._rows_before += rows

    def delete_after(self, keys: Iterable[Item]) -> None:
        """Delete these rows of `ops` once the transaction is committed. Readers must ignore them from then on."""
        self._keys_after += keys

    def commit(self) -> None:
        """Write all actions. Raises the error of the first action whose condition fails.

        Raises Conflict or Unavailable when attempts run out.
        """
        batch_writes.put(AuxRow, self._rows_before)
        try:
            self._commit()
        except (Unavailable, AlreadyApplied):
            raise  # the transaction may have been committed, or was by an earlier attempt
        except CrmError:
            batch_writes.discard(AuxRow, [{name: row[name] for name in ("pk", "sk")} for row in self._rows_before])
            raise
        batch_writes.discard(AuxRow, self._keys_after)

    def _commit(self) -> None:
        token = new_token()
        contended = False
        for _ in retry_delays():
            try:
                self._send(token)
            except TransactWriteError as error:
                failed = self._first_failed(error)
                if failed:
                    if confirm(self._was_applied):
                        self._record()
                        return
                    raise failed.error() from error
                contended = any(_is(reason, _CONTENDED) for reason in error.cancellation_reasons)
                if not (contended or is_transient(error)):
                    raise
            else:
                self._record()
                return
        if not confirm(self._was_applied):
            raise Conflict if contended else Unavailable
        self._record()

    def _put_change(self, row: AuxRow | None) -> None:
        if row is not None:
            self.put(row, AuxRow.pk.does_not_exist(), AlreadyApplied)

    def _record(self) -> None:
        if self._subject:
            change_marks.record(self._subject)

    def _add(self, kind: str, request: Callable[[], dict[str, Any]], error: MakeError) -> None:
        self._entries[kind].append(_Entry(self._size, request, error))
        self._size += 1

    def _send(self, token: str) -> None:
        requests = {kind: [entry.request() for entry in entries] for kind, entries in self._entries.items()}
        connection.transact_write_items(
            condition_check_items=requests["check"],
            delete_items=requests["delete"],
            put_items=requests["put"],
            update_items=requests["update"],
            client_request_token=token,
        )

    def _first_failed(self, error: TransactWriteError) -> _Entry | None:
        # Not strict: there are no reasons at all unless the transaction was cancelled.
        reasons = zip(self._in_sending_order(), error.cancellation_reasons, strict=False)
        failed = [entry for entry, reason in reasons if _is(reason, {_CONDITION_FAILED})]
        return min(failed, key=lambda entry: entry.number, default=None)

    def _in_sending_order(self) -> list[_Entry]:
        return [entry for entries in self._entries.values() for entry in entries]


def _is(reason: CancellationReason | None, codes: set[str]) -> bool:
    return reason is not None and reason.code in codes

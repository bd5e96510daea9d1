"""Conditional puts and updates of one row, which can tell after a lost response whether they succeeded.

When an answer is lost, the same write is sent again, and its condition may then fail because of its own first try:

    write --> done
      |
      +--> condition fails --> the stored row has our mark: done, by an earlier try
      |                    |
      |                    +-> it has another mark: another writer was first
      |
      +--> no answer --> try again, at last raise Unavailable

DynamoDB returns the stored row together with the failed condition, so that no read can come too late or get lost.
Use a `Transaction` for writes of several rows: it does the same for all of them at once.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypedDict, cast

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.constants import ALL_NEW, ALL_OLD
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from chalicelib.errors import Unavailable
from chalicelib.store import reads
from chalicelib.store.connection import client
from chalicelib.store.reads import Item
from chalicelib.store.retries import confirm, is_condition_failure, is_transient, retry_delays
from chalicelib.store.tables import AuxRow, Report


class _WriteResponse(TypedDict, total=False):
    Attributes: Item


class _ConditionFailed(Exception):
    """Carries the stored row, empty if there is none."""

    def __init__(self, stored: Item) -> None:
        super().__init__()
        self.stored = stored


def put_once(row: AuxRow | Report, replaces: Condition | None = None) -> Item | None:
    """Put `row` if its key is free, or if the row that has the key meets `replaces`.

    Return None if `row` is stored now, otherwise the row that was there first. `row.token` is the mark that tells the
    two apart, so it must be new for each row. Raises Unavailable: the row may have been written.
    """
    hash_key = next(each.attr_name for each in row.get_attributes().values() if each.is_hash_key)
    is_free = Path(hash_key).does_not_exist()
    condition = is_free if replaces is None else is_free | replaces
    request = row.get_save_kwargs_from_instance(condition, ALL_OLD)
    try:
        _write("put_item", request)
    except _ConditionFailed as failed:
        return None if failed.stored["token"] == request["Item"]["token"] else failed.stored
    return None


def update_once(
    row: Model, actions: list[Action], condition: Condition, was_applied: Callable[[Item], bool]
) -> Item | None:
    """Update `row` if `condition` holds. Return the row as it is afterwards, or None if the condition failed.

    The actions must leave a mark that only this update can leave; `was_applied` looks for it in a stored row. Raises
    Unavailable: the update may have been made, and can be repeated with the same mark.
    """
    request = row.get_update_kwargs_from_instance(actions, condition, ALL_OLD)
    try:
        updated = _write("update_item", request | {"ReturnValues": ALL_NEW})["Attributes"]
    except _ConditionFailed as failed:
        return failed.stored if was_applied(failed.stored) else None
    except Unavailable:
        # A batch read of one row: it needs no permission that jobs do not have anyway.
        stored = confirm(partial(reads.get_all, type(row), [request["Key"]], consistent=True))
        if not stored or not was_applied(stored[0]):
            raise
        return stored[0]
    return updated


def _write(operation: str, request: Mapping[str, object]) -> _WriteResponse:
    """Send the write, again after transient errors. Raises _ConditionFailed, Unavailable."""
    for _ in retry_delays():
        try:
            response: _WriteResponse = getattr(client(), operation)(**request)
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and is_condition_failure(error):
                # botocore's stubs do not know that the error carries the row.
                raise _ConditionFailed(cast("Item", error.response.get("Item", {}))) from error
            if not is_transient(error):
                raise
        else:
            return response
    raise Unavailable

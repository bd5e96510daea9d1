"""Conditional puts of one row, which can tell after a lost response whether they succeeded.

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

from collections.abc import Mapping
from typing import cast

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.constants import ALL_OLD
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from chalicelib.errors import Unavailable
from chalicelib.store.connection import client
from chalicelib.store.put_request import put_request
from chalicelib.store.reads import Item
from chalicelib.store.retries import is_condition_failure, is_transient, retry_delays
from chalicelib.store.tables import AuxRow, Report


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
    request = put_request(row, condition)
    try:
        _put(request)
    except _ConditionFailed as failed:
        return None if failed.stored["token"]["S"] == row.token else failed.stored
    return None


def _put(request: Mapping[str, object]) -> None:
    """Send the put, again after transient errors. Raises _ConditionFailed, Unavailable."""
    for _ in retry_delays():
        try:
            client().put_item(**request, ReturnValuesOnConditionCheckFailure=ALL_OLD)
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and is_condition_failure(error):
                # botocore's stubs do not know that the error carries the row.
                raise _ConditionFailed(cast("Item", error.response.get("Item", {}))) from error
            if not is_transient(error):
                raise
        else:
            return
    raise Unavailable

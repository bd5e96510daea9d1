"""Batch writes: put or delete many rows with one call per 25, outside of any transaction and without conditions.

They are for rows that readers check against another row, such as order lines and search rows. Each write may be repeated.
"""

from collections.abc import Iterable, Mapping, Sequence

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.models import Model

from chalicelib.errors import Unavailable
from chalicelib.store import reads
from chalicelib.store.connection import client
from chalicelib.store.reads import Item
from chalicelib.store.retries import is_transient, retry_delays

_BATCH = 25


def put(table: type[Model], items: Iterable[Item]) -> None:
    """Put the rows, whose keys must be distinct. Raises Unavailable: some may have been written."""
    _write(table, [{"PutRequest": {"Item": item}} for item in items])


def delete(table: type[Model], keys: Iterable[Item]) -> None:
    """Delete the rows with these distinct keys. Raises Unavailable: some may have been deleted."""
    _write(table, [{"DeleteRequest": {"Key": key}} for key in keys])


def discard(table: type[Model], keys: Iterable[Item]) -> None:
    """Delete rows that readers ignore anyway. If that fails, they stay: the caller has done its work, or has an error."""
    try:
        delete(table, keys)
    except (Unavailable, ClientError):
        return


def _write(table: type[Model], requests: Sequence[Mapping[str, Mapping[str, Item]]]) -> None:
    for start in range(0, len(requests), _BATCH):
        _write_batch({reads.table_name(table): requests[start : start + _BATCH]})


def _write_batch(batch: Mapping[str, object]) -> None:
    for _ in retry_delays():
        try:
            batch = client().batch_write_item(RequestItems=batch).get("UnprocessedItems") or {}
        except (BotoCoreError, ClientError) as error:
            if not is_transient(error):
                raise
            continue
        if not batch:
            return
    raise Unavailable

"""Which customers a run of the clean-up deleted, and how to restore them all.

Before a run deletes a page of customers, it writes their ids to a row `(deleted#slot, hash of the ids)` of `ops`, which
lives as long as the archive. So a restore reads one row per page, however full the archive is. Whether the run really
deleted a customer is on the customer's own row in the archive: its token is the slot of the run.
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import TypeAlias

from chalicelib import clock
from chalicelib.crm import customers, deleted_customers
from chalicelib.crm.customers import Customer
from chalicelib.errors import InvalidInput, result_or_error
from chalicelib.settings import settings
from chalicelib.store import change_marks, reads
from chalicelib.store.put_once import put_once
from chalicelib.store.tables import AuxRow

_PREFIX = "deleted#"
_MAX_POSITION_LENGTH = 64

Restored: TypeAlias = tuple[str, Customer | Exception]
"""The id of a customer, and the customer, or why it could not be restored."""


def record(slot: str, customer_ids: Sequence[str]) -> None:
    """Note that the run of this slot is about to delete these customers, at most 100. Safe to repeat."""
    digest = hashlib.sha256(" ".join(customer_ids).encode()).hexdigest()[:32]
    ttl = clock.now() + timedelta(days=settings.archive_days)
    put_once(AuxRow(pk=f"{_PREFIX}{slot}", sk=digest, content={"ids": list(customer_ids)}, token=slot, ttl=ttl))


def restore(slot: str, after: str | None) -> tuple[list[Restored], str | None]:
    """Restore one page of what the run of this slot deleted. Return it, and where to go on, or None at the end.

    Customers that are no longer as the run left them are left out: they were restored before, or deleted again by
    somebody else. Raises InvalidInput, Unavailable.
    """
    if after is not None and not 0 < len(after) <= _MAX_POSITION_LENGTH:
        raise InvalidInput("Send the `after` of the previous answer", field="after")
    response = reads.call(
        "query",
        TableName=reads.table_name(AuxRow),
        KeyConditionExpression="pk = :run AND sk > :after",
        ExpressionAttributeValues={":run": {"S": f"{_PREFIX}{slot}"}, ":after": {"S": after or " "}},
        ConsistentRead=True,
        Limit=1,
    )
    if not response["Items"]:
        return [], None
    (page,) = response["Items"]
    customer_ids: list[str] = reads.json_of(page, "content")["ids"]
    archived = deleted_customers.find_all(customer_ids)
    outcomes: list[Restored] = []
    for customer_id in customer_ids:
        if customer_id in archived and archived[customer_id].customer.token == slot:
            outcomes.append((customer_id, result_or_error(deleted_customers.restore, customer_id)))
        elif change_marks.is_done(customer_id) and (customer := customers.find(customer_id)):
            outcomes.append((customer_id, customer))
    return outcomes, page["sk"]["S"] if "LastEvaluatedKey" in response else None

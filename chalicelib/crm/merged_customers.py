"""Resolve the id of a customer who was merged into another one to the one who was kept.

The row `(merged_customer, id)` of `ops` names the customer who was kept. It stays when the merge can no longer be undone.
The claims of the merged customer, on the e-mail address and on references, keep naming the merged customer. So all of
them lead to the customer who was kept, nobody else can claim them, and undoing the merge has nothing to give back.

    e-mail address --> claim --> merged customer --> this row --> customer who was kept
"""

from collections.abc import Iterable

from chalicelib.crm import unique_values
from chalicelib.errors import NotFound
from chalicelib.store import ids
from chalicelib.store.transaction import Stale, Transaction

MAX_CHAIN = 25
"""Merges of merged customers that are followed: as many as there can be."""


def follow(customer_id: str) -> str:
    """Return the id of the customer into whom this one was merged, directly or not; the same id if there was no merge."""
    return follow_all([customer_id])[customer_id]


def follow_all(customer_ids: Iterable[str]) -> dict[str, str]:
    """Return {id: id of the customer who stands for it}. Costs one read for most, and one more for each further merge."""
    found = {customer_id: customer_id for customer_id in customer_ids}
    for _ in range(MAX_CHAIN):
        owners = unique_values.owners_of(unique_values.MERGED_CUSTOMER, found.values())
        if not owners:
            break
        found = {customer_id: owners.get(at, at) for customer_id, at in found.items()}
    return found


def missing(customer_id: str, field: str = "id") -> NotFound:
    """Return the error for a customer who is not there, or is about to be merged. It says who was kept."""
    kept_id = follow(customer_id) if ids.is_id(ids.CUSTOMER, customer_id) else customer_id
    if kept_id != customer_id:
        return NotFound(f"The customer {customer_id!r} was merged into {kept_id!r}", field=field)
    return NotFound(f"There is no customer {customer_id!r}", field=field)


def add(write: Transaction, merged_id: str, kept_id: str) -> None:
    unique_values.claim(write, unique_values.MERGED_CUSTOMER, merged_id, kept_id, Stale)


def remove(write: Transaction, merged_id: str, kept_id: str) -> None:
    unique_values.release(write, unique_values.MERGED_CUSTOMER, merged_id, kept_id)

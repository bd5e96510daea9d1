"""Erase what is left of customers who were merged into one who is erased."""

from functools import partial

from chalicelib.crm import (
    customer_merges,
    customer_references,
    customers,
    merge_records,
    merged_customers,
    text,
    unique_values,
)
from chalicelib.store.transaction import Transaction


def refuse_if_merged(customer_id: str) -> None:
    """Raises NotFound if the customer was merged into another one, and InProgress during a merge."""
    if merged_customers.follow(customer_id) != customer_id:
        raise merged_customers.missing(customer_id)
    customer_merges.refuse_if_locked(customers.find(customer_id))


def forget(customer_id: str) -> None:
    """Remove what is left of everybody whom this customer has absorbed: addresses, names and records. Safe to repeat.

    For the erasure of a customer, before or after the row itself goes. The merges can then no longer be undone, and the
    ids of the absorbed customers name nobody. Raises InProgress if a merge of the customer is in progress.
    """
    customer_merges.refuse_if_locked(customers.find(customer_id))
    for entry in merge_records.absorbed_by(customer_id):
        forget(entry.absorbed_id)
        address = text.normalize_email(entry.absorbed["email"])
        write = Transaction(was_applied=partial(_is_forgotten, customer_id, entry.absorbed_id))
        if unique_values.owner_of(unique_values.EMAIL, address) == entry.absorbed_id:
            unique_values.release(write, unique_values.EMAIL, address, entry.absorbed_id)
        owners = customer_references.owner_ids(entry.absorbed["references"])
        # Somebody else may have a reference since the kept customer has left the archive.
        for reference in (each for each, owner in owners.items() if owner == entry.absorbed_id):
            unique_values.release(write, unique_values.CUSTOMER_REFERENCE, reference, entry.absorbed_id)
        if unique_values.owner_of(unique_values.MERGED_CUSTOMER, entry.absorbed_id) == customer_id:  # not yet expired
            merged_customers.remove(write, entry.absorbed_id, customer_id)
        merge_records.delete(write, entry.absorbed_id)
        merge_records.delete_entry(write, customer_id, entry.absorbed_id)
        write.commit()


def _is_forgotten(kept_id: str, absorbed_id: str) -> bool:
    return all(entry.absorbed_id != absorbed_id for entry in merge_records.absorbed_by(kept_id))

"""References of customers: the ids that they had in the system they come from, such as `django:customer:7`.

A reference is a unique value that names its customer. It is linked after the customer is created, and importing the
customer again links it if that had failed. It outlives a change of the e-mail address in that system. The customer's row has
its references, too, so that they are found when the customer is erased. Products have their reference as SKU, orders as
reference.
"""

from collections.abc import Iterable
from functools import partial

from chalicelib.crm import customers, deleted_customers, merged_customers, text, unique_values
from chalicelib.crm.customers import Customer
from chalicelib.errors import Conflict, InvalidInput, NotFound, ReferenceConflict
from chalicelib.store import tables
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale, Transaction

MAX_LENGTH = 64
MAX_REFERENCES = 20
"""Of one customer. They are in the customer's row, and released in one transaction."""


def link(reference: str, customer_id: str) -> None:
    """Let the reference name this customer. Raises InvalidInput, NotFound, and ReferenceConflict if it names another one."""
    value = _checked(reference)
    for _ in retry_delays():
        owner = unique_values.owner_of(unique_values.CUSTOMER_REFERENCE, value)
        customer = customers.find(customer_id)
        if customer is None:
            raise NotFound(f"There is no customer {customer_id!r}", field="id")
        if owner == customer_id and value in customer.references:
            return
        if owner and owner != customer_id and merged_customers.follow(owner) == customer_id:
            return  # it leads to the customer through the one who was merged
        write = Transaction(was_applied=partial(_is_linked, value, customer_id))
        _claim(write, value, customer_id, owner)
        _add_to_row(write, customer, value)
        try:
            write.commit()
        except Stale:
            continue
        return
    raise Conflict


def release_all(write: Transaction, customer: Customer) -> None:
    """Let nothing name the customer any more. For a customer whose row disappears in the same transaction."""
    for value in customer.references:
        unique_values.release(write, unique_values.CUSTOMER_REFERENCE, value, customer.id)


def _claim(write: Transaction, value: str, customer_id: str, owner: str | None) -> None:
    if owner is None:
        unique_values.claim(write, unique_values.CUSTOMER_REFERENCE, value, customer_id, ReferenceConflict)
    elif owner == customer_id:
        return  # an earlier release did not note it in the row
    elif customers.find_current(owner) or deleted_customers.find(merged_customers.follow(owner)):
        raise ReferenceConflict("Another customer has this reference already", field="reference")
    else:  # the archive no longer has that customer
        unique_values.hand_over(write, unique_values.CUSTOMER_REFERENCE, value, customer_id, before=owner)


def owner_ids(references: Iterable[str]) -> dict[str, str]:
    """Return {reference: customer id} for the references that are linked. The customer may have been deleted."""
    return unique_values.owners_of(unique_values.CUSTOMER_REFERENCE, references)


def find(reference: str) -> Customer | None:
    owner = unique_values.owner_of(unique_values.CUSTOMER_REFERENCE, reference.strip())
    return customers.find_current(owner) if owner else None


def _add_to_row(write: Transaction, customer: Customer, value: str) -> None:
    if len(customer.references) >= MAX_REFERENCES:
        raise InvalidInput(f"A customer has at most {MAX_REFERENCES} references", field="reference")
    row, old = tables.Customer, list(customer.references)
    unchanged = row.references == old if old else row.references.does_not_exist()
    write.update(customers.key(customer.id), [row.references.set([*old, value])], row.id.exists() & unchanged)


def _is_linked(value: str, customer_id: str) -> bool:
    owner = unique_values.owner_of(unique_values.CUSTOMER_REFERENCE, value)
    customer = customers.find(customer_id)
    return owner == customer_id and customer is not None and value in customer.references


def _checked(reference: str) -> str:
    value = text.checked_name(reference, "reference")
    if len(value) > MAX_LENGTH:
        raise InvalidInput(f"Reference cannot be longer than {MAX_LENGTH} characters", field="reference")
    return value

"""References of customers: the ids that they had in the system they come from, such as `django:customer:7`.

A reference is a unique value that names its customer. It is linked after the customer is created, and importing the
customer again links it if that had failed. Products have their reference as SKU, orders as reference.
"""

from functools import partial

from chalicelib.crm import customers, deleted_customers, text, unique_values
from chalicelib.errors import InvalidInput, ReferenceConflict
from chalicelib.store.transaction import Transaction

MAX_LENGTH = 64


def link(reference: str, customer_id: str) -> None:
    """Let the reference name this customer. Raises InvalidInput, and ReferenceConflict if it names another one."""
    value = _checked(reference)
    owner = unique_values.owner_of(unique_values.CUSTOMER_REFERENCE, value)
    if owner == customer_id:
        return
    write = Transaction(was_applied=partial(_names, value, customer_id))
    if owner is None:
        unique_values.claim(write, unique_values.CUSTOMER_REFERENCE, value, customer_id, ReferenceConflict)
    elif customers.find(owner) or deleted_customers.find(owner):
        raise ReferenceConflict("Another customer has this reference already", field="reference")
    else:  # the customer was erased
        unique_values.hand_over(write, unique_values.CUSTOMER_REFERENCE, value, customer_id, before=owner)
    write.commit()


def _names(value: str, customer_id: str) -> bool:
    return unique_values.owner_of(unique_values.CUSTOMER_REFERENCE, value) == customer_id


def _checked(reference: str) -> str:
    value = text.checked_name(reference, "reference")
    if len(value) > MAX_LENGTH:
        raise InvalidInput(f"Reference cannot be longer than {MAX_LENGTH} characters", field="reference")
    return value

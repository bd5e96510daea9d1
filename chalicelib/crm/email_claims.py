"""The claims of customers on their e-mail addresses. That of a merged customer stays, and leads to who was kept."""

from chalicelib.crm import merge_records, merged_customers, text, unique_values
from chalicelib.errors import DuplicateEmail
from chalicelib.store.transaction import Transaction

_EMAIL = unique_values.EMAIL


def claim(write: Transaction, email: str, customer_id: str) -> None:
    """Raises DuplicateEmail when the transaction is committed, if somebody has the address."""
    unique_values.claim(write, _EMAIL, text.normalize_email(email), customer_id, lambda: DuplicateEmail(field="email"))


def move(write: Transaction, customer_id: str, before: str, after: str) -> None:
    """Claim another address. If a customer who was merged into this one has it, the two swap their addresses."""
    old, new = text.normalize_email(before), text.normalize_email(after)
    if old == new:
        return
    owner = unique_values.owner_of(_EMAIL, new)
    if owner and owner != customer_id and merged_customers.follow(owner) == customer_id:
        unique_values.hand_over(write, _EMAIL, new, customer_id, before=owner)
        unique_values.hand_over(write, _EMAIL, old, owner, before=customer_id)
        merge_records.set_email(write, owner, before)
        return
    unique_values.release(write, _EMAIL, old, customer_id)
    claim(write, after, customer_id)


def keep(write: Transaction, email: str, customer_id: str, field: str) -> None:
    """Go on with an address that a merged customer has had all the time, unless the kept one has taken it over."""
    unique_values.hand_over(
        write,
        _EMAIL,
        text.normalize_email(email),
        customer_id,
        before=customer_id,
        error=lambda: DuplicateEmail(
            "The customer who was kept uses the e-mail address now. Change it first", field=field
        ),
    )

"""Claim customers' e-mail addresses. The claim of a merged customer stays, and resolves to the one who was kept."""

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


def give_back(write: Transaction, email: str, customer_id: str, led: str, kept_id: str) -> None:
    """Let a customer who was merged into another one, and is given back, have the address again.

    `led` is the one that has led to them last. If the address leads to somebody else who was merged into the same customer,
    the two swap theirs. Raises DuplicateEmail, also when the transaction is committed, if somebody else has it.
    """
    own, last = text.normalize_email(email), text.normalize_email(led)
    owner = unique_values.owner_of(_EMAIL, own)
    if owner == customer_id:
        unique_values.hand_over(write, _EMAIL, own, customer_id, before=customer_id)
        return
    user = merged_customers.follow(owner) if owner else None
    if owner and user == kept_id != owner:
        unique_values.hand_over(write, _EMAIL, own, customer_id, before=owner)
        unique_values.hand_over(write, _EMAIL, last, owner, before=customer_id)
        merge_records.set_email(write, owner, led)
        return
    if owner:
        raise DuplicateEmail(f"The customer {user!r} uses the e-mail address now. Change it first", field="absorbed")
    # The kept one has had it, and has another one now. What they had before is of no use to anybody.
    claim(write, email, customer_id)
    unique_values.release(write, _EMAIL, last, customer_id)

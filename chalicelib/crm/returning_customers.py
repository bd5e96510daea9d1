"""Create a customer for a client, or restore one who was deleted, with their orders.

The archive has a row for each e-mail address (see `unique_values.ARCHIVED_EMAIL`), so finding a deleted customer costs one
read. Erased customers have none, and are created anew.

    not in the archive --> created, unless the reference of the row names somebody with another address
    in the archive     --> restored, with the given name and phone; its change row says by whom, and what was before.
                           One who is found by the reference of somebody merged into them keeps name, phone and address
    replay             --> as the first attempt did; never restored if the deletion came after the request
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib.crm import (
    customer_references,
    customers,
    deleted_customers,
    merge_erasure,
    merged_customers,
    text,
    unique_values,
)
from chalicelib.crm.customers import Customer
from chalicelib.crm.deleted_customers import DeletedCustomer
from chalicelib.errors import Conflict, DuplicateEmail, DuplicateReference, NotFound, ReferenceConflict
from chalicelib.store import change_marks, ids, timestamps
from chalicelib.store.change_marks import differences
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import AlreadyApplied, Stale, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustomer:
    """A customer as given by a client. `created_at` is for customers from another system."""

    name: str
    email: str
    phone: str | None = None
    phone_note: str | None = None
    created_at: datetime | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class KnownCustomers:
    """Who was here before, of the customers of one request."""

    archived_ids: Mapping[str, str]
    """Normalised e-mail address -> id of the deleted customer."""
    owner_ids: Mapping[str, str] = field(default_factory=dict)
    """Reference -> id of its customer, who may have been deleted, or merged into another one."""
    owners: Mapping[str, Customer] = field(default_factory=dict)
    """The customers of `owner_ids` by id, or whom they were merged into, without the deleted ones."""
    kept_ids: Mapping[str, str] = field(default_factory=dict)
    """Of the customers of `owner_ids` who are not in `owners`: id -> id of whom they were merged into, or the same id."""
    first_emails: Mapping[str, str] = field(default_factory=dict)
    """Reference -> normalised e-mail address of the first row of the request that has it."""

    def live_owner(self, reference: str) -> Customer | None:
        return self.owners.get(self.owner_ids.get(reference, ""))

    def archived_id(self, given: NewCustomer) -> str:
        """Return the id under which the customer may be in the archive, or an empty text."""
        if self.is_deleted(given.reference):
            return self.kept_ids[self.owner_ids[given.reference]]
        return self.archived_ids.get(text.normalize_email(given.email), "")

    def is_deleted(self, reference: str) -> bool:
        """Return whether the reference names a customer who was deleted, or was merged into one who was."""
        return self.owner_ids.get(reference) in self.kept_ids

    def is_merged(self, reference: str) -> bool:
        owner_id = self.owner_ids.get(reference, "")
        return self.kept_ids.get(owner_id, owner_id) != owner_id


def find_known(given: Iterable[NewCustomer]) -> KnownCustomers:
    """Return the known customers, with one call per 100 addresses, and two per 100 references, or three with deleted ones."""
    rows = [(each.reference, text.normalize_email(each.email)) for each in given]
    archived_ids = unique_values.owners_of(unique_values.ARCHIVED_EMAIL, (email for _, email in rows))
    first_emails = {reference: email for reference, email in reversed(rows) if reference}
    owner_ids = customer_references.owner_ids(first_emails)
    owners = customers.find_all_current(owner_ids.values())
    kept_ids = merged_customers.follow_all(set(owner_ids.values()) - owners.keys())
    return KnownCustomers(archived_ids, owner_ids, owners, kept_ids, first_emails)


def create_or_restore(given: NewCustomer, known: KnownCustomers) -> tuple[Customer, bool]:
    """Return the customer, and whether it is new.

    Raises InvalidInput, DuplicateEmail, DuplicateReference, NotFound, Conflict.
    """
    # Take the id before anything else, so that each row of a repeated bulk mutation gets the id that it had.
    new_id = ids.new_id(ids.CUSTOMER)
    if change_marks.is_done(new_id) and (restored_id := (change_marks.before(new_id) or {}).get("restored")):
        customer = customers.find(restored_id)
        if customer is None:
            raise NotFound("This request restored the customer, who has been deleted again since", field="id")
        return customer, False
    _check_reference(given, known, new_id)
    for _ in retry_delays():
        archived = deleted_customers.find(known.archived_id(given))
        if archived is None and known.is_deleted(given.reference):  # perhaps restored by an earlier row
            _check_owner(customer_references.find(given.reference), given, new_id)
        if archived is None or _was_deleted_meanwhile(archived):
            return _create(given, new_id), True
        try:
            return _restore(archived, given, new_id, is_merged=known.is_merged(given.reference)), False
        except AlreadyApplied:
            raise
        except Stale:  # an order was cancelled meanwhile, or somebody else was faster
            continue
    raise Conflict


def _check_reference(given: NewCustomer, known: KnownCustomers, new_id: str) -> None:
    """Raise DuplicateReference if the reference names a customer, and the address does not name the same one.

    Raises ReferenceConflict if the rows of one request contradict each other.
    """
    email = text.normalize_email(given.email)
    owner = known.live_owner(given.reference)
    if owner is None and known.first_emails.get(given.reference, email) != email:
        raise ReferenceConflict("An earlier row has this reference, with another e-mail address", field="reference")
    _check_owner(owner, given, new_id)


def _check_owner(owner: Customer | None, given: NewCustomer, new_id: str) -> None:
    """Raise DuplicateReference if the customer who has the reference has another address than the given one."""
    if owner is None or owner.id == new_id or text.normalize_email(owner.email) == text.normalize_email(given.email):
        return
    by_email = customers.find_by_email(given.email)  # a former address leads to the same customer, too
    if by_email is None or by_email.id != owner.id:
        raise DuplicateReference(field="reference")


def _create(given: NewCustomer, new_id: str) -> Customer:
    for number in range(2):
        try:
            return customers.create(
                given.name, given.email, given.phone, given.created_at, phone_note=given.phone_note, customer_id=new_id
            )
        except DuplicateEmail:
            if number or not _free_former_address(given.email):
                raise
    raise Conflict


def _free_former_address(email: str) -> bool:
    """Free the address of a customer who was merged into one who is gone for good. Return whether it was.

    Raises DuplicateEmail if that customer can still be restored.
    """
    owner = unique_values.owner_of(unique_values.EMAIL, text.normalize_email(email))
    kept_id = merged_customers.follow(owner) if owner else owner
    if kept_id is None or kept_id == owner or customers.find(kept_id):
        return False
    if deleted_customers.find(kept_id):
        raise DuplicateEmail(f"This is a former address of {kept_id!r}, who was deleted. Restore them", field="email")
    merge_erasure.forget(kept_id)
    return True


def _was_deleted_meanwhile(archived: DeletedCustomer) -> bool:
    """Return whether this is a replay, and the customer was deleted after the first attempt began."""
    return change_marks.is_replay() and archived.deleted_at >= timestamps.to_text(change_marks.moment())


def _restore(archived: DeletedCustomer, given: NewCustomer, new_id: str, *, is_merged: bool) -> Customer:
    """Restore the customer. What is given of somebody who was merged into them changes nothing, as after a merge."""
    old = archived.customer
    new = replace(
        deleted_customers.as_restored(old),
        name=text.checked_name(given.name),
        email=text.checked_email(given.email),
        phone=text.checked_phone(given.phone) or old.phone,
        phone_note=text.checked_phone_note(given.phone_note) or old.phone_note,
    )
    customer = deleted_customers.as_restored(old) if is_merged else new
    # The mark is under the id that a new customer would have: that is all that a replay knows.
    write = Transaction(
        was_applied=lambda: customers.was_written(customer),
        subject=new_id,
        before={"restored": old.id},
        is_logged=False,
    )
    before, after = customers.contact(old), customers.contact(customer)
    write.log(old.id, *differences({"archived": True, **before}, {"archived": False, **after}))
    customer = deleted_customers.add_restoration(write, archived, customer)
    write.commit()
    return customer

"""Customers: create, update and find them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial

from chalicelib import clock
from chalicelib.crm import (
    calendar_days,
    change_times,
    counters,
    customer_rows,
    customer_values,
    email_claims,
    merged_customers,
    search_index,
    text,
    unique_values,
)
from chalicelib.crm.search_words import RowWords
from chalicelib.errors import Conflict, InProgress, NotFound, UnknownCustomer
from chalicelib.settings import settings
from chalicelib.store import change_marks, ids, reads, tables, timestamps
from chalicelib.store.change_marks import differences
from chalicelib.store.fast_dataclasses import quickly_made
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale, Transaction, new_token


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    id: str
    name: str
    email: str
    phone: str | None
    created_at: str
    last_order: str | None
    orders: int
    token: str
    updated_at: str
    """See `change_times`."""
    restored_at: str | None = None
    cancelled: int = 0
    """How many orders were cancelled while the customer was here. `orders` counts those, too."""
    added_at: str | None = None
    """When the customer came into this system. An imported customer may have been created long before."""
    created_by: str | None = None
    phone_note: str | None = None
    """What an import found in place of a phone number, or behind it. Nothing is searched or sorted by it."""
    search_mark: str | None = None
    """See `search_index`."""
    references: tuple[str, ...] = ()
    """See `customer_references`."""
    merge_id: str | None = None
    """The customer who is absorbed, or given back, by a merge that is in progress. Both of its customers have it."""
    merged_into: str | None = None
    """The customer who gets the orders of this one from now on, while they move."""
    absorbed: int = 0
    """How many others were merged into this one directly."""

    @property
    def words(self) -> RowWords:
        return RowWords.of(self.name, text.normalize_email(self.email), self.phone)

    @property
    def active_on(self) -> str:
        """The day of the last order, of the creation, of the import, or of the return from the archive: the latest."""
        latest = max(self.created_at, self.last_order or "", self.restored_at or "", self.added_at or "")
        return calendar_days.day_of_text(latest)

    @property
    def inactive_from(self) -> date:
        """The first day on which the clean-up considers the customer, unless an order comes before."""
        return date.fromisoformat(self.active_on) + timedelta(days=settings.inactive_days + 1)


def load(item: reads.Item) -> Customer:
    return Customer(
        id=item["id"]["S"],
        name=item["name"]["S"],
        email=item["email"]["S"],
        phone=reads.text(item, "phone"),
        phone_note=reads.text(item, "phone_note"),
        created_at=item["created_at"]["S"],
        last_order=reads.text(item, "last_order"),
        orders=reads.number(item, "orders"),
        token=item["token"]["S"],
        updated_at=reads.text(item, "updated_at") or item["created_at"]["S"],
        restored_at=reads.text(item, "restored_at"),
        added_at=reads.text(item, "added_at"),
        created_by=reads.text(item, "created_by"),
        cancelled=reads.number(item, "cancelled"),
        search_mark=reads.text(item, "search_mark"),
        references=tuple(reads.json_of(item, "references") or ()),
        merge_id=reads.text(item, "merge_id"),
        merged_into=reads.text(item, "merged_into"),
        absorbed=reads.number(item, "absorbed"),
    )


def find(customer_id: str) -> Customer | None:
    if not ids.is_id(ids.CUSTOMER, customer_id):
        return None
    item = reads.get(tables.Customer, {"id": {"S": customer_id}})
    return load(item) if item else None


def find_current(customer_id: str) -> Customer | None:
    """Return the customer with this id, or the one into whom they were merged. Only the latter costs further reads."""
    found = find(customer_id)
    if found is not None and found.merged_into is None:
        return found
    return find_all_current([customer_id]).get(customer_id)


def find_all_current(customer_ids: Iterable[str]) -> dict[str, Customer]:
    """Return {given id: customer}, as of now, with whom was kept for each customer who was merged."""
    wanted = [each for each in dict.fromkeys(customer_ids) if ids.is_id(ids.CUSTOMER, each)]
    found = find_all(wanted, consistent=True)
    kept_ids = {key: row.merged_into for key, row in found.items() if row.merged_into}
    missing = [key for key in wanted if key not in found]
    if missing:
        kept_ids |= merged_customers.follow_all(missing)
    if not kept_ids:
        return found
    found |= find_all(kept_ids.values(), consistent=True)
    return {key: found[at] for key in wanted if (at := kept_ids.get(key, key)) in found}


def find_by_email(email: str) -> Customer | None:
    owner = unique_values.owner_of(unique_values.EMAIL, text.normalize_email(email))
    return find_current(owner) if owner else None


def find_all_by_email(emails: Iterable[str]) -> dict[str, Customer]:
    """Return {normalised e-mail address: customer} for the addresses that exist, as of now."""
    owners = unique_values.owners_of(unique_values.EMAIL, map(text.normalize_email, emails))
    found = find_all_current(owners.values())
    return {email: found[owner] for email, owner in owners.items() if owner in found}


def find_all(customer_ids: Iterable[str], *, consistent: bool = False) -> dict[str, Customer]:
    items = reads.get_by_id(tables.Customer, customer_ids, consistent=consistent)
    return {customer_id: load(item) for customer_id, item in items.items()}


def create(  # noqa: PLR0913 - the fields of a customer
    name: str,
    email: str,
    phone: str | None = None,
    created_at: datetime | None = None,
    *,
    added_at: datetime | None = None,
    phone_note: str | None = None,
    customer_id: str | None = None,
) -> Customer:
    """Create a customer. Raises InvalidInput, DuplicateEmail.

    `created_at` is for customers from another system. They count as active from `added_at`, by default now, so that the
    clean-up does not delete what has just been imported. `customer_id` is an id that was made for this customer before.
    """
    since = timestamps.to_text(timestamps.checked_past(created_at, "created_at"))
    added = timestamps.to_text(added_at or clock.now())
    customer = Customer(
        id=customer_id or ids.new_id(ids.CUSTOMER),
        name=text.checked_name(name),
        email=text.checked_email(email),
        phone=text.checked_phone(phone),
        phone_note=text.checked_phone_note(phone_note),
        created_at=since,
        last_order=None,
        orders=0,
        token=new_token(),
        updated_at=added if created_at else since,
        added_at=added,
        created_by=change_marks.actor(),
    )
    if existing := _created_before(customer.id):
        return existing
    # No other request creates this id.
    write = Transaction(was_applied=lambda: find(customer.id) is not None, subject=customer.id, is_logged=False)
    put(write, customer)
    counters.add(write, customer.created_at, customer.id, customers=1, created=1)
    write.commit()
    return customer


def _created_before(customer_id: str) -> Customer | None:
    """Return the customer that an earlier attempt at this request has created. Raises NotFound if they are gone since."""
    existing = find(customer_id) if change_marks.is_replay() else None
    if existing is None and change_marks.is_done(customer_id):
        raise NotFound("This request created the customer, who has been deleted since", field="id")
    return existing


def update(
    customer_id: str, changes: Mapping[str, str | None], expected_updated_at: datetime | None = None
) -> Customer:
    """Set the given ones of name, email, phone and phoneNote. Raises InvalidInput, DuplicateEmail, NotFound.

    With `expected_updated_at`, nothing is changed unless the customer was changed last at that time. Raises RowChanged.
    """
    checked = customer_values.checked_changes(changes)
    for _ in retry_delays():
        old = find(customer_id)
        if old is None:
            raise merged_customers.missing(customer_id)
        if change_marks.is_done(customer_id):
            return old
        if old.merged_into:
            raise InProgress(f"The customer is being merged into {old.merged_into!r}. Change that one")
        change_times.check_unchanged(old, expected_updated_at, contact(old))
        new = replace(old, **checked, token=new_token(), updated_at=change_times.after(old.updated_at))
        if new.words != old.words:
            new = replace(new, search_mark=new.token)
        before, after = differences(contact(old), contact(new))
        write = Transaction(was_applied=partial(was_written, new), subject=customer_id, before=before, after=after)
        search_index.move(write, old, new)
        write.update(key(new.id), customer_rows.update_actions(new), tables.Customer.token == old.token)
        email_claims.move(write, old.id, old.email, new.email)
        try:
            write.commit()
        except Stale:
            continue
        return new
    raise Conflict


def require(customer_id: str) -> Customer:
    """Return the customer. Raises UnknownCustomer."""
    customer = find(customer_id)
    if customer is None:
        raise UnknownCustomer(field="customer_id")
    return customer


def contact(customer: Customer) -> dict[str, object]:
    """Return the fields that people can change, for change rows."""
    fields: dict[str, object] = {"name": customer.name, "email": customer.email, "phone": customer.phone}
    return fields | ({"phoneNote": customer.phone_note} if customer.phone_note else {})


def was_written(customer: Customer) -> bool:
    return reads.has_token(tables.Customer, customer.token, id=customer.id)


def put(write: Transaction, customer: Customer) -> None:
    """Write a whole new row, and claim its e-mail address."""
    email_claims.claim(write, customer.email, customer.id)
    put_again(write, customer)


def put_again(write: Transaction, customer: Customer) -> None:
    """Write a row that was there before, whose e-mail address is still claimed."""
    search_index.add(write, customer)
    write.put(customer_rows.to_row(customer), tables.Customer.id.does_not_exist())


def key(customer_id: str) -> tables.Customer:
    return tables.Customer(id=customer_id)

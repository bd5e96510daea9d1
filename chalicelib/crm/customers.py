"""Customers: create, update and find them, claim their e-mail addresses, and count their orders."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.crm import (
    business_days,
    change_times,
    counters,
    customer_rows,
    customer_values,
    search_index,
    text,
    unique_values,
)
from chalicelib.crm.search_words import RowWords
from chalicelib.errors import Conflict, DuplicateEmail, NotFound, UnknownCustomer
from chalicelib.settings import settings
from chalicelib.store import change_marks, ids, index_keys, reads, tables, timestamps
from chalicelib.store.change_marks import differences
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale, Transaction, new_token


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
    search_mark: str | None = None
    """See `search_index`."""
    references: tuple[str, ...] = ()
    """See `customer_references`."""

    @property
    def words(self) -> RowWords:
        return RowWords.of(self.name, text.normalize_email(self.email), self.phone)

    @property
    def active_on(self) -> str:
        """The day of the last order, of the creation, of the import, or of the return from the archive: the latest."""
        latest = max(self.created_at, self.last_order or "", self.restored_at or "", self.added_at or "")
        return business_days.day_of_text(latest)

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
    )


def find(customer_id: str) -> Customer | None:
    if not ids.is_id(ids.CUSTOMER, customer_id):
        return None
    item = reads.get(tables.Customer, {"id": {"S": customer_id}})
    return load(item) if item else None


def find_by_email(email: str) -> Customer | None:
    owner = unique_values.owner_of(unique_values.EMAIL, text.normalize_email(email))
    return find(owner) if owner else None


def find_all_by_email(emails: Iterable[str]) -> dict[str, Customer]:
    """Return {normalised e-mail address: customer} for the addresses that exist, as of now."""
    owners = unique_values.owners_of(unique_values.EMAIL, map(text.normalize_email, emails))
    found = find_all(owners.values(), consistent=True)
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
        created_at=since,
        last_order=None,
        orders=0,
        token=new_token(),
        updated_at=added if created_at else since,
        added_at=added,
        created_by=change_marks.actor(),
    )
    existing = find(customer.id) if change_marks.is_replay() else None
    if existing:
        return existing
    if change_marks.is_done(customer.id):
        raise NotFound("This request created the customer, who has been deleted since", field="id")
    # No other request creates this id.
    write = Transaction(was_applied=lambda: find(customer.id) is not None, subject=customer.id, is_logged=False)
    put(write, customer)
    counters.add(write, customer.created_at, customer.id, customers=1, created=1)
    write.commit()
    return customer


def update(
    customer_id: str, changes: Mapping[str, str | None], expected_updated_at: datetime | None = None
) -> Customer:
    """Set the given ones of name, email and phone. Raises InvalidInput, DuplicateEmail, NotFound.

    With `expected_updated_at`, nothing is changed unless the customer was changed last at that time. Raises RowChanged.
    """
    checked = customer_values.checked_changes(changes)
    for _ in retry_delays():
        old = find(customer_id)
        if old is None:
            raise NotFound(f"There is no customer {customer_id!r}", field="id")
        if change_marks.is_done(customer_id):
            return old
        change_times.check_unchanged(old, expected_updated_at, contact(old))
        new = replace(old, **checked, token=new_token(), updated_at=change_times.after(old.updated_at))
        if new.words != old.words:
            new = replace(new, search_mark=new.token)
        before, after = differences(contact(old), contact(new))
        write = Transaction(was_applied=partial(was_written, new), subject=customer_id, before=before, after=after)
        search_index.move(write, old, new)
        write.update(key(new.id), customer_rows.update_actions(new), tables.Customer.token == old.token)
        if text.normalize_email(new.email) != text.normalize_email(old.email):
            unique_values.release(write, unique_values.EMAIL, text.normalize_email(old.email), old.id)
            _claim_email(write, new)
        try:
            write.commit()
        except Stale:
            continue
        return new
    raise Conflict


def book_order(write: Transaction, customer: Customer, date: str) -> None:
    """Count an order of `date` for the customer, who must still exist."""
    row = tables.Customer
    last = customer.last_order
    actions: list[Action] = [row.orders.add(1)]
    if last is None or date > last:
        condition = row.last_order.does_not_exist() | (row.last_order <= date)
        actions.append(row.last_order.set(date))
        day = business_days.day_of_text(date)
        if day > customer.active_on:
            actions.append(row.activity_key.set(index_keys.sort_key(day, customer.id)))
    else:
        condition = row.last_order >= date
    write.update(key(customer.id), actions, row.id.exists() & condition)


def with_order(customer: Customer, date: str) -> Customer:
    """Return the customer as `book_order` leaves it."""
    return replace(customer, orders=customer.orders + 1, last_order=max(customer.last_order or "", date))


def book_cancellation(write: Transaction, customer: Customer, last: str | None) -> None:
    """Count a cancelled order. `last` is the date of the latest order without it.

    Fails as Stale if an order of the customer was placed or cancelled since `customer` was read.
    """
    row = tables.Customer
    actions: list[Action] = [row.cancelled.add(1)]
    if last != customer.last_order:
        actions.append(row.last_order.set(last) if last else row.last_order.remove())
        active_on = replace(customer, last_order=last).active_on
        if active_on != customer.active_on:
            actions.append(row.activity_key.set(index_keys.sort_key(active_on, customer.id)))
    write.update(key(customer.id), actions, is_unchanged(customer))


def is_unchanged(customer: Customer) -> Condition:
    """Return the condition that nobody has changed the customer or their references, nor placed or cancelled an order."""
    row = tables.Customer
    none_is_cancelled = row.cancelled.does_not_exist()
    has_same_cancelled = row.cancelled == customer.cancelled if customer.cancelled else none_is_cancelled
    unchanged: Condition = (row.token == customer.token) & (row.orders == customer.orders) & has_same_cancelled
    unchanged &= row.references == [*customer.references] if customer.references else row.references.does_not_exist()
    return unchanged


def require(customer_id: str) -> Customer:
    """Return the customer. Raises UnknownCustomer."""
    customer = find(customer_id)
    if customer is None:
        raise UnknownCustomer(field="customer_id")
    return customer


def contact(customer: Customer) -> dict[str, object]:
    """Return the fields that people can change, for change rows."""
    return {"name": customer.name, "email": customer.email, "phone": customer.phone}


def was_written(customer: Customer) -> bool:
    return reads.has_token(tables.Customer, customer.token, id=customer.id)


def _claim_email(write: Transaction, customer: Customer) -> None:
    unique_values.claim(
        write,
        unique_values.EMAIL,
        text.normalize_email(customer.email),
        customer.id,
        lambda: DuplicateEmail(field="email"),
    )


def put(write: Transaction, customer: Customer) -> None:
    """Write a whole new row, and claim its e-mail address."""
    _claim_email(write, customer)
    search_index.add(write, customer)
    write.put(customer_rows.to_row(customer), tables.Customer.id.does_not_exist())


def key(customer_id: str) -> tables.Customer:
    return tables.Customer(id=customer_id)

"""Deleting and restoring customers: a deleted customer is kept in an archive for a while.

The archive is the partition `archive` of `ops`, with one row per customer and a TTL. Orders stay where they are, because
they belong to the company's books.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

from chalicelib import clock
from chalicelib.crm import (
    change_times,
    counters,
    customer_activity,
    customers,
    latest_order,
    merge_records,
    merged_customers,
    search_index,
    text,
    unique_values,
)
from chalicelib.crm.customers import Customer
from chalicelib.errors import Conflict, InProgress, NotFound
from chalicelib.settings import settings
from chalicelib.store import change_marks, ids, reads, tables, timestamps
from chalicelib.store.index_scan import IndexRange
from chalicelib.store.pagination import Listing
from chalicelib.store.retries import confirm, retry_delays
from chalicelib.store.transaction import Stale, Transaction, new_token

PARTITION = "archive"


@dataclass(frozen=True, slots=True)
class DeletedCustomer:
    customer: Customer
    deleted_at: str

    @property
    def kept_until(self) -> str:
        return timestamps.to_text(timestamps.from_text(self.deleted_at) + timedelta(days=settings.archive_days))


def delete(customer_id: str) -> Customer:
    """Move the customer to the archive and free the e-mail address. Raises NotFound, and InProgress during a merge."""
    for _ in retry_delays():
        old = customers.find(customer_id)
        if change_marks.is_done(customer_id):
            archived = find(customer_id)  # or somebody has restored the customer since
            return archived.customer if archived else customers.require(customer_id)
        if old is None:
            raise merged_customers.missing(customer_id)
        if old.merge_id:
            raise InProgress("A merge of this customer is in progress. Complete it first: send the mutation again")
        try:
            _archive(old, new_token()).commit()
        except Stale:
            continue  # an order or a change came first: archive the customer as it is now
        return old
    raise Conflict


def delete_inactive(customer_id: str, before: date, token: str) -> Customer | None:
    """The customer, if it was last active before that day and is now in the archive; an order placed meanwhile wins.

    `token` makes it safe to repeat: a customer that was archived under it is the answer again.
    """
    for _ in retry_delays():
        old = customers.find(customer_id)
        if old is None:
            archived = confirm(partial(find, customer_id))
            return archived.customer if archived and archived.customer.token == token else None
        if old.active_on >= before.isoformat() or old.merge_id:
            return None
        try:
            _archive(old, token).commit()
        except Stale:
            continue
        return old
    raise Conflict


def restore(customer_id: str) -> Customer:
    """Restore the customer, with e-mail address and orders. Raises NotFound, DuplicateEmail.

    The customer counts as active today, so that the next clean-up does not delete them again.
    """
    for _ in retry_delays():
        if customers.find(customer_id) is not None:
            return customers.require(customer_id)
        if change_marks.is_done(customer_id):
            raise NotFound("This request restored the customer, who has been deleted again since", field="id")
        archived = find(customer_id)
        if archived is None and merged_customers.follow(customer_id) != customer_id:
            raise merged_customers.missing(customer_id)
        if archived is None:
            raise NotFound(f"There is no deleted customer {customer_id!r}", field="id")
        customer = as_restored(archived.customer)
        write = Transaction(
            was_applied=lambda: customers.find(customer_id) is not None,
            subject=customer_id,
            after=customers.contact(customer),
        )
        try:
            add_restoration(write, archived, customer)
            write.commit()
        except Stale:  # an order was cancelled meanwhile, or somebody else was faster
            continue
        return customers.require(customer_id)
    raise Conflict


def as_restored(customer: Customer) -> Customer:
    now = timestamps.to_text(clock.now())
    return replace(customer, token=new_token(), restored_at=now, updated_at=change_times.after(customer.updated_at))


def add_restoration(write: Transaction, archived: DeletedCustomer, customer: Customer) -> Customer:
    """Move the archived customer back, as `customer` with the latest order that there is now. Raises Stale.

    Orders could be cancelled while the customer was away, but none was placed.
    """
    latest = latest_order.find(customer.id, customer.orders) if customer.last_order else None
    if latest:
        write.check(tables.Order, latest.id, tables.Order.status == latest.status)
    customer = replace(customer, last_order=latest.date if latest else None, search_mark=customer.token)
    customers.put(write, customer)
    if customer.absorbed:
        merge_records.set_expiry(write, customer.id, None)
    write.delete(tables.AuxRow(pk=PARTITION, sk=customer.id), tables.AuxRow.token == archived.customer.token)
    email = text.normalize_email(archived.customer.email)
    # The address may name somebody who had it after this customer.
    if unique_values.owner_of(unique_values.ARCHIVED_EMAIL, email) == customer.id:
        unique_values.release(write, unique_values.ARCHIVED_EMAIL, email, customer.id)
    counters.add(write, timestamps.to_text(clock.now()), customer.id, customers=1)
    return customer


def find(customer_id: str) -> DeletedCustomer | None:
    if not ids.is_id(ids.CUSTOMER, customer_id):
        return None
    item = reads.get_op(PARTITION, customer_id)
    return _load(item) if item else None


def list_deleted_customers() -> Listing[DeletedCustomer]:
    """List deleted customers, the last created first."""
    index_range = IndexRange(tables.AuxRow, None, "pk", "sk", (PARTITION,), id_name="sk")
    return Listing(
        index_range=index_range, descending=True, query="archive", fetch=find_all, passes=lambda _: True, exact=True
    )


def find_all(customer_ids: Iterable[str]) -> dict[str, DeletedCustomer]:
    keys = [{"pk": {"S": PARTITION}, "sk": {"S": customer_id}} for customer_id in customer_ids]
    return {item["sk"]["S"]: _load(item) for item in reads.get_all(tables.AuxRow, keys, consistent=True)}


def _archive(old: Customer, token: str) -> Transaction:
    now = clock.now()
    content: dict[str, object] = {**customers.contact(old), "created_at": old.created_at}
    content |= {"last_order": old.last_order, "orders": str(old.orders), "restored_at": old.restored_at}
    content |= {"added_at": old.added_at, "created_by": old.created_by, "phone_note": old.phone_note}
    content |= {"references": list(old.references), "absorbed": old.absorbed}
    deleted_at = content["deleted_at"] = timestamps.to_text(now)
    ttl = now + timedelta(days=settings.archive_days)
    write = Transaction(was_applied=lambda: _archived_as(old.id, token), subject=old.id, before=customers.contact(old))
    write.delete(customers.key(old.id), customer_activity.is_unchanged(old))
    search_index.remove(write, old)
    unique_values.release(write, unique_values.EMAIL, text.normalize_email(old.email), old.id)
    write.put(tables.AuxRow(pk=PARTITION, sk=old.id, content=content, token=token, ttl=ttl))
    email = text.normalize_email(old.email)
    write.put(tables.AuxRow(pk=unique_values.ARCHIVED_EMAIL, sk=email, owner=old.id, ttl=ttl))
    counters.add(write, deleted_at, old.id, customers=-1)
    if old.absorbed:
        merge_records.set_expiry(write, old.id, ttl)
    return write


def _archived_as(customer_id: str, token: str) -> bool:
    archived = find(customer_id)
    return archived is not None and archived.customer.token == token


def _load(item: reads.Item) -> DeletedCustomer:
    content = reads.json_of(item, "content")
    customer = Customer(
        id=item["sk"]["S"],
        name=content["name"],
        email=content["email"],
        phone=content["phone"],
        phone_note=content.get("phone_note"),
        created_at=content["created_at"],
        last_order=content["last_order"],
        orders=int(content["orders"]),
        token=item["token"]["S"],
        updated_at=content["deleted_at"],
        restored_at=content["restored_at"],
        added_at=content.get("added_at"),
        created_by=content.get("created_by"),
        references=tuple(content.get("references", ())),
        absorbed=content.get("absorbed", 0),
    )
    return DeletedCustomer(customer, content["deleted_at"])

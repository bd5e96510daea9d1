"""Deleted customers: moved to an archive that keeps them for a while, and brought back from there.

The archive is the partition `archive` of `ops`, a row a customer, with a TTL. The orders stay where they are: they are
the company's books.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

from chalicelib import clock
from chalicelib.crm import claims, counters, customers, ids, moments, reads, tables, text
from chalicelib.crm.customers import Customer
from chalicelib.crm.transaction import Stale, Transaction, attempts, new_token, proven
from chalicelib.errors import Conflict, NotFound
from chalicelib.settings import settings

PARTITION = "archive"


@dataclass(frozen=True, slots=True)
class Archived:
    customer: Customer
    deleted_at: str


def delete(customer_id: str) -> Customer:
    """Move the customer to the archive and free the e-mail address. Raises NotFound."""
    for _ in attempts():
        old = customers.find(customer_id)
        if old is None:
            raise NotFound(f"There is no customer {customer_id!r}", field="id")
        try:
            _archive(old, new_token()).commit()
        except Stale:
            continue  # an order or a change came between: archive the customer as it is then
        return old
    raise Conflict


def delete_inactive(customer_id: str, before: date, token: str) -> Customer | None:
    """The customer, if it was last active before that day and is now in the archive; an order placed meanwhile wins.

    `token` makes it safe to repeat: a customer that was archived under it is the answer again.
    """
    for _ in attempts():
        old = customers.find(customer_id)
        if old is None:
            archived = proven(partial(find, customer_id))
            return archived.customer if archived and archived.customer.token == token else None
        if old.active_on >= before.isoformat():
            return None
        try:
            _archive(old, token).commit()
        except Stale:
            continue
        return old
    raise Conflict


def restore(customer_id: str) -> Customer:
    """Bring the customer back, with e-mail and history. Raises NotFound, DuplicateEmail."""
    if customers.find(customer_id) is None:
        archived = find(customer_id)
        if archived is None:
            raise NotFound(f"There is no deleted customer {customer_id!r}", field="id")
        customer = replace(archived.customer, token=new_token())
        write = Transaction(proof=lambda: customers.find(customer_id) is not None)
        customers.put(write, customer)
        write.delete(tables.Op(pk=PARTITION, sk=customer_id), tables.Op.token == archived.customer.token)
        counters.add(write, clock.now().date().isoformat(), customer_id, customers=1)
        write.commit()
    return customers.require(customer_id)


def find(customer_id: str) -> Archived | None:
    if not ids.is_id(ids.CUSTOMER, customer_id):
        return None
    item = reads.get_op(PARTITION, customer_id)
    return _load(item) if item else None


def newest_first() -> Iterator[Archived]:
    """By customer id, that is by creation; reads a page at a time, as far as it is asked for."""
    for item in reads.query(
        TableName=reads.table_name(tables.Op),
        KeyConditionExpression="pk = :archive",
        ExpressionAttributeValues={":archive": {"S": PARTITION}},
        ScanIndexForward=False,
    ):
        yield _load(item)


def _archive(old: Customer, token: str) -> Transaction:
    now = clock.now()
    content = {"name": old.name, "email": old.email, "phone": old.phone, "created_at": old.created_at}
    content |= {"last_order": old.last_order, "orders": str(old.orders), "deleted_at": moments.to_text(now)}
    ttl = now + timedelta(days=settings.archive_days)
    write = Transaction(proof=lambda: _archived_as(old.id, token))
    write.delete(customers.key(old.id), (tables.Customer.token == old.token) & (tables.Customer.orders == old.orders))
    claims.release(write, claims.EMAIL, text.fold(old.email), old.id)
    write.put(tables.Op(pk=PARTITION, sk=old.id, content=content, token=token, ttl=ttl))
    counters.add(write, now.date().isoformat(), old.id, customers=-1)
    return write


def _archived_as(customer_id: str, token: str) -> bool:
    archived = find(customer_id)
    return archived is not None and archived.customer.token == token


def _load(item: reads.Item) -> Archived:
    content = reads.json_of(item, "content")
    customer = Customer(
        id=item["sk"]["S"],
        name=content["name"],
        email=content["email"],
        phone=content["phone"],
        created_at=content["created_at"],
        last_order=content["last_order"],
        orders=int(content["orders"]),
        token=item["token"]["S"],
    )
    return Archived(customer, content["deleted_at"])

"""Who a customer is: what their row, the archive and their changes say, and what to look for in everything else."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from chalicelib.crm import customers, deleted_customers, merge_records, merged_customers, text, unique_values
from chalicelib.crm.customers import Customer
from chalicelib.crm.deleted_customers import DeletedCustomer
from chalicelib.privacy import erased_people
from chalicelib.privacy.person import ERASED, Person
from chalicelib.privacy.traces import Search
from chalicelib.store import ids, partition_pages, reads
from chalicelib.store.change_marks import PREFIX
from chalicelib.store.cursors import Position
from chalicelib.store.index_keys import SEPARATOR
from chalicelib.store.index_scan import IndexRange, IndexScan
from chalicelib.store.tables import Order

MAX_CHANGES = 200
"""The latest changes that are looked through for former names, addresses and numbers."""
MAX_BYTES = 200_000
"""Of all these texts as JSON: an erasure keeps them in one row. Of a customer with more, the oldest are not looked for."""
MAX_GIVEN_BACK = 9
"""The latest undone merges of a customer that are looked through for orders."""


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """What the CRM has of a person. Without a customer, the person was erased or is no longer in the archive."""

    search: Search
    customer: Customer | None = None
    deleted: DeletedCustomer | None = None

    @property
    def person(self) -> Person:
        return self.search.person

    @property
    def row(self) -> Customer | None:
        return self.customer or (self.deleted.customer if self.deleted else None)


def find(customer_id: str) -> KnownPerson | None:
    """Return what is known about a customer, deleted ones included; None if nothing at all is kept. Raises Unavailable."""
    if not ids.is_id(ids.CUSTOMER, customer_id):
        return None
    erased = erased_people.find(customer_id)
    if erased:
        return KnownPerson(erased)
    customer = customers.find(customer_id)
    deleted = None if customer else deleted_customers.find(customer_id)
    items = _changes_of(customer_id)
    row = customer or (deleted.customer if deleted else None)
    if row is None and not items and not _has_orders(customer_id):
        return None
    return KnownPerson(Search(_person(customer_id, row, items)), customer, deleted)


def _changes_of(customer_id: str) -> list[reads.Item]:
    return partition_pages.read(f"{PREFIX}{customer_id}", limit=MAX_CHANGES, up=False)[0]


def find_id(email: str) -> str | None:
    """Return the id of the customer to whom this address leads, or else of the one in the archive who had it last."""
    address = text.normalize_email(email)
    owner = unique_values.owner_of(unique_values.EMAIL, address)
    return merged_customers.follow(owner) if owner else unique_values.owner_of(unique_values.ARCHIVED_EMAIL, address)


def _has_orders(customer_id: str) -> bool:
    index_range = IndexRange(Order, "by_customer", "customer_id", "date_k", (customer_id,))
    first: Position | None = next(IndexScan(index_range, up=True, batch=1).positions(), None)
    return first is not None


def _person(customer_id: str, row: Customer | None, items: list[reads.Item]) -> Person:
    merged = list(merge_records.all_absorbed_by(customer_id))
    values = [*(customers.contact(row).items() if row else ()), *_former_values(items)]
    for record in merged:
        contact = {**record.absorbed, "phoneNote": record.absorbed.get("phone_note")}
        changes = _changes_of(record.absorbed_id)
        values += [*contact.items(), *_former_values(changes)]
        items = [*items, *changes]
    found: dict[str, dict[str, None]] = {name: {} for name in ("name", "email", "phone", "phoneNote")}
    size = 0
    for field, value in values:
        if field in found and isinstance(value, str) and value != ERASED and value not in found[field]:
            size += len(json.dumps(value)) + 2
            if size > MAX_BYTES:
                break
            found[field][value] = None
    person = Person(customer_id, *map(tuple, found.values()))
    person = replace(person, merged_ids=tuple(each.absorbed_id for each in merged))
    return replace(person, given_back_ids=_given_back(items, person.ids))


def _given_back(items: list[reads.Item], own_ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return the customers whose changes are in the history of the person, too: those of merges."""
    subjects = dict.fromkeys(item["sk"]["S"].partition(SEPARATOR)[2] for item in items)
    others = [each for each in subjects if ids.is_id(ids.CUSTOMER, each) and each not in own_ids]
    return tuple(others[:MAX_GIVEN_BACK])


def _former_values(items: list[reads.Item]) -> Iterator[tuple[str, object]]:
    for item in items:
        content = reads.json_of(item, "content") or {}
        for side in ("before", "after"):
            yield from (content.get(side) or {}).items()

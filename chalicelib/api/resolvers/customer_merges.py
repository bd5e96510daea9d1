"""Resolvers of merges of customers."""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter

from chalicelib.api.graphql.loaders import Info
from chalicelib.api.graphql.row_resolvers import RowResolver
from chalicelib.crm import customer_merges, customers, merge_preview, merge_records
from chalicelib.crm.customers import Customer
from chalicelib.crm.merge_preview import MergePreview
from chalicelib.crm.merge_records import MergeRecord, Status


@dataclass(frozen=True, slots=True)
class MergeCustomersPayload:
    """`merge` is None for a dry run, and `preview` otherwise."""

    customer: Customer | None
    merge: MergeRecord | None = None
    preview: MergePreview | None = None


def merge_customers(
    _root: object, _info: Info, keep: str, absorb: str, *, dryRun: bool = False
) -> MergeCustomersPayload:
    if dryRun:
        kept, absorbed = customer_merges.plan(keep, absorb)
        return MergeCustomersPayload(kept, preview=merge_preview.of_merge(kept, absorbed))
    record = customer_merges.merge(keep, absorb)
    return MergeCustomersPayload(customers.find_current(record.kept_id), record)


def undo_customer_merge(_root: object, _info: Info, absorbed: str, *, dryRun: bool = False) -> MergeCustomersPayload:
    if dryRun:
        record, kept = customer_merges.plan_undoing(absorbed)
        return MergeCustomersPayload(kept, preview=merge_preview.of_undoing(record, kept))
    record = customer_merges.undo(absorbed)
    return MergeCustomersPayload(customers.find(absorbed), record)


def merges(customer: Customer, _info: Info) -> list[MergeRecord]:
    """Return whom the customer has absorbed, and whom they are giving back: somebody may have to go on with that."""
    return [*merge_records.absorbed_by(customer.id), *_given_back_by(customer)]


def _given_back_by(customer: Customer) -> list[MergeRecord]:
    record = merge_records.find(customer.merge_id) if customer.merge_id else None
    return [record] if record and (record.kept_id, record.status) == (customer.id, Status.UNDOING) else []


FIELDS: Mapping[str, RowResolver[MergeRecord]] = {
    "keptId": RowResolver(attrgetter("kept_id")),
    "absorbedId": RowResolver(attrgetter("absorbed_id")),
    "name": RowResolver[MergeRecord](lambda merge: merge.absorbed.get("name")),
    "email": RowResolver[MergeRecord](lambda merge: merge.absorbed.get("email")),
    "moved": RowResolver[MergeRecord](lambda merge: None if merge.is_expired else merge.moved),
    "returned": RowResolver[MergeRecord](lambda merge: None if merge.is_expired else merge.returned),
}

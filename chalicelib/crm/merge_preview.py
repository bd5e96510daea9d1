"""What a merge of two customers, or its undoing, would do now. Nothing is written."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from chalicelib.crm import calendar_days, customer_merges, money, orders
from chalicelib.crm.customers import Customer
from chalicelib.crm.merge_records import MergeRecord
from chalicelib.crm.orders import Order
from chalicelib.plurals import counted
from chalicelib.store import tables
from chalicelib.store.index_scan import IndexRange, IndexScan

MAX_LINES = 100
_MAX_READ = 500
"""Orders that a preview looks at: those that would stay are not shown."""


@dataclass(frozen=True, slots=True)
class MergePreview:
    summary: str
    lines: tuple[str, ...]
    """One for each of the first orders that would move."""
    more: bool


def of_merge(kept: Customer, absorbed: Customer) -> MergePreview:
    found = _find(absorbed.id, lambda order: order.customer_id == absorbed.id)
    count = max(absorbed.orders, len(found.lines))
    summary = (
        f"{counted(count, 'order')} would move from {_named(absorbed)} to {_named(kept)}. "
        f"{absorbed.email} would lead to {kept.name}, too. Name and phone of the kept customer stay"
    )
    return MergePreview(summary, found.lines[:MAX_LINES], count > MAX_LINES)


def of_undoing(record: MergeRecord, kept: Customer) -> MergePreview:
    found = _find(kept.id, lambda order: order.merged_from[-1:] == (record.absorbed_id,))
    count = len(found.lines)
    if not found.is_all:  # the record does not count credit notes, which go back with their orders
        count = max(count, record.moved - record.returned)
    summary = (
        f"{customer_merges.name_of(record)} would be a customer again, with {'' if found.is_all else 'at least '}"
        f"{counted(count, 'order')} that {kept.name} got from them. Orders placed since the merge would stay"
    )
    return MergePreview(summary, found.lines[:MAX_LINES], not found.is_all or count > MAX_LINES)


@dataclass(frozen=True, slots=True)
class _Found:
    lines: tuple[str, ...]
    """One for each order that would move."""
    is_all: bool
    """The customer has no orders that were not looked at."""


def _find(customer_id: str, would_move: Callable[[Order], bool]) -> _Found:
    index_range = IndexRange(tables.Order, "by_customer", "customer_id", "date_k", (customer_id,))
    positions = islice(IndexScan(index_range, up=True).positions(), _MAX_READ)
    row_ids = [position.row_id for position in positions]
    rows = orders.find_all(row_ids)
    found = [rows[row_id] for row_id in row_ids if row_id in rows and would_move(rows[row_id])]
    lines = (
        f"Order: {each.id}, {calendar_days.day_of_text(each.date)}, {money.from_cents(each.cents)}" for each in found
    )
    return _Found(tuple(lines), len(row_ids) < _MAX_READ)


def _named(customer: Customer) -> str:
    return f"{customer.name} <{customer.email}>"

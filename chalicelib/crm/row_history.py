"""The history of a customer, a product or an order: who changed which field, from what to what, the latest first.

It is read from the change rows of the row. That of a product also has what moved its stock:

    edits, adjustments, restocks          change rows of the product
    changed and cancelled orders          change rows of the orders, to which rows in the product's partition lead
    placed and imported orders, refunds   the rows of order lines; an imported order moves no stock

So the stock is what the product had when it was created, plus all movements. Changes are kept for `CRM_HISTORY_DAYS`.
"""

import heapq
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TypeAlias

from chalicelib.crm import history_entries, orders
from chalicelib.crm.customers import Customer
from chalicelib.crm.history_entries import HistoryEntry
from chalicelib.crm.orders import Order
from chalicelib.crm.products import Product
from chalicelib.errors import InvalidInput
from chalicelib.store import change_log, cursors, ids, read_budget, reads, tables
from chalicelib.store.cursors import Position
from chalicelib.store.index_scan import IndexRange, IndexScan, end_of_prefix
from chalicelib.store.result_page import SHARDS, Edge, ResultPage

MAX_PAGE_SIZE = 100
_CHUNK = 25
_STEP_ROWS, _STEP_CALLS = 400, 10
"""More than the next entry, and what else the request asks, can take of the read budget. With less, the page ends."""
Row: TypeAlias = Customer | Product | Order
_Group: TypeAlias = tuple[str, list[HistoryEntry]]
"""What one change, or one order, has for the history, and its key: the time and an id."""


def read_page(row: Row, first: int | None, after: str | None) -> ResultPage[HistoryEntry]:
    """Return `first` entries (100 by default) after a cursor. Raises InvalidInput, InvalidCursor.

    Of a product that moved rarely, many orders may have to be read for an entry. The page is shorter than `first` if that
    would exceed the read budget.
    """
    size = MAX_PAGE_SIZE if first is None else first
    if not 1 <= size <= MAX_PAGE_SIZE:
        raise InvalidInput(f"first must be from 1 to {MAX_PAGE_SIZE}. Use after for more", field="first")
    query = f"history {row.id}"
    start = cursors.decode(after, query, SHARDS) if after else None
    budget = read_budget.current()
    edges: list[Edge[HistoryEntry]] = []
    end, has_next = start, False
    for position, entry in _places(row, start):
        if entry is not None:
            if len(edges) == size:
                has_next = True
                break
            edges.append(Edge(entry, position, query))
        end = position
        if position.key != history_entries.CREATION and not budget.has(rows=_STEP_ROWS, calls=_STEP_CALLS):
            has_next = budget.is_partial = True
            break
    return ResultPage(query=query, edges=edges, has_next=has_next, has_previous=start is not None, end=end)


def _places(row: Row, start: Position | None) -> Iterator[tuple[Position, HistoryEntry | None]]:
    """Yield each entry with its place. Changes and orders that moved nothing have a place, too, but no entry."""
    if start and start.key == history_entries.CREATION:
        return
    upto = start.key if start else None
    sources = [_changes(row, upto)]
    if isinstance(row, Product):
        sources.append(_orders(row, upto))
    # The creation comes last: an order may have an earlier date than its product.
    for source in (heapq.merge(*sources, key=lambda group: group[0], reverse=True), _creation(row)):
        for key, entries in source:
            if start and key > start.key:
                continue
            skipped = int(start.row_id) + 1 if start and key == start.key else 0
            for number, entry in enumerate(entries[skipped:], skipped):
                yield Position(key, 0, str(number)), entry
            if not entries and not (start and key == start.key):
                yield Position(key, 0, "-1"), None


def _changes(row: Row, upto: str | None) -> Iterator[_Group]:
    """Yield what the change rows in the partition of the row say, those of its orders included."""
    index_range = replace(change_log.range_of(row.id), high=upto and change_log.end_of_time(upto))
    for chunk in _chunks(index_range):
        found = change_log.find_all(position.key for position in chunk)
        about = {
            change.subject
            for change in found.values()
            if change.subject != row.id and ids.is_id(ids.ORDER, change.subject)
        }
        moved = orders.find_all(about) if about else {}
        for position in chunk:
            change = found.get(position.key)
            entries = history_entries.of_change(change, row.id, moved) if change else []
            yield change_log.time_key(position.key), entries


def _orders(product: Product, upto: str | None) -> Iterator[_Group]:
    """Yield what orders took when they were placed."""
    high = upto and end_of_prefix(upto)
    index_range = IndexRange(tables.Line, None, "product_id", "date_k", (product.id,), id_name=None, high=high)
    for chunk in _chunks(index_range):
        found = orders.find_all(position.row_id for position in chunk)
        for position in chunk:
            order = found.get(position.row_id)
            edits = _changes_of(order) if order and _may_be_edited(order) else []
            yield position.key, history_entries.of_placement(order, product.id, edits) if order else []


def _may_be_edited(order: Order) -> bool:
    """Return whether the lines may have changed. An earlier release did not store when, and another change hides that."""
    return order.takes_stock and (order.lines_changed_at is not None or order.updated_at != order.date)


def _changes_of(order: Order) -> list[change_log.Change]:
    positions = IndexScan(change_log.range_of(order.id), up=False).positions()
    return list(change_log.find_all(position.key for position in islice(positions, _CHUNK * 4)).values())


def _creation(row: Row) -> Iterator[_Group]:
    item = None
    if isinstance(row, Product):
        item = reads.get(tables.Product, {"id": {"S": row.id}})
    stock = reads.number(item, "first_stock") if item and "first_stock" in item else None
    yield history_entries.CREATION, [history_entries.of_creation(row, stock)]


def _chunks(index_range: IndexRange) -> Iterator[list[Position]]:
    positions = IndexScan(index_range, up=False, batch=_CHUNK).positions()
    while chunk := list(islice(positions, _CHUNK)):
        yield chunk

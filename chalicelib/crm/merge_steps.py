"""The steps of a merge of customers, and of its undoing: each moves one page of orders, in one transaction.

An order belongs to one of the two customers at any time, and both count what they have: an order moves together with its
place in their numbers. So orders can be placed, changed, cancelled and refunded meanwhile. Whoever has read an order, or
a customer, before a step changed them is refused and reads again.

    absorbed customer has orders left --> move a page to the kept customer
    has none                          --> delete the row of the absorbed customer; their id leads to the kept one

    kept customer has orders to give back --> move a page back. The rest of the page stays
    has none                              --> find their latest order; both are free again

What the index shows decides what moves. It may lag, so a step that finds fewer orders than the customer counts waits for
it. Once the count has been the same for MAX_INDEX_LAG, it is the count that is wrong, and what is there is what there is.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import islice

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.crm import (
    change_times,
    counters,
    customer_activity,
    customers,
    merge_records,
    merged_customers,
    order_rows,
    orders,
    search_index,
)
from chalicelib.crm.customers import Customer
from chalicelib.crm.merge_records import MergeRecord, Status
from chalicelib.crm.orders import CANCELLED, PLACED, Order
from chalicelib.store import change_marks, cursors, index_keys, tables, timestamps
from chalicelib.store.index_scan import IndexRange, IndexScan
from chalicelib.store.transaction import Stale, Transaction, new_token

MAX_ORDERS = 90
"""Orders of a page. A transaction takes 100 actions; the others are the customers, the record and the change row."""
MAX_BYTES = 3_000_000
"""Of the lines of a page's orders: a transaction takes 4 MB, and an imported order can have 400 kB."""
MAX_INDEX_LAG = timedelta(minutes=5)
"""Far longer than an index is ever behind its table."""
MAX_REMEMBERED = 20
"""Merges that an order remembers. Only the latest can be undone, so older ones than these are forgotten."""


@dataclass(frozen=True, slots=True)
class _Pair:
    kept: Customer
    absorbed: Customer


def take(record: MergeRecord) -> MergeRecord:
    """Take the next step, and return the record after it. Raises Stale: read the record again, and retry."""
    found = customers.find_all([record.kept_id, record.absorbed_id], consistent=True)
    if len(found) < 2:  # noqa: PLR2004 - somebody else has taken the last step
        raise Stale
    pair = _Pair(found[record.kept_id], found[record.absorbed_id])
    return _take_forward(record, pair) if record.status is Status.MOVING else _take_back(record, pair)


def _take_forward(record: MergeRecord, pair: _Pair) -> MergeRecord:
    page = _Page.read(pair.absorbed.id, None)
    chosen = _within_bytes([order for order in page.orders if order.customer_id == pair.absorbed.id])
    if not chosen:
        counted = pair.absorbed.orders
        if counted <= 0 or _is_miscounted(record, counted):
            return _finish(record, pair)
        _store(record, _note_count(record, counted))
        raise Stale
    moved = [
        replace(each, customer_id=pair.kept.id, merged_from=(*each.merged_from, pair.absorbed.id)[-MAX_REMEMBERED:])
        for each in chosen
    ]
    after = replace(record, moved=record.moved + len(moved), pages=record.pages + 1, token=new_token())
    _move(record, after, moved, giver=pair.absorbed, taker=pair.kept)
    return after


def _take_back(record: MergeRecord, pair: _Pair) -> MergeRecord:
    """Give back the marked orders of a page.

    An order may come or be cancelled meanwhile, and the index may lag: it is over once all orders that the kept customer
    counts (see the module) were seen in one go from the beginning, and none was marked.
    """
    if record.position is None:
        record = replace(record, found=0, seen=0, latest="", cancelled=pair.kept.cancelled)
    page = _Page.read(pair.kept.id, record.position)
    own = [order for order in page.orders if order.customer_id == pair.kept.id]
    marked = [order for order in own if order.merged_from[-1:] == (pair.absorbed.id,)]
    chosen = _within_bytes(marked)
    latest = max((order.date for order in own if order.status == PLACED), default="")
    after = replace(
        record,
        found=record.found + len(chosen),
        seen=record.seen + len(own) - len(chosen),
        latest=max(record.latest, latest),
        returned=record.returned + len(chosen),
        pages=record.pages + 1,
        token=new_token(),
    )
    if page.is_last and not after.found:
        has_seen_all = after.seen >= pair.kept.orders or _is_miscounted(record, pair.kept.orders)
        if has_seen_all and after.cancelled == pair.kept.cancelled:
            return _finish_undoing(record, after, pair)
        after = _note_count(after, pair.kept.orders)
        if record.position is None:
            _store(record, after)
            raise Stale
    last = chosen[-1] if len(chosen) < len(marked) else None if page.is_last else page.orders[-1]
    after = replace(after, position=index_keys.sort_key(last.date, last.id) if last else None)
    if chosen:
        back = [replace(each, customer_id=pair.absorbed.id, merged_from=each.merged_from[:-1]) for each in chosen]
        _move(record, after, back, giver=pair.kept, taker=pair.absorbed)
    else:
        _store(record, after)
    return after


def _is_miscounted(record: MergeRecord, counted: int) -> bool:
    """Return whether the customer counts more orders than the index has shown for so long that the count is wrong."""
    if record.counted != counted or not record.counted_since:
        return False
    return clock.now() - timestamps.from_text(record.counted_since) > MAX_INDEX_LAG


def _note_count(record: MergeRecord, counted: int) -> MergeRecord:
    """Note since when the index shows fewer orders than this."""
    if record.counted == counted and record.counted_since:
        return record
    return replace(record, counted=counted, counted_since=timestamps.to_text(clock.now()), token=new_token())


def _store(before: MergeRecord, after: MergeRecord) -> None:
    if (before.counted, before.counted_since, before.position) == (after.counted, after.counted_since, after.position):
        return
    write = Transaction(was_applied=partial(merge_records.was_written, after))
    merge_records.put(write, after, before)
    write.commit()


def _move(before: MergeRecord, after: MergeRecord, moved: Sequence[Order], *, giver: Customer, taker: Customer) -> None:
    """Write the new owner of these orders, and what both customers count."""
    with change_marks.place(f"page {before.pages}"):
        write = Transaction(
            was_applied=partial(merge_records.was_written, after),
            subject=before.kept_id,
            before={"customer": giver.id},
            after={"customer": taker.id, "movedOrders": len(moved)},
        )
    merge_records.put(write, after, before)
    row = tables.Order
    for order in moved:
        changed = replace(order, updated_at=change_times.after(order.updated_at))
        actions: list[Action] = [row.customer_id.set(order.customer_id), row.token.set(new_token())]
        actions += change_times.actions(row, changed)
        marks = list(order.merged_from)
        actions.append(row.merged_from.set(marks) if marks else row.merged_from.remove())
        write.update(row(id=order.id), actions, row.token == order.token)
    write.lead_from(order.id for order in moved)
    cancelled = sum(order.status == CANCELLED for order in moved)
    latest = max((order.date for order in moved if order.status == PLACED), default="")
    # The giver's latest order is looked for at the end. Until then the clean-up is kept away.
    left = replace(giver, orders=max(giver.orders - len(moved), 0), cancelled=max(giver.cancelled - cancelled, 0))
    has_more = replace(taker, orders=taker.orders + len(moved), cancelled=taker.cancelled + cancelled)
    has_more = replace(has_more, last_order=max(taker.last_order or "", latest) or None)
    customer_activity.write_counts(write, giver, left)
    customer_activity.write_counts(write, taker, has_more)
    write.commit()


def _finish(record: MergeRecord, pair: _Pair) -> MergeRecord:
    """Delete the row of the absorbed customer, whose id leads to the kept one from now on."""
    kept, absorbed = pair.kept, pair.absorbed
    now = clock.now()
    content = {name: getattr(absorbed, name) for name in KEPT_FIELDS} | {"references": list(absorbed.references)}
    after = replace(
        record, status=Status.DONE, finished_at=timestamps.to_text(now), absorbed=content, token=new_token()
    )
    write = Transaction(was_applied=partial(merge_records.was_written, after))
    merge_records.put(write, after, record)
    merge_records.put_entry(write, after)
    merged_customers.add(write, absorbed.id, kept.id)
    write.delete(customers.key(absorbed.id), customer_activity.is_unchanged(absorbed))
    search_index.remove(write, absorbed)
    _unlock(write, kept)
    counters.add(write, timestamps.to_text(now), absorbed.id, customers=-1)
    write.commit()
    return after


def _finish_undoing(before: MergeRecord, record: MergeRecord, pair: _Pair) -> MergeRecord:
    """Give the kept customer the number and the latest date of the orders that are left, and unlock both. Raises Stale."""
    now = timestamps.to_text(clock.now())
    after = replace(record, status=Status.UNDONE, finished_at=now, position=None, absorbed={}, token=new_token())
    write = Transaction(was_applied=partial(merge_records.was_written, after))
    merge_records.put(write, after, before)
    left = replace(pair.kept, last_order=record.latest or None, orders=record.seen)
    customer_activity.write_counts(write, pair.kept, left, tables.Customer.merge_id.remove())
    _unlock(write, pair.absorbed)
    write.commit()
    return after


KEPT_FIELDS = ("name", "email", "phone", "phone_note", "created_at", "added_at", "created_by", "absorbed")
"""What an undone merge gives back, besides the references. What else a row has follows from its orders, or is new."""


def _unlock(write: Transaction, customer: Customer) -> None:
    row = tables.Customer
    write.update(customers.key(customer.id), [row.merge_id.remove()], row.merge_id == customer.merge_id)


def _within_bytes(found: Sequence[Order]) -> list[Order]:
    """Return the first orders that fit into one transaction: one at least, unless there is none."""
    chosen: list[Order] = []
    size = 0
    for order in found:
        size += len(json.dumps(order_rows.stored_lines(order.lines)))
        if chosen and size > MAX_BYTES:
            break
        chosen.append(order)
    return chosen


@dataclass(frozen=True, slots=True)
class _Page:
    """Orders that the index has for a customer, as they are now, from a position on."""

    orders: list[Order]
    is_last: bool

    @classmethod
    def read(cls, customer_id: str, after: str | None) -> "_Page":
        index_range = IndexRange(tables.Order, "by_customer", "customer_id", "date_k", (customer_id,))
        start = cursors.Position(after, 0, after.rpartition(index_keys.SEPARATOR)[2]) if after else None
        scan = IndexScan(index_range, up=True, start=start, batch=MAX_ORDERS)
        positions = list(islice(scan.positions(), MAX_ORDERS))
        rows = orders.find_all((position.row_id for position in positions), consistent=True)
        return cls([rows[each.row_id] for each in positions if each.row_id in rows], len(positions) < MAX_ORDERS)

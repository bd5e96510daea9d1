"""Find a customer's latest order that is not cancelled, for example after a cancellation."""

from itertools import islice

from chalicelib.crm import orders
from chalicelib.crm.orders import PLACED, Order
from chalicelib.store import index_scan, tables
from chalicelib.store.cursors import Position
from chalicelib.store.index_scan import IndexRange, IndexScan
from chalicelib.store.transaction import Stale

BATCHES = (20, *(100,) * 5)
"""How many orders to read, one batch after another. A customer whose orders are all tests can have any number of them."""


def find(customer_id: str, order_count: int, *, without: str | None = None) -> Order | None:
    """Return the latest order that is not cancelled, or None. `without` is the id of an order to leave out.

    If the latest 520 are all cancelled, return the oldest of these: the customer then counts as active for longer than the
    other orders say, never for less long.

    `order_count` is how many orders the customer has, cancelled ones included. Raises Stale if the index lags behind it.
    Whoever writes something that depends on the result checks in the same transaction that nothing has changed since.
    """
    index_range = IndexRange(tables.Order, "by_customer", "customer_id", "date_k", (customer_id,))
    last: Position | None = None
    oldest: Order | None = None
    for size in BATCHES:
        scan = IndexScan(index_range, up=False, start=last, batch=size)
        positions = list(islice(scan.positions(), size))
        is_end = len(positions) < size
        rows = orders.find_all((position.row_id for position in positions), consistent=True)
        # The index may still have orders that a merge of customers has just moved.
        own = {row_id for row_id, row in rows.items() if row.customer_id == customer_id}
        if last is None:
            _check_index(index_range, order_count, len(own) if is_end else None)
        others = [rows[position.row_id] for position in positions if position.row_id in own - {without}]
        placed = next((order for order in others if order.status == PLACED), None)
        if placed or is_end:
            return placed
        last, oldest = positions[-1], others[-1] if others else oldest
    return oldest


def _check_index(index_range: IndexRange, order_count: int, found: int | None) -> None:
    """Refuse an index that lags: the order that it lacks may be the latest. `found` is None if there may be more."""
    if (index_scan.count(index_range) if found is None else found) < order_count:
        raise Stale

"""The latest order of a customer that is not cancelled, for when the date of the latest order has to move back."""

from itertools import islice

from chalicelib.crm import orders
from chalicelib.crm.orders import Order
from chalicelib.store import tables
from chalicelib.store.index_scan import IndexRange, IndexScan
from chalicelib.store.transaction import Stale

_BATCH = 20


def find(customer_id: str, order_count: int, *, without: str | None = None) -> Order | None:
    """Return the latest order that is not cancelled, or None. `without` is the id of an order to leave out.

    `order_count` is how many orders the customer has, cancelled ones included. Raises Stale if the index lags behind it.
    Whoever writes something that depends on the result checks in the same transaction that nothing has changed since.
    """
    index_range = IndexRange(tables.Order, "by_customer", "customer_id", "date_k", (customer_id,))
    positions = IndexScan(index_range, up=False, batch=_BATCH).positions()
    seen, more = 0, True
    while more:
        order_ids = [position.row_id for position in islice(positions, _BATCH)]
        seen += len(order_ids)
        more = len(order_ids) == _BATCH
        if not more and seen < order_count:
            raise Stale
        rows = orders.find_all(order_ids, consistent=True)
        for order_id in order_ids:
            order = rows.get(order_id)
            if order and order_id != without and order.status == orders.PLACED:
                return order
    return None

"""The index of orders by product: a row for each line of an order. The lines themselves are in `orders.OrderLine`.

They are written before their order and outside its transaction, so that a line costs one of the 100 actions of the
transaction instead of two. Writing them again changes nothing. Readers fetch the orders that the lines name, so a line
that a crash has left without an order is never seen.
"""

from collections.abc import Iterable

from chalicelib.store import batch_writes, reads
from chalicelib.store.index_keys import sort_key
from chalicelib.store.tables import Line


def put(date: str, order_id: str, product_ids: Iterable[str]) -> None:
    put_all([(date, order_id, product_ids)])


def put_all(orders: Iterable[tuple[str, str, Iterable[str]]]) -> None:
    """Put the lines of several orders, each given as (date, id, product ids), with one call per 25 lines."""
    batch_writes.put(Line, [key for order in orders for key in _keys(*order)])


def discard(date: str, order_id: str, product_ids: Iterable[str]) -> None:
    """Delete the lines of an order that could not be written."""
    batch_writes.discard(Line, _keys(date, order_id, product_ids))


def _keys(date: str, order_id: str, product_ids: Iterable[str]) -> list[reads.Item]:
    """Return one key per product, because an order may have several lines of the same product."""
    date_key = sort_key(date, order_id)
    return [{"product_id": {"S": key}, "date_k": {"S": date_key}} for key in dict.fromkeys(product_ids)]

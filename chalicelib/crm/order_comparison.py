"""Compare two orders by what they say: the import of an order that exists already must say the same."""

from collections import Counter
from collections.abc import Callable

from chalicelib.crm import text
from chalicelib.crm.orders import Order, OrderLine


def has_same_content(stored: Order, wanted: Order) -> bool:
    """Compare what the lines and the adjustments say. An SKU may belong to a new product by now, because the old one was archived.

    Lines without an SKU are compared by name.
    """
    if Counter(stored.adjustments) != Counter(wanted.adjustments):
        return False
    has_skus = all(line.sku for line in stored.lines)
    keys: tuple[Callable[[OrderLine], str], ...] = (
        lambda line: line.product_id,
        lambda line: text.normalize((line.sku or "") if has_skus else line.name),
    )
    return any(_count_lines(stored, key) == _count_lines(wanted, key) for key in keys)


def _count_lines(order: Order, key: Callable[[OrderLine], str]) -> Counter[tuple[str, int, int]]:
    return Counter((key(line), line.quantity, line.cents) for line in order.lines)

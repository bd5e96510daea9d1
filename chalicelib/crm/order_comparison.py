"""Check that an order that is imported again has the same content as the one that is stored."""

from collections import Counter
from collections.abc import Callable

from chalicelib.crm import text
from chalicelib.crm.adjustments import ROUNDING, Adjustment
from chalicelib.crm.orders import Order, OrderLine


def has_same_content(stored: Order, wanted: Order) -> bool:
    """Compare what the lines and the adjustments say.

    Some sources have the total of an order but not the prices of its lines. These are the prices of the day of the import,
    and an adjustment ROUNDING has the difference. So both may have changed, as long as the total is the same.
    """
    if Counter(stored.adjustments) == Counter(wanted.adjustments) and _has_same_lines(stored, wanted, _with_price):
        return True
    is_rounded = any(each.kind == ROUNDING for each in (*stored.adjustments, *wanted.adjustments))
    has_same_amounts = stored.cents == wanted.cents and _without_rounding(stored) == _without_rounding(wanted)
    return is_rounded and has_same_amounts and _has_same_lines(stored, wanted, _without_price)


def _has_same_lines(stored: Order, wanted: Order, content: Callable[[OrderLine], tuple[int, ...]]) -> bool:
    """Compare the lines. An SKU may belong to a new product by now, because the old one was archived.

    Lines without an SKU are compared by name.
    """
    has_skus = all(line.sku for line in stored.lines)
    keys: tuple[Callable[[OrderLine], str], ...] = (
        lambda line: line.product_id,
        lambda line: text.normalize((line.sku or "") if has_skus else line.name),
    )
    return any(
        Counter((key(line), content(line)) for line in stored.lines)
        == Counter((key(line), content(line)) for line in wanted.lines)
        for key in keys
    )


def _with_price(line: OrderLine) -> tuple[int, ...]:
    return line.quantity, line.cents


def _without_price(line: OrderLine) -> tuple[int, ...]:
    return (line.quantity,)


def _without_rounding(order: Order) -> Counter[Adjustment]:
    return Counter(each for each in order.adjustments if each.kind != ROUNDING)

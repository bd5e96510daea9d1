"""Changes to orders that were placed here: other quantities, lines that are added, and lines that are removed.

The stock, the order and the totals change in one transaction. It holds only while the order is as it was read, so that a
cancellation or another change at the same time is seen. The date stays, and with it the customer's latest order.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from pynamodb.expressions.update import Action

from chalicelib.crm import (
    change_times,
    counters,
    money,
    order_lines,
    order_quantities,
    order_rows,
    orders,
    products,
    stock,
)
from chalicelib.crm.orders import CANCELLED, PLACED, Order, OrderLine
from chalicelib.crm.products import Product
from chalicelib.errors import (
    AlreadyCancelled,
    Conflict,
    InsufficientStock,
    InvalidInput,
    NotFound,
    OrderChanged,
    TooManyLines,
    UnknownProducts,
)
from chalicelib.store import change_marks, index_keys, tables
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import AlreadyApplied, Stale, Transaction, new_token

MAX_CHANGED = 94
"""Products that one change may concern: a transaction takes 100 actions."""


def update(order_id: str, quantities: Mapping[str, int], expected_total: Decimal | None = None) -> Order:
    """Give an order the lines {product id: quantity}. Lines that stay keep their price, new ones take today's.

    Raises NotFound, AlreadyCancelled, InvalidInput, NoLines, TooManyLines, UnknownProducts, InsufficientStock, Conflict,
    and OrderChanged unless `expected_total` is the total.
    """
    order_quantities.check_all(quantities)
    for _ in retry_delays():
        old = orders.find(order_id)
        if old is None:
            raise NotFound(f"There is no order {order_id!r}", field="id")
        if change_marks.is_done(order_id):
            return old
        _check(old, expected_total)
        _check_refunded(old, quantities)
        new = _with_lines(old, quantities)
        if new.lines == old.lines:
            return old
        try:
            _commit(old, new)
        except AlreadyApplied:  # by an earlier attempt at this request, which was still under way
            return orders.find(order_id) or new
        except Stale:
            continue
        return new
    raise Conflict


def _check(order: Order, expected_total: Decimal | None) -> None:
    if order.status == CANCELLED:
        raise AlreadyCancelled("The order is cancelled and cannot be changed", field="id")
    if order.refund_of:
        raise InvalidInput("A credit note cannot be changed", field="id")
    if not order.takes_stock:
        raise InvalidInput("An imported order cannot be changed", field="id")
    total = money.from_cents(order.cents)
    if expected_total is not None and expected_total != total:
        raise OrderChanged(f"The total is {total}, not {expected_total}", field="expected_total")


def _check_refunded(order: Order, quantities: Mapping[str, int]) -> None:
    """Refuse to leave fewer than were refunded. Such a line never goes, so a refund has the price of its line, too."""
    for line in order.lines:
        refunded = order.refunded.get(line.product_id, 0)
        if quantities.get(line.product_id, 0) < refunded:
            raise InvalidInput(
                f"The order cannot have fewer than {refunded} of {line.name!r}: they were refunded", field="lines"
            )


def _with_lines(old: Order, quantities: Mapping[str, int]) -> Order:
    """Return the order with these lines, those that stay first. Raises UnknownProducts, InsufficientStock, TooManyLines."""
    before = {line.product_id: line for line in old.lines}
    deltas = quantity_changes(old.lines, quantities)
    if len(deltas) > MAX_CHANGED:
        raise TooManyLines(f"At most {MAX_CHANGED} products can change at a time, not {len(deltas)}", field="lines")
    more = {product_id: delta for product_id, delta in deltas.items() if delta > 0}
    known = products.find_all(more, consistent=True) if more else {}
    _check_stock(known, more)
    kept = [replace(line, quantity=quantities[key]) for key, line in before.items() if key in quantities]
    added = [
        OrderLine(key, known[key].name, quantity, known[key].cents)
        for key, quantity in quantities.items()
        if key not in before
    ]
    changed = orders.new_order(old.id, old.customer_id, old.date, (*kept, *added))
    now = change_times.after(old.updated_at)
    return replace(
        old, lines=changed.lines, cents=changed.cents, lines_changed_at=now, updated_at=now, token=new_token()
    )


def quantity_changes(lines: tuple[OrderLine, ...], quantities: Mapping[str, int]) -> dict[str, int]:
    """Return {product id: how many more} for the products whose quantity differs."""
    before = {line.product_id: line.quantity for line in lines}
    changes = {key: quantities.get(key, 0) - before.get(key, 0) for key in {**before, **quantities}}
    return {key: change for key, change in changes.items() if change}


def _check_stock(known: Mapping[str, Product], more: Mapping[str, int]) -> None:
    unknown = [key for key in more if key not in known or known[key].archived_at]
    if unknown:
        raise UnknownProducts(f"{UnknownProducts.__doc__}: {', '.join(map(repr, unknown[:10]))}", field="lines")
    short = [known[key] for key, quantity in more.items() if known[key].stock < quantity]
    if short:
        raise InsufficientStock("; ".join(orders.shortage(product, more[product.id]) for product in short[:10]))


def _commit(old: Order, new: Order) -> None:
    """Write the index rows of new lines, and then the change. Raises Stale.

    The index rows stay if the change fails: another change of the order may have added the same product, and readers look
    at the lines of the order anyway.
    """
    before = {line.product_id for line in old.lines}
    order_lines.put(old.date, old.id, [line.product_id for line in new.lines if line.product_id not in before])
    _transaction(old, new).commit()


def _transaction(old: Order, new: Order) -> Transaction:
    after = {line.product_id: line for line in new.lines}
    deltas = quantity_changes(old.lines, {key: line.quantity for key, line in after.items()})
    write = Transaction(
        was_applied=lambda: orders.was_written(new),
        subject=old.id,
        before=_values(old, deltas),
        after=_values(new, deltas),
    )
    row = tables.Order
    actions: list[Action] = [
        row.lines.set(order_rows.stored_lines(new.lines)),
        row.cents.set(new.cents),
        row.total_key.set(index_keys.sort_key(money.cents_key(new.cents), new.id)),
        row.lines_changed_at.set(new.lines_changed_at or ""),
        row.token.set(new.token),
        *change_times.actions(row, new),
    ]
    write.update(row(id=old.id), actions, (row.token == old.token) & (row.status == PLACED))
    if new.cents != old.cents:
        counters.add(write, old.date, old.id, cents=new.cents - old.cents)
    write.lead_from(deltas)
    is_new = after.keys() - {line.product_id for line in old.lines}
    for product_id, delta in deltas.items():
        if delta < 0:
            stock.put_back(write, product_id, -delta)
        elif product_id in is_new:
            orders.take_stock(write, after[product_id])
        else:
            stock.take_more(write, product_id, delta)
    return write


def _values(order: Order, changed: Mapping[str, int]) -> dict[str, object]:
    """Return the total and the quantities that change, for the change row."""
    quantities = {line.product_id: line.quantity for line in order.lines if line.product_id in changed}
    return {"totalAmount": str(money.from_cents(order.cents)), "quantities": quantities}

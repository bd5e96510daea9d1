"""Refunds: write a credit note for some or all of an order that was placed here, dated on the day of the refund.

    the order        keeps its lines, and from now on how many of each product were refunded
    the credit note  an order with negative lines at the order's prices; it names the order, and counts as any order does

Both are written in one transaction. It holds only while the order is as it was read. So all refunds of an order together
never exceed it, also when two are made at the same time, and a cancellation or another change at the same time is seen.
"""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib import clock
from chalicelib.crm import change_times, customers, order_lines, order_quantities, orders, stock, text
from chalicelib.crm.customers import Customer
from chalicelib.crm.orders import CANCELLED, PLACED, Order
from chalicelib.errors import (
    AlreadyCancelled,
    Conflict,
    InvalidInput,
    NotFound,
    TooManyLines,
    UnknownCustomer,
    UnknownProducts,
)
from chalicelib.store import change_marks, ids, tables, timestamps
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import AlreadyApplied, Stale, Transaction, new_token

MAX_REFUNDED = 95
"""Products that one refund may concern. A transaction takes 100 actions, and five of them are the order, its credit note, the
customer, the day's counters, and the change row."""


def refund(order_id: str, quantities: Mapping[str, int], reason: str, *, restock: bool) -> Order:
    """Write a credit note for {product id: quantity} of an order, and return it. With `restock`, the stock returns.

    Raises NotFound, AlreadyCancelled, InvalidInput, NoLines, TooManyLines, UnknownProducts, UnknownCustomer, InvalidStock,
    Conflict.
    """
    # Before any check, so that in a repeated document each change gets the id that it had.
    note_id = ids.new_id(ids.ORDER)
    order_quantities.check_all(quantities)
    reason = text.checked_name(reason, "reason")
    for number in retry_delays():
        order = orders.find(order_id)
        if order is None:
            raise NotFound(f"There is no order {order_id!r}", field="id")
        if change_marks.is_done(order_id):
            return _require(note_id)
        _check(order)
        _check_quantities(order, quantities)
        note = _credit_note(order, note_id, quantities, restock=restock)
        customer = _customer_of(order)
        if customer.id != order.customer_id:  # the order has not moved yet, and will follow
            note = replace(note, customer_id=customer.id, merged_from=(*order.merged_from, order.customer_id))
        if not number:
            # These rows stay if the refund fails: an earlier attempt at this request may still need them. Readers ignore
            # rows of orders that do not exist.
            order_lines.put(note.date, note.id, quantities)
        try:
            _transaction(order, note, customer, reason).commit()
        except AlreadyApplied:  # by an earlier attempt at this request, which was still under way
            return _require(note_id)
        except Stale:  # the order was changed, cancelled or refunded, or the customer ordered something or was deleted
            continue
        return note
    raise Conflict


def _require(note_id: str) -> Order:
    note = orders.find(note_id)
    if note is None:
        raise Conflict
    return note


def _check(order: Order) -> None:
    if order.refund_of:
        raise InvalidInput("A credit note cannot be refunded", field="id")
    if order.status == CANCELLED:
        raise AlreadyCancelled("The order is cancelled and cannot be refunded", field="id")
    if not order.takes_stock:
        raise InvalidInput("An imported order cannot be refunded. Import its credit note", field="id")


def _check_quantities(order: Order, quantities: Mapping[str, int]) -> None:
    if len(quantities) > MAX_REFUNDED:
        raise TooManyLines(
            f"At most {MAX_REFUNDED} products can be refunded at a time, not {len(quantities)}", field="lines"
        )
    known = {line.product_id for line in order.lines}
    unknown = [key for key in quantities if key not in known]
    if unknown:
        raise UnknownProducts(f"The order does not have {', '.join(map(repr, unknown[:10]))}", field="lines")
    for line in order.lines:
        left = line.quantity - order.refunded.get(line.product_id, 0)
        wanted = quantities.get(line.product_id, 0)
        if wanted > left:
            raise InvalidInput(f"At most {left} of {line.name!r} can be refunded, not {wanted}", field="lines")


def _credit_note(order: Order, note_id: str, quantities: Mapping[str, int], *, restock: bool) -> Order:
    date = timestamps.to_text(change_marks.moment())
    written_at = timestamps.to_text(clock.now()) if change_marks.is_replay() else date
    lines = tuple(
        replace(line, quantity=-quantities[line.product_id]) for line in order.lines if line.product_id in quantities
    )
    note = orders.new_order(note_id, order.customer_id, date, lines)
    # If a merge is undone, the credit note goes back with its order.
    note = replace(note, refund_of=order.id, merged_from=order.merged_from)
    return replace(note, takes_stock=restock, updated_at=written_at)


def _customer_of(order: Order) -> Customer:
    """Return the customer. Deleted customers get no new orders: a restoration relies on that."""
    customer = customers.find_current(order.customer_id)
    if customer is None:
        raise UnknownCustomer("The customer was deleted. Restore the customer first", field="id")
    return customer


def _transaction(order: Order, note: Order, customer: Customer, reason: str) -> Transaction:
    quantities = {line.product_id: -line.quantity for line in note.lines}
    before = {key: order.refunded.get(key, 0) for key in quantities}
    after = {key: before[key] + quantity for key, quantity in quantities.items()}
    write = Transaction(
        was_applied=lambda: orders.find(note.id) is not None,
        subject=order.id,
        before={"refunded": before},
        after={"refunded": after, "creditNote": note.id},
        reason=reason,
    )
    row = tables.Order
    changed = replace(order, updated_at=change_times.after(order.updated_at))
    write.update(
        row(id=order.id),
        [
            row.refunded.set({**order.refunded, **after}),
            row.token.set(new_token()),
            *change_times.actions(row, changed),
        ],
        (row.token == order.token) & (row.status == PLACED),
    )
    orders.add(write, note, customer)
    if note.takes_stock:
        for product_id, quantity in quantities.items():
            stock.put_back(write, product_id, quantity)
    return write

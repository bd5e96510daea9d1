"""Cancelling orders: the stock returns, and totals and the customer's latest order forget the cancelled order."""

from dataclasses import replace

from chalicelib.crm import change_times, counters, customer_activity, customers, latest_order, orders, stock
from chalicelib.crm.orders import CANCELLED, PLACED, Order
from chalicelib.errors import AlreadyCancelled, Conflict, InvalidInput, NotFound
from chalicelib.store import change_marks, tables
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import AlreadyApplied, Stale, Transaction, new_token


def cancel(order_id: str) -> Order:
    """Return the stock and subtract the order from its day's totals, once.

    Raises NotFound, AlreadyCancelled, Conflict, and InvalidInput for credit notes and refunded orders.
    """
    for _ in retry_delays():
        old = orders.find(order_id)
        if old is None:
            raise NotFound(f"There is no order {order_id!r}", field="id")
        if change_marks.is_done(order_id):
            return old
        _check(old)
        new = replace(old, status=CANCELLED, token=new_token(), updated_at=change_times.after(old.updated_at))
        try:
            _cancellation(old, new).commit()
        except AlreadyApplied:  # by an earlier attempt at this request, which was still under way
            return orders.find(order_id) or new
        except Stale:  # the order was changed or cancelled, or another order of the customer was placed or cancelled
            continue
        return new
    raise Conflict


def _check(order: Order) -> None:
    if order.status == CANCELLED:
        raise AlreadyCancelled(field="id")
    if order.refund_of:
        raise InvalidInput("A credit note cannot be cancelled", field="id")
    if order.refunded:
        raise InvalidInput("The order was refunded and cannot be cancelled. Refund what is left", field="id")


def _cancellation(old: Order, new: Order) -> Transaction:
    row = tables.Order
    write = Transaction(
        was_applied=lambda: orders.was_written(new),
        subject=old.id,
        before={"status": old.status},
        after={"status": new.status},
    )
    actions = [row.status.set(new.status), row.token.set(new.token), *change_times.actions(row, new)]
    # The token changes when the order's lines do. Whether the order was cancelled or changed is read again.
    write.update(row(id=old.id), actions, (row.status == PLACED) & (row.token == old.token))
    counters.add(write, old.date, old.id, orders=-1, cents=-old.cents)
    if old.takes_stock:
        for line in old.lines:
            stock.put_back(write, line.product_id, line.quantity)
        write.lead_from(line.product_id for line in old.lines)
    _take_from_customer(write, old)
    return write


def _take_from_customer(write: Transaction, order: Order) -> None:
    """Move the date of the customer's latest order back if it is this order. Raises Stale."""
    customer = customers.find(order.customer_id)
    if customer is None:  # deleted; who restores the customer looks for the latest order again
        write.check(tables.Customer, order.customer_id, tables.Customer.id.does_not_exist())
        return
    last = customer.last_order
    if last == order.date:
        latest = latest_order.find(customer.id, customer.orders, without=order.id)
        last = latest.date if latest else None
    customer_activity.book_cancellation(write, customer, last)

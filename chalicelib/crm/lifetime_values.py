"""What a customer has ordered in all, added up from the orders themselves."""

from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from chalicelib.crm import money, orders
from chalicelib.crm.orders import PLACED, Order
from chalicelib.store import tables
from chalicelib.store.index_scan import IndexRange, IndexScan

MAX_ORDERS = 500
"""Orders that are read, the latest first: five batch reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LifetimeValue:
    """Cancelled orders do not count. Credit notes are no orders, but are subtracted from the revenue."""

    orders: int
    cents: int
    first_order_at: str | None
    last_order_at: str | None
    is_partial: bool
    """Whether there are more orders than were read."""

    @property
    def revenue(self) -> Decimal:
        return money.from_cents(self.cents)

    @property
    def average_order(self) -> Decimal | None:
        return (self.revenue / self.orders).quantize(Decimal("0.01")) if self.orders else None


def find(customer_id: str) -> LifetimeValue:
    index_range = IndexRange(tables.Order, "by_customer", "customer_id", "date_k", (customer_id,))
    positions = IndexScan(index_range, up=False, batch=MAX_ORDERS + 1).positions()
    ids = [position.row_id for position in islice(positions, MAX_ORDERS + 1)]
    is_partial = len(ids) > MAX_ORDERS
    found = orders.find_all(ids[:MAX_ORDERS])
    # The index may lag behind an order that has moved to another customer.
    placed = [order for order in found.values() if order.status == PLACED and order.customer_id == customer_id]
    dates = sorted(order.date for order in placed if not _is_credit_note(order))
    return LifetimeValue(
        orders=len(dates),
        cents=sum(order.cents for order in placed),
        first_order_at=dates[0] if dates and not is_partial else None,
        last_order_at=dates[-1] if dates else None,
        is_partial=is_partial,
    )


def _is_credit_note(order: Order) -> bool:
    """Imported credit notes name no order, but their total is below 0."""
    return order.refund_of is not None or order.cents < 0

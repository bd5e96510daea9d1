"""The books of customers who are merged: what their rows, the index of the clean-up and the totals must say of the orders."""

from collections.abc import Iterable

from chalicelib.crm import counters, customers, orders
from chalicelib.crm.customers import Customer
from chalicelib.crm.orders import CANCELLED, PLACED, Order
from chalicelib.store import index_keys, tables
from tests.builders import rows_of


def stored_orders() -> list[Order]:
    return [orders.load(row) for row in rows_of(tables.Order).values()]


def orders_of(customer_id: str) -> set[str]:
    return {order.id for order in stored_orders() if order.customer_id == customer_id}


def reload(customer: Customer) -> Customer:
    """Return the customer as they are now."""
    found = customers.find(customer.id)
    assert found
    return found


def problems() -> list[str]:
    """Return what is wrong in the rows of customers and in the totals."""
    found: list[str] = []
    everything = stored_orders()
    rows = rows_of(tables.Customer)
    for item in rows.values():
        customer = customers.load(item)
        own = [order for order in everything if order.customer_id == customer.id]
        cancelled = sum(order.status == CANCELLED for order in own)
        expected = {
            "orders": len(own),
            # A restored customer starts anew: what is counted are the cancellations while the customer was here.
            "cancelled": min(customer.cancelled, cancelled) if customer.restored_at else cancelled,
            "last_order": max((order.date for order in own if order.status == PLACED), default=None),
            "activity": index_keys.sort_key(customer.active_on, customer.id),
        }
        stored = {
            "orders": customer.orders,
            "cancelled": customer.cancelled,
            "last_order": customer.last_order,
            "activity": item["act_k"]["S"],
        }
        found += [
            f"{customer.name}: {name} {stored[name]}, not {expected[name]}"
            for name in stored
            if stored[name] != expected[name]
        ]
    return found + _wrong_totals(everything, len(rows))


def _wrong_totals(everything: Iterable[Order], customer_count: int) -> list[str]:
    counted = [order for order in everything if order.status == PLACED]
    stats = counters.stats()
    expected = (customer_count, len(counted), sum(order.cents for order in counted))
    stored = (stats.customers, stats.orders, stats.cents)
    return [] if stored == expected else [f"totals {stored}, not {expected}"]

"""What the row of a customer counts: orders, cancelled orders, and the date of the latest order.

Each is written in the transaction of the order. Whoever writes something that depends on them checks that nobody else has.
"""

from dataclasses import replace

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.crm import calendar_days
from chalicelib.crm.customers import Customer, key
from chalicelib.store import index_keys, tables
from chalicelib.store.transaction import Transaction


def book_order(write: Transaction, customer: Customer, date: str) -> None:
    """Count an order of `date` for the customer, who must still exist and must not be about to be merged into another one."""
    row = tables.Customer
    last = customer.last_order
    actions: list[Action] = [row.orders.add(1)]
    if last is None or date > last:
        condition = row.last_order.does_not_exist() | (row.last_order <= date)
        actions.append(row.last_order.set(date))
        day = calendar_days.day_of_text(date)
        if day > customer.active_on:
            actions.append(row.activity_key.set(index_keys.sort_key(day, customer.id)))
    else:
        condition = row.last_order >= date
    write.update(key(customer.id), actions, row.id.exists() & row.merged_into.does_not_exist() & condition)


def with_order(customer: Customer, date: str) -> Customer:
    """Return the customer as `book_order` leaves it."""
    return replace(customer, orders=customer.orders + 1, last_order=max(customer.last_order or "", date))


def book_cancellation(write: Transaction, customer: Customer, last: str | None) -> None:
    """Count a cancelled order. `last` is the date of the latest order without it.

    Fails as Stale if an order of the customer was placed or cancelled since `customer` was read.
    """
    row = tables.Customer
    actions: list[Action] = [row.cancelled.add(1)]
    if last != customer.last_order:
        actions.append(row.last_order.set(last) if last else row.last_order.remove())
        active_on = replace(customer, last_order=last).active_on
        if active_on != customer.active_on:
            actions.append(row.activity_key.set(index_keys.sort_key(active_on, customer.id)))
    write.update(key(customer.id), actions, is_unchanged(customer))


def is_unchanged(customer: Customer) -> Condition:
    """Return the condition that nobody has changed the customer or their references, nor placed or cancelled an order."""
    row = tables.Customer
    none_is_cancelled = row.cancelled.does_not_exist() | (row.cancelled == 0)
    has_same_cancelled = row.cancelled == customer.cancelled if customer.cancelled else none_is_cancelled
    unchanged: Condition = (row.token == customer.token) & (row.orders == customer.orders) & has_same_cancelled
    unchanged &= row.references == [*customer.references] if customer.references else row.references.does_not_exist()
    return unchanged


def write_counts(write: Transaction, old: Customer, new: Customer, *more: Action) -> None:
    """Write what the customer counts. Fails as Stale if an order was placed or cancelled, or the row changed."""
    row = tables.Customer
    actions: list[Action] = [row.orders.set(new.orders), row.cancelled.set(new.cancelled), *more]
    if new.last_order != old.last_order:
        actions.append(row.last_order.set(new.last_order) if new.last_order else row.last_order.remove())
    if new.active_on != old.active_on:
        actions.append(row.activity_key.set(index_keys.sort_key(new.active_on, new.id)))
    write.update(key(old.id), actions, is_unchanged(old))

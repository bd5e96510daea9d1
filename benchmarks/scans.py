"""The jobs without indexes, as the Django CRM does them: each reads whole tables and selects rows in Python.

They only find the rows. Changing them would cost the same as in our jobs.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from pynamodb.models import Model

from chalicelib.crm import calendar_days, orders
from chalicelib.jobs import customer_cleanup, low_stock, order_reminders, weekly_report
from chalicelib.settings import settings
from chalicelib.store import connection, reads, tables


def low_products(_due: datetime) -> int:
    rows = _rows(tables.Product)
    return sum("stock_s" in row and reads.number(row, "stock") < settings.low_stock_threshold for row in rows)


def due_orders(due: datetime) -> int:
    first, last = order_reminders.window(calendar_days.day_of(due))
    low, high = calendar_days.bound_before(first), calendar_days.bound_after(last)
    placed = (row for row in _rows(tables.Order) if row["status"]["S"] == orders.PLACED)
    return sum(low <= row["date"]["S"] < high for row in placed)


def inactive_customers(due: datetime) -> int:
    """Find who ordered by reading all orders."""
    before = customer_cleanup.cutoff(due, {}).isoformat()
    ordered = {row["customer_id"]["S"] for row in _rows(tables.Order) if row["date"]["S"] >= before}
    created = ((row["id"]["S"], row["created_at"]["S"]) for row in _rows(tables.Customer))
    return sum(key not in ordered and moment < before for key, moment in created)


def week_orders(due: datetime) -> int:
    """Also compute the totals, and the sums by customer and product."""
    first, last = weekly_report.week_of(due, {})
    low, high = calendar_days.bound_before(first), calendar_days.bound_after(last)
    customers = sum(1 for _ in _rows(tables.Customer))
    found, cents = 0, 0
    sums: dict[str, int] = {}
    for row in map(orders.load, _rows(tables.Order)):
        if row.status != orders.PLACED:
            continue
        cents += row.cents
        if low <= row.date < high:
            found += 1
            for key, amount in ((row.customer_id, row.cents), *((line.product_id, line.cents) for line in row.lines)):
                sums[key] = sums.get(key, 0) + amount
    return found if customers and cents and sums else 0


SCANS: Mapping[str, Callable[[datetime], int]] = {
    low_stock.NAME: low_products,
    order_reminders.NAME: due_orders,
    customer_cleanup.NAME: inactive_customers,
    weekly_report.NAME: week_orders,
}
"""By the job it replaces: returns how many rows are due at a time."""


def _rows(table: type[Model]) -> Iterator[reads.Item]:
    for page in connection.client().get_paginator("scan").paginate(TableName=reads.table_name(table)):
        yield from page["Items"]

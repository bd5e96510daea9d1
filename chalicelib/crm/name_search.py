"""Search by a part of a name. No index answers that, but the index by name tells which customers have one."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import TypeVar

from chalicelib.crm import customers, orders, text
from chalicelib.crm.customers import Customer
from chalicelib.crm.orders import Order
from chalicelib.settings import settings
from chalicelib.store import index_keys, read_budget, tables
from chalicelib.store.index_scan import IndexRange, IndexScan

MAX_NAMES = 1000
"""Names of customers that a search for their orders reads, before it goes through all orders instead."""
MAX_CUSTOMERS_NAMED = 20
"""Each of them is a query."""

Row = TypeVar("Row")


def list_shards() -> tuple[str, ...]:
    return tuple(index_keys.shards("l", settings.list_shards))


def contains(part: str, values: Callable[[Row], Iterable[str]]) -> Callable[[Row], bool]:
    needle = text.search_key(part)
    return lambda row: any(needle in text.search_key(value) for value in values(row))


def customers_named(name: str) -> tuple[str, ...] | None:
    """Return the ids of the customers with a matching name, None if they or all customers are too many to go through."""
    index_range = IndexRange(tables.Customer, "by_name", "list_s", "name_k", list_shards())
    if not read_budget.current().has(rows=2 * MAX_NAMES, calls=2 * len(index_range.shards)):
        return None
    needle = text.search_key(name)
    positions = list(islice(IndexScan(index_range, up=True, batch=MAX_NAMES + 1).positions(), MAX_NAMES + 1))
    found = tuple(position.row_id for position in positions if needle in index_range.value(position))
    return found if len(positions) <= MAX_NAMES and len(found) <= MAX_CUSTOMERS_NAMED else None


def fetch_orders_of(name: str) -> Callable[[Iterable[str]], dict[str, Order]]:
    """Fetch orders whose customer has a matching name today. Customers are read once per batch of orders."""
    named: Callable[[Customer], bool] = contains(name, lambda row: [row.name])
    matches: dict[str, bool] = {}

    def fetch(order_ids: Iterable[str]) -> dict[str, Order]:
        rows = orders.find_all(order_ids)
        unknown = {row.customer_id for row in rows.values()} - matches.keys()
        customers_by_id = customers.find_all(unknown)
        matches.update({key: key in customers_by_id and named(customers_by_id[key]) for key in unknown})
        return {key: row for key, row in rows.items() if matches[row.customer_id]}

    return fetch

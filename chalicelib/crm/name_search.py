"""Filters of lists by a part of a name: indexes by name are read for the customers or products that have it."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Protocol, TypeVar

from chalicelib.crm import customers, former_names, orders, text
from chalicelib.crm.customers import Customer
from chalicelib.crm.orders import Order
from chalicelib.settings import settings
from chalicelib.store import index_keys, read_budget, tables
from chalicelib.store.index_scan import IndexRange, IndexScan

MAX_NAMES = 1000
"""Names that a search for orders reads, before it goes through all orders instead."""
MAX_FOUND = 20
"""Customers or products whose orders it goes through. Each of them is a query."""

Row = TypeVar("Row")


class FetchOrders(Protocol):
    def __call__(self, order_ids: Iterable[str], /, *, consistent: bool = ...) -> dict[str, Order]: ...


def list_shards() -> tuple[str, ...]:
    return tuple(index_keys.shards("l", settings.list_shards))


def contains(part: str, values: Callable[[Row], Iterable[str]]) -> Callable[[Row], bool]:
    needle = text.search_key(part)
    return lambda row: any(needle in text.search_key(value) for value in values(row))


def customers_named(name: str) -> tuple[str, ...] | None:
    """Return the ids of the customers with a matching name, None if they or all customers are too many to go through."""
    return _named(name, IndexRange(tables.Customer, "by_name", "list_s", "name_k", list_shards()))


def products_named(name: str) -> tuple[str, ...] | None:
    """Return the ids of the products with a matching name, today or formerly; None if there are too many."""
    by_name = IndexRange(tables.Product, "by_name", "list_s", "name_k", list_shards())
    return _named(name, by_name, former_names.index_range())


def _named(name: str, *index_ranges: IndexRange) -> tuple[str, ...] | None:
    needle = text.search_key(name)
    found: set[str] = set()
    names_left = MAX_NAMES
    for index_range in index_ranges:
        if not read_budget.current().has(rows=2 * MAX_NAMES, calls=2 * len(index_range.shards)):
            return None
        scan = IndexScan(index_range, up=True, batch=names_left + 1)
        positions = list(islice(scan.positions(), names_left + 1))
        names_left -= len(positions)
        found |= {position.row_id for position in positions if needle in index_range.value(position)}
        if names_left < 0 or len(found) > MAX_FOUND:
            return None
    return tuple(sorted(found))


def fetch_orders_of(name: str) -> FetchOrders:
    """Fetch orders whose customer has a matching name today. Customers are read once per batch of orders."""
    named: Callable[[Customer], bool] = contains(name, lambda row: [row.name])
    matches: dict[str, bool] = {}

    def fetch(order_ids: Iterable[str], /, *, consistent: bool = False) -> dict[str, Order]:
        rows = orders.find_all(order_ids, consistent=consistent)
        unknown = {row.customer_id for row in rows.values()} - matches.keys()
        customers_by_id = customers.find_all(unknown)
        matches.update({key: key in customers_by_id and named(customers_by_id[key]) for key in unknown})
        return {key: row for key, row in rows.items() if matches[row.customer_id]}

    return fetch

"""List customers, products and orders, with the index that serves a filter and an order best.

A requested order is always kept, so its index is scanned. Without one, an index with an equality is better than one with a
range, and a range is better than scanning everything. Conditions that the index does not cover are tested on the rows.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from chalicelib.crm import (
    change_times,
    customers,
    list_bounds,
    name_search,
    orders,
    phone_numbers,
    products,
    text,
    unique_values,
)
from chalicelib.crm.customers import Customer
from chalicelib.crm.list_filters import CustomerFilter, OrderFilter, ProductFilter, meaning
from chalicelib.crm.orders import Order
from chalicelib.crm.phone_numbers import PhoneNumber
from chalicelib.crm.products import Product
from chalicelib.errors import InvalidInput
from chalicelib.settings import settings
from chalicelib.store import ids, index_keys, tables
from chalicelib.store.index_scan import IndexRange
from chalicelib.store.pagination import Listing, TieBreaker

Row = TypeVar("Row", bound=change_times.Row)
_Values: TypeAlias = Mapping[str, Callable[[Row], int | str]]
_CUSTOMER_VALUES: _Values[Customer] = {
    "created_at": lambda row: row.created_at,
    "name": lambda row: text.search_key(row.name),
    "email": lambda row: text.normalize_email(row.email),
    "phone": lambda row: phone_numbers.sort_value(row.phone),
    "updated_at": lambda row: row.updated_at,
}
_PRODUCT_VALUES: _Values[Product] = {
    "name": lambda row: text.search_key(row.name),
    "price": lambda row: row.cents,
    "stock": lambda row: row.stock,
    "updated_at": lambda row: row.updated_at,
}
_ORDER_VALUES: _Values[Order] = {
    "order_date": lambda row: row.date,
    "total_amount": lambda row: row.cents,
    "updated_at": lambda row: row.updated_at,
}


class _Fetch(Protocol[Row]):
    def __call__(self, row_ids: Iterable[str], /, *, consistent: bool = ...) -> dict[str, Row]: ...


@dataclass(frozen=True, slots=True)
class _Test(Generic[Row]):
    """One condition of a filter. `key` is the index attribute whose bounds can replace it, if there is one."""

    passes: Callable[[Row], bool]
    key: str | None = None


def list_customers(wanted: CustomerFilter, order_by: Sequence[str | None] | None = None) -> Listing[Customer]:
    shards = name_search.list_shards()
    created = list_bounds.of_times(wanted.created_from, wanted.created_to, wanted.created_since, wanted.created_before)
    beginning = _beginning_of_phone(wanted.phone_prefix)
    phones = phone_numbers.bounds(beginning) if beginning else (None, None)
    table, updated = tables.Customer, change_times.bound(wanted.updated_after)
    index_ranges = {
        "created_at": IndexRange(table, "by_created", "list_s", "created_k", shards, low=created[0], high=created[1]),
        "name": IndexRange(table, "by_name", "list_s", "name_k", shards),
        "email": IndexRange(tables.AuxRow, None, "pk", "sk", (unique_values.EMAIL,), id_name="owner"),
        "phone": IndexRange(table, "by_phone", "list_s", "phone_k", shards, low=phones[0], high=phones[1]),
        "updated_at": change_times.index_range(table, shards, updated, ("by_created", "created_k")),
    }
    order = _order(order_by, _CUSTOMER_VALUES)
    tests: list[_Test[Customer]] = []
    if wanted.name:
        tests.append(_Test(name_search.contains(wanted.name, lambda row: [row.name])))
    if wanted.email:
        tests.append(
            _Test(name_search.contains(wanted.email, lambda row: [row.email, text.normalize_email(row.email)]))
        )
    if created != (None, None):
        tests.append(_Test(lambda row: list_bounds.is_time_within(created, row.created_at), "created_k"))
    if beginning:
        # The index does not tell the countries apart.
        key = "phone_k" if beginning.country is None else None
        tests.append(_Test(lambda row: phone_numbers.is_match(row.phone, beginning), key))
    if updated:
        tests.append(_updated_test(updated))
    default = "phone" if beginning else "updated_at" if updated else "created_at"
    index_range = index_ranges[order[0][0] if order else default]
    return _listing(
        index_range, order, _CUSTOMER_VALUES, meaning("customers", wanted, order), customers.find_all, tests
    )


def list_inactive(before: date) -> Listing[Customer]:
    """List customers who were last active before that day, the longest inactive first."""
    shards = tuple(index_keys.shards("a", settings.activity_shards))
    day = before.isoformat()
    index_range = IndexRange(
        tables.Customer, "by_activity", "act_s", "act_k", shards, high=day
    )  # keys of the day itself are longer
    tests: list[_Test[Customer]] = [_Test(lambda row: row.active_on < day, "act_k")]
    return _listing(index_range, [], _CUSTOMER_VALUES, json.dumps(["inactive", day]), customers.find_all, tests)


def list_products(wanted: ProductFilter, order_by: Sequence[str | None] | None = None) -> Listing[Product]:
    shards = name_search.list_shards()
    stocks = tuple(index_keys.shards("k", settings.stock_shards))
    cents, stock = (wanted.cents_from, wanted.cents_to), (wanted.stock_from, wanted.stock_to)
    prices = list_bounds.of_amounts(*cents)
    low, high = (None if number is None else str(number) for number in stock)
    table, updated = tables.Product, change_times.bound(wanted.updated_after)
    index_ranges = {
        "name": IndexRange(table, "by_name", "list_s", "name_k", shards),
        "price": IndexRange(table, "by_price", "list_s", "price_k", shards, low=prices[0], high=prices[1]),
        "stock": IndexRange(table, "by_stock", "stock_s", "stock", stocks, numeric=True, low=low, high=high),
        "updated_at": change_times.index_range(table, shards, updated, None),
    }
    order = _order(order_by, _PRODUCT_VALUES)
    tests: list[_Test[Product]] = []
    if wanted.name:
        tests.append(_Test(name_search.contains(wanted.name, lambda row: [row.name])))
    if cents != (None, None):
        tests.append(_Test(lambda row: list_bounds.is_within(cents, row.cents), "price_k"))
    if stock != (None, None):
        tests.append(_Test(lambda row: list_bounds.is_within(stock, row.stock), "stock"))
    if updated:
        tests.append(_updated_test(updated))
    bounds = {"stock": stock != (None, None), "price": cents != (None, None), "updated_at": bool(updated), "name": True}
    index_range = index_ranges[
        order[0][0] if order else next(field for field, has_bound in bounds.items() if has_bound)
    ]
    return _listing(index_range, order, _PRODUCT_VALUES, meaning("products", wanted, order), _find_unarchived, tests)


def _find_unarchived(product_ids: Iterable[str], *, consistent: bool = False) -> dict[str, Product]:
    """Return products by id. An index, which can be seconds old, may still have one that was archived since."""
    found = products.find_all(product_ids, consistent=consistent)
    return {key: row for key, row in found.items() if row.archived_at is None}


def list_orders(wanted: OrderFilter, order_by: Sequence[str | None] | None = None) -> Listing[Order]:
    low, high = list_bounds.of_amounts(wanted.cents_from, wanted.cents_to)
    by_total = IndexRange(tables.Order, "by_total", "list_s", "total_k", name_search.list_shards(), low=low, high=high)
    has_name = bool(wanted.customer_name or wanted.product_name)
    by_date = _orders_by_name(wanted) if has_name else _orders_by_date(wanted)
    order = _order(order_by, _ORDER_VALUES)
    field = order[0][0] if order else None
    tests = _order_tests(wanted)
    fetch: _Fetch[Order] = orders.find_all
    if wanted.customer_name:
        fetch = name_search.fetch_orders_of(wanted.customer_name)
        tests.append(_Test(lambda _: True))  # fetch tests it; this entry says that no index covers it
    if (reference := wanted.reference) is not None:  # at most one order has it, so every order of the list is right
        shards, order = ((unique_values.REFERENCE,) if text.fits_key(reference) else ()), []
        by_date = IndexRange(tables.AuxRow, None, "pk", "sk", shards, id_name="owner", low=reference, high=reference)
    keys = {test.key for test in tests if test.key}
    by_default = "total_amount" if keys == {"total_k"} else "updated_at" if keys == {"updated_k"} else "order_date"
    by_updated = change_times.index_range(
        tables.Order, name_search.list_shards(), change_times.bound(wanted.updated_after), ("by_date", "date_k")
    )
    index_ranges = {"total_amount": by_total, "updated_at": by_updated, "order_date": by_date}
    index_range = index_ranges[field or by_default]
    return _listing(index_range, order, _ORDER_VALUES, meaning("orders", wanted, order), fetch, tests)


def _orders_by_name(wanted: OrderFilter) -> IndexRange:
    """Go through the orders of the customers or products with a matching name if they are few, else through all orders.

    Whether they are few can change from page to page. All of these ranges have the same keys, so cursors stay valid.
    """
    by_date = replace(_orders_by_date(wanted), has_changing_shards=True)
    if wanted.customer_id is not None or wanted.product_id is not None:
        return by_date
    found = name_search.customers_named(wanted.customer_name) if wanted.customer_name else None
    if found is not None:
        return replace(by_date, index="by_customer", hash_name="customer_id", shards=found)
    found = name_search.products_named(wanted.product_name) if wanted.product_name else None
    if found is not None:
        return replace(by_date, table=tables.Line, index=None, hash_name="product_id", shards=found, id_name=None)
    return by_date


def _orders_by_date(wanted: OrderFilter) -> IndexRange:
    low, high = list_bounds.of_times(wanted.date_from, wanted.date_to, wanted.ordered_since, wanted.ordered_before)
    if wanted.customer_id is not None:
        shards = (wanted.customer_id,)
        return IndexRange(tables.Order, "by_customer", "customer_id", "date_k", shards, low=low, high=high)
    if wanted.product_id is not None:
        # Clients may send any text, but DynamoDB refuses some as a key.
        product_shards = (wanted.product_id,) if ids.is_id(ids.PRODUCT, wanted.product_id) else ()
        return IndexRange(tables.Line, None, "product_id", "date_k", product_shards, id_name=None, low=low, high=high)
    return IndexRange(tables.Order, "by_date", "list_s", "date_k", name_search.list_shards(), low=low, high=high)


def _order_tests(wanted: OrderFilter) -> list[_Test[Order]]:
    tests: list[_Test[Order]] = []
    days = list_bounds.of_times(wanted.date_from, wanted.date_to, wanted.ordered_since, wanted.ordered_before)
    cents = (wanted.cents_from, wanted.cents_to)
    if days != (None, None):
        tests.append(_Test(lambda row: list_bounds.is_time_within(days, row.date), "date_k"))
    if cents != (None, None):
        tests.append(_Test(lambda row: list_bounds.is_within(cents, row.cents), "total_k"))
    if wanted.customer_id is not None:
        tests.append(_Test(lambda row: row.customer_id == wanted.customer_id, "customer_id"))
    if wanted.product_id is not None:
        tests.append(_Test(lambda row: any(line.product_id == wanted.product_id for line in row.lines), "product_id"))
    if updated := change_times.bound(wanted.updated_after):
        tests.append(_updated_test(updated))
    if wanted.status is not None:
        tests.append(_Test(lambda row: row.status == wanted.status))
    if wanted.is_fully_refunded is not None:
        tests.append(_Test(lambda row: _is_fully_refunded(row) == wanted.is_fully_refunded))
    if wanted.reference is not None:
        tests.append(_Test(lambda row: row.reference == wanted.reference, "sk"))
    if wanted.product_name:
        tests.append(_Test(name_search.contains(wanted.product_name, lambda row: [line.name for line in row.lines])))
    return tests


def _is_fully_refunded(order: Order) -> bool:
    lines, refunded = order.lines, order.refunded
    return bool(refunded) and all(refunded.get(line.product_id, 0) >= line.quantity for line in lines)


def _updated_test(since: str) -> _Test[Any]:
    return _Test(lambda row: row.updated_at >= since, "updated_k")


def _listing(  # noqa: PLR0913, PLR0917 - the parts of a listing
    index_range: IndexRange,
    order: list[tuple[str, bool]],
    values: _Values[Row],
    query: str,
    fetch: _Fetch[Row],
    tests: list[_Test[Row]],
) -> Listing[Row]:
    """Make a listing that tests rows for the whole filter, because an index may lag behind its rows."""
    is_by_change = index_range.index == "by_updated"
    return Listing(
        index_range=index_range,
        descending=bool(order) and order[0][1],
        query=query,
        # A row that a replica has as it was before its change would be passed over at both of its places.
        fetch=partial(fetch, consistent=True) if is_by_change else fetch,
        passes=lambda row: all(test.passes(row) for test in tests),
        exact=all(test.key in {index_range.hash_name, index_range.range_name} for test in tests),
        tie_breakers=tuple(TieBreaker(values[field], descending) for field, descending in order[1:]),
        key_of=change_times.key if is_by_change else None,
    )


def _beginning_of_phone(prefix: str | None) -> PhoneNumber | None:
    if not prefix:
        return None
    if len(prefix) > text.PHONE_LIMIT or not any(each in "+0123456789" for each in prefix):
        raise InvalidInput(
            f"phoneStartsWith must have a + or a digit, and at most {text.PHONE_LIMIT} characters",
            field="phone_starts_with",
        )
    return phone_numbers.parse(prefix)


def _order(order_by: Sequence[str | None] | None, fields: Collection[str]) -> list[tuple[str, bool]]:
    """Return (field, descending) for each `name`, `-createdAt` or `-created_at`. Raises InvalidInput, which lists the fields."""
    order: list[tuple[str, bool]] = []
    for name in filter(None, order_by or ()):
        field = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name.removeprefix("-")).lower()
        if field not in fields:
            known = ", ".join(map(_camel, fields))
            raise InvalidInput(
                f"Cannot order by {name!r}. Use one of {known}; - before it reverses the order", field="order_by"
            )
        if field not in {earlier for earlier, _ in order}:
            order.append((field, name.startswith("-")))
    return order


def _camel(name: str) -> str:
    return re.sub(r"_(.)", lambda match: match[1].upper(), name)

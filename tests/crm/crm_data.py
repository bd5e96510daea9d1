"""Customers, products and orders with many ties, created once, and a model that predicts the lists."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import pytest

from chalicelib.crm import (
    cancellation,
    customer_rows,
    customers,
    imported_orders,
    list_queries,
    name_search,
    order_rows,
    orders,
    phone_numbers,
    product_rows,
    products,
    text,
)
from chalicelib.crm.customers import Customer
from chalicelib.crm.imported_orders import ImportedLine, ImportedOrder
from chalicelib.crm.list_filters import CustomerFilter, OrderFilter, ProductFilter
from chalicelib.crm.orders import Order
from chalicelib.crm.products import Product
from chalicelib.settings import settings
from chalicelib.store import pagination
from chalicelib.store.pagination import Listing, Page, PageArgs, read_page

START = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = ("Ann", "Ann Lee", "ann", "Bo", "Béa", "ÅSA", "Straße", "Zoë 😀", "李", "Ann-Lee")
Row: TypeAlias = Customer | Product | Order
Filter: TypeAlias = CustomerFilter | ProductFilter | OrderFilter


@dataclass(frozen=True, slots=True)
class SampleData:
    customers: list[Customer]
    products: list[Product]
    orders: list[Order]

    def expected(self, wanted: Filter, field: str) -> list[Row]:
        """Return the rows that match the filter, ascending. Rows with the same stock have no particular order."""
        rows: list[Row]
        if isinstance(wanted, CustomerFilter):
            rows = [row for row in self.customers if _customer_passes(row, wanted)]
        elif isinstance(wanted, ProductFilter):
            rows = [row for row in self.products if _product_passes(row, wanted)]
        else:
            names = {row.id: row.name for row in self.customers}
            rows = [row for row in self.orders if _order_passes(row, names[row.customer_id], wanted)]
        return sorted(rows, key=lambda row: (VALUES[field](row), row.id))


VALUES: dict[str, Callable[[Any], Any]] = {
    "createdAt": lambda row: row.created_at,
    "updatedAt": lambda row: row.updated_at,
    "name": lambda row: text.search_key(row.name),
    "email": lambda row: text.normalize_email(row.email),
    "phone": lambda row: phone_numbers.sort_value(row.phone),
    "price": lambda row: row.cents,
    "stock": lambda row: row.stock,
    "orderDate": lambda row: row.date,
    "totalAmount": lambda row: row.cents,
}


def list_any(wanted: Filter, order_by: list[str]) -> Listing[Any]:
    if isinstance(wanted, CustomerFilter):
        return list_queries.list_customers(wanted, order_by)
    if isinstance(wanted, ProductFilter):
        return list_queries.list_products(wanted, order_by)
    return list_queries.list_orders(wanted, order_by)


def follow(listed: Listing[Any], size: int, *, forward: bool = True) -> list[Page[Any]]:
    """Read all pages, and return them in the order of reading."""
    pages: list[Page[Any]] = []
    cursor: str | None = None
    while True:
        window = PageArgs(first=size, after=cursor) if forward else PageArgs(last=size, before=cursor)
        page = read_page(listed, window)
        pages.append(page)
        cursor, more = (page.end_cursor, page.has_next) if forward else (page.start_cursor, page.has_previous)
        if not more:
            return pages
        assert cursor is not None
        assert len(pages) < 1000, "the cursors lead nowhere"


def rows_of(pages: list[Page[Any]], *, forward: bool = True) -> list[Any]:
    """Return the rows of all pages, in the order of the listing."""
    ordered = pages if forward else pages[::-1]
    return [edge.node for page in ordered for edge in page.edges]


def ids_of(rows: list[Any]) -> list[str]:
    return [row.id for row in rows]


@contextmanager
def sample_data(list_shards: int) -> Iterator[SampleData]:
    """Put the sample data into empty tables."""
    changed = replace(settings, list_shards=list_shards)
    with pytest.MonkeyPatch.context() as patch:
        for module in (customer_rows, product_rows, order_rows, list_queries, name_search, pagination):
            patch.setattr(module, "settings", changed)
        yield _make(random.Random(list_shards))


def _make(dice: random.Random) -> SampleData:
    people = [_customer(dice, number) for number in range(50)]
    stocked = [_product(dice, number) for number in range(60)]
    placed = [_order(dice, people, stocked, number) for number in range(120)]
    for row in dice.sample(people, 20):
        customers.update(row.id, {"phone": row.phone})
    for product in dice.sample(stocked, 20):
        products.update(product.id, {"name": product.name})
    for order in dice.sample(placed, 20):
        cancellation.cancel(order.id)
    return SampleData(
        list(customers.find_all(ids_of(people)).values()),
        list(products.find_all(ids_of(stocked)).values()),
        list(orders.find_all(ids_of(placed)).values()),
    )


def _moment(dice: random.Random) -> datetime:
    """Return one of few times on one of few days."""
    return START + timedelta(days=dice.randrange(6), hours=dice.choice((0, 12, 23)))


def _customer(dice: random.Random, number: int) -> Customer:
    phone = dice.choice((None, f"+4930{number:07}", "555-123-4567", f"555-123-45{number:02}"))
    return customers.create(dice.choice(NAMES), f"{dice.choice('abÄ')}{number}@x{number % 3}.org", phone, _moment(dice))


def _product(dice: random.Random, number: int) -> Product:
    price = Decimal(dice.choice((99, 100, 1000, 12345))) / 100
    return products.create(dice.choice(NAMES), price, dice.choice((0, 3, 3, 9, 10, 10, 10, 200)), f"sku{number}")


def _order(dice: random.Random, people: list[Customer], stocked: list[Product], number: int) -> Order:
    chosen = dice.sample(stocked, dice.randint(1, 3))
    customer = dice.choice(people)
    if number % 6 == 0:
        plenty = [product for product in stocked if product.stock == 200]
        return orders.place(customer.id, {dice.choice(plenty).id: 1}, _moment(dice)).order
    past = tuple(
        ImportedLine(product, dice.choice((1, 1, -1)), Decimal(dice.choice((0, 1, 2, 10)))) for product in chosen
    )
    return imported_orders.record(
        ImportedOrder(reference=f"R{number}", customer=customer, date=_moment(dice), lines=past)
    )[0]


def _customer_passes(row: Customer, wanted: CustomerFilter) -> bool:
    return (
        text.search_key(wanted.name or "") in text.search_key(row.name)
        and text.search_key(wanted.email or "") in text.search_key(row.email)
        and _on_days(row.created_at, wanted.created_from, wanted.created_to)
        and _changed_since(row, wanted)
        and (not wanted.phone_prefix or phone_numbers.is_match(row.phone, phone_numbers.parse(wanted.phone_prefix)))
    )


def _product_passes(row: Product, wanted: ProductFilter) -> bool:
    return (
        text.search_key(wanted.name or "") in text.search_key(row.name)
        and _within(row.cents, wanted.cents_from, wanted.cents_to)
        and _within(row.stock, wanted.stock_from, wanted.stock_to)
        and _changed_since(row, wanted)
    )


def _order_passes(row: Order, customer_name: str, wanted: OrderFilter) -> bool:
    return (
        _within(row.cents, wanted.cents_from, wanted.cents_to)
        and _on_days(row.date, wanted.date_from, wanted.date_to)
        and text.search_key(wanted.customer_name or "") in text.search_key(customer_name)
        and any(text.search_key(wanted.product_name or "") in text.search_key(line.name) for line in row.lines)
        and wanted.product_id in {None, *(line.product_id for line in row.lines)}
        and wanted.customer_id in {None, row.customer_id}
        and _changed_since(row, wanted)
    )


def _changed_since(row: Row, wanted: Filter) -> bool:
    return wanted.updated_after is None or datetime.fromisoformat(row.updated_at) >= wanted.updated_after


def _within(value: int, low: int | None, high: int | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _on_days(moment: str, first: date | None, last: date | None) -> bool:
    day = datetime.fromisoformat(moment).date()
    return (first is None or day >= first) and (last is None or day <= last)

"""Rows in any number, put into the tables directly: through the API 100,000 of them would take hours.

A company of any size has the same work for each job: `AFFECTED` products are low, so many customers are inactive, and so
many orders are of the week that the reminders and the report look at. Its books go back two years.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import islice, product

from pynamodb.models import Model

from benchmarks.backend import FULL
from benchmarks.firing import day
from chalicelib.crm import (
    counters,
    customer_rows,
    customers,
    order_rows,
    orders,
    product_rows,
    products,
    text,
    unique_values,
)
from chalicelib.jobs import catalog
from chalicelib.settings import settings
from chalicelib.store import connection, ids, index_keys, tables, timestamps
from chalicelib.store.put_request import to_item
from chalicelib.store.reads import Item

IS_FULL = bool(os.environ.get(FULL))
AFFECTED = 40
GOODS = 20
"""Products that are ordered."""
HISTORY = 730
"""Days of the books."""
NOW = day("2026-11-22T02:00:00")
"""On a Sunday."""
DUE = {
    catalog.CUSTOMER_CLEANUP: NOW,
    catalog.ORDER_REMINDERS: day("2026-11-22T08:00:00"),
    catalog.LOW_STOCK: day("2026-11-22T12:00:00"),
    catalog.WEEKLY_REPORT: day("2026-11-23T06:00:00"),
}
"""The slots whose work it is."""


def wait_for_ministack() -> None:
    """It takes longer over many rows than DynamoDB, and the longest when it saves them. Call it before anything is asked."""
    connection.connection._read_timeout_seconds = 120  # noqa: SLF001 - fixed for what is deployed


def row_id(kind: str, number: int) -> str:
    return f"{kind}_{number:026d}"


def a_product(number: int, stock: int = 50) -> products.Product:
    return products.Product(
        id=row_id(ids.PRODUCT, number),
        sku=None,
        name=f"Product {number}",
        cents=1250,
        stock=stock,
        archived_at=None,
        sold=0,
        token="t",  # noqa: S106 - names a write, and is no secret
        updated_at=timestamps.to_text(NOW),
    )


def a_customer(number: int, created: datetime) -> customers.Customer:
    key, email = row_id(ids.CUSTOMER, number), f"somebody{number}@example.com"
    return customers.Customer(
        id=key,
        name=f"Name {number}",
        email=email,
        phone=None,
        created_at=timestamps.to_text(created),
        last_order=None,
        orders=0,
        token="t",  # noqa: S106 - names a write, and is no secret
        updated_at=timestamps.to_text(created),
    )


def an_order(number: int, customer: int, date: datetime) -> orders.Order:
    line = orders.OrderLine(row_id(ids.PRODUCT, number % GOODS), f"Product {number % GOODS}", 1, 1250)
    key = row_id(ids.ORDER, number)
    return orders.new_order(key, row_id(ids.CUSTOMER, customer), timestamps.to_text(date), (line,))


def put_products(rows: Iterable[products.Product]) -> None:
    _put(tables.Product, map(product_rows.to_row, rows))


def put_customers(rows: Iterable[customers.Customer]) -> None:
    """Without their claims, which a clean-up releases."""
    _put(tables.Customer, map(customer_rows.to_row, rows))


def put_claims(rows: Iterable[customers.Customer]) -> None:
    _put(
        tables.AuxRow,
        (tables.AuxRow(pk=unique_values.EMAIL, sk=text.normalize_email(row.email), owner=row.id) for row in rows),
    )


def put_orders(rows: Iterable[orders.Order]) -> None:
    _put(tables.Order, (order_rows.to_row(row) for row in rows))


def put_totals(rows: Iterable[orders.Order]) -> None:
    """The counters of these orders, on days without others. Without them, a report would not agree with the totals."""
    sold, cents = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for row in rows:
        place = _shard(row.id), row.date[:10]
        sold[place] += 1
        cents[place] += row.cents
    _put(tables.AuxRow, (tables.AuxRow(*place, orders=sold[place], cents=cents[place]) for place in sold))


def put_company(size: int) -> None:
    put_products(map(_product, range(size)))
    put_customers(map(_customer, range(size)))
    put_orders(map(_order, range(size)))
    put_claims(map(_customer, range(AFFECTED)))


def put_affected_again() -> None:
    """As they were before a job changed them."""
    put_products(map(_product, range(AFFECTED)))
    put_customers(map(_customer, range(AFFECTED)))
    put_claims(map(_customer, range(AFFECTED)))


def put_books(size: int) -> None:
    """The counters of that company. Each day has all of its rows at any size, so that the size is all that grows."""
    shards = index_keys.shards(counters._PREFIX, settings.counter_shards)  # noqa: SLF001 - the rows as the domain writes them
    days = [str((NOW - timedelta(days=number)).date()) for number in range(-1, HISTORY + 32)]
    sold, made = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for number in range(size):
        order, customer = _order(number), _customer(number)
        sold[_shard(order.id), order.date[:10]] += 1
        made[_shard(customer.id), customer.created_at[:10]] += 1
    _put_items(
        tables.AuxRow,
        (_book(shard, date, sold[shard, date], made[shard, date]) for shard, date in product(shards, days)),
    )


def _book(shard: str, date: str, sold: int, made: int) -> Item:
    """Return the row of a shard and a day. As models, the 12,000 rows of all days take longer than the tables of a company."""
    row = tables.AuxRow
    numbers = ((row.orders, sold), (row.cents, 1250 * sold), (row.customers, made), (row.created, made))
    return {"pk": {"S": shard}, "sk": {"S": date}} | {kind.attr_name: {"N": str(n)} for kind, n in numbers}


def empty_tables() -> None:
    """Deleting the tables is faster than deleting their rows."""
    for table in connection.TABLES:
        connection.client().delete_table(TableName=table.Meta.table_name)
    connection.create_tables()


def _shard(key: str) -> str:
    return index_keys.shard(counters._PREFIX, key, settings.counter_shards)  # noqa: SLF001 - as above


def _product(number: int) -> products.Product:
    return a_product(number, stock=3 if number < AFFECTED else 50)


def _customer(number: int) -> customers.Customer:
    return a_customer(number, NOW - timedelta(days=400 if number < AFFECTED else 30 + number % 300))


def _order(number: int) -> orders.Order:
    days = 2 if number < AFFECTED else 30 + number % HISTORY
    return an_order(number, AFFECTED + number % 50, NOW - timedelta(days=days, seconds=number))


def _put(table: type[Model], rows: Iterable[Model]) -> None:
    _put_items(table, map(to_item, rows))


def _put_items(table: type[Model], items: Iterable[Item]) -> None:
    def put(batch: tuple[Item, ...]) -> None:
        requests = [{"PutRequest": {"Item": item}} for item in batch]
        answer = connection.client().batch_write_item(RequestItems={table.Meta.table_name: requests})
        if answer["UnprocessedItems"]:
            raise SystemExit("rows were left out")

    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(put, _by_25(items)):
            pass


def _by_25(items: Iterable[Item]) -> Iterator[tuple[Item, ...]]:
    items = iter(items)
    while batch := tuple(islice(items, 25)):
        yield batch

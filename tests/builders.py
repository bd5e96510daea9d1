"""Builders for tests of the domain: customers, products and imported orders with sensible values."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from pynamodb.models import Model

from chalicelib import clock
from chalicelib.crm import calendar_days, customers, imported_orders, products
from chalicelib.crm.customers import Customer
from chalicelib.crm.products import Product
from chalicelib.settings import settings
from chalicelib.store import change_log, change_marks, connection, tables
from chalicelib.store.change_log import Change

Rows = dict[tuple[str, ...], dict[str, Any]]

_numbers = count(1)


def a_customer(name: str = "Ann Lee", email: str | None = None, **more: Any) -> Customer:
    """A customer with `created_at` also counts as added then: the clean-up considers it as soon as a year is over."""
    more = {"added_at": more.get("created_at"), **more}
    return customers.create(name, email or f"somebody{next(_numbers)}@example.com", **more)


def a_product(name: str = "Lamp", price: str = "12.50", stock: int = 5, sku: str | None = None) -> Product:
    return products.create(name, Decimal(price), stock, sku)


def a_past_order(customer: Customer, *lines: tuple[Product, int, str], **more: Any) -> imported_orders.ImportedOrder:
    """`lines` are (product, quantity, unit price)."""
    past = {"reference": "INV-1", "date": moment("2025-03-01T10:00:00"), **more}
    return imported_orders.ImportedOrder(
        customer=customer,
        lines=tuple(
            imported_orders.ImportedLine(product, quantity, Decimal(price)) for product, quantity, price in lines
        ),
        **past,
    )


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@contextmanager
def time_is(text: str) -> Iterator[None]:
    before = clock._source
    clock.set_source(lambda: moment(text))
    try:
        yield
    finally:
        clock.set_source(before)


@contextmanager
def business_zone(name: str) -> Iterator[None]:
    """Count days in this time zone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calendar_days, "settings", replace(settings, time_zone=name))
        yield


def key_names(table: type[Model]) -> list[str]:
    """Return the names of the key attributes, the hash key first."""
    schema = sorted(table._get_schema()["key_schema"], key=lambda entry: str(entry["KeyType"]))
    return [entry["AttributeName"] for entry in schema]


def rows_of(table: type[Model]) -> Rows:
    """Return all rows by key, as DynamoDB stores them."""
    client = connection.client()
    memory: Any = getattr(client, "memory", None)
    if memory is not None:
        found: Rows = memory.rows_of(table)
        return found
    names = key_names(table)
    pages = client.get_paginator("scan").paginate(TableName=table.Meta.table_name, ConsistentRead=True)
    return {tuple(item[name]["S"] for name in names): item for page in pages for item in page["Items"]}


def changes_of(subject: str) -> list[Change]:
    """Return the changes of one row, the first one first."""
    keys = [key for key in rows_of(tables.AuxRow) if key[0] == f"{change_marks.PREFIX}{subject}"]
    found = change_log.find_all(sk for _, sk in keys)
    return [found[change_id] for change_id in sorted(found)]


def some_products(count: int, name: str = "Product") -> list[Product]:
    """Return products that are not stored: imports take them from memory."""
    return [
        Product(
            id=f"prd_{number:026d}",
            sku=None,
            name=f"{name} {number}",
            cents=100,
            stock=5,
            archived_at=None,
            sold=0,
            token="token",
            updated_at="2026-01-01T00:00:00.000000Z",
        )
        for number in range(count)
    ]

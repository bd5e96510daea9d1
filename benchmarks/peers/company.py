"""The rows that every contestant has, with the same ids."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypedDict

LINES = 3
STOCK = 10**6
_BEGAN = datetime(2025, 1, 1, tzinfo=UTC)


class Company(TypedDict):
    """
    Customers: id, name, email, phone, created_at. Products: id, name, price, stock.
    Orders: id, customer, date, total and lines, which are product, quantity and price. Amounts are texts.
    The API key that the contestants are asked with: id, digest of its secret, and the key itself.
    """

    customers: list[dict[str, Any]]
    products: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    api_key: dict[str, str]


def sample_company(customer_count: int = 100, product_count: int = 100, order_count: int = 120) -> Company:
    """Written through this project's own store, whose tables must exist."""
    from chalicelib.access import api_keys  # noqa: PLC0415 - not all contestants have it
    from chalicelib.access.roles import Role  # noqa: PLC0415
    from chalicelib.crm import customers, orders, products  # noqa: PLC0415 - not all contestants have it

    customers_by_id = [
        customers.create(f"Customer {number}", f"customer{number}@example.com", f"+1555{number:07d}", _BEGAN)
        for number in range(customer_count)
    ]
    products_by_id = [
        products.create(f"Product {number}", 5 + Decimal(number) / 4, STOCK) for number in range(product_count)
    ]
    placed = []
    for number in range(order_count):
        wanted = {products_by_id[(LINES * number + line) % product_count].id: 1 + line for line in range(LINES)}
        placed.append(
            orders.place(customers_by_id[number % customer_count].id, wanted, _BEGAN + timedelta(hours=number)).order
        )
    issued = api_keys.create("peers", Role.EDITOR, "benchmarks")
    left = products.find_all(row.id for row in products_by_id)
    return {
        "customers": [
            {"id": row.id, "name": row.name, "email": row.email, "phone": row.phone, "created_at": row.created_at}
            for row in customers_by_id
        ],
        "products": [
            {"id": row.id, "name": row.name, "price": _amount(row.cents), "stock": left[row.id].stock}
            for row in products_by_id
        ],
        "orders": [_exported(row) for row in placed],
        "api_key": {"id": issued.api_key.id, "digest": issued.api_key.digest, "key": issued.key},
    }


def _exported(order: Any) -> dict[str, Any]:
    lines = [
        {"product": line.product_id, "quantity": line.quantity, "price": _amount(line.cents)} for line in order.lines
    ]
    return {
        "id": order.id,
        "customer": order.customer_id,
        "date": order.date,
        "total": _amount(order.cents),
        "lines": lines,
    }


def _amount(cents: int) -> str:
    return f"{Decimal(cents).scaleb(-2):f}"

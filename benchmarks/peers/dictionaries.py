"""The floor: bare graphql-core on rows in memory, through Chalice; default resolvers, no store, no cache, no limits."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from graphql import build_schema, graphql_sync

from benchmarks.peers.company import Company
from benchmarks.peers.view import served
from benchmarks.peers.worker import Handler

_SCHEMA = build_schema(Path(__file__).with_name("schema.graphql").read_text("utf-8"))
Row = dict[str, Any]


def begin(company: Company) -> Handler:
    root = _root(company)
    return served(lambda sent: graphql_sync(_SCHEMA, sent["query"], root, variable_values=sent["variables"]).formatted)


def _root(company: Company) -> dict[str, str | Callable[..., Any]]:
    """graphql-core's default resolver looks names up, and calls what can be called."""
    customers = {row["id"]: {**row, "createdAt": _moment(row["created_at"])} for row in company["customers"]}
    products = {row["id"]: {**row} for row in company["products"]}
    by_email = {row["email"]: row for row in customers.values()}
    orders = [_order(row, customers, products) for row in company["orders"]]

    def all_orders(_info: Any, first: int, orderBy: list[str]) -> Row:  # noqa: N803 - the argument's name
        (field,) = orderBy
        rows = sorted(orders, key=lambda row: row[field.removeprefix("-")], reverse=field.startswith("-"))
        return {
            "edges": [{"node": row} for row in rows[:first]],
            "pageInfo": {"hasNextPage": len(rows) > first, "endCursor": str(first)},
        }

    def create_order(_info: Any, input: Row) -> Row:  # noqa: A002 - the argument's name
        taken = [(products[line["productId"]], line["quantity"]) for line in input["lines"]]
        for product, quantity in taken:
            product["stock"] -= quantity
        order = {
            "id": secrets.token_hex(13),
            "orderDate": datetime.now(UTC).isoformat(),
            "totalAmount": str(sum(Decimal(product["price"]) * quantity for product, quantity in taken)),
            "customer": customers[input["customerId"]],
            "products": [product for product, _ in taken],
        }
        orders.append(order)
        return {"order": order}

    return {
        "hello": "Hello, GraphQL!",
        "customer": lambda _info, email: by_email.get(email),
        "allOrders": all_orders,
        "createOrder": create_order,
    }


def _order(row: Row, customers: dict[str, Row], products: dict[str, Row]) -> Row:
    return {
        "id": row["id"],
        "orderDate": _moment(row["date"]),
        "totalAmount": row["total"],
        "customer": customers[row["customer"]],
        "products": [products[line["product"]] for line in row["lines"]],
    }


def _moment(text: str) -> str:
    return text.replace(".000000Z", "Z")

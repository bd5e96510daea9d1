"""What the resolvers of the peers on pynamodb do: read a page of orders, find a customer, place an order, check a key."""

import base64
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pynamodb.connection import Connection
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from benchmarks.peers.key_check import BURST, COST, KeyCheck
from benchmarks.peers.pynamodb_models import ORDER, ApiKey, Customer, Order, OrderLine, Product

_MAX_PAGE = 100
_CONNECTION = Connection(region="us-east-1")


@dataclass(frozen=True, slots=True)
class Page:
    orders: list[Order]
    end_cursor: str | None
    has_next_page: bool


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    order: Order
    customer: Customer
    products: dict[str, Product]


def find_by_email(email: str) -> Customer | None:
    return next(Customer.by_email.query(email, limit=1), None)


def read_page(first: int | None, order_by: Iterable[str | None] | None) -> Page:
    """Return the first orders, by date: the only order that has an index."""
    (field,) = order_by or ("orderDate",)
    if field not in {"orderDate", "-orderDate"}:
        raise ValueError(f"Orders cannot be sorted by {field}")
    limit = min(first or _MAX_PAGE, _MAX_PAGE)
    rows = Order.by_date.query(ORDER, scan_index_forward=field == "orderDate", limit=limit)
    found = list(rows)
    last = rows.last_evaluated_key
    return Page(found, base64.b64encode(json.dumps(last).encode()).decode() if last else None, last is not None)


def customers_by_id(ids: Iterable[str]) -> dict[str, Customer]:
    return {row.id: row for row in Customer.batch_get(ids)}


def products_by_id(ids: Iterable[str]) -> dict[str, Product]:
    return {row.id: row for row in Product.batch_get(ids)}


def place_order(customer_id: str, wanted: Mapping[str, int]) -> PlacedOrder:
    """Place an order and take its stock, both or neither. Raises TransactWriteError if there is not enough of a product."""
    customer = Customer.get(customer_id)
    products = products_by_id(wanted)
    lines = [
        OrderLine(product_id=each, quantity=number, cents=int(products[each].cents)) for each, number in wanted.items()
    ]
    order = Order(
        f"ord_{secrets.token_hex(13)}",
        customer_id=customer_id,
        order_date=datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        total_cents=sum(line["cents"] * line["quantity"] for line in lines),
        lines=lines,
    )
    with TransactWrite(connection=_CONNECTION) as write:
        for product_id, quantity in wanted.items():
            write.update(
                products[product_id],
                [Product.stock.add(-quantity)],
                condition=(Product.stock >= quantity),
            )
        write.save(order, condition=Order.id.does_not_exist())
    return PlacedOrder(order, customer, products)


def amount(cents: Any) -> Decimal:
    return Decimal(cents).scaleb(-2)


def _find_digest(key_id: str) -> str | None:
    try:
        return ApiKey.get(key_id).digest
    except ApiKey.DoesNotExist:
        return None


def _take_token(key_id: str, now: int) -> bool:
    was_full = _update(key_id, ApiKey.full_until.set(now + COST), ApiKey.full_until <= now)
    return was_full or _update(key_id, ApiKey.full_until.add(COST), ApiKey.full_until <= now + COST * (BURST - 1))


def _update(key_id: str, action: Action, condition: Condition) -> bool:
    try:
        ApiKey(key_id).update([action], condition=condition)
    except UpdateError as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            return False
        raise
    return True


KEYS = KeyCheck(_find_digest, _take_token)

"""A customer, a product and its orders, for tests that repeat the same order."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib.crm import products
from chalicelib.store import tables
from tests.api.graphql_client import Reply, post
from tests.builders import a_customer, a_product, moment, rows_of

ORDER = """mutation ($c: ID!, $p: ID!, $n: Int = 1) {
  createOrder(input: {customerId: $c, lines: [{productId: $p, quantity: $n}]}) { order { id totalAmount } } }"""


class Clock:
    def __init__(self) -> None:
        self.now: datetime = moment("2026-11-02T12:00:00")

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


class Shop:
    """Orders of one customer and one product."""

    def __init__(self) -> None:
        self.variables: dict[str, Any] = {"c": a_customer().id, "p": a_product(stock=50).id}

    def order(self, key: str, secret: str | None = None, **more: object) -> Reply:
        return post({"query": ORDER, "variables": self.variables | more}, secret, idempotency_key=key)

    @property
    def stock(self) -> int:
        found = products.find(self.variables["p"])
        assert found
        return found.stock


def orders_made() -> int:
    return len(rows_of(tables.Order))


def replayed(reply: Reply) -> bool:
    return reply.headers.get("Idempotency-Replayed") == "true"

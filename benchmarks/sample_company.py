"""The company whose work is measured: customers, products, and a web shop with a key that sends requests."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from benchmarks.cost_model import Units
from benchmarks.firing import at, day
from benchmarks.unit_meter import each, measured
from chalicelib import clock
from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.api.http.endpoint import respond
from chalicelib.api.http.http_types import Request
from chalicelib.crm import customers, email_suppressions, orders, products

CUSTOMERS, PRODUCTS = 300, 20
ORDER = """mutation ($c: ID!, $p: ID!, $q: ID!) {
  createOrder(input: {customerId: $c, lines: [{productId: $p, quantity: 1}, {productId: $q, quantity: 2}]}) {
    order { id totalAmount } } }"""
PAGE = """{ allOrders(first: 100, orderBy: ["-orderDate"]) {
  edges { node { id orderDate totalAmount customer { name email } lines { quantity product { name stock } } } }
  pageInfo { hasNextPage endCursor } } }"""
CUSTOMER = "query ($e: String!) { customer(email: $e) { id name email phone } }"
CHANGED = """query ($t: DateTime!) { allOrders(first: 100, updatedAfter: $t, orderBy: ["updatedAt"]) {
  edges { node { id updatedAt status totalAmount customer { email } lines { quantity product { sku } } } }
  pageInfo { hasNextPage endCursor } } }"""
_seconds = count()
"""Requests come a second apart: at one instant a key's bucket would not be full."""


@dataclass(frozen=True)
class Company:
    key: str
    buyers: list[customers.Customer]
    goods: list[products.Product]

    def post(self, query: str, number: int, **variables: Any) -> None:
        headers = {
            "content-type": "application/json",
            "authorization": f"Bearer {self.key}",
            "idempotency-key": f"order-{number}",
        }
        body = json.dumps({"query": query, "variables": variables}).encode()
        with at(day("2026-11-09T12:00:00") + timedelta(seconds=next(_seconds))):
            answer = respond(Request("POST", headers, {}, body))
        if answer.status != 200 or '"errors"' in answer.body:  # noqa: PLR2004
            raise SystemExit(answer.body)

    def orders_of(self, moment: datetime, many: int) -> None:
        for number in range(many):
            first, second = self.goods[number % 20], self.goods[(number + 7) % 20]
            with at(moment + timedelta(seconds=number)):
                orders.place(self.buyers[number % len(self.buyers)].id, {first.id: 1, second.id: 2})

    def over_the_api(self) -> dict[str, Units]:
        def order() -> None:
            for number in range(20):
                pair = self.goods[number % 20].id, self.goods[(number + 3) % 20].id
                self.post(ORDER, number, c=self.buyers[100 + number].id, p=pair[0], q=pair[1])

        self.orders_of(clock.now(), 60)  # makes the counters of the day
        self.post("{ hello }", 0)  # the key's last use is written once an hour
        return {
            "order": each(measured(order, requests=20), 20),
            "orders_page": measured(lambda: self.post(PAGE, 0), requests=1),
            "customer_by_email": measured(lambda: self.post(CUSTOMER, 0, e=self.buyers[3].email), requests=1),
            "hello": measured(lambda: self.post("{ hello }", 0), requests=1),
        }


def founded() -> tuple[Company, dict[str, Units]]:
    """What its customers and products take to store, too."""
    buyers: list[customers.Customer] = []
    goods: list[products.Product] = []
    key = api_keys.create("web shop", Role.EDITOR, "operator").key

    def buy() -> None:
        names = [f"Customer Number {number}" for number in range(CUSTOMERS)]
        buyers.extend(customers.create(name, f"{name.replace(' ', '.')}@example.com", "+12025550123") for name in names)

    def make() -> None:
        goods.extend(products.create(f"Product {n}", Decimal("12.50"), 9000, f"SKU-{n:05d}") for n in range(PRODUCTS))

    email_suppressions.suppress("gone@example.com", email_suppressions.Reason.BOUNCE, clock.now())  # reminders ask then
    kept = {"a_customer": each(measured(buy), CUSTOMERS), "a_product": each(measured(make), PRODUCTS)}
    return Company(key, buyers, goods), kept

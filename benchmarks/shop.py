"""A shop with concurrent orders, and a check that its books are right afterwards."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal

from chalicelib.crm import customers, orders, products
from chalicelib.errors import Conflict
from chalicelib.store import connection, tables

STOCK = 10**6


@dataclass
class Shop:
    """`placed` and `given_up` record what callers were told. Lists only grow, so threads can share them."""

    customers: list[str]
    products: list[str]
    placed: list[orders.Order] = field(default_factory=list)
    given_up: int = 0

    def order(self, dice: random.Random, products: int) -> orders.Order | None:
        """Order one of the first `products` products for any customer. Return None when there were too many conflicts."""
        try:
            order = orders.place(dice.choice(self.customers), {self.products[dice.randrange(products)]: 1}).order
        except Conflict:
            self.given_up += 1
            return None
        self.placed.append(order)
        return order

    def differences(self) -> int:
        """Count orders, stock, bookings and counters that differ from what callers were told, and 1 if the cents differ."""
        told = {order.id: order for order in self.placed}
        sold = Counter(line.product_id for order in self.placed for line in order.lines)
        stored = products.find_all(self.products, consistent=True)
        stock = sum(abs(STOCK - sold[key] - stored[key].stock) for key in self.products)
        bought = Counter(order.customer_id for order in self.placed)
        with_order = customers.find_all(self.customers, consistent=True)
        activity = sum(abs(bought[key] - with_order[key].orders) for key in self.customers)
        counted = abs(_counted("orders") - len(told)) + (_counted("cents") != sum(one.cents for one in self.placed))
        return len(told.keys() ^ _stored_orders()) + stock + activity + counted


def open_shop(customers_by_id: int, products_by_id: int) -> Shop:
    def enter(number: int) -> str:
        return customers.create(f"Customer {number}", f"customer{number}@example.com").id

    def stack(number: int) -> str:
        return products.create(f"Product {number}", Decimal("12.50"), STOCK).id

    with ThreadPoolExecutor(4) as pool:
        return Shop(list(pool.map(enter, range(customers_by_id))), list(pool.map(stack, range(products_by_id))))


def _stored_orders() -> set[str]:
    pages = connection.client().get_paginator("scan").paginate(TableName=tables.Order.Meta.table_name)
    return {row["id"]["S"] for page in pages for row in page["Items"]}


def _counted(name: str) -> int:
    """Sum all shards there ever were, because the benchmark changes their number."""
    pages = connection.client().get_paginator("scan").paginate(TableName=tables.AuxRow.Meta.table_name)
    rows = (row for page in pages for row in page["Items"] if row["pk"]["S"].startswith("count#"))
    return sum(int(row.get(name, {"N": "0"})["N"]) for row in rows)

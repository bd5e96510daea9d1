"""What clients were told: the orders that there are, what moved the stock, and which customers are left."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass
class ToldOrder:
    total: Decimal
    lines: dict[str, int]
    """{product id: quantity}"""
    status: str = "PLACED"
    is_open: bool = True
    """Whether it can still be changed, cancelled and refunded."""


@dataclass
class Journal:
    """One client's own, so no other thread writes to it."""

    orders: dict[str, ToldOrder] = field(default_factory=dict)
    stock: Counter[str] = field(default_factory=Counter)
    """{product id: what all answers together have added}"""
    customers: dict[str, str] = field(default_factory=dict)
    """{customer id: name}, of those whom nobody has deleted or merged."""
    created: dict[str, str] = field(default_factory=dict)
    """{customer id: createdAt}"""
    done: Counter[str] = field(default_factory=Counter)

    def add_customer(self, customer: dict[str, Any]) -> None:
        self.customers[customer["id"]] = customer["name"]
        self.created.setdefault(customer["id"], customer["createdAt"])

    def add_order(self, order: dict[str, Any], lines: dict[str, int], *, is_open: bool = True) -> None:
        self.orders[order["id"]] = ToldOrder(Decimal(order["totalAmount"]), lines, is_open=is_open)

    def change_order(self, order: dict[str, Any], lines: dict[str, int]) -> None:
        told = self.orders[order["id"]]
        self.move_stock(told.lines, 1)
        self.move_stock(lines, -1)
        told.total, told.lines = Decimal(order["totalAmount"]), lines

    def cancel_order(self, order_id: str) -> None:
        told = self.orders[order_id]
        told.status, told.is_open = "CANCELLED", False
        self.move_stock(told.lines, 1)

    def move_stock(self, lines: dict[str, int], times: int) -> None:
        for product_id, quantity in lines.items():
            self.stock[product_id] += times * quantity


def added_up(journals: Iterable[Journal]) -> Journal:
    everything = Journal()
    for journal in journals:
        everything.orders.update(journal.orders)
        everything.customers.update(journal.customers)
        everything.created.update(journal.created)
        everything.done.update(journal.done)
        everything.stock.update(journal.stock)
    return everything

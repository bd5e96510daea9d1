"""Customers are merged and given back while their orders are placed, imported, changed, cancelled and refunded.

On a database with real concurrency. The books of the customers, the totals and the stock are exact at the end.
"""

import random
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from itertools import count

import pytest

from chalicelib.crm import (
    cancellation,
    customer_merges,
    customers,
    deleted_customers,
    imported_orders,
    merge_records,
    merge_steps,
    order_edits,
    orders,
    products,
    refunds,
    stock,
)
from chalicelib.crm.imported_rows import LineRow, OrderRow
from chalicelib.errors import CrmError, NotFound
from tests.builders import a_customer, a_product, moment
from tests.crm.merge_books import problems, stored_orders
from tests.crm.test_order_edit_races import ROUNDS, in_threads

pytestmark = pytest.mark.ministack
FIRST_STOCK = 10_000
Work = Callable[[random.Random], object]


class Shop:
    """Two customers who are the same person, and everything that may happen to their orders."""

    def __init__(self) -> None:
        self.kept = a_customer("Ann", "ann@example.com").id
        self.absorbed = a_customer("Annie", "annie@example.com").id
        self.lamp = a_product(stock=FIRST_STOCK, sku="LAMP").id
        self.added = 0
        self.placed = [self.place_for(each) for each in (self.kept, self.absorbed) for _ in range(5)]
        self._references = count()

    def place_for(self, customer_id: str) -> str:
        return orders.place(customer_id, {self.lamp: 2}).order.id

    def place(self, dice: random.Random) -> None:
        self.placed.append(self.place_for(dice.choice((self.kept, self.absorbed))))

    def bring_in(self, dice: random.Random) -> None:
        email = dice.choice(("ann@example.com", "annie@example.com"))
        row = OrderRow(
            f"R{next(self._references)}", email, moment("2026-01-01T10:00:00"), (LineRow("LAMP", 1, Decimal(5)),)
        )
        (result,) = imported_orders.import_rows([row])
        if isinstance(result, Exception):
            raise result

    def edit(self, dice: random.Random) -> None:
        order_edits.update(dice.choice(self.placed), {self.lamp: dice.randint(2, 5)})

    def cancel(self, dice: random.Random) -> None:
        if dice.random() < 0.6:
            cancellation.cancel(dice.choice(self.placed))

    def refund(self, dice: random.Random) -> None:
        refunds.refund(dice.choice(self.placed), {self.lamp: 1}, "broken", restock=True)

    def restock(self, _dice: random.Random) -> None:
        stock.adjust(self.lamp, 3, "found")
        self.added += 3

    def merge(self, dice: random.Random) -> None:
        if dice.random() < 0.7:
            customer_merges.merge(self.kept, self.absorbed)
        else:
            customer_merges.undo(self.absorbed)

    def delete(self, dice: random.Random) -> None:
        customer_id = dice.choice((self.kept, self.absorbed))
        if dice.random() < 0.5:
            deleted_customers.delete(customer_id)
        with suppress(NotFound):
            deleted_customers.restore(customer_id)

    def settle(self) -> None:
        """Complete what is in progress, and bring everybody back."""
        for customer_id in (self.kept, self.absorbed):
            with suppress(CrmError):
                deleted_customers.restore(customer_id)
        while (record := merge_records.find(self.absorbed)) and not record.is_finished:
            if record.status is merge_records.Status.MOVING:
                customer_merges.merge(self.kept, self.absorbed)
            else:
                customer_merges.undo(self.absorbed)

    def wrong_stock(self) -> list[str]:
        taken = sum(
            line.quantity
            for order in stored_orders()
            if order.takes_stock and order.status == orders.PLACED
            for line in order.lines
        )
        left = products.find_all([self.lamp], consistent=True)[self.lamp].stock
        return [] if left == FIRST_STOCK + self.added - taken else [f"stock {left}"]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_steps, "MAX_ORDERS", 3)


def test_merging_while_orders_come_and_change_leaves_exact_books() -> None:
    shop = Shop()
    done = in_threads(shop.place, shop.bring_in, shop.edit, shop.cancel, shop.refund, shop.restock, shop.merge)
    print(done)
    assert done["done"] >= 3 * ROUNDS
    shop.settle()
    assert problems() + shop.wrong_stock() == []
    customer_merges.merge(shop.kept, shop.absorbed)
    shop.settle()
    assert {order.customer_id for order in stored_orders()} == {shop.kept}
    assert problems() == []
    customer_merges.undo(shop.absorbed)
    shop.settle()
    assert problems() == []
    assert customers.find(shop.absorbed) is not None


def test_merging_while_both_are_deleted_and_restored_leaves_exact_books() -> None:
    shop = Shop()
    done = in_threads(shop.place, shop.bring_in, shop.edit, shop.delete, shop.merge, shop.merge)
    print(done)
    shop.settle()
    assert problems() + shop.wrong_stock() == []

"""Orders of the same customers are placed and cancelled at once: the date of the latest order stays right."""

import random
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pynamodb.expressions.condition import Condition

from chalicelib.crm import cancellation, customer_activity, deleted_customers, orders
from chalicelib.crm.customers import Customer
from chalicelib.errors import CrmError
from chalicelib.store import tables
from tests.builders import a_customer, a_product, moment, rows_of

pytestmark = pytest.mark.ministack
THREADS = 6
OPERATIONS = 40
EXPECTED = {"ALREADY_CANCELLED", "CONFLICT", "DUPLICATE_EMAIL", "INVALID_CUSTOMER_ID", "NOT_FOUND"}
BEGIN = moment("2025-01-01T00:00:00")


@pytest.fixture(autouse=True)
def _hasty_switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def by_date(order: orders.Order) -> str:
    return order.date


class Rush:
    """Threads that place orders of any date, cancel the latest ones, and delete and restore their customers."""

    def __init__(self) -> None:
        self.customer_ids = [a_customer(created_at=BEGIN).id for _ in range(2)]
        self.product_id = a_product(stock=10**6).id
        self.placed: list[orders.Order] = []
        self.surprises: list[BaseException] = []
        self.cancelled: set[str] = set()

    def run(self) -> None:
        threads = [threading.Thread(target=self._work, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self, seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(OPERATIONS):
            try:
                self._act(dice)
            except CrmError as error:
                if error.code not in EXPECTED:
                    self.surprises.append(error)
            except Exception as error:  # noqa: BLE001 - a thread's error is the test's
                self.surprises.append(error)

    def _act(self, dice: random.Random) -> None:
        customer_id, roll = dice.choice(self.customer_ids), dice.random()
        if roll < 0.4:
            date = BEGIN + timedelta(days=dice.randrange(300))
            self.placed.append(orders.place(customer_id, {self.product_id: 1}, date).order)
        elif roll < 0.85:
            left = [order for order in list(self.placed) if order.id not in self.cancelled]
            for order in dice.sample(left, min(1, len(left))) if roll > 0.8 else sorted(left, key=by_date)[-1:]:
                cancellation.cancel(order.id)
                self.cancelled.add(order.id)
        elif roll < 0.9:
            deleted_customers.delete(customer_id)
        else:
            deleted_customers.restore(customer_id)

    def wrong(self) -> list[str]:
        """Return the customers whose latest order is not the newest one that is placed."""
        stored = [orders.load(row) for row in rows_of(tables.Order).values()]
        found = []
        for customer_id in self.customer_ids:
            customer = deleted_customers.restore(customer_id)
            dates = [each.date for each in stored if each.customer_id == customer_id and each.status == orders.PLACED]
            if customer.last_order != max(dates, default=None):
                found.append(f"{customer.last_order} instead of {max(dates, default=None)}")
            if customer.orders != sum(each.customer_id == customer_id for each in stored):
                found.append("the number of orders is wrong")
        return found


def test_the_latest_order_is_right_after_a_rush() -> None:
    rush = Rush()
    rush.run()
    assert (rush.surprises, rush.wrong()) == ([], [])
    assert len(rush.cancelled) > 20


def test_without_the_condition_it_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: the check sees what the condition prevents."""

    def exists(_customer: Customer) -> Condition:
        condition: Condition = tables.Customer.id.exists()
        return condition

    monkeypatch.setattr(customer_activity, "is_unchanged", exists)
    assert any(_is_wrong_after(Rush()) for _ in range(10))


def _is_wrong_after(rush: Rush) -> bool:
    rush.run()
    return bool(rush.wrong())

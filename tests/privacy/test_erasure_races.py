"""Customers are erased while others place, change and cancel their orders, and change, delete, restore and merge them.

On a database with real concurrency. Nobody who was erased is named anywhere at the end, and the books are exact.
"""

import random
from contextlib import suppress

import pytest

from chalicelib.crm import cancellation, customer_merges, customers, deleted_customers, merge_records, orders, refunds
from chalicelib.errors import CrmError
from chalicelib.privacy import erasures, people
from tests.builders import a_customer, a_product
from tests.crm.merge_books import orders_of, problems, stored_orders
from tests.crm.test_order_edit_races import in_threads
from tests.jobs.job_runs import dump
from tests.privacy.known_person import texts_of

pytestmark = pytest.mark.ministack
COUNT = 12
MAX_ATTEMPTS = 30


class Shop:
    """Customers of whom half are erased, each named as nobody else is."""

    def __init__(self) -> None:
        self.lamp = a_product(stock=100_000).id
        self.people = [a_customer(f"Person{n:02}x Quist", f"p{n:02}x@example.com").id for n in range(COUNT)]
        self.doomed = self.people[: COUNT // 2]
        self.placed = [orders.place(each, {self.lamp: 2}).order.id for each in self.people]

    def place(self, dice: random.Random) -> None:
        self.placed.append(orders.place(dice.choice(self.people), {self.lamp: 1}).order.id)

    def change(self, dice: random.Random) -> None:
        number = dice.randrange(COUNT)
        customers.update(self.people[number], {"name": f"Person{number:02}x {dice.choice(('Lee', 'Stone', 'Quist'))}"})

    def cancel_or_refund(self, dice: random.Random) -> None:
        if dice.random() < 0.5:
            cancellation.cancel(dice.choice(self.placed))
        else:
            refunds.refund(dice.choice(self.placed), {self.lamp: 1}, "broken", restock=True)

    def delete(self, dice: random.Random) -> None:
        customer_id = dice.choice(self.people)
        deleted_customers.delete(customer_id)
        if dice.random() < 0.7:
            deleted_customers.restore(customer_id)

    def merge(self, dice: random.Random) -> None:
        kept, absorbed = dice.sample(self.doomed, 2)
        if dice.random() < 0.5:
            customer_merges.merge(kept, absorbed)
        else:
            customer_merges.undo(absorbed)

    def erase(self, dice: random.Random) -> None:
        erase_all(dice.choice(self.doomed))

    def settle(self) -> None:
        """Complete merges in progress, then erase whoever is left of those who are to be erased."""
        for customer_id in self.doomed:
            complete(customer_id)
        for customer_id in self.doomed:
            with suppress(CrmError):  # one who was merged goes with the one who was kept
                erase_all(customer_id)


def complete(absorbed_id: str) -> None:
    """Complete the merge or undoing of this customer. It waits minutes for an index only if a count is wrong."""
    record = merge_records.find(absorbed_id)
    for _ in range(MAX_ATTEMPTS):
        if record is None or record.is_finished:
            return
        with suppress(CrmError):
            if record.status is merge_records.Status.MOVING:
                customer_merges.merge(record.kept_id, absorbed_id)
            else:
                customer_merges.undo(absorbed_id)
        record = merge_records.find(absorbed_id)
    assert record
    pytest.fail(f"not complete: {record}; kept: {customers.find(record.kept_id)}; {orders_of(record.kept_id)}")


def erase_all(customer_id: str) -> None:
    after = erasures.erase_page(customer_id, None).after
    while after:
        after = erasures.erase_page(customer_id, after).after


def test_nobody_who_was_erased_is_left_and_the_books_are_exact() -> None:
    shop = Shop()
    done = in_threads(shop.place, shop.change, shop.cancel_or_refund, shop.delete, shop.merge, shop.erase)
    print(done)
    shop.settle()
    found = list(texts_of(dump()))
    for number, customer_id in enumerate(shop.people):
        marker = f"{number:02}x"
        named = [text for text in found if f"person{marker}" in text.casefold() or f"p{marker}@" in text.casefold()]
        if customer_id in shop.doomed:
            assert named == []
            known = people.find(customer_id)
            assert known is None or known.person.is_nameless
        else:
            assert named, "nobody else was erased"
    assert {order.customer_id for order in stored_orders()} <= {*shop.people}
    # What was cancelled while a customer was deleted is not counted, see `Customer.cancelled`.
    assert [each for each in problems() if ": cancelled " not in each] == []

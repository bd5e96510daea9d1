"""Orders that are changed, cancelled, refunded and restocked at the same time leave exact books, on a database with real concurrency."""

import random
import threading
from collections import Counter
from collections.abc import Callable

import pytest

from chalicelib.crm import (
    cancellation,
    counters,
    customers,
    order_edits,
    orders,
    products,
    refunds,
    row_history,
    stock,
)
from chalicelib.errors import CrmError
from chalicelib.store import change_marks, tables
from tests.builders import a_customer, a_product, changes_of, rows_of

pytestmark = pytest.mark.ministack
THREADS, ROUNDS = 6, 12


def in_threads(*works: Callable[[random.Random], object]) -> Counter[str]:
    """Carry out each work some times, all at once. Return how often each ended how."""
    done: Counter[str] = Counter()
    together = threading.Barrier(len(works))

    def go(number: int, work: Callable[[random.Random], object]) -> None:
        dice = random.Random(number)
        together.wait()
        with change_marks.made_by(f"thread {number}"):
            for _ in range(ROUNDS):
                try:
                    work(dice)
                except CrmError as error:
                    done[error.code] += 1
                else:
                    done["done"] += 1

    threads = [threading.Thread(target=go, args=(number, work)) for number, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def test_changes_cancellations_and_restocks_at_once_leave_exact_books() -> None:
    goods = [a_product(f"Product {number}", f"{number + 1}.00", 30).id for number in range(3)]
    customer = a_customer()
    placed = [orders.place(customer.id, {goods[number % 3]: 1}).order.id for number in range(8)]
    slots = iter(f"2026-11-22T{number:02}" for number in range(24))

    def edit(dice: random.Random) -> None:
        wanted = {key: dice.randint(1, 4) for key in dice.sample(goods, dice.randint(1, 3))}
        order_edits.update(dice.choice(placed), wanted)

    def cancel(dice: random.Random) -> None:
        if dice.random() < 0.3:
            cancellation.cancel(dice.choice(placed))

    def restock(dice: random.Random) -> None:
        product_id = dice.choice(goods)
        stock.adjust(product_id, 5, "found")
        stock.restock(product_id, next(slots), threshold=10**6)

    done = in_threads(edit, edit, edit, edit, cancel, restock)
    assert done["done"] >= 2 * ROUNDS
    stored = {key[0]: orders.load(row) for key, row in rows_of(tables.Order).items()}
    open_orders = [order for order in stored.values() if order.status == orders.PLACED]
    taken: Counter[str] = Counter()
    for order in open_orders:
        assert order.cents == sum(line.cents * line.quantity for line in order.lines)
        taken.update({line.product_id: line.quantity for line in order.lines})
    found = products.find_all(goods, consistent=True)
    for product_id in goods:
        added = sum(
            change.after["stock"] - change.before["stock"]
            for change in changes_of(product_id)
            if change.subject == product_id and change.before and change.after
        )
        assert found[product_id].stock == 30 + added - taken[product_id]
        history = row_history.read_page(found[product_id], 100, None)
        assert history.has_next or sum(edge.node.delta or 0 for edge in history.edges) == found[product_id].stock
    stats = counters.stats()
    assert (stats.orders, stats.cents) == (len(open_orders), sum(order.cents for order in open_orders))
    holder = customers.find(customer.id)
    assert holder
    assert (holder.orders, holder.cancelled) == (len(placed), len(placed) - len(open_orders))
    for order in stored.values():
        edits = [change for change in changes_of(order.id) if change.before and "quantities" in change.before]
        quantities = Counter({line.product_id: line.quantity for line in order.lines})
        for change in reversed(edits):
            assert change.before
            assert change.after
            quantities.update(change.before["quantities"])
            quantities.subtract(change.after["quantities"])
        first = goods[placed.index(order.id) % 3]
        assert +quantities == Counter({first: 1}), "the change rows lead back to the order as it was placed"


def test_refunds_changes_and_cancellations_at_once_never_refund_more_than_was_ordered() -> None:
    goods = [a_product(f"Product {number}", f"{number + 1}.00", 60).id for number in range(2)]
    customer = a_customer()
    placed = [orders.place(customer.id, dict.fromkeys(goods, 4)).order.id for _ in range(4)]

    def give_back(dice: random.Random) -> None:
        wanted = {key: dice.randint(1, 2) for key in dice.sample(goods, dice.randint(1, 2))}
        refunds.refund(dice.choice(placed), wanted, "broken", restock=dice.random() < 0.5)

    def edit(dice: random.Random) -> None:
        order_edits.update(dice.choice(placed), {key: dice.randint(2, 5) for key in goods})

    def cancel(dice: random.Random) -> None:
        if dice.random() < 0.2:
            cancellation.cancel(dice.choice(placed))

    done = in_threads(give_back, give_back, give_back, edit, edit, cancel)
    assert set(done) <= {"done", "INVALID_INPUT", "ALREADY_CANCELLED", "CONFLICT", "INSUFFICIENT_STOCK"}
    stored = {key[0]: orders.load(row) for key, row in rows_of(tables.Order).items()}
    notes = [order for order in stored.values() if order.refund_of]
    assert notes
    in_stock: Counter[str] = Counter(dict.fromkeys(goods, 60))
    for order_id in placed:
        order = stored[order_id]
        refunded: Counter[str] = Counter()
        for note in notes:
            if note.refund_of == order_id:
                refunded.update({line.product_id: -line.quantity for line in note.lines})
        assert refunded == Counter(order.refunded)
        assert refunded <= Counter({line.product_id: line.quantity for line in order.lines})
        assert not (refunded and order.status == orders.CANCELLED)
        written = [change for change in changes_of(order_id) if change.after and "creditNote" in change.after]
        assert {change.after and change.after["creditNote"] for change in written} == {
            note.id for note in notes if note.refund_of == order_id
        }
    counted = [order for order in stored.values() if order.status == orders.PLACED]
    for order in counted:
        assert order.cents == sum(line.cents * line.quantity for line in order.lines)
        if order.takes_stock:
            in_stock.subtract({line.product_id: line.quantity for line in order.lines})
    found = products.find_all(goods, consistent=True)
    assert {key: found[key].stock for key in goods} == in_stock
    stats, holder = counters.stats(), customers.find(customer.id)
    assert (stats.orders, stats.cents) == (len(counted), sum(order.cents for order in counted))
    assert holder
    assert (holder.orders, holder.cancelled or 0) == (len(stored), len(stored) - len(counted))

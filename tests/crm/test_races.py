"""Many threads change few rows at once: afterwards stock and totals match the responses exactly.

CRM_FULL_SIZE=1 makes each thread work more than three times as long, and has twice the contests.
"""

import json
import os
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from typing import Any

import pytest
from pynamodb.expressions.condition import Condition

from chalicelib.crm import cancellation, counters, customers, deleted_customers, orders, products, stock, unique_values
from chalicelib.crm.orders import Order
from chalicelib.errors import CrmError
from chalicelib.store import index_keys, reads, tables, timestamps
from chalicelib.store.transaction import Transaction
from tests.builders import a_customer, a_product, rows_of

pytestmark = pytest.mark.ministack

THREADS = 8
FULL = bool(os.environ.get("CRM_FULL_SIZE"))
OPERATIONS = 200 if FULL else 60
CONTESTS = 10 if FULL else 5
EMAILS = 24
START = 12
EXPECTED = {
    "INSUFFICIENT_STOCK",
    "CONFLICT",
    "NOT_FOUND",
    "INVALID_CUSTOMER_ID",
    "DUPLICATE_EMAIL",
    "ALREADY_CANCELLED",
}


@dataclass
class Shop:
    """What is there, and what each thread was told: lists only grow, so that threads may share them."""

    product_ids: list[str]
    customer_ids: list[str]
    created: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    placed: list[Order] = field(default_factory=list)
    cancelled: list[Order] = field(default_factory=list)
    restocked: list[str] = field(default_factory=list)
    surprises: list[BaseException] = field(default_factory=list)

    def order(self, dice: random.Random) -> None:
        chosen = dice.sample(self.product_ids, dice.randint(1, 3))
        quantities = {product_id: dice.randint(1, 2) for product_id in chosen}
        self.placed.append(orders.place(dice.choice(self.customer_ids[-10:]), quantities).order)

    def cancel(self, dice: random.Random) -> None:
        if self.placed:
            self.cancelled.append(cancellation.cancel(dice.choice(self.placed[-12:]).id))

    def restock(self, dice: random.Random) -> None:
        product_id = dice.choice(self.product_ids)
        # Few slots, and the later the later: workers meet on the same one.
        if stock.restock(product_id, f"2026-11-22T{len(self.placed) // 30:03d}"):
            self.restocked.append(product_id)

    def enter(self, dice: random.Random) -> None:
        number = dice.randrange(EMAILS)
        email = dice.choice((f"c{number}@example.com", f"C{number}@Example.COM"))
        customer = a_customer(email=email)
        self.created.append(customer.id)
        self.customer_ids.append(customer.id)

    def leave(self, dice: random.Random) -> None:
        self.deleted.append(deleted_customers.delete(dice.choice(self.customer_ids[-10:])).id)

    def rename(self, dice: random.Random) -> None:
        customers.update(dice.choice(self.customer_ids[-10:]), {"email": f"c{dice.randrange(EMAILS)}@example.com"})


SHARES: tuple[tuple[Callable[[Shop, random.Random], None], int], ...] = (
    (Shop.order, 8),
    (Shop.cancel, 3),
    (Shop.restock, 3),
    (Shop.enter, 3),
    (Shop.leave, 2),
    (Shop.rename, 1),
)


@pytest.fixture(autouse=True)
def _hasty_switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def open_shop() -> Shop:
    product_ids = [a_product(f"Product {number}", stock=START).id for number in range(5)]
    newcomers = [a_customer(email=f"c{number}@example.com").id for number in range(6)]
    return Shop(product_ids, list(newcomers), created=list(newcomers))


def run(shop: Shop, operations: int = OPERATIONS, seed: int = 7) -> None:
    together = threading.Barrier(THREADS)
    script = [action for action, share in SHARES for _ in range(share)]

    def work(number: int) -> None:
        dice = random.Random(seed * 1000 + number)
        mine = dice.sample(script, len(script))
        together.wait()
        for action in islice(cycle(mine), operations):
            try:
                action(shop, dice)
            except CrmError as error:
                if error.code not in EXPECTED:
                    shop.surprises.append(error)
            except Exception as error:  # noqa: BLE001 - a thread's error is the test's
                shop.surprises.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def violations(shop: Shop) -> list[str]:
    found = [f"surprise: {error!r}" for error in shop.surprises]
    stored = {key[0]: orders.load(row) for key, row in rows_of(tables.Order).items()}
    return [*found, *_order_problems(shop, stored), *_stock_problems(shop, stored), *_customer_problems(shop, stored)]


def _order_problems(shop: Shop, stored: dict[str, Order]) -> Iterator[str]:
    placed, cancelled = {order.id for order in shop.placed}, {order.id for order in shop.cancelled}
    if stored.keys() != placed:
        yield f"orders lost or unheard of: {len(placed - stored.keys())}, {len(stored.keys() - placed)}"
    if len(cancelled) != len(shop.cancelled):
        yield "an order was cancelled twice"
    if cancelled != {order.id for order in stored.values() if order.status == orders.CANCELLED}:
        yield "cancelled orders are not those that are stored as such"
    living = [order for order in stored.values() if order.status == orders.PLACED]
    stats = counters.stats()
    if (stats.orders, stats.cents) != (len(living), sum(order.cents for order in living)):
        yield f"counters say {stats}, there are {len(living)} orders"
    lines = Counter(key[1].partition(index_keys.SEPARATOR)[2] for key in rows_of(tables.Line))
    wrong = [order.id for order in stored.values() if lines[order.id] != len(order.lines)]
    if wrong:
        yield f"orders without their lines: {wrong}"


def _stock_problems(shop: Shop, stored: dict[str, Order]) -> Iterator[str]:
    left = Counter(dict.fromkeys(shop.product_ids, START))
    for product_id in shop.restocked:
        left[product_id] += 10
    for order in stored.values():
        if order.status == orders.PLACED:
            left.subtract({line.product_id: line.quantity for line in order.lines})
    for product_id, pieces in left.items():
        product = products.find(product_id)
        if product is None or product.stock != pieces or pieces < 0:
            yield f"{product}: there should be {pieces}"


def _customer_problems(shop: Shop, stored: dict[str, Order]) -> Iterator[str]:
    rows = {key[0]: row for key, row in rows_of(tables.Customer).items()}
    ops = rows_of(tables.AuxRow)
    holders = {sk: row["owner"]["S"] for (pk, sk), row in ops.items() if pk == unique_values.EMAIL}
    if holders != {reads.text(row, "email_n"): customer_id for customer_id, row in rows.items()}:
        yield "claims on e-mail addresses are not those of the customers"
    if len(shop.deleted) != len(set(shop.deleted)) or rows.keys() != set(shop.created) - set(shop.deleted):
        yield "customers are not those created and not deleted"
    if counters.stats().customers != len(rows):
        yield f"counters say {counters.stats()}, there are {len(rows)} customers"
    archived: dict[str, Any] = {
        sk: row["content"]["S"] for (pk, sk), row in ops.items() if pk == deleted_customers.PARTITION
    }
    if archived.keys() != set(shop.deleted):
        yield "the archive is not of those deleted"
    # Whoever is deleted takes the number of their orders along: one accepted afterwards would not be among them.
    ordered = Counter(order.customer_id for order in stored.values())
    for customer_id in shop.created:
        row = rows.get(customer_id)
        known = reads.number(row, "orders") if row else _orders_in(archived.get(customer_id))
        if known != ordered[customer_id]:
            yield f"{customer_id} has {ordered[customer_id]} orders, {known} are known"


def _orders_in(content: str | None) -> int | None:
    return int(json.loads(content)["orders"]) if content else None


def test_eight_threads_of_mixed_work_leave_exact_figures() -> None:
    shop = open_shop()
    run(shop)
    assert violations(shop) == []
    assert min(len(done) for done in (shop.placed, shop.cancelled, shop.restocked, shop.deleted)) >= 5


@pytest.fixture
def without_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    def deaf(method: Callable[..., Any]) -> Callable[..., Any]:
        def without_condition(target: Any, *arguments: Any, **_condition: Any) -> Any:
            return method(target, *(one for one in arguments if not isinstance(one, Condition) and not callable(one)))

        return without_condition

    for name in ("put", "update", "delete"):
        monkeypatch.setattr(Transaction, name, deaf(getattr(Transaction, name)))


@pytest.mark.usefixtures("without_conditions")
def test_without_its_conditions_the_same_work_leaves_wrong_figures() -> None:
    """The control: the checks see what the conditions prevent."""
    shop = open_shop()
    run(shop, operations=40)
    found = " ".join(violations(shop))
    assert "claims on e-mail addresses" in found
    assert "customers are not those" in found


def at_once(work: Callable[[], object]) -> list[object]:
    """What `work` answers in each of the threads, the code of an error included."""
    answers: list[object] = []
    together = threading.Barrier(THREADS)

    def attend() -> None:
        together.wait()
        try:
            answers.append(work())
        except CrmError as error:
            answers.append(error.code)

    threads = [threading.Thread(target=attend) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def restock_at_once() -> int:
    product = a_product(stock=0)
    answers = at_once(lambda: stock.restock(product.id, "2026-11-22T12"))
    return sum(answer is not None for answer in answers)


def order_the_last_at_once() -> int:
    customer, product = a_customer(), a_product(stock=1)
    answers = at_once(lambda: orders.place(customer.id, {product.id: 1}).order)
    assert all(isinstance(answer, Order) or answer in EXPECTED for answer in answers)
    return sum(isinstance(answer, Order) for answer in answers)


def test_one_restock_of_a_slot_wins_however_many_try() -> None:
    assert [restock_at_once() for _ in range(2 * CONTESTS)] == [1] * 2 * CONTESTS


def edit_at_once() -> Counter[object]:
    customer = a_customer()
    version, names = timestamps.from_text(customer.updated_at), count()
    answers = at_once(lambda: customers.update(customer.id, {"name": f"Name {next(names)}"}, version).name)
    (written,) = [answer for answer in answers if answer != "CONFLICT"]
    assert customers.require(customer.id).name == written
    return Counter(answer == "CONFLICT" for answer in answers)


def test_one_of_those_who_read_the_same_version_edits_it_however_many_try() -> None:
    assert [edit_at_once() for _ in range(CONTESTS)] == [{False: 1, True: THREADS - 1}] * CONTESTS


def test_one_order_gets_the_last_piece_however_many_try() -> None:
    assert [order_the_last_at_once() for _ in range(CONTESTS)] == [1] * CONTESTS


@pytest.mark.usefixtures("without_conditions")
def test_without_their_conditions_several_restock_and_several_get_the_last_piece() -> None:
    """The control of the two above, with as many contests."""
    assert any(restock_at_once() > 1 for _ in range(2 * CONTESTS))
    assert any(order_the_last_at_once() > 1 for _ in range(CONTESTS))

"""Orders for the same row at the same time, with the conflicts that DynamoDB reports and emulators do not."""

import threading

import pytest

from benchmarks.conflicts import holding
from benchmarks.shop import Shop, open_shop
from chalicelib.crm import orders
from chalicelib.store import tables
from tests.builders import a_customer, a_product
from tests.metering import metered

pytestmark = pytest.mark.ministack
THREADS = 4


def at_once(shop: Shop) -> None:
    """Each orders the only product for a customer of its own."""
    together = threading.Barrier(len(shop.customers))

    def order(customer_id: str) -> None:
        together.wait()
        shop.placed.append(orders.place(customer_id, {shop.products[0]: 1}).order)

    threads = [threading.Thread(target=order, args=(customer_id,)) for customer_id in shop.customers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_an_order_that_conflicts_waits_and_reads_nothing_again() -> None:
    shop = Shop([a_customer().id for _ in range(THREADS)], [a_product(stock=THREADS).id])
    with metered() as meter, holding(0.1) as holds:
        at_once(shop)
    conflicts = holds.conflicts[tables.Product.Meta.table_name]
    assert conflicts > 0
    assert (len(shop.placed), holds.sent, len(holds.known)) == (THREADS, THREADS + conflicts, THREADS)
    assert meter.calls == dict.fromkeys(("BatchGetItem", "BatchWriteItem", "TransactWriteItems"), THREADS)


def test_the_check_of_a_shop_detects_a_lost_order() -> None:
    shop = open_shop(THREADS, 2)
    at_once(shop)
    assert shop.differences() == 0
    shop.placed.pop()
    assert shop.differences() == 5  # itself, its piece, its customer's order, its day's order and its cents

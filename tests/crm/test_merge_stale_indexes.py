"""Merges and their undoing over indexes that are up to five seconds old, as on AWS, end with the right data."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.crm import cancellation, customer_merges, merge_steps, orders, refunds
from chalicelib.crm.merge_records import Status
from chalicelib.errors import CrmError
from tests.builders import a_customer, a_product, moment
from tests.conftest import in_memory
from tests.crm.merge_books import orders_of, problems
from tests.faults.stale_memory import StaleMemory

SEEDS = 10


@contextmanager
def stale_indexes(seed: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each wait moves the clock on by half a second, each look at it by ten milliseconds."""
    now = moment("2026-11-22T12:00:00")

    def advance(seconds: float) -> None:
        nonlocal now
        now += timedelta(seconds=seconds)

    def look() -> object:
        advance(0.01)
        return now

    before = clock._source
    monkeypatch.setattr("time.sleep", lambda _: advance(0.5))
    monkeypatch.setattr(merge_steps, "MAX_ORDERS", 3)
    clock.set_source(look)  # type: ignore[arg-type]
    try:
        with in_memory(StaleMemory(knows_tokens=False, seed=seed)):
            yield
    finally:
        clock.set_source(before)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_merge_over_stale_indexes_moves_and_returns_every_order(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(seed)
    with stale_indexes(seed, monkeypatch):
        kept, absorbed, lamp = a_customer("Ann").id, a_customer("Annie").id, a_product(stock=1000).id
        own = {orders.place(kept, {lamp: 1}).order.id for _ in range(dice.randrange(5))}
        moved = {orders.place(absorbed, {lamp: 2}).order.id for _ in range(dice.randrange(8))}
        while customer_merges.merge(kept, absorbed).status is not Status.DONE:
            if dice.random() < 0.3:
                own.add(orders.place(absorbed, {lamp: 1}).order.id)
        assert orders_of(kept) == own | moved
        assert problems() == []
        while True:
            for order_id in dice.sample(sorted(moved), min(len(moved), dice.randrange(2))):
                moved |= refund_or_cancel(order_id, lamp, dice)
            if customer_merges.undo(absorbed).status is Status.UNDONE:
                break
            if dice.random() < 0.3:
                own.add(orders.place(kept, {lamp: 1}).order.id)
        assert (orders_of(kept), orders_of(absorbed)) == (own, moved)
        assert problems() == []


def refund_or_cancel(order_id: str, lamp: str, dice: random.Random) -> set[str]:
    """Return the credit note, if there is one."""
    try:
        if dice.random() < 0.6:
            return {refunds.refund(order_id, {lamp: 1}, "broken", restock=True).id}
        cancellation.cancel(order_id)
    except CrmError:
        pass
    return set()

"""An erasure right after the last changes, over indexes that lag behind by up to five seconds, as they may on AWS."""

import pytest

from chalicelib.crm import customers, orders, stock
from chalicelib.jobs import catalog, erasure
from chalicelib.jobs.slots import Slot
from chalicelib.privacy import erasures
from chalicelib.store import change_marks
from tests.builders import a_customer, a_product
from tests.conftest import in_memory
from tests.database import empty_tables
from tests.faults.stale_memory import StaleMemory
from tests.jobs.job_runs import Clock, make_runner, manual_clock
from tests.privacy.known_person import EMAIL, FORMER_NAME, NAME, mentions

SEEDS = 12


def left_after(seed: int, patch: pytest.MonkeyPatch, *, waits: bool) -> list[str]:
    """Return what is left of a customer who was reminded and complained of in the seconds before."""
    empty_tables()
    with in_memory(StaleMemory(seed=seed)), manual_clock("2026-11-19T08:00:00") as time:
        patch.setattr("time.sleep", lambda seconds: waits and time.later(seconds=seconds))
        with change_marks.made_by("test"):
            change_and_remind(time)
            customer = customers.find_by_email(EMAIL)
            assert customer
            run = erasures.request(customer.id, "asked by letter", "test")
        make_runner().run(catalog.ERASURE, run.slot)
        time.later(minutes=1)
        return mentions()


def change_and_remind(time: Clock) -> None:
    customer, lamp = a_customer(FORMER_NAME, EMAIL), a_product(stock=9)
    customers.update(customer.id, {"name": NAME})
    orders.place(customer.id, {lamp.id: 1})
    time.later(seconds=6)
    make_runner().run(catalog.ORDER_REMINDERS, Slot("2026-11-19T08:00:00Z"))
    orders.place(customer.id, {lamp.id: 1})
    stock.adjust(lamp.id, -1, f"lost by {NAME}")
    time.later(milliseconds=100)


def test_an_erasure_waits_for_the_indexes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "INDEX_LAG", 5.0)
    assert [left_after(seed, monkeypatch, waits=True) for seed in range(SEEDS)] == [[]] * SEEDS


def test_without_waiting_some_traces_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: shows that the test finds what an index does not have yet."""
    left = [left_after(seed, monkeypatch, waits=False) for seed in range(SEEDS)]
    assert any(left)

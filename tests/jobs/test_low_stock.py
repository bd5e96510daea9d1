"""low_stock: each product that is low gets its addition and its line once."""

from dataclasses import replace
from itertools import cycle

import pytest

from chalicelib.crm import orders, products, stock
from chalicelib.crm.products import Product
from chalicelib.jobs import ledger, low_stock, run_records, runner
from chalicelib.jobs.catalog import LOW_STOCK
from chalicelib.jobs.job import StepContext, StepResult
from chalicelib.jobs.run_records import Status
from chalicelib.settings import settings
from tests.as_operator import execute
from tests.builders import a_customer, a_product
from tests.jobs.job_runs import (
    SLOT,
    Clock,
    Consumer,
    a_runner,
    dump,
    kept_lines,
    many_products,
    the_run,
    told,
    with_page_size,
)

NAME = LOW_STOCK.name


def stock_of(product: Product | str) -> int:
    found = products.find(product if isinstance(product, str) else product.id)
    assert found
    return found.stock


def test_what_is_low_is_restocked_with_a_line_each(time: Clock, log: pytest.LogCaptureFixture) -> None:
    lamp, chair, desk = (a_product(name, stock=n) for name, n in (("Lamp", 9), ("Chair", 0), ("Desk", 10)))
    a_runner().fire(LOW_STOCK, time.now)
    lines = [
        "[22/11/2026-12:00:00] Product: Chair, New Stock: 10",
        "[22/11/2026-12:00:00] Product: Lamp, New Stock: 19",
    ]
    assert sorted(kept_lines(NAME)) == lines
    assert sorted(told(log)) == [*lines, "low_stock SUCCEEDED"]
    assert the_run(NAME).counts == {"restocked": 2}
    assert [stock_of(product) for product in (lamp, chair, desk)] == [19, 10, 10]
    a_runner().fire(LOW_STOCK, time.now)
    assert [stock_of(product) for product in (lamp, chair, desk)] == [19, 10, 10]


def test_when_nothing_is_low_nothing_is_done(time: Clock) -> None:
    desk = a_product(stock=10)
    a_runner().fire(LOW_STOCK, time.now)
    run = the_run(NAME)
    assert (run.status, run.counts, kept_lines(NAME), stock_of(desk)) == (Status.SUCCEEDED, {}, [], 10)


def test_archived_products_are_left_alone(time: Clock) -> None:
    lamp = a_product(stock=5)
    orders.place(a_customer().id, {lamp.id: 1})
    products.delete(lamp.id)
    a_runner().fire(LOW_STOCK, time.now)
    assert (the_run(NAME).counts, stock_of(lamp)) == ({}, 4)


def test_a_worker_that_died_after_the_restock_costs_no_line_and_adds_nothing_twice(
    time: Clock, log: pytest.LogCaptureFixture
) -> None:
    lamp = a_product("Lamp", stock=3)
    work = _begun(time)
    assert execute(low_stock.RESTOCK.document, {"slot": SLOT, "ids": [lamp.id], "token": f"{SLOT}.1"})["data"]
    assert stock_of(lamp) == 13
    time.later(minutes=7)
    assert work.status is Status.RUNNING
    a_runner().run(LOW_STOCK, SLOT)
    assert stock_of(lamp) == 13
    assert kept_lines(NAME) == ["[22/11/2026-12:07:00] Product: Lamp, New Stock: 13"]
    assert told(log)[0] == kept_lines(NAME)[0]


def _begun(time: Clock) -> run_records.Run:
    """A run that has chosen its products."""
    run = ledger.claim(LOW_STOCK, SLOT)
    assert run
    page: StepResult = low_stock.step(_work(run))
    assert page.state
    assert not page.lines
    assert time.now
    return ledger.checkpoint(run, page)


def _work(run: run_records.Run) -> StepContext:
    return runner._context(run, execute=execute, cache={})


def test_what_somebody_else_has_restocked_meanwhile_is_not_told_as_ours(time: Clock) -> None:
    lamp, chair = a_product("Lamp", stock=3), a_product("Chair", stock=4)
    _begun(time)
    assert stock.restock(lamp.id, "2026-11-22T12:00:01.000000Z")
    products.delete(chair.id)
    time.later(minutes=7)
    a_runner().run(LOW_STOCK, SLOT)
    assert (kept_lines(NAME), stock_of(lamp)) == ([], 13)


def test_a_line_says_the_stock_right_after_the_restock(time: Clock) -> None:
    lamp = a_product("Lamp", stock=3)
    _begun(time)
    execute(low_stock.RESTOCK.document, {"slot": SLOT, "ids": [lamp.id], "token": f"{SLOT}.1"})
    orders.place(a_customer().id, {lamp.id: 6})
    time.later(minutes=7)
    a_runner().run(LOW_STOCK, SLOT)
    assert (kept_lines(NAME), stock_of(lamp)) == (["[22/11/2026-12:07:00] Product: Lamp, New Stock: 13"], 7)


@pytest.fixture
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(low_stock, "SELECT", with_page_size(low_stock.SELECT, 4))


@pytest.mark.usefixtures("_small_pages")
def test_more_than_a_page_is_restocked_page_by_page_also_through_hand_overs(time: Clock) -> None:
    made = many_products(11, lambda number: number % 10)
    one_page_each = a_runner(cycle([300.0, 1.0]).__next__)
    one_page_each.fire(LOW_STOCK, time.now)
    consumer = Consumer(one_page_each)
    consumer.pump()
    assert len(consumer.delivered) == 5
    run = the_run(NAME)
    assert (run.status, run.counts, run.attempts) == (Status.SUCCEEDED, {"restocked": 11}, 1)
    assert len(set(kept_lines(NAME))) == len(kept_lines(NAME)) == 11
    assert [stock_of(key) for key in made] == [10 + number % 10 for number in range(11)]


@pytest.mark.usefixtures("_small_pages")
def test_a_product_that_is_low_even_then_has_one_line_all_the_same(
    monkeypatch: pytest.MonkeyPatch, time: Clock
) -> None:
    """The addition is small: what the first page restocks is low again on the second."""
    monkeypatch.setattr(stock, "settings", replace(settings, restock_amount=2))
    many_products(5, lambda number: 1 if number < 4 else 5)
    a_runner().fire(LOW_STOCK, time.now)
    assert len(set(kept_lines(NAME))) == len(kept_lines(NAME)) == 5
    assert the_run(NAME).counts == {"restocked": 5}


def test_the_preview_names_what_would_be_restocked_and_writes_nothing(time: Clock) -> None:
    a_product("Lamp", stock=9)
    a_product("Desk", stock=10)
    before = dump()
    shown = low_stock.preview(execute, time.now, {})
    assert (shown.summary, shown.lines, shown.more) == (
        "1 products would be restocked",
        ("Product: Lamp, Stock: 9",),
        False,
    )
    assert dump() == before

"""low_stock restocks each low product once and logs one line for it."""

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
    dump,
    find_run,
    info_messages,
    make_runner,
    many_products,
    preview_of,
    stored_lines,
    with_page_size,
)

NAME = LOW_STOCK.name


def stock_of(product: Product | str) -> int:
    found = products.find(product if isinstance(product, str) else product.id)
    assert found
    return found.stock


def test_low_products_are_restocked_with_one_line_each(time: Clock, log: pytest.LogCaptureFixture) -> None:
    lamp, chair, desk = (a_product(name, stock=n) for name, n in (("Lamp", 9), ("Chair", 0), ("Desk", 10)))
    make_runner().fire(LOW_STOCK, time.now)
    lines = [
        "[22/11/2026-12:00:00] Product: Chair, New Stock: 10",
        "[22/11/2026-12:00:00] Product: Lamp, New Stock: 19",
    ]
    assert sorted(stored_lines(NAME)) == lines
    assert sorted(info_messages(log)) == [*lines, "low_stock SUCCEEDED"]
    assert find_run(NAME).counts == {"restocked": 2}
    assert [stock_of(product) for product in (lamp, chair, desk)] == [19, 10, 10]
    make_runner().fire(LOW_STOCK, time.now)
    assert [stock_of(product) for product in (lamp, chair, desk)] == [19, 10, 10]


def test_without_low_products_nothing_is_done(time: Clock) -> None:
    desk = a_product(stock=10)
    make_runner().fire(LOW_STOCK, time.now)
    run = find_run(NAME)
    assert (run.status, run.counts, stored_lines(NAME), stock_of(desk)) == (Status.SUCCEEDED, {}, [], 10)


def test_archived_products_are_left_alone(time: Clock) -> None:
    lamp = a_product(stock=5)
    orders.place(a_customer().id, {lamp.id: 1})
    products.delete(lamp.id)
    make_runner().fire(LOW_STOCK, time.now)
    assert (find_run(NAME).counts, stock_of(lamp)) == ({}, 4)


def test_a_worker_that_dies_after_restocking_loses_no_line_and_restocks_once(
    time: Clock, log: pytest.LogCaptureFixture
) -> None:
    lamp = a_product("Lamp", stock=3)
    work = _start_run(time)
    assert execute(low_stock.RESTOCK.document, {"slot": SLOT, "ids": [lamp.id], "token": f"{SLOT}.1"})["data"]
    assert stock_of(lamp) == 13
    time.later(minutes=7)
    assert work.status is Status.RUNNING
    make_runner().run(LOW_STOCK, SLOT)
    assert stock_of(lamp) == 13
    assert stored_lines(NAME) == ["[22/11/2026-12:07:00] Product: Lamp, New Stock: 13"]
    assert info_messages(log)[0] == stored_lines(NAME)[0]


def _start_run(time: Clock) -> run_records.Run:
    """Start a run that has selected its products."""
    run = ledger.claim(LOW_STOCK, SLOT)
    assert run
    page: StepResult = low_stock.step(_context(run))
    assert page.state
    assert not page.lines
    assert time.now
    return ledger.checkpoint(run, page)


def _context(run: run_records.Run) -> StepContext:
    return runner.step_context(run, execute=execute, cache={})


def test_a_restock_by_someone_else_is_not_logged(time: Clock) -> None:
    lamp, chair = a_product("Lamp", stock=3), a_product("Chair", stock=4)
    _start_run(time)
    assert stock.restock(lamp.id, "2026-11-22T12:00:01.000000Z")
    products.delete(chair.id)
    time.later(minutes=7)
    make_runner().run(LOW_STOCK, SLOT)
    assert (stored_lines(NAME), stock_of(lamp)) == ([], 13)


def test_a_line_shows_the_stock_right_after_the_restock(time: Clock) -> None:
    lamp = a_product("Lamp", stock=3)
    _start_run(time)
    execute(low_stock.RESTOCK.document, {"slot": SLOT, "ids": [lamp.id], "token": f"{SLOT}.1"})
    orders.place(a_customer().id, {lamp.id: 6})
    time.later(minutes=7)
    make_runner().run(LOW_STOCK, SLOT)
    assert (stored_lines(NAME), stock_of(lamp)) == (["[22/11/2026-12:07:00] Product: Lamp, New Stock: 13"], 7)


@pytest.fixture
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(low_stock, "SELECT", with_page_size(low_stock.SELECT, 4))


@pytest.mark.usefixtures("_small_pages")
def test_many_products_are_restocked_page_by_page_with_hand_overs(time: Clock) -> None:
    made = many_products(11, lambda number: number % 10)
    one_page_each = make_runner(cycle([300.0, 1.0]).__next__)
    one_page_each.fire(LOW_STOCK, time.now)
    consumer = Consumer(one_page_each)
    consumer.deliver_all()
    assert len(consumer.delivered) == 5
    run = find_run(NAME)
    assert (run.status, run.counts, run.attempts) == (Status.SUCCEEDED, {"restocked": 11}, 1)
    assert len(set(stored_lines(NAME))) == len(stored_lines(NAME)) == 11
    assert [stock_of(key) for key in made] == [10 + number % 10 for number in range(11)]


@pytest.mark.usefixtures("_small_pages")
def test_a_product_that_stays_low_is_restocked_and_logged_once(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    """The restock is so small that the products of the first page are still low afterwards."""
    monkeypatch.setattr(stock, "settings", replace(settings, restock_amount=2))
    many_products(5, lambda number: 1 if number < 4 else 5)
    make_runner().fire(LOW_STOCK, time.now)
    assert len(set(stored_lines(NAME))) == len(stored_lines(NAME)) == 5
    assert find_run(NAME).counts == {"restocked": 5}


@pytest.mark.usefixtures("time")
def test_the_preview_lists_the_products_and_writes_nothing() -> None:
    a_product("Lamp", stock=9)
    a_product("Desk", stock=10)
    before = dump()
    shown = preview_of(LOW_STOCK)
    assert (shown.summary, shown.lines, shown.more) == (
        "1 product would be restocked",
        ("Product: Lamp, Stock: 9",),
        False,
    )
    assert dump() == before

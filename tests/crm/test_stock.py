"""Restocking: a low product is restocked once per slot, however often it is repeated."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.crm import orders, products, stock
from chalicelib.errors import Conflict, CrmError, InvalidInput, NotFound, StockChanged
from chalicelib.settings import settings
from chalicelib.store import change_marks, reads, tables
from tests.builders import a_customer, a_product, changes_of, rows_of, time_is

FIRST, SECOND = "2026-11-22T00:00:00.000000Z", "2026-11-22T12:00:00.000000Z"


@pytest.mark.parametrize(("before", "after"), [(0, 10), (9, 19), (10, 10), (11, 11)])
def test_only_stock_below_the_threshold_is_low(before: int, after: int) -> None:
    product = a_product(stock=before)
    done = stock.restock(product.id, FIRST)
    assert bool(done) == (after != before)
    found = products.find(product.id)
    assert found
    assert found.stock == after
    if done:
        assert (done.stock, done.product.stock, done.product.name) == (after, after, "Lamp")


def test_a_repeated_restock_for_a_slot_returns_the_same_result() -> None:
    product = a_product(stock=1)
    first = stock.restock(product.id, FIRST, "mine")
    orders.place(a_customer().id, {product.id: 4})
    again = stock.restock(product.id, FIRST, "mine")
    assert first
    assert again
    assert (first.stock, again.stock, again.product.stock) == (11, 11, 7)
    assert stock.restock(product.id, FIRST, "another's") is None
    assert stock.restock(product.id, FIRST) is None
    assert _stock(product.id) == 7


def test_a_product_low_again_is_restocked_for_a_later_slot_only() -> None:
    product = a_product(stock=1)
    assert stock.restock(product.id, FIRST)
    orders.place(a_customer().id, {product.id: 5})
    later = stock.restock(product.id, SECOND)
    assert later
    assert later.stock == 16
    orders.place(a_customer().id, {product.id: 10})
    assert stock.restock(product.id, FIRST, "mine") is None
    assert _stock(product.id) == 6


def test_a_slot_in_the_future_is_refused_and_one_a_moment_ahead_is_not() -> None:
    product = a_product(stock=1)
    with time_is("2026-11-22T12:00:00"):
        for slot in ("2026-11-22T12:01:01.000000Z", "2099-01-01T00:00:00.000000Z"):
            with pytest.raises(InvalidInput, match="in the future"):
                stock.restock(product.id, slot)
        assert _stock(product.id) == 1
        assert stock.restock(product.id, "2026-11-22T12:01:00.000000Z")


def test_a_mark_in_the_future_does_not_keep_a_product_from_its_restock() -> None:
    """As an earlier version could leave it."""
    product = a_product(stock=1)
    with time_is("2099-01-01T00:00:00"):
        assert stock.restock(product.id, "2099-01-01T00:00:00.000000Z")
    orders.place(a_customer().id, {product.id: 9})
    with time_is("2026-11-22T12:00:00"):
        assert stock.restock(product.id, SECOND)
        assert stock.restock(product.id, SECOND) is None


@pytest.mark.parametrize("product_id", ["", "42", "prd_01ARZ3NDEKTSV4RRFFQ69G5FAV", "cus_01ARZ3NDEKTSV4RRFFQ69G5FAV"])
def test_an_unknown_product_is_not_created(product_id: str) -> None:
    assert stock.restock(product_id, FIRST) is None
    assert rows_of(tables.Product) == {}


def test_archived_products_are_not_restocked() -> None:
    product = a_product(stock=5)
    orders.place(a_customer().id, {product.id: 4})
    assert products.delete(product.id).archived_at
    assert stock.restock(product.id, FIRST) is None


def test_threshold_and_amount_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock, "settings", replace(settings, low_stock_threshold=50, restock_amount=7))
    product = a_product(stock=49)
    done = stock.restock(product.id, FIRST)
    assert done
    assert done.stock == 56


def _stock(product_id: str) -> int:
    found = products.find(product_id)
    assert found
    return found.stock


def test_an_adjustment_undoes_no_sale() -> None:
    product = a_product(stock=10)
    orders.place(a_customer().id, {product.id: 3})
    with change_marks.made_by("Ann"):
        adjusted = stock.adjust(product.id, 5, "delivery")
        assert adjusted.stock == _stock(product.id) == 12
        assert stock.adjust(product.id, -12, "stocktaking").stock == 0
    assert [(change.actor, change.before, change.after, change.reason) for change in changes_of(product.id)] == [
        ("Ann", {"stock": 7}, {"stock": 12}, "delivery"),
        ("Ann", {"stock": 12}, {"stock": 0}, "stocktaking"),
    ]


def test_a_restock_says_who_made_it_and_from_what_to_what() -> None:
    product = a_product(stock=1)
    with change_marks.made_by("job:low_stock"):
        for _ in range(2):
            assert stock.restock(product.id, FIRST, "mine")
    (change,) = changes_of(product.id)
    assert (change.actor, change.before, change.after) == ("job:low_stock", {"stock": 1}, {"stock": 11})


def test_a_restock_adds_to_what_a_sale_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    product = a_product(stock=8)
    customer = a_customer()
    read = reads.get

    def sell_after_reading(*given: Any) -> Any:
        found = read(*given)
        monkeypatch.setattr(reads, "get", read)
        orders.place(customer.id, {product.id: 3})
        return found

    monkeypatch.setattr(reads, "get", sell_after_reading)
    done = stock.restock(product.id, FIRST)
    assert done
    assert (done.stock, _stock(product.id)) == (15, 15)


@pytest.mark.parametrize(
    ("delta", "reason", "code"),
    [
        (-6, "lost", "INVALID_STOCK"),
        (10**9, "found", "INVALID_STOCK"),
        (0, "nothing", "INVALID_INPUT"),
        (1, " ", "INVALID_INPUT"),
        (1, "a\nRUN DONE", "INVALID_INPUT"),
    ],
)
def test_an_impossible_adjustment_changes_nothing(delta: int, reason: str, code: str) -> None:
    product = a_product(stock=5)
    with pytest.raises(CrmError) as refused:
        stock.adjust(product.id, delta, reason)
    assert refused.value.code == code
    assert products.find(product.id) == product


def test_only_products_in_the_lists_are_adjusted() -> None:
    with pytest.raises(NotFound):
        stock.adjust("prd_1", 1, "found")
    product = a_product()
    orders.place(a_customer().id, {product.id: 1})
    products.delete(product.id)
    with pytest.raises(InvalidInput, match="archived"):
        stock.adjust(product.id, 1, "found")


def test_an_adjustment_that_a_sale_has_made_impossible_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    product = a_product(stock=5)
    require = products.require

    def require_and_sell(product_id: str) -> products.Product:
        found = require(product_id)
        if found.stock == 5:
            orders.place(a_customer().id, {product_id: 4})
        return found

    monkeypatch.setattr(products, "require", require_and_sell)
    with pytest.raises(InvalidInput, match="The stock is 1"):
        stock.adjust(product.id, -5, "lost")
    assert _stock(product.id) == 1


def test_adjustments_that_always_come_too_late_end_in_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    product = a_product(stock=5)
    orders.place(a_customer().id, {product.id: 4})
    monkeypatch.setattr(products, "find", lambda _: product)
    with pytest.raises(Conflict):
        stock.adjust(product.id, -5, "lost")


def test_an_expected_stock_that_no_longer_holds_is_a_conflict_with_the_present_one() -> None:
    product = a_product(stock=10)
    assert products.update(product.id, {"stock": 9, "name": "New"}, expected_stock=10).stock == 9
    with pytest.raises(StockChanged, match="The stock is 9, not 10") as refused:
        products.update(product.id, {"stock": 15, "name": "Newer"}, expected_stock=10)
    assert (refused.value.code, refused.value.field) == ("CONFLICT", "expected_stock")
    found = products.find(product.id)
    assert found is not None
    assert (found.stock, found.name) == (9, "New")


def test_a_sale_between_the_read_and_the_write_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    product = a_product(stock=10)
    find = products.find

    def find_and_sell(product_id: str) -> products.Product | None:
        found = find(product_id)
        if found and found.stock == 10:
            monkeypatch.setattr(products, "find", find)
            orders.place(a_customer().id, {product_id: 3})
        return found

    monkeypatch.setattr(products, "find", find_and_sell)
    with pytest.raises(StockChanged, match="The stock is 7"):
        products.update(product.id, {"stock": 15}, expected_stock=10)
    assert _stock(product.id) == 7

"""Products: validation, changes, deletion, archive, and restocking once per slot."""

from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from chalicelib.crm import cancellation, imported_orders, money, orders, products, stock
from chalicelib.errors import CrmError, DuplicateSku, InvalidInput, InvalidPrice, NotFound, UnknownProducts
from chalicelib.store import tables
from tests.builders import a_customer, a_past_order, a_product, rows_of

UNKNOWN = "prd_" + "0" * 26


def test_a_product_is_found_by_id_and_sku() -> None:
    lamp = products.create(" Lamp ", Decimal("12.5"), 3, " L-1 ")
    assert (lamp.name, lamp.cents, lamp.stock, lamp.sku, lamp.archived_at) == ("Lamp", 1250, 3, "L-1", None)
    assert products.find(lamp.id) == lamp == products.find_by_sku("l-1")
    assert products.find_by_sku("") is None
    assert products.find("42") is None


def test_stock_and_sku_may_be_left_out() -> None:
    lamp = products.create("Lamp", Decimal(1))
    assert (lamp.stock, lamp.sku) == (0, None)
    assert products.create("Lamp", Decimal(1), sku=" ").sku is None


@pytest.mark.parametrize(
    ("price", "code", "says"),
    [
        ("0", "INVALID_PRICE", "Price must be positive"),
        ("-1", "INVALID_PRICE", "Price must be positive"),
        ("NaN", "INVALID_PRICE", "Price must be positive"),
        ("Infinity", "INVALID_PRICE", "Price must be positive"),
        ("0.001", "INVALID_INPUT", "Amounts have at most two decimal places"),
        ("1.0000000000000000000000000000000001", "INVALID_INPUT", "Amounts have at most two decimal places"),
        ("1e-999999", "INVALID_INPUT", "Amounts have at most two decimal places"),
        ("1000000000", "INVALID_PRICE", "Price must be below 1000000000"),
        ("1e12", "INVALID_PRICE", "Price must be below 1000000000"),
        ("9e999999", "INVALID_PRICE", "Price must be below 1000000000"),
    ],
)
def test_an_invalid_price_is_rejected(price: str, code: str, says: str) -> None:
    lamp = a_product()
    for action in (
        partial(products.create, "Lamp", Decimal(price)),
        partial(products.update, lamp.id, {"price": Decimal(price)}),
    ):
        with pytest.raises(InvalidInput) as raised:
            action()
        assert (raised.value.code, raised.value.message, raised.value.field) == (code, says, "price")


@pytest.mark.parametrize(("price", "cents"), [("0.01", 1), ("999999999.99", 99999999999), ("1e1", 1000), ("5.10", 510)])
def test_any_other_price_is_kept_to_the_cent(price: str, cents: int) -> None:
    product = products.find(a_product(price=price).id)
    assert product is not None
    assert product.cents == cents
    assert money.from_cents(product.cents) == Decimal(price)


def test_a_filter_amount_may_be_zero_but_must_be_finite() -> None:
    assert money.exact_cents(Decimal("-0.5"), "totalLte") == -50
    with pytest.raises(InvalidInput, match="too many digits"):
        money.exact_cents(Decimal("9e999999"), "totalLte")
    with pytest.raises(InvalidPrice, match="must be positive"):
        money.to_cents(Decimal("NaN"), is_free_allowed=True)


def test_sort_keys_of_amounts_sort_like_the_amounts() -> None:
    amounts = [-(10**14) + 1, -(10**12), -100, -99, -1, 0, 1, 99, 100, 10**14 - 1]
    keys = [money.cents_key(cents) for cents in amounts]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    assert money.cents_key(-(10**20)) == keys[0]
    assert money.cents_key(10**20) == keys[-1] == "9" * 14


@pytest.mark.parametrize(
    ("stock", "says"), [(-1, "Stock cannot be negative"), (10**9 + 1, "Stock cannot be above 1000000000")]
)
def test_an_invalid_stock_is_rejected(stock: int, says: str) -> None:
    lamp = a_product()
    for action in (partial(a_product, stock=stock), partial(products.update, lamp.id, {"stock": stock})):
        with pytest.raises(InvalidInput) as raised:
            action()
        assert (raised.value.code, raised.value.message, raised.value.field) == ("INVALID_STOCK", says, "stock")


@pytest.mark.parametrize("sku", ["x" * 65, "a\nb"])
def test_an_invalid_sku_is_rejected(sku: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        a_product(sku=sku)
    assert raised.value.field == "sku"


def test_a_sku_is_taken_in_any_case() -> None:
    a_product(sku="lamp-1")
    with pytest.raises(DuplicateSku) as raised:
        a_product(sku="LAMP-1")
    assert (raised.value.code, raised.value.field) == ("DUPLICATE_SKU", "sku")


def test_each_field_can_be_changed_alone() -> None:
    lamp = a_product(sku="L-1")
    assert products.update(lamp.id, {"name": "Light"}).name == "Light"
    assert products.update(lamp.id, {"price": Decimal(3)}).cents == 300
    assert products.update(lamp.id, {"stock": 0}).stock == 0
    assert products.update(lamp.id, {"sku": "L-2"}).sku == "L-2"
    assert products.find_by_sku("L-1") is None
    found = products.find_by_sku("L-2")
    assert found is not None
    assert (found.name, found.cents, found.stock) == ("Light", 300, 0)
    assert products.update(lamp.id, {"sku": None}).sku is None
    assert products.find_by_sku("L-2") is None


@pytest.mark.parametrize("field", ["name", "price", "stock"])
def test_only_the_sku_can_be_removed(field: str) -> None:
    with pytest.raises(InvalidInput, match=f"{field.capitalize()} cannot be null") as raised:
        products.update(a_product().id, {field: None})
    assert raised.value.field == field


def test_a_change_of_name_leaves_the_stock_as_orders_left_it(monkeypatch: pytest.MonkeyPatch) -> None:
    lamp, ann = a_product(stock=5), a_customer()
    orders.place(ann.id, {lamp.id: 2})
    before, find = [lamp], products.find
    monkeypatch.setattr(products, "find", lambda key: before.pop() if before else find(key))
    assert products.update(lamp.id, {"name": "Light"}).stock == 3


def test_an_unknown_product_cannot_be_changed_deleted_or_restocked() -> None:
    for action in (partial(products.update, UNKNOWN, {"name": "X"}), partial(products.delete, UNKNOWN)):
        with pytest.raises(NotFound) as raised:
            action()
        assert raised.value.code == "NOT_FOUND"
    assert stock.restock(UNKNOWN, "2026-11-22T12") is None
    assert rows_of(tables.Product) == {}


def test_a_product_without_orders_is_deleted_and_its_sku_is_free() -> None:
    lamp = a_product(sku="L-1")
    assert products.delete(lamp.id).archived_at is None
    assert products.find(lamp.id) is None
    assert a_product(sku="L-1").id != lamp.id


def test_a_sold_product_is_archived_and_its_sku_is_free() -> None:
    lamp, ann = a_product(sku="L-1"), a_customer()
    order = orders.place(ann.id, {lamp.id: 1}).order
    archived = products.delete(lamp.id)
    assert archived.archived_at is not None
    assert products.delete(lamp.id) == products.find(lamp.id)
    assert a_product(sku="L-1").id != lamp.id
    row = rows_of(tables.Product)[(lamp.id,)]
    assert row.keys().isdisjoint({"list_s", "stock_s", "price_k", "name_k"})
    with pytest.raises(UnknownProducts):
        orders.place(ann.id, {lamp.id: 1})
    with pytest.raises(InvalidInput, match="archived and cannot be changed"):
        products.update(lamp.id, {"name": "X"})
    assert stock.restock(lamp.id, "2026-11-22T12") is None
    cancellation.cancel(order.id)
    kept = products.find(lamp.id)
    assert kept is not None
    assert kept.stock == 5


def test_a_product_of_imported_orders_is_archived_too() -> None:
    lamp = a_product()
    imported_orders.record(a_past_order(a_customer(), (lamp, 1, "9.99")))
    assert products.delete(lamp.id).archived_at is not None


def test_a_product_sold_while_it_is_deleted_is_archived(monkeypatch: pytest.MonkeyPatch) -> None:
    lamp = a_product()
    orders.place(a_customer().id, {lamp.id: 1})
    unaware: list[Any] = [lamp]
    find, is_ordered, blind = products.find, products._is_ordered, [False]
    monkeypatch.setattr(products, "find", lambda key: unaware.pop() if unaware else find(key))
    monkeypatch.setattr(products, "_is_ordered", lambda key: blind.pop() if blind else is_ordered(key))
    assert products.delete(lamp.id).archived_at is not None


@pytest.mark.parametrize(("left", "after"), [(0, 10), (9, 19)])
def test_a_low_product_is_restocked_once_per_slot(left: int, after: int) -> None:
    lamp = a_product(stock=left)
    restocked = stock.restock(lamp.id, "2026-11-22T12")
    assert restocked is not None
    assert restocked.stock == after
    products.update(lamp.id, {"stock": 1})
    assert stock.restock(lamp.id, "2026-11-22T12") is None
    assert stock.restock(lamp.id, "2026-11-22T00") is None
    assert stock.restock(lamp.id, "2026-11-23T00") is not None
    again = products.find(lamp.id)
    assert again is not None
    assert again.stock == 11


def test_a_product_that_is_not_low_is_left_alone() -> None:
    lamp = a_product(stock=10)
    assert stock.restock(lamp.id, "2026-11-22T12") is None
    assert products.find(lamp.id) == lamp


def test_changes_that_always_lose_end_as_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    lamp = a_product()
    products.update(lamp.id, {"name": "Light"})
    monkeypatch.setattr(products, "find", lambda _: lamp)
    for action in (partial(products.update, lamp.id, {"name": "X"}), partial(products.delete, lamp.id)):
        with pytest.raises(CrmError) as raised:
            action()
        assert raised.value.code == "CONFLICT"

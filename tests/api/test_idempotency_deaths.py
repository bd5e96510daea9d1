"""Idempotency-Key, when the process dies in the middle: nobody knows how far it came, and yet nothing is made twice."""

from typing import Any

import pytest

from chalicelib.crm import customers, orders, products, tables
from tests.api.door import post
from tests.api.shop import Clock, Shop, orders_made, replayed
from tests.builders import rows_of


class Killed(BaseException):
    """As by Lambda's time limit: nothing behind it is carried out."""


def kill(shop: Shop, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """The process dies after the order was written, and before its answer was kept."""
    place = orders._place

    def die(*arguments: Any) -> None:
        place(*arguments)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(orders, "_place", die)
        with pytest.raises(Killed):
            shop.order(key)


def test_after_a_death_in_the_middle_the_same_key_makes_no_second_order(
    shop: Shop, watch: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill(shop, monkeypatch, "k")
    assert orders_made() == 1
    watch.advance(seconds=59)
    early = shop.order("k")
    assert (early.status, early.code, early.headers["Retry-After"]) == (409, "IN_PROGRESS", "1")
    watch.advance(seconds=2)
    again = shop.order("k")
    assert again.data["createOrder"]["order"]["id"] == next(iter(rows_of(tables.Order)))[0]
    assert (orders_made(), shop.stock, replayed(again)) == (1, 49, False)
    assert shop.order("k").answer.body == again.answer.body


def test_a_death_before_anything_was_written_leaves_the_change_to_the_next_try(
    shop: Shop, watch: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(orders, "_place", die)
        with pytest.raises(Killed):
            shop.order("k")
    watch.advance(seconds=61)
    assert shop.order("k").data["createOrder"]["order"]
    assert (orders_made(), shop.stock) == (1, 49)


@pytest.mark.parametrize("kind", ["customer", "product"])
def test_customers_and_products_are_made_once_as_well(kind: str, watch: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = {"customer": customers, "product": products}[kind]
    documents = {
        "customer": 'mutation { createCustomer(input: {name: "Ann", email: "ann@example.com"}) { customer { id } } }',
        "product": 'mutation { createProduct(input: {name: "Pen", price: 1, sku: "P"}) { product { id } } }',
    }
    create = module.create

    def die(*arguments: Any, **more: Any) -> None:
        create(*arguments, **more)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, "create", die)
        with pytest.raises(Killed):
            post({"query": documents[kind]}, idempotency_key="k")
    watch.advance(seconds=61)
    again = post({"query": documents[kind]}, idempotency_key="k")
    assert again.data[f"create{kind.capitalize()}"][kind]["id"]
    assert len(rows_of({"customer": tables.Customer, "product": tables.Product}[kind])) == 1

"""Idempotency-Key when the process dies in the middle: nothing is created twice."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.api.http import idempotency
from chalicelib.crm import customers, orders, products
from chalicelib.store import tables
from tests.api.graphql_client import Reply, post
from tests.api.shop import Clock, Shop, orders_made, replayed
from tests.builders import a_customer, a_product, rows_of
from tests.metering import metered


class Killed(BaseException):
    """The process was killed, as by Lambda's time limit"""


def kill(shop: Shop, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """Kill the process after the order was written and before its answer was kept."""
    place = orders._place

    def die(*arguments: Any) -> None:
        place(*arguments)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(orders, "_place", die)
        with pytest.raises(Killed):
            shop.order(key)


def test_after_a_crash_in_the_middle_the_same_key_places_no_second_order(
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


def test_after_a_crash_before_any_write_the_retry_makes_the_change(
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
def test_customers_and_products_are_created_once_too(kind: str, watch: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
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


def die_before_the_answer_is_kept(send: Callable[[], Reply], monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "_keep", die)
        with pytest.raises(Killed):
            send()


BULK = """mutation ($rows: [BulkCreateOrdersInput]!) { bulkCreateOrders(input: $rows) {
  results { created error { code } order { reference } } } }"""


def test_a_retry_keeps_the_ids_of_rows_created_before_the_crash(watch: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The customer of the first row exists only when the request is repeated."""
    product = a_product(sku="PEN")
    a_customer(email="second@example.com")

    def row(name: str) -> dict[str, Any]:
        line = {"sku": "PEN", "quantity": 1, "unitPrice": "2.00"}
        return {
            "reference": name,
            "customerEmail": f"{name}@example.com",
            "orderDate": "2026-01-01T00:00:00Z",
            "lines": [line],
        }

    def send() -> Reply:
        return post({"query": BULK, "variables": {"rows": [row("first"), row("second")]}}, None, idempotency_key="k")

    die_before_the_answer_is_kept(send, monkeypatch)
    assert orders_made() == 1
    a_customer(email="first@example.com")
    watch.advance(seconds=61)
    results = send().data["bulkCreateOrders"]["results"]
    assert [result["order"]["reference"] for result in results] == ["first", "second"]
    assert orders_made() == 2
    assert [key[0] for key in rows_of(tables.Line)] == [product.id] * 2


def test_repeating_an_order_of_many_lines_takes_few_calls(
    shop: Shop, watch: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    goods = [a_product(stock=5) for _ in range(20)]
    lines = ", ".join(f'{{productId: "{product.id}", quantity: 1}}' for product in goods)
    document = f"""mutation ($c: ID!) {{ createOrder(input: {{customerId: $c, lines: [{lines}]}}) {{
      order {{ lines {{ product {{ stock }} }} }} }} }}"""

    def send() -> Reply:
        return post({"query": document, "variables": {"c": shop.variables["c"]}}, None, idempotency_key="k")

    die_before_the_answer_is_kept(send, monkeypatch)
    watch.advance(seconds=61)
    with metered() as meter:
        again = send()
    assert [line["product"]["stock"] for line in again.data["createOrder"]["order"]["lines"]] == [4] * 20
    assert meter.calls["BatchGetItem"] == 1

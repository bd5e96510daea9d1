"""Idempotency-Key: a repeated mutation is executed once and gets the same answer."""

import json
import threading
from typing import Any

import pytest

from chalicelib.access import api_keys, authentication
from chalicelib.access.roles import Role
from chalicelib.api.http import idempotency
from chalicelib.crm import customers, orders
from chalicelib.errors import Unavailable
from chalicelib.store import tables
from tests.api.graphql_client import Reply, post
from tests.api.shop import ORDER, Clock, Shop, orders_made, replayed
from tests.builders import rows_of
from tests.metering import metered


def test_a_repeated_order_is_placed_once_and_gets_the_same_answer(shop: Shop) -> None:
    first, again = shop.order("k"), shop.order("k")
    assert first.data["createOrder"]["order"]["totalAmount"] == "12.50"
    assert again.answer.body == first.answer.body
    assert (replayed(first), replayed(again)) == (False, True)
    assert (orders_made(), shop.stock) == (1, 49)


def test_without_a_key_or_with_another_one_a_second_order_is_placed(shop: Shop) -> None:
    for _ in range(2):
        post({"query": ORDER, "variables": shop.variables}).ok()
    shop.order("k").ok()
    shop.order("l").ok()
    assert orders_made() == 4


@pytest.mark.parametrize(
    "other",
    [
        {"variables": {"n": 2}},
        {"query": ORDER + " "},
        {"operationName": "A"},
    ],
    ids=["variables", "document", "operation"],
)
def test_the_key_of_another_request_is_refused(shop: Shop, other: dict[str, Any]) -> None:
    named = ORDER.replace("mutation (", "mutation A (")
    request = {"query": named, "variables": shop.variables}
    post(request, idempotency_key="k").ok()
    changed = request | other | {"variables": shop.variables | other.get("variables", {})}
    reply = post(changed, idempotency_key="k")
    assert (reply.status, reply.code) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert orders_made() == 1


def test_the_order_of_variables_makes_no_difference(shop: Shop) -> None:
    shop.order("k").ok()
    turned = dict(reversed(shop.variables.items()))
    assert replayed(post({"query": ORDER, "variables": turned}, idempotency_key="k"))


def test_the_accepted_type_may_differ(shop: Shop) -> None:
    shop.order("k").ok()
    again = post(
        {"query": ORDER, "variables": shop.variables},
        idempotency_key="k",
        accept="application/graphql-response+json",
    )
    assert replayed(again)
    assert again.headers["Content-Type"].startswith("application/graphql-response+json")


def test_a_refusal_that_changed_nothing_releases_the_key(shop: Shop) -> None:
    assert shop.order("k", n=51).code == "INSUFFICIENT_STOCK"
    restock = "mutation ($p: ID!) { updateProduct(id: $p, input: {stock: 100}) { product { stock } } }"
    post({"query": restock, "variables": {"p": shop.variables["p"]}}).ok()
    again = shop.order("k", n=51)
    assert again.data["createOrder"]["order"]
    assert (shop.stock, replayed(again), replayed(shop.order("k", n=51))) == (49, False, True)


def test_a_refusal_beside_a_change_is_kept(shop: Shop) -> None:
    """A document of two changes: the first was made, so the second must not be made later on its own."""
    document = """mutation ($c: ID!, $p: ID!) {
      one: createOrder(input: {customerId: $c, productIds: [$p]}) { order { id } }
      two: createOrder(input: {customerId: $c, lines: [{productId: $p, quantity: 60}]}) { order { id } } }"""

    def send() -> Reply:
        return post({"query": document, "variables": shop.variables}, idempotency_key="k")

    first = send()
    assert first.code == "INSUFFICIENT_STOCK"
    post(
        {
            "query": "mutation ($p: ID!) { updateProduct(id: $p, input: {stock: 100}) { product { stock } } }",
            "variables": {"p": shop.variables["p"]},
        }
    ).ok()
    assert (send().json, shop.stock) == (first.json, 100)


def test_documents_that_differ_in_layout_only_are_the_same(shop: Shop) -> None:
    first = shop.order("k")
    laid_out = ORDER.replace("  ", "\n\t") + " # again"
    again = post({"query": laid_out, "variables": shop.variables}, idempotency_key="k")
    assert (again.json, replayed(again)) == (first.json, True)


def test_an_empty_key_is_an_error(shop: Shop) -> None:
    assert shop.order("").code == "INVALID_INPUT"
    assert orders_made() == 0


def test_an_uncertain_answer_is_not_kept(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    place = orders._place

    def lose(*arguments: Any) -> Any:
        place(*arguments)
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(orders, "_place", lose)
        assert shop.order("k").code == "UNAVAILABLE"
    assert orders_made() == 1
    again = shop.order("k")
    assert again.data["createOrder"]["order"]["totalAmount"] == "12.50"
    assert (orders_made(), shop.stock, replayed(again)) == (1, 49, False)
    assert replayed(shop.order("k"))


def test_after_a_day_the_key_is_free(shop: Shop, watch: Clock) -> None:
    shop.order("k").ok()
    watch.advance(hours=23, minutes=59)
    assert replayed(shop.order("k"))
    watch.advance(minutes=2)
    assert not replayed(shop.order("k", n=2))
    assert orders_made() == 2
    assert replayed(shop.order("k", n=2))


@pytest.mark.usefixtures("deployed")
def test_a_key_is_bound_to_its_caller(shop: Shop) -> None:
    ann, bob = (api_keys.create(name, Role.EDITOR, "test").key for name in ("Ann", "Bob"))
    mine, theirs = shop.order("k", ann), shop.order("k", bob)
    assert mine.data != theirs.data
    assert (orders_made(), replayed(theirs)) == (2, False)
    assert shop.order("k", ann).answer.body == mine.answer.body


@pytest.mark.usefixtures("deployed")
def test_a_kept_answer_needs_the_same_role(shop: Shop) -> None:
    issued = api_keys.create("Ann", Role.EDITOR, "test")
    shop.order("k", issued.key).ok()
    api_keys.revoke(issued.api_key.id)
    authentication.forget(issued.api_key.id)
    assert shop.order("k", issued.key).status == 401


@pytest.mark.parametrize("key", ["k" * 256, "k\n", "ключ", "k\x7f"])
def test_a_key_must_be_printable_ascii(shop: Shop, key: str) -> None:
    reply = shop.order(key)
    assert (reply.status, reply.code) == (400, "INVALID_INPUT")
    assert orders_made() == 0


def test_the_longest_key_and_every_character_may_be_used(shop: Shop) -> None:
    for key in ("k" * 255, "".join(map(chr, range(33, 127)))):
        assert not replayed(shop.order(key))
        assert replayed(shop.order(key))


def test_queries_need_no_key_and_keep_nothing() -> None:
    for _ in range(2):
        assert not replayed(post({"query": "{ hello }"}, idempotency_key="k"))
    assert rows_of(tables.AuxRow) == {}


def test_a_rejected_request_keeps_nothing() -> None:
    post({"query": "mutation { nonsense }"}, idempotency_key="k")
    post({"query": "mutation {"}, idempotency_key="k")
    assert rows_of(tables.AuxRow) == {}


def test_a_large_answer_is_not_kept_but_the_change_is_made_once(
    shop: Shop, watch: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "_MAX_STORED", 10)
    first = shop.order("k")
    watch.advance(seconds=1)
    assert shop.order("k").json == first.json
    assert orders_made() == 1


def test_a_kept_answer_does_not_contain_a_new_secret(shop: Shop) -> None:
    create = {"query": 'mutation { a: createKey(name: "Shop", role: VIEWER) { key { id } secret } }'}
    first, again = (post(create, idempotency_key="k") for _ in range(2))
    assert first.data["a"]["secret"].startswith(f"crm_{first.data['a']['key']['id']}_")
    assert again.data["a"] == {"key": first.data["a"]["key"], "secret": None}
    (row,) = [row for (pk, _), row in rows_of(tables.AuxRow).items() if pk.startswith("idempotency")]
    kept = idempotency._unpack(json.loads(row["content"]["S"])["answer"])
    assert first.data["a"]["secret"] not in json.dumps(kept)
    assert shop.stock == 50


def test_an_idempotency_key_costs_two_writes_and_repeating_it_places_no_order(shop: Shop) -> None:
    calls = []
    for _ in range(2):
        with metered() as meter:
            shop.order("k").ok()
        calls.append(meter.calls)
    plain = {"BatchGetItem": 1, "BatchWriteItem": 1, "TransactWriteItems": 1}
    assert calls == [plain | {"PutItem": 2}, {"PutItem": 1}]


@pytest.mark.ministack
def test_two_requests_at_once_place_one_order(shop: Shop) -> None:
    gate = threading.Barrier(4)
    replies: list[Reply] = []

    def send() -> None:
        gate.wait()
        replies.append(shop.order("k"))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (orders_made(), shop.stock) == (1, 49)
    assert {reply.status for reply in replies} <= {200, 409}
    bodies = {reply.answer.body for reply in replies if reply.status == 200}
    assert len(bodies) == 1
    assert {reply.code for reply in replies if reply.status == 409} <= {"IN_PROGRESS"}
    assert shop.order("k").answer.body in bodies


def test_an_uncertain_row_is_not_kept_whether_or_not_its_code_is_selected(monkeypatch: pytest.MonkeyPatch) -> None:
    document = """mutation ($rows: [BulkCreateCustomersInput]!) {
      bulkCreateCustomers(input: $rows) { customers { name } } }"""
    rows = [{"name": name, "email": f"{name}@example.com"} for name in ("ann", "bob")]
    create = customers.create

    def unavailable(name: str, *more: Any, **named: Any) -> customers.Customer:
        if name == "bob":
            raise Unavailable
        return create(name, *more, **named)

    def send() -> Reply:
        return post({"query": document, "variables": {"rows": rows}}, None, idempotency_key="k")

    with monkeypatch.context() as patch:
        patch.setattr(customers, "create", unavailable)
        assert send().data["bulkCreateCustomers"]["customers"] == [{"name": "ann"}]
    again = send()
    assert again.data["bulkCreateCustomers"]["customers"] == [{"name": "ann"}, {"name": "bob"}]
    assert not replayed(again)
    assert replayed(send())

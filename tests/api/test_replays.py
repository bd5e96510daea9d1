"""A request that dies in the middle and is repeated with its Idempotency-Key, while another client changes the same row.

Each mutation is carried out once for every AWS call that it makes, and dies right after that call. Then somebody else
changes the same row, and the request comes again. What the first attempt has done must not be done twice, and must not
undo what came after it. An answer that was kept before the death is replayed as it was; all others show the rows of now.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.client import BaseClient
from graphql import GraphQLObjectType

from chalicelib import clock
from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.api.graphql.schema import schema
from chalicelib.crm import customers, deleted_customers, orders, products, stock
from chalicelib.jobs import job_state, ledger, run_records
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.settings import settings
from chalicelib.store import tables
from tests.api.graphql_client import Reply, post
from tests.api.shop import Clock, replayed
from tests.builders import a_customer, a_product, rows_of
from tests.conftest import empty_tables

Ids = dict[str, str]
MAX_CALLS = 60


class Killed(BaseException):
    """Lambda's time limit ends a process like this: nothing after it is carried out."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`was_made` tells whether the first attempt made its change, `meddle` is the other client, `is_right` judges the end.

    `is_right` gets the ids, whether the change was made before the other client came, and the reply to the repetition.
    """

    document: str
    prepare: Callable[[], Ids]
    was_made: Callable[[Ids], bool]
    is_right: Callable[[Ids, bool, Reply], bool]
    meddle: Callable[[Ids], object] = lambda _: None


def nothing() -> Ids:
    return {}


def found(customer_id: str) -> customers.Customer:
    customer = customers.find(customer_id)
    assert customer
    return customer


def stock_of(ids: Ids) -> int:
    product = products.find(ids["id"])
    assert product
    return product.stock


def customer_ids() -> list[str]:
    return [key[0] for key in rows_of(tables.Customer)]


def product_ids() -> list[str]:
    return [key[0] for key in rows_of(tables.Product)]


def delete_all_customers(_: Ids) -> None:
    for customer_id in customer_ids():
        deleted_customers.delete(customer_id)


def delete_all_products(_: Ids) -> None:
    for product_id in product_ids():
        products.delete(product_id)


def restore_if_deleted(ids: Ids) -> None:
    if customers.find(ids["id"]) is None:
        deleted_customers.restore(ids["id"])


def inactive_customer() -> Ids:
    return {"id": a_customer(created_at=clock.now() - timedelta(days=900)).id}


def sold_product() -> Ids:
    product = a_product(stock=70)
    return {"id": product.id, "customer": a_customer().id}


def placed_order() -> Ids:
    product = a_product(stock=5)
    order = orders.place(a_customer().id, {product.id: 2}).order
    return {"order": order.id, "id": product.id}


def order_status(ids: Ids) -> str:
    order = orders.find(ids["order"])
    assert order
    return order.status


def buy_sixty(ids: Ids) -> None:
    if stock_of(ids) >= 60:
        orders.place(ids["customer"], {ids["id"]: 60})


def failed_run() -> Ids:
    run = run_records.new("low_stock", Slot("2026-11-01T00:00:00Z"), Trigger.SCHEDULE)
    ledger.end(run, Status.FAILED, error="broken")
    return {"slot": run.slot}


def runs_of(job: str) -> list[run_records.Run]:
    return run_records.latest(job, 10)


def an_operator_key() -> Ids:
    issued = api_keys.create("Shop", Role.EDITOR, "test")
    return {"id": issued.api_key.id, "secret": issued.key}


def keys() -> list[str]:
    return [key[1] for key in rows_of(tables.AuxRow) if key[0] == api_keys.PARTITION]


def key_of(ids: Ids) -> api_keys.ApiKey:
    key = api_keys.find(ids["id"])
    assert key
    return key


def is_paused(_: Ids) -> bool:
    return job_state.find("low_stock").pause is not None


def paused_job() -> Ids:
    job_state.pause("low_stock", "stocktaking", "test")
    return {}


SCENARIOS = {
    "createCustomer": Scenario(
        document='mutation { createCustomer(input: {name: "Ann", email: "ann@example.com"}) { customer { id } } }',
        prepare=nothing,
        was_made=lambda _: bool(customer_ids()),
        meddle=delete_all_customers,
        is_right=lambda _, made, reply: (
            (replayed(reply) or reply.code == "NOT_FOUND") and not customer_ids() if made else len(customer_ids()) == 1
        ),
    ),
    "updateCustomer": Scenario(
        document='mutation ($id: ID!) { updateCustomer(id: $id, input: {name: "New"}) { customer { name } } }',
        prepare=lambda: {"id": a_customer("Old").id},
        was_made=lambda ids: found(ids["id"]).name == "New",
        meddle=lambda ids: customers.update(ids["id"], {"name": "Later"}),
        is_right=lambda ids, made, reply: (
            found(ids["id"]).name == ("Later" if made else "New")
            and (replayed(reply) or reply.data["updateCustomer"]["customer"]["name"] == found(ids["id"]).name)
        ),
    ),
    "deleteCustomer": Scenario(
        document="mutation ($id: ID!) { deleteCustomer(id: $id) { customer { id } } }",
        prepare=lambda: {"id": a_customer().id},
        was_made=lambda ids: customers.find(ids["id"]) is None,
        meddle=restore_if_deleted,
        is_right=lambda ids, made, reply: (
            reply.data["deleteCustomer"]["customer"]["id"] == ids["id"]
            and (customers.find(ids["id"]) is not None) == made
        ),
    ),
    "restoreCustomer": Scenario(
        document="mutation ($id: ID!) { restoreCustomer(id: $id) { customer { id } } }",
        prepare=lambda: {"id": deleted_customers.delete(a_customer().id).id},
        was_made=lambda ids: customers.find(ids["id"]) is not None,
        meddle=delete_all_customers,
        is_right=lambda ids, made, _: (customers.find(ids["id"]) is None) == made,
    ),
    "deleteInactiveCustomers": Scenario(
        document="""mutation ($id: ID!) {
          deleteInactiveCustomers(activeBefore: "2025-01-01", ids: [$id]) { deleted } }""",
        prepare=inactive_customer,
        was_made=lambda ids: customers.find(ids["id"]) is None,
        meddle=restore_if_deleted,
        is_right=lambda ids, made, _: (customers.find(ids["id"]) is not None) == made,
    ),
    "createProduct": Scenario(
        document='mutation { createProduct(input: {name: "Pen", price: 1}) { product { id } } }',
        prepare=nothing,
        was_made=lambda _: bool(product_ids()),
        meddle=delete_all_products,
        is_right=lambda _, made, __: len(product_ids()) == (0 if made else 1),
    ),
    "updateProduct": Scenario(
        document="mutation ($id: ID!) { updateProduct(id: $id, input: {stock: 100}) { product { stock } } }",
        prepare=sold_product,
        was_made=lambda ids: stock_of(ids) == 100,
        meddle=buy_sixty,
        is_right=lambda ids, made, reply: (
            stock_of(ids) == (40 if made else 100)
            and (replayed(reply) or reply.data["updateProduct"]["product"]["stock"] == stock_of(ids))
        ),
    ),
    "deleteProduct": Scenario(
        document="mutation ($id: ID!) { deleteProduct(id: $id) { archived product { id } } }",
        prepare=lambda: {"id": a_product(sku="PEN").id},
        was_made=lambda ids: products.find(ids["id"]) is None,
        meddle=lambda ids: None if products.find(ids["id"]) else a_product(sku="PEN"),
        is_right=lambda ids, made, reply: (
            reply.data["deleteProduct"] == {"archived": False, "product": {"id": ids["id"]}}
            and len(product_ids()) == int(made)
        ),
    ),
    "createOrder": Scenario(
        document="""mutation ($id: ID!, $customer: ID!) {
          createOrder(input: {customerId: $customer, productIds: [$id]}) { order { id } } }""",
        prepare=sold_product,
        was_made=lambda _: bool(rows_of(tables.Order)),
        meddle=buy_sixty,
        is_right=lambda ids, _, reply: (
            reply.data["createOrder"]["order"] is not None and (stock_of(ids), len(rows_of(tables.Order))) == (9, 2)
        ),
    ),
    "cancelOrder": Scenario(
        document="mutation ($order: ID!) { cancelOrder(id: $order) { order { status } } }",
        prepare=placed_order,
        was_made=lambda ids: order_status(ids) == orders.CANCELLED,
        is_right=lambda ids, _, reply: (
            reply.data["cancelOrder"]["order"]["status"] == "CANCELLED" and stock_of(ids) == 5
        ),
    ),
    "updateLowStockProducts": Scenario(
        document="mutation ($id: ID!) { updateLowStockProducts(ids: [$id]) { restocked { stock } } }",
        prepare=lambda: {"id": a_product(stock=1).id},
        was_made=lambda ids: stock_of(ids) == 6,
        is_right=lambda ids, _, reply: (
            reply.data["updateLowStockProducts"]["restocked"] == [{"stock": 6}] and stock_of(ids) == 6
        ),
    ),
    "bulkCreateCustomers": Scenario(
        document="""mutation { bulkCreateCustomers(input: [
          {name: "Ann", email: "ann@example.com"}, {name: "Bob", email: "bob@example.com"}]) { errors } }""",
        prepare=nothing,
        was_made=lambda _: bool(customer_ids()),
        is_right=lambda _, __, reply: reply.data["bulkCreateCustomers"]["errors"] == [] and len(customer_ids()) == 2,
    ),
    "bulkCreateProducts": Scenario(
        document="""mutation { bulkCreateProducts(input: [
          {name: "Pen", price: 1}, {name: "Ink", price: 2}]) { errors } }""",
        prepare=nothing,
        was_made=lambda _: bool(product_ids()),
        is_right=lambda _, __, reply: reply.data["bulkCreateProducts"]["errors"] == [] and len(product_ids()) == 2,
    ),
    "bulkCreateOrders": Scenario(
        document="""mutation { bulkCreateOrders(input: [{reference: "R", customerEmail: "ann@example.com",
          orderDate: "2026-01-01T00:00:00Z", lines: [{sku: "PEN", quantity: 1, unitPrice: "2.00"}]}]) { errors } }""",
        prepare=lambda: {"id": a_product(sku="PEN").id, "customer": a_customer(email="ann@example.com").id},
        was_made=lambda _: bool(rows_of(tables.Order)),
        is_right=lambda _, __, reply: (
            reply.data["bulkCreateOrders"]["errors"] == [] and len(rows_of(tables.Order)) == 1
        ),
    ),
    "runJob": Scenario(
        document='mutation { runJob(name: "low_stock") { run { slot } } }',
        prepare=nothing,
        was_made=lambda _: bool(runs_of("low_stock")),
        meddle=lambda _: [ledger.end(run, Status.FAILED, error="meddled") for run in runs_of("low_stock")],
        is_right=lambda _, __, reply: reply.data["runJob"]["run"] is not None and len(runs_of("low_stock")) == 1,
    ),
    "runJob of a failed run": Scenario(
        document="""mutation ($slot: DateTime!) { runJob(name: "low_stock", slot: $slot) { run { slot } } }""",
        prepare=failed_run,
        was_made=lambda _: runs_of("low_stock")[0].status is Status.WAITING,
        meddle=lambda _: [
            ledger.end(run, Status.SKIPPED, reason="meddled")
            for run in runs_of("low_stock")
            if run.status is Status.WAITING
        ],
        is_right=lambda _, made, reply: (
            reply.data["runJob"]["run"] is not None
            and runs_of("low_stock")[0].status is (Status.SKIPPED if made else Status.WAITING)
        ),
    ),
    "pauseJob": Scenario(
        document='mutation { pauseJob(name: "low_stock", reason: "stocktaking") { job { name } } }',
        prepare=nothing,
        was_made=is_paused,
        meddle=lambda _: job_state.resume("low_stock"),
        is_right=lambda ids, made, reply: reply.data["pauseJob"]["job"] and is_paused(ids) != made,
    ),
    "resumeJob": Scenario(
        document='mutation { resumeJob(name: "low_stock") { job { name } } }',
        prepare=paused_job,
        was_made=lambda ids: not is_paused(ids),
        meddle=lambda _: job_state.pause("low_stock", "again", "test"),
        is_right=lambda ids, made, reply: reply.data["resumeJob"]["job"] and is_paused(ids) == made,
    ),
    "remakeReport": Scenario(
        document='mutation { remakeReport(period: "2026-W40") { run { slot } } }',
        prepare=nothing,
        was_made=lambda _: bool(runs_of("weekly_report")),
        is_right=lambda _, __, reply: reply.data["remakeReport"]["run"] and len(runs_of("weekly_report")) == 1,
    ),
    "createKey": Scenario(
        document='mutation { createKey(name: "Shop", role: EDITOR) { key { id } } }',
        prepare=nothing,
        was_made=lambda _: bool(keys()),
        is_right=lambda _, __, reply: reply.data["createKey"]["key"]["id"] == keys()[0] and len(keys()) == 1,
    ),
    "rotateKey": Scenario(
        document="mutation ($id: ID!) { rotateKey(id: $id) { key { id } } }",
        prepare=an_operator_key,
        was_made=lambda ids: bool(key_of(ids).old_digests),
        is_right=lambda ids, _, reply: (
            reply.data["rotateKey"]["key"]["id"] == ids["id"]
            and len(key_of(ids).old_digests) == 1
            and api_keys.authenticate(ids["secret"]).id == ids["id"]
        ),
    ),
    "revokeKey": Scenario(
        document="mutation ($id: ID!) { revokeKey(id: $id) { key { state } } }",
        prepare=an_operator_key,
        was_made=lambda ids: key_of(ids).revoked_at is not None,
        is_right=lambda _, __, reply: reply.data["revokeKey"]["key"]["state"] == "REVOKED",
    ),
}
WITHOUT_A_SCENARIO = {
    "redriveDeadLetters": "it sends messages, which are tolerated twice; what was sent is no longer among the dead letters",
}


@contextmanager
def dying_after(call: int) -> Iterator[list[str]]:
    """Let the process die right after its AWS call number `call`. Yield the names of the calls."""
    made: list[str] = []
    original: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

    def counted(self: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        answer = original(self, operation, arguments)
        made.append(operation)
        if len(made) == call:
            raise Killed
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", counted)
        yield made


def send(scenario: Scenario, ids: Ids) -> Reply:
    return post({"query": scenario.document, "variables": ids}, idempotency_key="k")


@pytest.fixture(autouse=True)
def small_restocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small that a product is still low afterwards: nothing but the mark prevents a second restock."""
    monkeypatch.setattr(stock, "settings", replace(settings, restock_amount=5))


@pytest.mark.parametrize("name", SCENARIOS)
def test_wherever_a_mutation_dies_its_repetition_does_nothing_twice_and_undoes_nothing(name: str, watch: Clock) -> None:
    scenario = SCENARIOS[name]
    outcomes: set[bool] = set()
    for call in range(1, MAX_CALLS):
        empty_tables()
        ids = scenario.prepare()
        with dying_after(call):
            try:
                send(scenario, ids)
            except Killed:
                died = True
            else:
                died = False
        if not died:
            break
        made = scenario.was_made(ids)
        outcomes.add(made)
        scenario.meddle(ids)
        watch.advance(seconds=61)
        reply = send(scenario, ids)
        assert scenario.is_right(ids, made, reply), (call, made, reply.json)
    assert outcomes == {False, True}, "the mutation must die both before and after its change"


def test_every_mutation_has_a_scenario() -> None:
    kind = schema().type_map["Mutation"]
    assert isinstance(kind, GraphQLObjectType)
    assert {name.split()[0] for name in SCENARIOS} | WITHOUT_A_SCENARIO.keys() == kind.fields.keys()

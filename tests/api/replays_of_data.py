"""Replays of the mutations that change customers, products and orders."""

from datetime import timedelta

from chalicelib import clock
from chalicelib.crm import (
    cleanup_runs,
    customers,
    deleted_customers,
    email_suppressions,
    orders,
    products,
    search_index,
)
from chalicelib.crm.email_suppressions import Reason
from chalicelib.jobs import catalog, run_changes, run_records
from chalicelib.jobs.run_records import Status
from chalicelib.privacy import erased_people
from chalicelib.store import tables
from tests.api.replay_scenario import Ids, Scenario, nothing
from tests.api.shop import replayed
from tests.builders import a_customer, a_product, rows_of, time_is


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


def customer_deleted_by_a_run() -> Ids:
    slot = "2026-11-01T02:00:00.000000Z"
    customer = a_customer(created_at=clock.now() - timedelta(days=900))
    cleanup_runs.record(slot, [customer.id])
    assert deleted_customers.delete_inactive(customer.id, clock.now().date(), slot)
    return {"id": customer.id, "slot": slot}


def customer_deleted_long_ago() -> Ids:
    with time_is("2026-10-01T12:00:00"):
        return {"id": deleted_customers.delete(a_customer(email="ann@example.com").id).id}


def customer_without_search_rows() -> Ids:
    customer = a_customer()
    search_index.discard(customer)
    return {"id": customer.id}


def has_search_rows() -> bool:
    return any(key[0].startswith("search#") for key in rows_of(tables.AuxRow))


def suppressed_customer() -> Ids:
    customer = a_customer(email="ann@example.com")
    email_suppressions.suppress(customer.email, Reason.BOUNCE, clock.now())
    return {"id": customer.id}


def suppress_again(_: Ids) -> None:
    email_suppressions.suppress("ann@example.com", Reason.COMPLAINT, clock.now())


def is_suppressed(_: Ids) -> bool:
    return email_suppressions.find("ann@example.com") is not None


def sold_product() -> Ids:
    product = a_product(stock=70)
    return {"id": product.id, "customer": a_customer().id}


def buy_sixty(ids: Ids) -> None:
    if stock_of(ids) >= 60:
        orders.place(ids["customer"], {ids["id"]: 60})


def customer_to_erase() -> Ids:
    return {"id": a_customer("Ann Lee", "ann@example.com").id, "reason": "asked by letter"}


def erasures_of(ids: Ids) -> list[run_records.Run]:
    return [run for run in run_records.latest(catalog.ERASURE.name, 10) if run.arguments["customer"] == ids["id"]]


SCENARIOS = {
    "eraseCustomer": Scenario(
        document="""mutation ($id: ID!, $reason: String!) {
          eraseCustomer(id: $id, reason: $reason) { run { slot arguments { value } } } }""",
        prepare=customer_to_erase,
        was_made=lambda ids: bool(erasures_of(ids)),
        meddle=lambda ids: [run_changes.cancel(run, "meddler", "no") for run in erasures_of(ids)],
        is_right=lambda ids, made, reply: (
            reply.data["eraseCustomer"]["run"]["arguments"] == [{"value": ids["id"]}]
            and [run.status for run in erasures_of(ids)] == [Status.CANCELLED if made else Status.WAITING]
        ),
    ),
    "erasePersonalData": Scenario(
        document="mutation ($id: ID!) { erasePersonalData(customerId: $id) { erased after } }",
        prepare=customer_to_erase,
        was_made=lambda ids: customers.find(ids["id"]) is None,
        meddle=lambda _: (
            customers.create("Bob", "ann@example.com") if customers.find_by_email("ann@example.com") is None else None
        ),
        is_right=lambda ids, _, reply: (
            reply.data["erasePersonalData"] is not None
            and customers.find(ids["id"]) is None
            and erased_people.find(ids["id"]) is not None
        ),
    ),
    "createCustomer": Scenario(
        document='mutation { createCustomer(input: {name: "Ann", email: "ann@example.com"}) { customer { id } } }',
        prepare=nothing,
        was_made=lambda _: bool(customer_ids()),
        meddle=delete_all_customers,
        is_right=lambda _, made, reply: (
            (replayed(reply) or reply.code == "NOT_FOUND") and not customer_ids() if made else len(customer_ids()) == 1
        ),
    ),
    "createCustomer of a deleted one": Scenario(
        document='mutation { createCustomer(input: {name: "Ann", email: "ann@example.com"}) { customer { id } message } }',
        prepare=customer_deleted_long_ago,
        was_made=lambda ids: customers.find(ids["id"]) is not None,
        meddle=delete_all_customers,
        is_right=lambda ids, made, reply: (
            (replayed(reply) or reply.code == "NOT_FOUND") and not customer_ids()
            if made
            else customer_ids() == [ids["id"]] and reply.data["createCustomer"]["message"] == "Customer restored"
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
    "restoreCustomers": Scenario(
        document="""mutation ($slot: DateTime!) {
          restoreCustomers(slot: $slot) { results { id error { code } } after } }""",
        prepare=customer_deleted_by_a_run,
        was_made=lambda ids: customers.find(ids["id"]) is not None,
        meddle=delete_all_customers,
        is_right=lambda ids, made, reply: (
            (customers.find(ids["id"]) is None) == made
            and (made or reply.data["restoreCustomers"]["results"] == [{"id": ids["id"], "error": None}])
        ),
    ),
    "checkSearchIndex": Scenario(
        document="mutation { checkSearchIndex { written } }",
        prepare=customer_without_search_rows,
        was_made=lambda _: has_search_rows(),
        is_right=lambda _, __, ___: has_search_rows(),
    ),
    "liftEmailSuppression": Scenario(
        document="""mutation ($id: ID!) {
          liftEmailSuppression(customerId: $id, reason: "checked") { customer { id } } }""",
        prepare=suppressed_customer,
        was_made=lambda ids: not is_suppressed(ids),
        meddle=suppress_again,
        is_right=lambda ids, made, reply: (
            is_suppressed(ids) == made and reply.data["liftEmailSuppression"]["customer"]["id"] == ids["id"]
        ),
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
    "adjustStock": Scenario(
        document="""mutation ($id: ID!) {
          adjustStock(productId: $id, delta: 30, reason: "found") { product { stock } } }""",
        prepare=sold_product,
        was_made=lambda ids: stock_of(ids) == 100,
        meddle=buy_sixty,
        is_right=lambda ids, _, reply: (
            stock_of(ids) == 40 and (replayed(reply) or reply.data["adjustStock"]["product"]["stock"] == 40)
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
          {name: "Ann", email: "ann@example.com", reference: "A"}, {name: "Bob", email: "bob@example.com"}]) { errors } }""",
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
}

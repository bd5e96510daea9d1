"""Ids of the Django CRM are accepted wherever an id is, after its rows were imported."""

import base64
from typing import Any

import pytest

from chalicelib.crm import customer_references, customers, deleted_customers, imported_orders, old_ids
from chalicelib.errors import CrmError
from chalicelib.store import tables
from tests.as_operator import execute
from tests.builders import a_customer, a_past_order, a_product


def old_id(kind: str, number: int) -> str:
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


CUSTOMER, PRODUCT, ORDER = (
    old_id(f"{kind}Type", number) for kind, number in (("Customer", 7), ("Product", 3), ("Order", 27))
)


@pytest.fixture
def rows() -> dict[str, str]:
    """A customer, a product and an order as the import leaves them: {kind: id}."""
    ann, lamp = a_customer(), a_product("Lamp", stock=9, sku="django:product:3")
    customer_references.link("django:customer:7", ann.id)
    order, _ = imported_orders.record(a_past_order(ann, (lamp, 1, "5"), reference="django:order:27"))
    return {"customer": ann.id, "product": lamp.id, "order": order.id}


def ask(document: str, **variables: Any) -> Any:
    answer = execute(document, variables)
    assert "errors" not in answer, answer
    return answer["data"]


@pytest.mark.parametrize(("kind", "given"), [("customer", CUSTOMER), ("product", PRODUCT), ("order", ORDER)])
def test_an_old_id_finds_its_row(rows: dict[str, str], kind: str, given: str) -> None:
    document = f"query($id: ID!) {{ {kind}(id: $id) {{ id }} node(id: $id) {{ id }} }}"
    assert ask(document, id=given) == {kind: {"id": rows[kind]}, "node": {"id": rows[kind]}}
    assert ask(f'{{ {kind}(id: "{given}") {{ id }} }}') == {kind: {"id": rows[kind]}}


def test_old_ids_order_and_filter(rows: dict[str, str]) -> None:
    made = ask(
        "mutation($input: CreateOrderInput!) { createOrder(input: $input) { order { customerId products { id } } } }",
        input={"customerId": CUSTOMER, "productIds": [PRODUCT]},
    )
    assert made["createOrder"]["order"] == {"customerId": rows["customer"], "products": [{"id": rows["product"]}]}
    lines = [{"productId": PRODUCT, "quantity": 2}]
    ask(
        "mutation($i: CreateOrderInput!) { createOrder(input: $i) { order { id } } }",
        i={"customerId": CUSTOMER, "lines": lines},
    )
    found = ask(
        """query($p: ID!, $c: ID!) { allOrders(productId: $p) { edges { node { id } } }
        customer(id: $c) { orders(productId: $p) { edges { node { id } } } } }""",
        p=PRODUCT,
        c=CUSTOMER,
    )
    assert len(found["allOrders"]["edges"]) == len(found["customer"]["orders"]["edges"]) == 3


def test_old_ids_change_rows(rows: dict[str, str]) -> None:
    ask('mutation($id: ID!) { updateCustomer(id: $id, input: {name: "Anna"}) { customer { id } } }', id=CUSTOMER)
    found = customers.find(rows["customer"])
    assert found is not None
    assert found.name == "Anna"
    ask("mutation($ids: [ID!]) { updateLowStockProducts(ids: $ids) { products { id } } }", ids=[PRODUCT])


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    "given",
    [
        old_id("CustomerType", 8),
        old_id("UserType", 7),
        old_id("CustomerType", 10**20),
        "CustomerType:7",
        "x" * 5000,
        "=",
        "é",
    ],
)
def test_what_is_no_old_id_finds_nothing(given: str) -> None:
    assert ask("query($id: ID!) { customer(id: $id) { id } node(id: $id) { id } }", id=given) == {
        "customer": None,
        "node": None,
    }


@pytest.mark.no_database
def test_ids_of_today_cost_no_read() -> None:
    known: dict[str, str] = {}
    old_ids.add_new_ids(["cus_01ARZ3NDEKTSV4RRFFQ69G5FAV", "x", ""], known)
    assert known == {}, "and no database was needed"


@pytest.mark.no_database
def test_a_document_has_a_bound_of_old_ids() -> None:
    known: dict[str, str] = {}
    with pytest.raises(CrmError, match="at most 500 ids of the Django CRM"):
        old_ids.add_new_ids((old_id("CustomerType", number) for number in range(501)), known)
    assert known == {}, "and no database was needed"


BULK = """mutation($input: [BulkCreateCustomersInput]!) { bulkCreateCustomers(input: $input) {
  results { id created error { code } } } }"""


def test_a_reference_is_linked_when_its_customer_is_imported() -> None:
    row = {"name": "Ann", "email": "ann@example.com", "reference": "django:customer:7"}
    (first,) = ask(BULK, input=[row])["bulkCreateCustomers"]["results"]
    assert ask("query($id: ID!) { customer(id: $id) { id } }", id=CUSTOMER)["customer"] == {"id": first["id"]}
    (again,) = ask(BULK, input=[row])["bulkCreateCustomers"]["results"]
    assert again == {"id": first["id"], "created": False, "error": {"code": "DUPLICATE_EMAIL"}}


def test_a_customer_who_was_there_before_gets_the_reference() -> None:
    ann = a_customer()
    ask(BULK, input=[{"name": "Ann", "email": ann.email, "reference": "django:customer:7"}])
    assert ask("query($id: ID!) { customer(id: $id) { id } }", id=CUSTOMER)["customer"] == {"id": ann.id}


def test_a_deleted_customer_keeps_the_reference_and_an_erased_one_does_not() -> None:
    ann, bob = a_customer(), a_customer(email="bob@example.com")
    customer_references.link("django:customer:7", ann.id)
    deleted_customers.delete(ann.id)
    with pytest.raises(CrmError) as raised:
        customer_references.link("django:customer:7", bob.id)
    assert raised.value.code == "REFERENCE_CONFLICT"
    carl = a_customer()
    customer_references.link("django:customer:8", carl.id)
    deleted_customers.delete(carl.id)
    tables.AuxRow(pk=deleted_customers.PARTITION, sk=carl.id).delete()  # his time in the archive is over
    customer_references.link("django:customer:8", bob.id)
    assert ask("query($id: ID!) { customer(id: $id) { id } }", id=old_id("CustomerNode", 8))["customer"] == {
        "id": bob.id
    }


def test_a_customer_who_is_deleted_and_restored_keeps_the_references() -> None:
    ann = a_customer()
    for number in (7, 8):
        customer_references.link(f"django:customer:{number}", ann.id)
    deleted_customers.delete(ann.id)
    restored = deleted_customers.restore(ann.id)
    assert restored.references == ("django:customer:7", "django:customer:8")
    customer_references.link("django:customer:8", ann.id)
    assert customers.find(ann.id) == restored, "it was linked already"


def test_a_customer_has_a_bound_of_references() -> None:
    ann = a_customer()
    for number in range(customer_references.MAX_REFERENCES):
        customer_references.link(f"shop:{number}", ann.id)
    with pytest.raises(CrmError, match="at most 20 references"):
        customer_references.link("shop:20", ann.id)
    with pytest.raises(CrmError) as raised:
        customer_references.link("shop:21", "cus_00000000000000000000000000")
    assert raised.value.code == "NOT_FOUND"


@pytest.mark.parametrize("reference", ["x" * 65, "a\u202eb"])
def test_a_wrong_reference_is_refused(reference: str) -> None:
    ann = a_customer()
    with pytest.raises(CrmError) as raised:
        customer_references.link(reference, ann.id)
    assert (raised.value.code, raised.value.field) == ("INVALID_INPUT", "reference")

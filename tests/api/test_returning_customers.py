"""A deleted customer who is created or imported again comes back, with all orders."""

from typing import Any

import pytest

from chalicelib.crm import counters, customers, deleted_customers, imported_orders, unique_values
from chalicelib.crm.customers import Customer
from chalicelib.store import tables
from tests.api.graphql_client import post
from tests.api.shop import Clock
from tests.as_operator import execute
from tests.builders import a_customer, a_past_order, a_product, changes_of, rows_of
from tests.metering import metered

CREATE = """mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) {
  message customer { id name email phone orders { edges { node { reference } } } } } }"""
BULK = """mutation ($input: [BulkCreateCustomersInput]!) { bulkCreateCustomers(input: $input) {
  customers { id } results { id created restored error { code } } } }"""
ANN = {"name": "Ann Again", "email": "ANN@example.com"}


@pytest.fixture
def ann() -> Customer:
    """A deleted customer with an order."""
    customer = a_customer("Ann", "ann@example.com", phone="+1 555 0100 200")
    imported_orders.record(a_past_order(customer, (a_product(), 1, "5"), reference="R-1"))
    return deleted_customers.delete(customer.id)


def create(**given: str) -> dict[str, Any]:
    answer = execute(CREATE, {"input": given})
    assert "errors" not in answer, answer
    payload: dict[str, Any] = answer["data"]["createCustomer"]
    return payload


def test_who_is_created_again_is_restored_with_name_phone_and_orders(ann: Customer) -> None:
    payload = create(**ANN)
    assert payload["message"] == "Customer restored"
    assert payload["customer"] == {
        "id": ann.id,
        "name": "Ann Again",
        "email": "ANN@example.com",
        "phone": "+1 555 0100 200",
        "orders": {"edges": [{"node": {"reference": "R-1"}}]},
    }
    assert deleted_customers.find(ann.id) is None
    assert unique_values.owner_of(unique_values.ARCHIVED_EMAIL, "ann@example.com") is None
    assert (counters.stats().customers, counters.stats().new_customers) == (1, 1)
    (change,) = changes_of(ann.id)
    assert change.action == "createCustomer"
    assert change.before == {"archived": True, "name": "Ann", "email": ann.email}
    assert change.actor
    assert create(name="Bob", email="bob@example.com", phone="+1 555 0100 201")["message"] == "Customer created"


def test_an_address_is_recognised_in_punycode_and_never_by_a_domain_that_is_another() -> None:
    gone = [deleted_customers.delete(a_customer(email=email).id) for email in ("a@bücher2.example", "a@straße.example")]
    returned = create(name="Ann", email="a@xn--bcher2-3ya.example")
    assert (returned["message"], returned["customer"]["id"]) == ("Customer restored", gone[0].id)
    assert create(name="Ann", email="a@strasse.example")["message"] == "Customer created"


def test_an_import_restores_and_says_so(ann: Customer) -> None:
    rows = [ANN, {"name": "Bob", "email": "bob@example.com"}, ANN | {"phone": "+1 555 0100 999"}]
    payload = execute(BULK, {"input": rows})["data"]["bulkCreateCustomers"]
    first, second, third = payload["results"]
    assert (first["id"], first["created"], first["restored"]) == (ann.id, False, True)
    assert (second["created"], second["restored"]) == (True, False)
    assert (third["id"], third["restored"], third["error"]) == (ann.id, False, {"code": "DUPLICATE_EMAIL"})
    assert payload["customers"] == [{"id": ann.id}, {"id": second["id"]}]


def test_the_last_owner_of_an_address_comes_back(ann: Customer) -> None:
    bob = a_customer("Bob", "bob@example.com")
    customers.update(bob.id, {"email": ann.email})
    deleted_customers.delete(bob.id)
    assert create(**ANN)["customer"]["id"] == bob.id
    deleted_customers.delete(bob.id)
    deleted_customers.restore(ann.id)  # not whom the address names: that stays as it is
    assert unique_values.owner_of(unique_values.ARCHIVED_EMAIL, "ann@example.com") == bob.id


def test_an_erased_customer_never_returns(ann: Customer) -> None:
    tables.AuxRow(pk=deleted_customers.PARTITION, sk=ann.id).delete()
    payload = create(**ANN)
    assert payload["message"] == "Customer created"
    assert payload["customer"]["id"] != ann.id


def test_invalid_input_restores_nobody(ann: Customer) -> None:
    answer = execute(CREATE, {"input": ANN | {"phone": "x"}})
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_PHONE"
    assert deleted_customers.find(ann.id) is not None


def test_a_bulk_creation_looks_for_all_deleted_customers_with_one_read() -> None:
    def reads(count: int) -> int:
        rows = [{"name": "N", "email": f"n{count}.{number}@example.com"} for number in range(count)]
        with metered() as meter:
            assert all(
                row["created"] for row in execute(BULK, {"input": rows})["data"]["bulkCreateCustomers"]["results"]
            )
        return meter.calls["BatchGetItem"] + meter.calls["GetItem"]

    assert reads(1) == reads(20) == 1


def test_a_replay_never_restores_who_was_deleted_meanwhile(watch: Clock) -> None:
    body = {"query": CREATE, "variables": {"input": ANN}}
    first = post(body, idempotency_key="k").data["createCustomer"]["customer"]["id"]
    watch.advance(seconds=61)
    deleted_customers.delete(first)
    post(body, idempotency_key="k")
    assert customers.find(first) is None
    assert not rows_of(tables.Customer)

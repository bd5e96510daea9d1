"""A customer who is imported again under another e-mail address is found by the reference."""

from typing import Any

import pytest

from chalicelib.crm import counters, customer_merges, customer_references, customers, deleted_customers
from chalicelib.crm.customers import Customer
from tests.api.graphql_client import post
from tests.as_operator import execute
from tests.builders import a_customer
from tests.metering import metered

BULK = """mutation($input: [BulkCreateCustomersInput]!) { bulkCreateCustomers(input: $input) { results {
  id created restored customer { email } existing { email } error { code field } } } }"""
REFERENCE = "django:customer:7"


@pytest.fixture
def ann() -> Customer:
    customer = a_customer("Ann", "ann@example.com")
    customer_references.link(REFERENCE, customer.id)
    return customer


def import_customers(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    answer = execute(BULK, {"input": [{"name": "Ann", **row} for row in rows]})
    assert "errors" not in answer, answer
    results: list[dict[str, Any]] = answer["data"]["bulkCreateCustomers"]["results"]
    return results


def test_another_address_makes_no_second_customer(ann: Customer) -> None:
    bob = a_customer("Bob", "bob@example.com")
    rows = [
        {"email": email, "reference": f" {REFERENCE} "} for email in ("new@example.com", bob.email, "ANN@example.com")
    ]
    moved, taken, same = import_customers(*rows)
    for result in (moved, taken):
        assert result == {
            "id": ann.id,
            "created": False,
            "restored": False,
            "customer": None,
            "existing": {"email": ann.email},
            "error": {"code": "DUPLICATE_REFERENCE", "field": "reference"},
        }
    assert (same["id"], same["error"]["code"]) == (ann.id, "DUPLICATE_EMAIL")
    assert counters.stats().customers == 2
    assert customer_references.owner_ids([REFERENCE]) == {REFERENCE: ann.id}


def test_two_rows_of_a_request_with_one_reference_are_one_customer() -> None:
    first, second, same = import_customers(
        *({"email": email, "reference": REFERENCE} for email in ("a@example.com", "b@example.com", "A@example.com"))
    )
    assert first["created"]
    assert (second["id"], second["error"]) == (None, {"code": "REFERENCE_CONFLICT", "field": "reference"})
    assert (same["id"], same["error"]["code"]) == (first["id"], "DUPLICATE_EMAIL")
    assert counters.stats().customers == 1, "the row that is refused creates nobody"


def test_a_deleted_customer_comes_back_under_the_new_address(ann: Customer) -> None:
    deleted_customers.delete(ann.id)
    (result,) = import_customers({"email": "new@example.com", "reference": REFERENCE})
    assert (result["id"], result["restored"], result["customer"]) == (ann.id, True, {"email": "new@example.com"})
    assert counters.stats().customers == 1
    found = customers.find_by_email("new@example.com")
    assert found is not None
    assert found.id == ann.id


def test_a_customer_who_was_merged_is_found_under_the_one_who_was_kept(ann: Customer) -> None:
    bob = a_customer("Bob", "bob@example.com")
    customer_references.link("django:customer:8", bob.id)
    customer_merges.merge(ann.id, bob.id)
    former, moved = import_customers(
        *({"email": email, "reference": "django:customer:8"} for email in (bob.email, "new@example.com"))
    )
    assert (former["id"], former["error"]["code"]) == (ann.id, "DUPLICATE_EMAIL")
    assert (moved["id"], moved["error"]["code"]) == (ann.id, "DUPLICATE_REFERENCE")
    found = customer_references.find("django:customer:8")
    assert found is not None
    assert found.id == ann.id


@pytest.mark.parametrize("email", ["bob@example.com", "new@example.com"])
def test_a_merged_customer_leads_to_the_kept_one_in_the_archive(ann: Customer, email: str) -> None:
    bob = a_customer("Bob", "bob@example.com")
    customer_references.link("django:customer:8", bob.id)
    customer_merges.merge(ann.id, bob.id)
    deleted_customers.delete(ann.id)
    row = {"email": email, "reference": "django:customer:8"}
    restored, repeated = import_customers(row, row)
    assert (restored["id"], restored["restored"]) == (ann.id, True)
    assert restored["customer"] == {"email": ann.email}, "as after the merge, the kept customer stays as it was"
    assert repeated["id"] == ann.id
    assert counters.stats().customers == 1
    assert import_customers(row)[0]["id"] == ann.id


def test_a_customer_who_was_restored_by_an_earlier_row_is_created_by_no_later_one(ann: Customer) -> None:
    bob = a_customer("Bob", "bob@example.com")
    customer_references.link("django:customer:8", bob.id)
    customer_merges.merge(ann.id, bob.id)
    deleted_customers.delete(ann.id)
    first, second = import_customers(
        {"email": ann.email, "reference": REFERENCE}, {"email": "new@example.com", "reference": "django:customer:8"}
    )
    assert (first["id"], first["restored"]) == (ann.id, True)
    assert (second["id"], second["error"]["code"]) == (ann.id, "DUPLICATE_REFERENCE")
    assert counters.stats().customers == 1


def test_a_repeated_request_finds_what_it_has_created() -> None:
    body = {"query": BULK, "variables": {"input": [{"name": "A", "email": "a@example.com", "reference": REFERENCE}]}}
    (first,) = post(body, idempotency_key="k").json["data"]["bulkCreateCustomers"]["results"]
    customers.update(first["id"], {"email": "moved@example.com"})
    (again,) = post(body, idempotency_key="k").json["data"]["bulkCreateCustomers"]["results"]
    assert (again["id"], again["error"]) == (first["id"], None)


def test_a_customer_is_found_by_the_reference(ann: Customer) -> None:
    document = "query($r: String) { customer(reference: $r) { id } }"
    assert execute(document, {"r": REFERENCE})["data"] == {"customer": {"id": ann.id}}
    assert execute(document, {"r": "django:customer:8"})["data"] == {"customer": None}
    wrong = execute('{ customer(reference: "a", email: "b") { id } }', {})
    assert wrong["errors"][0]["extensions"]["code"] == "INVALID_INPUT"


def test_references_cost_two_calls_for_a_hundred_rows() -> None:
    rows = [{"email": f"c{number}@example.com", "reference": f"shop:{number}"} for number in range(100)]
    import_customers(*rows)
    with metered() as plain:
        import_customers(*({"email": row["email"]} for row in rows))
    with metered() as referenced:
        import_customers(*rows)
    assert referenced.total_calls == plain.total_calls + 2

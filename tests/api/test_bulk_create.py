"""Bulk mutations say which row of the CRM each row of the input is, also where it was there before."""

from typing import Any

import pytest

from chalicelib.crm import customers, products
from tests.as_operator import execute
from tests.builders import a_customer, a_product

CUSTOMERS = """mutation ($input: [BulkCreateCustomersInput]!) { bulkCreateCustomers(input: $input) {
  customers { id } results { index id created customer { id } existing { id name phone } error { code } } } }"""
PRODUCTS = """mutation ($input: [CreateProductInput]!) { bulkCreateProducts(input: $input) {
  products { id } results { index id created product { id } existing { id price stock } error { code } } } }"""


def bulk(document: str, *rows: dict[str, Any] | None) -> dict[str, Any]:
    answer = execute(document, {"input": list(rows)})
    assert "errors" not in answer, answer
    (payload,) = answer["data"].values()
    assert isinstance(payload, dict)
    return payload


def test_customers_that_exist_are_named_and_not_counted_as_created() -> None:
    ann = a_customer("Ann", "ann@example.com", phone="+1 555 123 4567")
    rows = [{"name": "Bob", "email": "bob@example.com"}, {"name": "Anna", "email": "ANN@example.com"}, None]
    payload = bulk(CUSTOMERS, *rows, {"name": "Bobby", "email": "Bob@example.com"})
    bob = customers.find_by_email("bob@example.com")
    assert bob is not None

    assert payload["customers"] == [{"id": bob.id}]  # what old clients read
    created, existing, empty, twice = payload["results"]
    assert (created["id"], created["created"], created["existing"]) == (bob.id, True, None)
    assert existing == {
        "index": 1,
        "id": ann.id,
        "created": False,
        "customer": None,
        "existing": {"id": ann.id, "name": "Ann", "phone": "+1 555 123 4567"},
        "error": {"code": "DUPLICATE_EMAIL"},
    }
    assert (empty["id"], empty["created"], empty["existing"]) == (None, False, None)
    assert (twice["id"], twice["existing"]["name"]) == (bob.id, "Bob")


def test_products_that_exist_are_named() -> None:
    tea = a_product("Tea", sku="TEA", price="4.50", stock=3)
    payload = bulk(PRODUCTS, {"name": "Pen", "price": "1", "sku": "PEN"}, {"name": "T", "price": "9", "sku": " tea "})
    pen = products.find_by_sku("PEN")
    assert pen is not None
    assert payload["products"] == [{"id": pen.id}]
    assert [(row["id"], row["created"]) for row in payload["results"]] == [(pen.id, True), (tea.id, False)]
    assert payload["results"][1]["existing"] == {"id": tea.id, "price": "4.50", "stock": 3}


def test_a_duplicate_that_has_just_gone_has_no_id(monkeypatch: pytest.MonkeyPatch) -> None:
    a_customer("Ann", "ann@example.com")
    monkeypatch.setattr(customers, "find_all_by_email", lambda _: {})
    (result,) = bulk(CUSTOMERS, {"name": "Anna", "email": "ann@example.com"})["results"]
    assert (result["id"], result["error"]) == (None, {"code": "DUPLICATE_EMAIL"})

"""An edit that is based on an old version is refused, and the error has what the row is now."""

from typing import Any

import pytest

from chalicelib import clock
from chalicelib.crm import customers, orders, products, stock
from chalicelib.store import change_marks, tables, timestamps
from tests.api.graphql_client import ask
from tests.builders import a_customer, a_product, moment, rows_of

UPDATE_CUSTOMER = """mutation ($id: ID!, $input: UpdateCustomerInput!, $version: DateTime) {
  updateCustomer(id: $id, input: $input, expectedUpdatedAt: $version) { customer { name phone updatedAt } }
}"""
UPDATE_PRODUCT = """mutation ($id: ID!, $input: UpdateProductInput!, $version: DateTime) {
  updateProduct(id: $id, input: $input, expectedUpdatedAt: $version) { product { name price stock updatedAt } }
}"""


def error_of(answer: Any) -> dict[str, Any]:
    (error,) = answer.json["errors"]
    extensions: dict[str, Any] = error["extensions"]
    return extensions


def test_two_people_who_edit_a_customer_do_not_overwrite_each_other() -> None:
    ann = a_customer("Ann", "ann@example.com", phone="+49 30 111111")
    read = ask("query ($id: ID!) { customer(id: $id) { updatedAt } }", id=ann.id).data["customer"]["updatedAt"]
    mine = {"id": ann.id, "version": read}
    saved = ask(UPDATE_CUSTOMER, **mine, input={"phone": "+49 30 222222"}).data["updateCustomer"]["customer"]
    before = rows_of(tables.Customer)
    refused = error_of(ask(UPDATE_CUSTOMER, **mine, input={"phone": "+49 30 333333"}))
    assert (refused["code"], refused["field"]) == ("CONFLICT", "expectedUpdatedAt")
    now = {"name": "Ann", "email": "ann@example.com", "phone": "+49 30 222222", "updatedAt": saved["updatedAt"]}
    assert refused["current"] | {"updatedAt": saved["updatedAt"]} == now
    assert moment_of(refused["current"]["updatedAt"]) == moment_of(saved["updatedAt"])
    assert rows_of(tables.Customer) == before
    again = {**mine, "version": refused["current"]["updatedAt"]}
    assert ask(UPDATE_CUSTOMER, **again, input={"phone": "+49 30 333333"}).data["updateCustomer"]["customer"]["phone"]


def moment_of(text: str) -> Any:
    return moment(text.removesuffix("Z"))


def test_a_product_conflicts_with_edits_and_not_with_orders_and_restocks() -> None:
    lamp = a_product("Lamp", "12.50", stock=5, sku="L-1")
    orders.place(a_customer().id, {lamp.id: 1})
    stock.restock(lamp.id, "2026-01-01T00:00:00Z")
    mine = {"id": lamp.id, "version": lamp.updated_at}
    changed = ask(UPDATE_PRODUCT, **mine, input={"price": "9.00"}).data["updateProduct"]["product"]
    assert (changed["price"], changed["stock"]) == ("9.00", 14)
    stock.adjust(lamp.id, -4, "broken")
    for version in (lamp.updated_at, changed["updatedAt"]):
        refused = error_of(ask(UPDATE_PRODUCT, id=lamp.id, version=version, input={"price": "8.00"}))
        latest = products.require(lamp.id)
        assert refused["current"] == {
            "name": "Lamp", "price": "9.00", "stock": 10, "sku": "L-1", "updatedAt": latest.updated_at,
        }  # fmt: skip
    assert products.require(lamp.id).cents == 900


@pytest.mark.parametrize("version", [None, "same"])
def test_without_an_expectation_and_with_the_right_one_the_edit_is_made(version: str | None) -> None:
    ann = a_customer()
    expected = version and ann.updated_at
    assert ask(UPDATE_CUSTOMER, id=ann.id, version=expected, input={"name": "Bo"}).ok()
    found = customers.find(ann.id)
    assert found
    assert found.name == "Bo"


def test_a_change_between_the_check_and_the_write_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    ann = a_customer()
    find, meanwhile = customers.find, [{"name": "Theirs"}]

    def find_and_lose(customer_id: str) -> customers.Customer | None:
        found = find(customer_id)
        if meanwhile:
            changes = meanwhile.pop()
            customers.update(customer_id, changes)
        return found

    monkeypatch.setattr(customers, "find", find_and_lose)
    refused = error_of(ask(UPDATE_CUSTOMER, id=ann.id, version=ann.updated_at, input={"name": "Mine"}))
    assert refused["current"]["name"] == "Theirs"
    assert customers.require(ann.id).name == "Theirs"


def test_a_repeated_request_finds_its_own_edit_and_no_conflict() -> None:
    ann = a_customer()
    expected, began = timestamps.from_text(ann.updated_at), clock.now()
    for is_replay in (False, True):
        with change_marks.request("seed", began, is_replay=is_replay):
            edited = customers.update(ann.id, {"name": "Bo"}, expected)
        assert edited.name == "Bo"
    assert customers.require(ann.id) == edited

"""Phone notes: what an import found as a phone number and is none. They are kept, shown and changed, but never searched."""

from typing import Any

import pytest

from chalicelib.crm import customers
from tests.as_operator import execute
from tests.builders import a_customer, changes_of

BULK = """mutation($input: [BulkCreateCustomersInput]!) { bulkCreateCustomers(input: $input) { results {
  id customer { phone phoneNote } existing { phoneNote } error { code field } } } }"""
UPDATE = """mutation($id: ID!, $input: UpdateCustomerInput!) {
  updateCustomer(id: $id, input: $input) { customer { name phone phoneNote } } }"""


def ask(document: str, **variables: Any) -> Any:
    answer = execute(document, variables)
    assert "errors" not in answer, answer
    return answer["data"]


def import_one(**row: Any) -> dict[str, Any]:
    (result,) = ask(BULK, input=[{"name": "Ann", "email": "ann@example.com", **row}])["bulkCreateCustomers"]["results"]
    found: dict[str, Any] = result
    return found


def test_a_note_is_imported_beside_the_number_or_without_one() -> None:
    made = import_one(phone="+49 30 123456", phoneNote="+49 30 123456 ext. 7")
    assert made["customer"] == {"phone": "+49 30 123456", "phoneNote": "+49 30 123456 ext. 7"}
    assert import_one(phoneNote="later")["existing"] == {"phoneNote": "+49 30 123456 ext. 7"}
    assert import_one(email="bob@example.com", phoneNote=" ")["customer"] == {"phone": None, "phoneNote": None}


@pytest.mark.parametrize("wrong", ["x" * 101, "a\nb", "\u202e ask Anna"])
def test_a_note_is_one_line_of_at_most_a_hundred_characters(wrong: str) -> None:
    assert import_one(phoneNote=wrong)["error"] == {"code": "INVALID_INPUT", "field": "phoneNote"}


def test_a_change_of_another_field_keeps_the_note() -> None:
    ann = a_customer("Ann", phone_note="ask Anna")
    changed = ask(UPDATE, id=ann.id, input={"name": "Anna"})["updateCustomer"]["customer"]
    assert changed == {"name": "Anna", "phone": None, "phoneNote": "ask Anna"}
    ask(UPDATE, id=ann.id, input={"phoneNote": "ask Bob"})
    ask(UPDATE, id=ann.id, input={"phone": "+49 30 123456", "phoneNote": ""})
    found = customers.find(ann.id)
    assert found is not None
    assert (found.phone, found.phone_note) == ("+49 30 123456", None)
    last = changes_of(ann.id)[-1]
    assert last.before == {"phone": None, "phoneNote": "ask Bob"}
    assert last.after == {"phone": "+49 30 123456", "phoneNote": None}


def test_a_note_is_kept_in_the_archive_and_comes_back() -> None:
    ann = a_customer("Ann", phone_note="ask Anna")
    ask("mutation($id: ID!) { deleteCustomer(id: $id) { customer { id } } }", id=ann.id)
    (edge,) = ask("{ deletedCustomers { edges { node { phoneNote } } } }")["deletedCustomers"]["edges"]
    assert edge["node"] == {"phoneNote": "ask Anna"}
    assert import_one(email=ann.email)["customer"] == {"phone": None, "phoneNote": "ask Anna"}


def test_a_note_is_no_phone_number_to_a_search() -> None:
    a_customer("Ann", phone_note="030 123456, ask Anna")
    assert ask('{ allCustomers(phoneStartsWith: "030") { edges { node { id } } } }')["allCustomers"]["edges"] == []
    assert ask('{ search(text: "030123") { edges { cursor } } }')["search"]["edges"] == []

"""`personalData` and `eraseCustomer` as clients see them: by id or address, live, deleted, erased and unknown."""

from typing import Any

import pytest

from chalicelib import clock
from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.crm import customer_references, customers, deleted_customers, email_suppressions, orders
from chalicelib.crm.customers import Customer
from chalicelib.crm.email_suppressions import Reason
from chalicelib.jobs import catalog
from chalicelib.store import tables
from tests.api.graphql_client import ask as send
from tests.as_operator import execute
from tests.builders import a_customer, a_product, changes_of, rows_of
from tests.jobs.job_runs import make_runner
from tests.privacy.known_person import ERASE

PERSON = """query($id: ID, $email: String, $after: String) { personalData(customerId: $id, email: $email) {
  customerId names emails phones references orderCount
  customer { name } deletedCustomer { name }
  suppressedAddresses { email reason }
  orders(first: 2, after: $after) { edges { node { id customer { name } } } pageInfo { hasNextPage endCursor } }
} }"""


def person(**which: Any) -> Any:
    answer = execute(PERSON, which)
    assert "errors" not in answer, answer
    return answer["data"]["personalData"]


@pytest.fixture
def ann() -> Customer:
    made = a_customer("Ann Lee", "ann@example.com", phone="+1 555 0100")
    customer_references.link("shop:7", made.id)
    return customers.require(made.id)


def test_a_customer_is_found_by_id_and_by_address(ann: Customer) -> None:
    found = person(id=ann.id)
    assert found == person(email="ANN@example.com")
    assert (found["customerId"], found["names"], found["emails"]) == (ann.id, ["Ann Lee"], ["ann@example.com"])
    assert (found["phones"], found["references"]) == (["+1 555 0100"], ["shop:7"])
    assert (found["customer"], found["deletedCustomer"]) == ({"name": "Ann Lee"}, None)
    assert person(email="bob@example.com") is person(id="cus_00000000000000000000000000") is person(id="x") is None


def test_a_deleted_customer_is_found_with_everything(ann: Customer) -> None:
    email_suppressions.suppress("ann@example.com", Reason.COMPLAINT, clock.now())
    deleted_customers.delete(ann.id)
    found = person(email="ann@example.com")
    assert (found["customer"], found["deletedCustomer"]) == (None, {"name": "Ann Lee"})
    assert found["references"] == ["shop:7"]
    assert found["suppressedAddresses"] == [{"email": "ann@example.com", "reason": "COMPLAINT"}]


def test_exactly_one_argument_is_needed() -> None:
    for which in ({}, {"id": "cus_00000000000000000000000000", "email": "ann@example.com"}):
        (error,) = execute(PERSON, which)["errors"]
        assert error["extensions"]["code"] == "INVALID_INPUT"


def test_orders_come_in_pages(ann: Customer) -> None:
    lamp = a_product(stock=9)
    made = {orders.place(ann.id, {lamp.id: 1}).order.id for _ in range(3)}
    first = person(id=ann.id)
    assert (first["orderCount"], first["orders"]["pageInfo"]["hasNextPage"]) == (3, True)
    second = person(id=ann.id, after=first["orders"]["pageInfo"]["endCursor"])
    edges = first["orders"]["edges"] + second["orders"]["edges"]
    assert {edge["node"]["id"] for edge in edges} == made
    assert {edge["node"]["customer"]["name"] for edge in edges} == {"Ann Lee"}


def test_an_erased_customer_has_orders_and_nothing_else(ann: Customer) -> None:
    orders.place(ann.id, {a_product().id: 1})
    run = execute(ERASE, {"id": ann.id, "reason": "asked by letter"})["data"]["eraseCustomer"]["run"]
    make_runner().run(catalog.ERASURE, run["slot"])
    found = person(id=ann.id)
    assert (found["names"], found["references"], found["orderCount"]) == ([], [], 1)
    assert found["orders"]["edges"][0]["node"]["customer"] is None
    assert person(email="ann@example.com") is None
    (error,) = execute(ERASE, {"id": ann.id, "reason": "again"})["errors"]
    assert error["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        (" ", "Reason must have 1 to 200 characters"),
        ("x" * 201, "Reason must have 1 to 200 characters"),
        ("ann lee asked", "The reason is kept, so it must not name the person"),
        ("asked by ANN@example.com", "The reason is kept, so it must not name the person"),
    ],
)
def test_a_reason_is_one_line_that_does_not_name_the_person(ann: Customer, reason: str, message: str) -> None:
    (error,) = execute(ERASE, {"id": ann.id, "reason": reason})["errors"]
    assert (error["message"], error["extensions"]["field"]) == (message, "reason")
    assert rows_of(tables.Run) == {}


def test_the_request_is_in_the_audit_log_and_the_preview_writes_nothing(ann: Customer) -> None:
    before = rows_of(tables.AuxRow)
    shown = execute(ERASE, {"id": ann.id, "reason": "asked", "dryRun": True})["data"]["eraseCustomer"]
    assert shown["run"] is None
    assert shown["preview"]["summary"] == (
        "Ann Lee <ann@example.com> would be erased for good. 0 orders would stay, without a person"
    )
    assert rows_of(tables.AuxRow) == before
    execute(ERASE, {"id": ann.id, "reason": "asked by letter"})
    (change,) = changes_of(ann.id)
    assert (change.action, change.reason) == ("eraseCustomer", "asked by letter")
    assert customers.find(ann.id) == ann, "the run has not begun"


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.EDITOR, 403), (None, 401)])
def test_only_operators_see_and_erase_a_person(ann: Customer, role: Role | None, status: int) -> None:
    key = api_keys.create("Somebody", role, "test").key if role else None
    for document, variables in (
        (PERSON, {"id": ann.id}),
        (ERASE, {"id": ann.id, "reason": "asked"}),
        ("mutation($id: ID!) { erasePersonalData(customerId: $id) { erased } }", {"id": ann.id}),
    ):
        assert send(document, key, **variables).status == status
    assert customers.find(ann.id) == ann
    assert rows_of(tables.Run) == {}


def test_erasing_an_unknown_person_is_an_error() -> None:
    document = "mutation($id: ID!) { erasePersonalData(customerId: $id) { erased } }"
    for customer_id in ("cus_00000000000000000000000000", "x"):
        for text, variables in ((document, {"id": customer_id}), (ERASE, {"id": customer_id, "reason": "x"})):
            (error,) = execute(text, variables)["errors"]
            assert error["extensions"]["code"] == "NOT_FOUND"

"""Customers say why their address gets no e-mails, and callers lift what their role allows."""

from typing import Any

import pytest

from chalicelib import clock
from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.crm import email_suppressions, orders
from chalicelib.crm.email_suppressions import Reason, suppress
from tests.api.graphql_client import ask
from tests.as_operator import execute
from tests.builders import a_customer, a_product, time_is
from tests.metering import metered

FIELD = "emailSuppression { reason since }"
LIFT = """mutation ($id: ID!) { liftEmailSuppression(customerId: $id, reason: "asked by phone") {
  customer { id emailSuppression { reason } } } }"""
ANN = "ann@example.com"


def suppressed(reason: Reason, email: str = ANN) -> None:
    with time_is("2026-11-22T12:00:00"):
        suppress(email, reason, clock.now())


def query(document: str, **variables: object) -> Any:
    answer = execute(document, variables)
    assert "errors" not in answer, answer
    return answer["data"]


def test_a_customer_says_why_and_since_when_the_address_gets_no_emails() -> None:
    document = f"query ($id: ID!) {{ customer(id: $id) {{ {FIELD} }} }}"
    customer = a_customer(email="Ann@Example.com")
    assert query(document, id=customer.id) == {"customer": {"emailSuppression": None}}
    suppressed(Reason.COMPLAINT)
    assert query(document, id=customer.id) == {
        "customer": {"emailSuppression": {"reason": "COMPLAINT", "since": "2026-11-22T12:00:00Z"}}
    }


@pytest.mark.parametrize(
    "document",
    [
        f"{{ list: allCustomers(first: 100) {{ edges {{ node {{ {FIELD} }} }} }} }}",
        f"{{ list: allOrders(first: 100) {{ edges {{ node {{ customer {{ {FIELD} }} }} }} }} }}",
        f"{{ list: ordersDueForReminder(first: 100) {{ edges {{ node {{ customer {{ {FIELD} }} }} }} }} }}",
    ],
)
def test_a_list_reads_the_suppressions_of_all_its_customers_with_one_call(document: str) -> None:
    product = a_product(stock=50)
    for number in range(12):
        orders.place(a_customer(email=f"a{number}@example.com").id, {product.id: 1})
    suppressed(Reason.BOUNCE, "a7@example.com")
    plain = document.replace(f"customer {{ {FIELD} }}", "customer { id }").replace(FIELD, "id")
    with metered() as without:
        query(plain)
    with metered() as meter:
        rows = [edge["node"] for edge in query(document)["list"]["edges"]]
    found = [(row.get("customer") or row)["emailSuppression"] for row in rows]
    assert sum(each is not None for each in found) == 1
    assert meter.total_calls == without.total_calls + 1


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.OPERATOR])
@pytest.mark.usefixtures("deployed")
def test_an_editor_lifts_bounces_and_only_an_operator_the_wish_of_a_person(role: Role, reason: Reason) -> None:
    customer = a_customer(email=ANN)
    suppressed(reason)
    reply = ask(LIFT, api_keys.create("Caller", role, "test").key, id=customer.id)
    if role is Role.OPERATOR or (role is Role.EDITOR and reason is Reason.BOUNCE):
        assert reply.data["liftEmailSuppression"]["customer"] == {"id": customer.id, "emailSuppression": None}
        assert email_suppressions.find(ANN) is None
    else:
        assert reply.code == "FORBIDDEN"
        assert email_suppressions.find(ANN)


def test_two_mutations_of_a_document_each_show_what_is_true_after_them() -> None:
    ann, bob = a_customer(email=ANN), a_customer(email="bob@example.com")
    for email in (ANN, "bob@example.com"):
        suppressed(Reason.BOUNCE, email)
    payload = "{ customer { emailSuppression { reason } } }"
    document = f"""mutation ($a: ID!, $b: ID!) {{
      first: updateCustomer(id: $a, input: {{name: "A"}}) {payload}
      second: liftEmailSuppression(customerId: $a, reason: "x") {payload}
      third: updateCustomer(id: $b, input: {{name: "B"}}) {payload} }}"""
    found = query(document, a=ann.id, b=bob.id)
    assert [found[name]["customer"]["emailSuppression"] for name in ("first", "second", "third")] == [
        {"reason": "BOUNCE"},
        None,
        {"reason": "BOUNCE"},
    ]

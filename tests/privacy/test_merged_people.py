"""A person who was entered twice and merged: both are shown and erased as one."""

from collections.abc import Iterator

import pytest

from chalicelib.crm import customer_merges, customers, unique_values
from chalicelib.errors import CrmError
from chalicelib.privacy import erasures, people
from tests.builders import a_customer
from tests.jobs.job_runs import Clock, manual_clock, without_retry_delay
from tests.privacy.known_person import EMAIL, FORMER_EMAIL, FORMER_NAME, NAME, PHONE, ask, erase, mentions

MERGE = """mutation($keep: ID!, $absorb: ID!) { mergeCustomers(keep: $keep, absorb: $absorb) {
  customer { id merges { name email } } preview { summary } } }"""
CREATE = "mutation($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id name email } } }"
UPDATE = """mutation($id: ID!, $input: UpdateCustomerInput!) {
  updateCustomer(id: $id, input: $input) { customer { id name email } } }"""
BULK = "mutation($input: [BulkCreateCustomersInput]!) { bulkCreateCustomers(input: $input) { results { id } } }"
FILE = "query($email: String) { personalData(email: $email) { customer { id } names emails phones references } }"


@pytest.fixture
def time() -> Iterator[Clock]:
    with manual_clock("2026-11-18T09:00:00") as moving, without_retry_delay():
        yield moving


@pytest.mark.usefixtures("time")
def test_nothing_is_left_of_a_merged_customer() -> None:
    given = {"name": FORMER_NAME, "email": FORMER_EMAIL, "phone": PHONE}
    merged = ask(CREATE, "create", input=given)["createCustomer"]["customer"]["id"]
    ask(BULK, "bulk", input=[{**given, "reference": "django:customer:markerby-7"}])
    ask(UPDATE, "update", id=merged, input={"name": NAME, "email": EMAIL})
    kept = a_customer("Ann", "ann@example.com").id
    further = a_customer("Ann Lee", "lee@example.com").id
    ask(MERGE, "merge", keep=kept, absorb=merged)
    ask(MERGE, "further", keep=further, absorb=kept)
    found = ask(FILE, email=EMAIL)["personalData"]
    assert found["customer"] == {"id": further}
    assert {NAME, FORMER_NAME} <= set(found["names"])
    assert {EMAIL, FORMER_EMAIL} <= set(found["emails"])
    assert (PHONE in found["phones"], found["references"]) == (True, ["django:customer:markerby-7"])
    assert mentions()
    erase(further)
    assert mentions() == []
    assert unique_values.owner_of(unique_values.EMAIL, "ann@example.com") is None
    assert customers.find_current(merged) is None


def test_a_merged_customer_is_erased_with_the_one_who_was_kept() -> None:
    kept, merged = a_customer("Ann").id, a_customer("Bo", phone_note="ask Anna first").id
    customer_merges.merge(kept, merged)
    with pytest.raises(CrmError, match="was merged into"):
        erasures.require(merged)
    with pytest.raises(CrmError, match="was merged into"):
        erasures.erase_page(merged, None)
    known = people.find(kept)
    assert known
    assert (known.person.ids, known.person.notes) == ((kept, merged), ("ask Anna first",))

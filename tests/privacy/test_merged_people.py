"""A person who was entered twice and merged: both are shown and erased as one."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.crm import customer_merges, customers, deleted_customers, unique_values
from chalicelib.errors import CrmError, InProgress
from chalicelib.jobs import catalog, slots
from chalicelib.privacy import erasures, people
from chalicelib.privacy.people import KnownPerson
from chalicelib.settings import settings
from chalicelib.store import tables
from tests.builders import a_customer, a_product, rows_of
from tests.jobs.job_runs import Clock, make_runner, manual_clock, without_retry_delay
from tests.privacy.known_person import EMAIL, FORMER_EMAIL, FORMER_NAME, NAME, PHONE, ask, erase, mentions

MERGE = """mutation($keep: ID!, $absorb: ID!) { mergeCustomers(keep: $keep, absorb: $absorb) {
  customer { id merges { name email } } preview { summary } } }"""
CREATE = "mutation($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id name email } } }"
UPDATE = """mutation($id: ID!, $input: UpdateCustomerInput!) {
  updateCustomer(id: $id, input: $input) { customer { id name email } } }"""
BULK = "mutation($input: [BulkCreateCustomersInput]!) { bulkCreateCustomers(input: $input) { results { id } } }"
UNDO = "mutation($absorbed: ID!) { undoCustomerMerge(absorbed: $absorbed) { customer { id } } }"
ORDER = "mutation($input: CreateOrderInput!) { createOrder(input: $input) { order { id } } }"
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


@pytest.mark.usefixtures("time")
@pytest.mark.parametrize("erased", ["kept", "absorbed"])
def test_a_customer_whose_merge_begins_while_the_erasure_reads_stays_until_it_is_complete(
    erased: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The merge would never end, and lock the other customer for good."""
    pair = {"kept": a_customer("Ann", "ann@example.com"), "absorbed": a_customer("Bo", "bo@example.com")}
    found, begun = people.find, list[str]()

    def find_after_a_merge_began(customer_id: str) -> KnownPerson | None:
        if not begun:
            begun.append(customer_merges._start(pair["kept"], pair["absorbed"]).absorbed_id)
        return found(customer_id)

    monkeypatch.setattr(people, "find", find_after_a_merge_began)
    with pytest.raises(InProgress):
        erasures.erase_page(pair[erased].id, None)
    assert customer_merges.merge(pair["kept"].id, pair["absorbed"].id).is_finished
    assert customers.find(pair["kept"].id) is not None


@pytest.mark.usefixtures("time")
def test_nothing_is_left_of_a_merged_customer_when_the_kept_one_has_left_the_archive(time: Clock) -> None:
    merged = ask(CREATE, "create", input={"name": NAME, "email": EMAIL, "phone": PHONE})["createCustomer"]["customer"][
        "id"
    ]
    kept = a_customer("Ann", "ann@example.com").id
    ask(MERGE, "merge", keep=kept, absorb=merged)
    deleted_customers.delete(kept)
    time.now += timedelta(days=settings.archive_days + 1)
    expire_rows()
    assert mentions(), "the changes are kept for longer"
    erase(kept)
    assert mentions() == []


def expire_rows() -> None:
    """Delete what has expired, as DynamoDB does."""
    now = clock.now().timestamp()
    for key, row in rows_of(tables.AuxRow).items():
        if "ttl" in row and float(row["ttl"]["N"]) < now:
            tables.AuxRow(pk=key[0], sk=key[1]).delete()


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


def test_what_was_written_before_a_merge_was_undone_is_erased_with_the_one_who_was_kept(time: Clock) -> None:
    """A reminder and a report name the kept customer because of an order that belongs to the other one again."""
    kept, other = a_customer(NAME, EMAIL).id, a_customer("Bo", "bo@example.com").id
    lines = [{"productId": a_product(stock=50).id, "quantity": 1}]
    for number in range(12):  # more than a step looks through
        ask(ORDER, f"order {number}", input={"customerId": other, "lines": lines})
    ask(MERGE, "merge", keep=kept, absorb=other)
    time.at("2026-11-19T08:00:00")
    make_runner().fire(catalog.ORDER_REMINDERS, time.now)
    time.at("2026-11-23T06:00:00")
    make_runner().run(catalog.WEEKLY_REPORT, slots.of(time.now))
    ask(UNDO, "undo", absorbed=other)
    time.at("2026-11-23T07:00:00")
    named = {place.split(":")[0] for place in mentions()}
    assert len(named) > 2
    erase(kept)
    assert mentions() == []
    assert customers.find(other)

"""restoreCustomers brings back everyone that one run of the clean-up deleted, and nobody else."""

from typing import Any

import pytest

from chalicelib.crm import cleanup_runs, counters, customers, deleted_customers
from chalicelib.crm.customers import Customer
from tests.as_operator import execute
from tests.builders import a_customer, moment, time_is
from tests.metering import metered

SLOT, OTHER = "2026-11-15T02:00:00Z", "2026-11-22T02:00:00Z"
DELETE = """mutation ($ids: [ID!]!, $slot: DateTime) {
  deleteInactiveCustomers(activeBefore: "2025-11-01", ids: $ids, slot: $slot) { deleted } }"""
RESTORE = """mutation ($slot: DateTime!, $after: String) {
  restoreCustomers(slot: $slot, after: $after) { results { id customer { email } error { code } } after } }"""


def lapsed(count: int) -> list[Customer]:
    return [a_customer(created_at=moment("2020-01-01T00:00:00")) for _ in range(count)]


def delete(people: list[Customer], slot: str | None = SLOT) -> None:
    answer = execute(DELETE, {"ids": [person.id for person in people], "slot": slot})
    assert len(answer["data"]["deleteInactiveCustomers"]["deleted"]) == len(people)


def restore(slot: str = SLOT) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        answer = execute(RESTORE, {"slot": slot, "after": after})
        assert "errors" not in answer, answer
        page = answer["data"]["restoreCustomers"]
        results += page["results"]
        after = page["after"]
        if after is None:
            return results


def test_all_pages_of_a_run_come_back_and_nobody_else() -> None:
    people = lapsed(7)
    for first in range(0, 5, 2):
        delete(people[first : min(first + 2, 5)])
    delete(people[5:6], OTHER)
    delete(people[6:], None)
    restored = restore()
    assert {result["id"] for result in restored} == {person.id for person in people[:5]}
    assert all(result["error"] is None and result["customer"] for result in restored)
    assert set(customers.find_all([person.id for person in people])) == {person.id for person in people[:5]}
    assert counters.stats().customers == 5
    assert restore() == []
    assert restore("2026-11-08T02:00:00Z") == []


def test_who_was_deleted_again_stays_deleted() -> None:
    ann, bob = lapsed(2)
    delete([ann, bob])
    deleted_customers.restore(ann.id)
    deleted_customers.delete(ann.id)
    assert [result["id"] for result in restore()] == [bob.id]
    assert customers.find(ann.id) is None


def test_one_that_cannot_come_back_does_not_hold_up_the_others() -> None:
    ann, bob = lapsed(2)
    delete([ann, bob])
    taken = a_customer("New", "new@example.com")
    customers.update(taken.id, {"email": ann.email})
    found = {result["id"]: result for result in restore()}
    assert found[ann.id]["error"] == {"code": "DUPLICATE_EMAIL"}
    assert found[bob.id]["error"] is None
    assert customers.find(bob.id) is not None


def test_a_repeated_deletion_adds_no_second_page() -> None:
    people = lapsed(2)
    ids = [person.id for person in people]
    for _ in range(2):
        cleanup_runs.record("2026-11-15T02:00:00.000000Z", ids)
    delete(people)
    assert len(restore()) == 2


def test_the_price_is_what_is_restored_not_what_is_archived() -> None:
    prices = []
    for slot in (SLOT, OTHER):
        delete(lapsed(1), slot)
        with metered() as meter:
            assert len(restore(slot)) == 1
        assert "Scan" not in meter.calls
        prices.append(meter.calls)
        delete(lapsed(9), None)
    assert prices[0] == prices[1]


@pytest.mark.parametrize("after", ["", "x" * 65])
def test_a_position_of_something_else_is_refused(after: str) -> None:
    answer = execute(RESTORE, {"slot": SLOT, "after": after})
    assert answer["errors"][0]["extensions"] == {"code": "INVALID_INPUT", "field": "after"}


def test_an_imported_customer_is_active_from_the_day_of_the_import() -> None:
    with time_is("2026-11-27T12:00:00"):
        imported = customers.create("Ann", "ann@example.com", None, moment("1996-07-04T00:00:00"))
        found = execute("query ($id: ID!) { customer(id: $id) { createdAt inactiveFrom } }", {"id": imported.id})
    assert found["data"]["customer"] == {"createdAt": "1996-07-04T00:00:00Z", "inactiveFrom": "2027-11-28"}
    count = "query ($day: Date!) { inactiveCustomerCount(activeBefore: $day) }"
    days = {"2026-11-27": 0, "2026-11-28": 1}
    assert {day: execute(count, {"day": day})["data"]["inactiveCustomerCount"] for day in days} == days

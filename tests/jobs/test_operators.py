"""Operations for operators over GraphQL: previews, deleted customers, dead letters, health."""

import json
from typing import Any

import pytest

from chalicelib.crm import cancellation, deleted_customers, orders
from chalicelib.jobs import ledger, queue, run_records
from chalicelib.jobs.catalog import WEEKLY_REPORT
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from tests.as_operator import execute
from tests.builders import a_customer, a_product, moment
from tests.jobs.job_runs import Clock, Consumer, database_down, queue_down, send_body
from tests.metering import metered

pytestmark = pytest.mark.usefixtures("time")


def ask(document: str, **variables: object) -> dict[str, Any]:
    answer = execute(document, variables)
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data


def test_inactive_customers_are_counted_and_listed_longest_inactive_first() -> None:
    customers = [
        a_customer(day, created_at=moment(f"{day}T10:00:00")) for day in ("2024-05-05", "2020-01-01", "2025-11-21")
    ]
    a_customer("2025-11-22", created_at=moment("2025-11-22T00:00:00"))
    listed = "{ inactiveCustomers(%s) { edges { node { name } } } inactiveCustomerCount(%s) }"
    found = ask(listed.replace("(%s)", ""))
    names = [edge["node"]["name"] for edge in found["inactiveCustomers"]["edges"]]
    assert sorted(names) == ["2020-01-01", "2024-05-05", "2025-11-21"]
    assert found["inactiveCustomerCount"] == len(customers)
    earlier = ask(listed.replace("%s", 'activeBefore: "2024-05-06"'))
    assert sorted(edge["node"]["name"] for edge in earlier["inactiveCustomers"]["edges"]) == [
        "2020-01-01",
        "2024-05-05",
    ]
    assert earlier["inactiveCustomerCount"] == 2
    assert ask(listed.replace("%s", 'activeBefore: "2020-01-01"'))["inactiveCustomerCount"] == 0


def test_counting_inactive_customers_reads_no_customer_row() -> None:
    a_customer(created_at=moment("2020-01-01T10:00:00"))
    with metered() as meter:
        assert ask("{ inactiveCustomerCount }") == {"inactiveCustomerCount": 1}
    assert set(meter.calls) == {"Query"}


RESTORE = "mutation ($id: ID!) { restoreCustomer(id: $id) { customer { id email } } }"
DELETED = "{ deletedCustomers { edges { node { id name email phone createdAt deletedAt } } } }"


def test_deleted_customers_are_listed_and_restored(time: Clock) -> None:
    ann = a_customer("Ann", "ann@example.com", phone="+12345678")
    time.later(hours=1)
    deleted_customers.delete(ann.id)
    (edge,) = ask(DELETED)["deletedCustomers"]["edges"]
    assert edge["node"] == {
        "id": ann.id,
        "name": "Ann",
        "email": "ann@example.com",
        "phone": "+12345678",
        "createdAt": "2026-11-22T12:00:00Z",
        "deletedAt": "2026-11-22T13:00:00Z",
    }
    for _ in range(2):
        assert ask(RESTORE, id=ann.id)["restoreCustomer"] == {"customer": {"id": ann.id, "email": "ann@example.com"}}
    assert ask(DELETED)["deletedCustomers"]["edges"] == []
    (error,) = execute(RESTORE, {"id": "cus_01ARZ3NDEKTSV4RRFFQ69G5FAV"})["errors"]
    assert error["extensions"] == {"code": "NOT_FOUND", "field": "id"}


def test_a_customer_whose_email_is_taken_cannot_be_restored() -> None:
    ann = a_customer("Ann", "ann@example.com")
    deleted_customers.delete(ann.id)
    a_customer("Other Ann", "ann@example.com")
    (error,) = execute(RESTORE, {"id": ann.id})["errors"]
    assert error["extensions"] == {"code": "DUPLICATE_EMAIL", "field": "email"}


def test_deleted_customers_are_paged_through() -> None:
    customers = [a_customer(f"Customer {number}").id for number in range(3)]
    for key in customers:
        deleted_customers.delete(key)
    document = "query ($after: String) { deletedCustomers(first: 2, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } } }"
    page = ask(document)["deletedCustomers"]
    rest = ask(document, after=page["pageInfo"]["endCursor"])["deletedCustomers"]
    assert [page["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]] == [True, False]
    assert sorted(edge["node"]["id"] for edge in page["edges"] + rest["edges"]) == sorted(customers)


def test_orders_due_are_the_placed_orders_of_seven_days() -> None:
    customer, lamp = a_customer("Ann", "ann@example.com"), a_product(stock=9)
    days = ("2026-11-14", "2026-11-15", "2026-11-20", "2026-11-22")
    made = [orders.place(customer.id, {lamp.id: 1}, moment(f"{day}T00:00:00")).order.id for day in days]
    cancellation.cancel(made[2])
    document = "query ($day: Date) { ordersDueForReminder(day: $day) { edges { node { id customer { email } } } } }"
    edges = ask(document)["ordersDueForReminder"]["edges"]
    assert [edge["node"]["id"] for edge in edges] == [made[1], made[3]]
    assert edges[0]["node"]["customer"] == {"email": "ann@example.com"}
    earlier = ask(document, day="2026-11-21")["ordersDueForReminder"]["edges"]
    assert [edge["node"]["id"] for edge in earlier] == made[:2]


MONDAY = Slot("2026-11-23T06:00:00Z")
LETTERS = "{ deadLetters { id body reason sentAt job slot } queue { waiting working dead } }"
REDRIVE = "mutation { redriveDeadLetters { redriven left } }"


def test_dead_letters_are_shown_with_their_reason_and_redriven() -> None:
    slot = MONDAY
    ledger.end(run_records.new("weekly_report", slot, Trigger.SCHEDULE), Status.FAILED, error="RuntimeError: broken")
    body = json.dumps({"job": "weekly_report", "slot": slot})
    send_body(body, queue.DEAD)
    send_body("forged", queue.DEAD)
    found = ask(LETTERS)
    assert found["queue"] == {"waiting": 0, "working": 0, "dead": 2}
    letters = {letter["body"]: letter for letter in found["deadLetters"]}
    assert {name: letters[body][name] for name in ("reason", "job", "slot")} == {
        "reason": "RuntimeError: broken",
        "job": "weekly_report",
        "slot": slot,
    }
    assert (letters["forged"]["job"], letters["forged"]["slot"]) == (None, None)
    assert letters["forged"]["reason"].startswith("The message names no run: ")
    assert ask(REDRIVE)["redriveDeadLetters"] == {"redriven": 1, "left": 1}
    assert ask("{ queue { waiting dead } }")["queue"] == {"waiting": 1, "dead": 1}


def test_redriving_does_not_make_a_report_twice(time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report was saved, but the ledger could not store the end of the run until it failed."""
    time.at("2026-11-23T06:00:00")
    real = ledger.finish

    def fail(*_: object) -> None:
        raise RuntimeError("the ledger is full")

    monkeypatch.setattr(ledger, "finish", fail)
    ledger.record(run_records.new("weekly_report", MONDAY, Trigger.SCHEDULE))
    queue.send(WEEKLY_REPORT.name, MONDAY)
    Consumer().deliver_all()
    document = "{ reports { edges { node { period revision } } } }"
    stored = [{"node": {"period": "2026-W47", "revision": 1}}]
    assert ask(document)["reports"]["edges"] == stored
    assert ask("{ deadLetters { reason } }")["deadLetters"] == [{"reason": "RuntimeError: the ledger is full"}]
    monkeypatch.setattr(ledger, "finish", real)
    assert ask(REDRIVE)["redriveDeadLetters"] == {"redriven": 1, "left": 0}
    Consumer().deliver_all()
    assert ask(document)["reports"]["edges"] == stored
    runs_ = ask('{ jobRuns(job: "weekly_report", first: 10) { edges { node { status actor lines } } } }')["jobRuns"][
        "edges"
    ]
    assert [edge["node"]["status"] for edge in runs_] == ["SUCCEEDED"]
    assert len(runs_[0]["node"]["lines"]) == 1
    assert ask("{ deadLetters { reason } }")["deadLetters"] == []


def test_health_reports_what_is_down_and_never_fails() -> None:
    document = "{ health { database queue } }"
    assert ask(document)["health"] == {"database": "UP", "queue": "UP"}
    with queue_down():
        assert ask(document)["health"] == {"database": "UP", "queue": "DOWN"}
    with database_down():
        assert ask(document)["health"] == {"database": "DOWN", "queue": "UP"}
        with queue_down():
            assert ask(document)["health"] == {"database": "DOWN", "queue": "DOWN"}
    assert ask(document)["health"] == {"database": "UP", "queue": "UP"}


def test_without_the_queue_its_depth_is_unavailable() -> None:
    with queue_down():
        (error,) = execute("{ queue { dead } }")["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"

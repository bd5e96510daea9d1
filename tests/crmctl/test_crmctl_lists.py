"""Commands that list customers, products, orders, reports and dead letters, and act on one row."""

import json
from collections import deque
from typing import Any

import pytest
from click.testing import CliRunner

from chalicelib import aws
from chalicelib.crm import cleanup_runs, customers, deleted_customers, imported_orders
from chalicelib.jobs import ledger, queue, run_records
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from crmctl.cli import main
from tests.builders import a_customer, a_past_order, a_product, moment, time_is
from tests.crmctl.api_server import ApiServer
from tests.crmctl.fake_api import FakeApi, responds

NOW, LATER = "2026-11-23T12:00:00", "2026-11-23T12:34:56"


def rows_of(output: str) -> list[list[str]]:
    """The cells of a table, of which none has two spaces in a row."""
    lines = output.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def test_inactive_customers_by_clean_up_rule_or_given_day(crm: ApiServer) -> None:
    with time_is("2020-01-02T03:04:05"):
        old = a_customer("Old Ann", "ann@example.com")
    with time_is("2026-11-01T00:00:00"):
        a_customer("New Bob", "bob@example.com")
    with time_is(NOW):
        result = crm.crmctl("inactive-customers")
        later = crm.crmctl("inactive-customers", "--active-before", "2026-11-02", "--limit", "1")
        none = crm.crmctl("inactive-customers", "--active-before", "2019-01-01")

    assert rows_of(result.stdout) == [[old.id, "Old Ann", "ann@example.com", "2020-01-02 03:04 UTC", "-", "-"]]
    assert result.stdout.endswith("\n\nTotal inactive: 1\n")
    assert len(rows_of(later.stdout)) == 1
    assert later.stdout.endswith("Total inactive: 2\n")
    assert later.stderr == "There are more rows. Use --limit to show them.\n"
    assert none.stdout == "There are no inactive customers.\n"


def test_low_stock_by_restock_rule_or_given_threshold(crm: ApiServer) -> None:
    low = a_product("Lamp", stock=9, sku="LMP")
    high = a_product("Chair", stock=10)
    assert rows_of(crm.crmctl("low-stock").stdout) == [[low.id, "LMP", "Lamp", "9"]]
    shown = rows_of(crm.crmctl("low-stock", "--threshold", "11").stdout)
    assert [low.id, "LMP", "Lamp", "9"] in shown
    assert [high.id, "-", "Chair", "10"] in shown
    assert crm.crmctl("low-stock", "--threshold", "0").stdout == "No product is low on stock.\n"


def test_due_reminders_show_customers_including_deleted_ones(crm: ApiServer) -> None:
    ann, bob = a_customer("Ann", "ann@example.com"), a_customer("Bob", "bob@example.com")
    lamp = a_product()
    date = moment("2026-11-20T10:00:00")
    with time_is(NOW):
        for who in (ann, bob):
            imported_orders.record(a_past_order(who, (lamp, 2, "1.50"), reference=who.name, date=date))
        deleted_customers.delete(bob.id)
        result = crm.crmctl("due-reminders")
        other = crm.crmctl("due-reminders", "--day", "2026-11-10")
    assert sorted(row[1:] for row in rows_of(result.stdout)) == [
        ["2026-11-20 10:00 UTC", "(deleted)", "(deleted)", "3.00", "-"],
        ["2026-11-20 10:00 UTC", "Ann", "ann@example.com", "3.00", "-"],
    ]
    assert other.stdout == "No order is due for a reminder.\n"


def test_deleted_customer_is_listed_and_restored_by_id(crm: ApiServer) -> None:
    ann = a_customer("Ann", "ann@example.com")
    deleted_customers.delete(ann.id)
    assert [row[:3] for row in rows_of(crm.crmctl("deleted-customers").stdout)] == [[ann.id, "Ann", "ann@example.com"]]
    result = crm.crmctl("restore", ann.id)
    assert result.stdout == f"Ann <ann@example.com> restored: {ann.id}\n"
    assert crm.crmctl("deleted-customers").stdout == "There are no deleted customers.\n"
    unknown = crm.crmctl("restore", "cus_1")
    assert (unknown.exit_code, unknown.stderr) == (2, "Error: There is no deleted customer 'cus_1'\n")


def test_report_is_created_shown_and_created_again(crm: ApiServer) -> None:
    ann, lamp = a_customer("Ann"), a_product("Lamp")
    with time_is(NOW):
        imported_orders.record(a_past_order(ann, (lamp, 2, "1000.50"), date=moment("2026-11-18T10:00:00")))
        assert crm.crmctl("remake-report", "2026-W47").exit_code == 0
    with time_is(LATER):
        assert crm.crmctl("remake-report", "2026-W47").exit_code == 0
        reports = crm.crmctl("reports")
        latest, first = crm.crmctl("report", "2026-W47"), crm.crmctl("report", "2026-W47", "--revision", "1")
        as_json = json.loads(crm.crmctl("report", "2026-W47", "--json").stdout)

    assert [row[:3] + row[4:] for row in rows_of(reports.stdout)] == [
        ["2026-W47", "2", "2026-11-23 12:34 UTC", "1", "2,001.00", "-"],
        ["2026-W47", "1", "2026-11-23 12:00 UTC", "1", "2,001.00", "-"],
    ]
    assert latest.stdout.startswith("2026-W47, 2026-11-16 to 2026-11-22, revision 2, created 2026-11-23 12:34 UTC\n\n")
    assert "revision 1" in first.stdout
    cells = [line.split() for line in latest.stdout.splitlines()]
    assert ["revenue", "2,001.00", "0.00", "2,001.00"] in cells
    assert ["Ann", "2,001.00", "1"] in cells
    assert ["Lamp", "2,001.00", "2"] in cells
    assert as_json["topProducts"][0]["count"] == 2


def test_report_of_week_without_orders_is_readable(crm: ApiServer) -> None:
    with time_is(NOW):
        assert crm.crmctl("remake-report", "2026-W46").exit_code == 0
    result = crm.crmctl("report", "2026-W46")
    assert "No customers.\n" in result.stdout
    assert "change from the week before: -\n" in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["report", "2026-W01"], "There is no report for 2026-W01. List all reports: crmctl reports"),
        (["report", "2026-W01", "--revision", "3"], "There is no report for 2026-W01, revision 3."),
        (["report", "\x1b[2J"], r"There is no report for \x1b[2J."),
        (["remake-report", "soon"], "period must be a past ISO week"),
        (["inactive-customers", "--active-before", "soon"], "'soon' is not a day"),
        (["due-reminders", "--limit", "0"], "--limit"),
        (["low-stock", "--threshold", "9999999999"], "Int cannot represent"),
    ],
)
def test_unknown_rows_and_invalid_values_exit_with_2(crm: ApiServer, words: list[str], message: str) -> None:
    result = crm.crmctl(*words)
    assert result.exit_code == 2
    assert message in result.stderr


def test_dead_letters_are_listed_with_reasons_and_retried(crm: ApiServer) -> None:
    slot = Slot("2026-11-22T00:00:00Z")
    ledger.end(run_records.new("low_stock", slot, Trigger.SCHEDULE), Status.FAILED, error="no disk")
    for body in (json.dumps({"job": "low_stock", "slot": slot}), "[red]" + "x" * 300):
        aws.client("sqs").send_message(QueueUrl=queue._url(queue.DEAD), MessageBody=body)
    result = crm.crmctl("dead-letters")

    shown = sorted(row[2:] for row in rows_of(result.stdout))
    assert shown[1] == [f"low_stock {slot}", "no disk"]
    assert shown[0][0].startswith("[red]xxx")
    assert shown[0][0].endswith("x…")
    assert result.stdout.endswith("Queue: 0 waiting, 0 in progress, 2 dead\n")
    assert (
        crm.crmctl("redrive").stdout
        == "Retried: 1. Left in the queue because they belong to no run, or their job is paused: 1.\n"
    )
    assert "SUCCEEDED" in crm.crmctl("runs", "low_stock").stdout
    (unreadable,) = [letter.id for letter in queue.dead_letters()]
    assert crm.crmctl("redrive", unreadable).stdout.startswith("Retried: 0. Left in the queue because they are gone, ")
    assert crm.crmctl("discard", unreadable, "gone").stdout == "Discarded: 1. Not found: 1.\n"
    assert queue.dead_letters() == []


def test_json_output_warns_about_dead_letters_beyond_the_list(api: FakeApi) -> None:
    data: dict[str, Any] = {"deadLetters": [], "queue": {"waiting": 0, "working": 0, "dead": 3}}
    api.faults = deque([responds(200, json.dumps({"data": data}))])
    result = CliRunner().invoke(main, ["dead-letters", "--json", "--url", api.url])
    assert result.stderr == "Showing 0 of about 3 dead letters.\n"


def test_page_with_unreadable_rows_is_an_error(api: FakeApi) -> None:
    page = {"edges": [{"node": None}], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    body = {"data": {"list": page}, "errors": [{"message": "Internal error"}]}
    api.faults = deque([responds(200, json.dumps(body))])
    result = CliRunner().invoke(main, ["low-stock", "--url", api.url])
    assert result.exit_code == 2
    assert "could not read all rows" in result.stderr


def test_empty_page_with_a_next_page_is_not_the_end(api: FakeApi) -> None:
    row = {"id": "1", "sku": None, "name": "Lamp", "price": "1", "stock": 2}
    pages = [
        {"edges": [], "pageInfo": {"hasNextPage": True, "endCursor": "c"}},
        {"edges": [{"node": row}], "pageInfo": {"hasNextPage": False, "endCursor": None}},
    ]
    api.faults = deque(responds(200, json.dumps({"data": {"list": page}})) for page in pages)
    result = CliRunner().invoke(main, ["low-stock", "--json", "--url", api.url])
    assert json.loads(result.stdout) == [row]
    assert [body["variables"]["after"] for body in api.requests] == [None, "c"]


def test_all_customers_of_one_clean_up_are_restored(crm: ApiServer) -> None:
    slot = Slot("2026-11-22T02:00:00.000000Z")
    people = [a_customer(created_at=moment("2020-01-01T00:00:00")) for _ in range(3)]
    for page in (people[:2], people[2:]):
        cleanup_runs.record(slot, [person.id for person in page])
        for person in page:
            deleted_customers.delete_inactive(person.id, moment(NOW).date(), slot)
    taken = a_customer()
    customers.update(taken.id, {"email": people[0].email})

    result = crm.crmctl("restore-run", "2026-11-22T02:00")
    assert (result.exit_code, result.stdout) == (1, "Restored 2 customers, 1 could not be restored\n")
    assert result.stderr == f"{people[0].id}: Email already exists\n"
    deleted_customers.delete(taken.id)
    again = crm.crmctl("restore-run", "2026-11-22T02:00")
    assert (again.exit_code, again.stdout) == (0, "Restored 1 customer\n")

"""What do the lists of customers, products, orders, reports and dead letters show, and what is done with their rows?"""

import json
from collections import deque
from typing import Any

import pytest
from click.testing import CliRunner

from chalicelib import aws
from chalicelib.crm import deleted_customers, imported_orders
from chalicelib.jobs import ledger, queue, run_records
from chalicelib.jobs.run_records import Status, Trigger
from crmctl.cli import main
from tests.builders import a_customer, a_past_order, a_product, moment, time_is
from tests.crmctl.fake_api import FakeApi, answers
from tests.crmctl.served import Served

NOW, LATER = "2026-11-23T12:00:00", "2026-11-23T12:34:56"


def rows_of(output: str) -> list[list[str]]:
    """The cells of a table, of which none has two spaces in a row."""
    lines = output.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def test_inactive_customers_are_those_that_a_clean_up_would_delete_or_of_another_day(crm: Served) -> None:
    with time_is("2020-01-02T03:04:05"):
        old = a_customer("Old Ann", "ann@example.com")
    with time_is("2026-11-01T00:00:00"):
        a_customer("New Bob", "bob@example.com")
    with time_is(NOW):
        result = crm.crmctl("inactive-customers")
        later = crm.crmctl("inactive-customers", "--active-before", "2026-11-02", "--limit", "1")
        none = crm.crmctl("inactive-customers", "--active-before", "2019-01-01")

    assert rows_of(result.stdout) == [[old.id, "Old Ann", "ann@example.com", "2020-01-02 03:04", "-"]]
    assert result.stdout.endswith("\n\nInactive in all: 1\n")
    assert len(rows_of(later.stdout)) == 1
    assert later.stdout.endswith("Inactive in all: 2\n")
    assert later.stderr == "There are more than these 1: raise --limit.\n"
    assert none.stdout == "There are no inactive customers.\n"


def test_low_stock_is_what_a_restock_would_add_to_or_below_another_threshold(crm: Served) -> None:
    low = a_product("Lamp", stock=9, sku="LMP")
    high = a_product("Chair", stock=10)
    assert rows_of(crm.crmctl("low-stock").stdout) == [[low.id, "LMP", "Lamp", "9"]]
    shown = rows_of(crm.crmctl("low-stock", "--threshold", "11").stdout)
    assert [low.id, "LMP", "Lamp", "9"] in shown
    assert [high.id, "-", "Chair", "10"] in shown
    assert crm.crmctl("low-stock", "--threshold", "0").stdout == "No product is low.\n"


def test_due_reminders_name_the_customers_also_those_that_are_gone(crm: Served) -> None:
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
        ["2026-11-20 10:00", "(deleted)", "(deleted)", "3.00"],
        ["2026-11-20 10:00", "Ann", "ann@example.com", "3.00"],
    ]
    assert other.stdout == "No order is due for a reminder.\n"


def test_a_deleted_customer_is_listed_and_restored_by_its_id(crm: Served) -> None:
    ann = a_customer("Ann", "ann@example.com")
    deleted_customers.delete(ann.id)
    assert [row[:3] for row in rows_of(crm.crmctl("deleted-customers").stdout)] == [[ann.id, "Ann", "ann@example.com"]]
    result = crm.crmctl("restore", ann.id)
    assert result.stdout == f"Ann <ann@example.com> is back: {ann.id}\n"
    assert crm.crmctl("deleted-customers").stdout == "There are no deleted customers.\n"
    unknown = crm.crmctl("restore", "cus_1")
    assert (unknown.exit_code, unknown.stderr) == (2, "Error: There is no deleted customer 'cus_1'\n")


def test_a_report_is_made_shown_and_made_again(crm: Served) -> None:
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
        ["2026-W47", "2", "2026-11-23 12:34", "1", "2,001.00", "-"],
        ["2026-W47", "1", "2026-11-23 12:00", "1", "2,001.00", "-"],
    ]
    assert latest.stdout.startswith("2026-W47, 2026-11-16 to 2026-11-22, revision 2, made 2026-11-23 12:34\n\n")
    assert "revision 1" in first.stdout
    cells = [line.split() for line in latest.stdout.splitlines()]
    assert ["revenue", "2,001.00", "0.00", "2,001.00"] in cells
    assert ["Ann", "2,001.00", "1"] in cells
    assert ["Lamp", "2,001.00", "2"] in cells
    assert as_json["topProducts"][0]["count"] == 2


def test_a_report_of_a_week_without_orders_is_readable(crm: Served) -> None:
    with time_is(NOW):
        assert crm.crmctl("remake-report", "2026-W46").exit_code == 0
    result = crm.crmctl("report", "2026-W46")
    assert "No customers.\n" in result.stdout
    assert "against the week before: -\n" in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report", "2026-W01"], "There is no report of 2026-W01. There may be others: crmctl reports"),
        (["report", "2026-W01", "--revision", "3"], "There is no report of 2026-W01 in revision 3."),
        (["report", "\x1b[2J"], r"There is no report of \x1b[2J."),
        (["remake-report", "soon"], "A period is a week that is over"),
        (["inactive-customers", "--active-before", "soon"], "does not match the format"),
        (["due-reminders", "--limit", "0"], "--limit"),
        (["low-stock", "--threshold", "9999999999"], "Int cannot represent"),
    ],
)
def test_what_is_not_there_or_makes_no_sense_ends_with_2(crm: Served, words: list[str], said: str) -> None:
    result = crm.crmctl(*words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_dead_letters_are_shown_with_their_reasons_and_tried_again(crm: Served) -> None:
    slot = "2026-11-22T00:00:00Z"
    ledger.end(run_records.new("low_stock", slot, Trigger.SCHEDULE), Status.FAILED, error="no disk")
    for body in (json.dumps({"job": "low_stock", "slot": slot}), "[red]" + "x" * 300):
        aws.client("sqs").send_message(QueueUrl=queue._url(queue.DEAD), MessageBody=body)
    result = crm.crmctl("dead-letters")

    shown = sorted(row[1:] for row in rows_of(result.stdout))
    assert shown[1] == [f"low_stock {slot}", "no disk"]
    assert shown[0][0].startswith("[red]xxx")
    assert shown[0][0].endswith("x…")
    assert result.stdout.endswith("The queue: 0 waiting, 0 worked on, 2 dead\n")
    assert crm.crmctl("redrive").stdout == "Tried again: 1. Left, since no run can be made of them: 1.\n"
    assert "SUCCEEDED" in crm.crmctl("runs", "low_stock").stdout


def test_more_dead_letters_than_the_api_lists_are_told_to_scripts_too(api: FakeApi) -> None:
    data: dict[str, Any] = {"deadLetters": [], "queue": {"waiting": 0, "working": 0, "dead": 3}}
    api.faults = deque([answers(200, json.dumps({"data": data}))])
    result = CliRunner().invoke(main, ["dead-letters", "--json", "--url", api.url])
    assert result.stderr == "About 3 are dead; these are 0 of them.\n"


def test_a_page_that_the_api_could_not_read_whole_is_an_error_and_not_a_shorter_list(api: FakeApi) -> None:
    page = {"edges": [{"node": None}], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    body = {"data": {"list": page}, "errors": [{"message": "Internal error"}]}
    api.faults = deque([answers(200, json.dumps(body))])
    result = CliRunner().invoke(main, ["low-stock", "--url", api.url])
    assert result.exit_code == 2
    assert "could not read all rows" in result.stderr


def test_a_page_without_rows_that_has_a_next_one_is_not_the_end(api: FakeApi) -> None:
    row = {"id": "1", "sku": None, "name": "Lamp", "price": "1", "stock": 2}
    pages = [
        {"edges": [], "pageInfo": {"hasNextPage": True, "endCursor": "c"}},
        {"edges": [{"node": row}], "pageInfo": {"hasNextPage": False, "endCursor": None}},
    ]
    api.faults = deque(answers(200, json.dumps({"data": {"list": page}})) for page in pages)
    result = CliRunner().invoke(main, ["low-stock", "--json", "--url", api.url])
    assert json.loads(result.stdout) == [row]
    assert [body["variables"]["after"] for body in api.requests] == [None, "c"]

"""`crmctl status`: what is wrong, at one look and with one request."""

import json
from dataclasses import replace

import pytest

from chalicelib import aws
from chalicelib.access import api_keys, authorization
from chalicelib.access.roles import Role
from chalicelib.crm import customer_merges, merge_steps, orders
from chalicelib.jobs import catalog, job_state, ledger, queue, run_records
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.settings import settings
from tests.builders import a_customer, a_product, time_is
from tests.crmctl.api_server import ApiServer

NOW = "2026-11-27T12:00:00"
FAILED, MISSED, LATE = "2026-11-27T00:00:00Z", "2026-11-27T08:00:00Z", "2026-11-27T09:00:00Z"


def end(job: str, slot: str, status: Status, **why: str) -> None:
    ledger.end(run_records.new(job, Slot(slot), Trigger.SCHEDULE), status, **why)


def succeed(job: str, slot: str) -> None:
    end(job, slot, Status.SUCCEEDED)


@pytest.fixture
def everything_wrong() -> None:
    """One failed, one missed and one late run, two dead letters, and a pause that somebody has forgotten."""
    with time_is("2026-11-24T12:00:00"):
        job_state.pause("weekly_report", "stock-taking", "ann")
    with time_is(NOW):
        end("customer_cleanup", FAILED, Status.FAILED, error="no disk")
        end("order_reminders", MISSED, Status.MISSED, reason="nothing began it")
        with time_is(LATE.removesuffix("Z")):
            ledger.record(run_records.new("low_stock", Slot(LATE), Trigger.SCHEDULE))
        for number in range(2):
            aws.client("sqs").send_message(QueueUrl=queue._url(queue.DEAD), MessageBody=f"letter {number}")


@pytest.mark.usefixtures("everything_wrong")
def test_all_that_is_wrong_is_shown_at_one_look_with_one_request(crm: ApiServer) -> None:
    with time_is(NOW):
        result = crm.crmctl("status")
    first, *_ = result.stdout.splitlines()
    assert first == "Something is wrong: 1 failed, 1 missed, 1 late, 1 long pause, 2 dead letters."
    lines = [line for line in result.stdout.splitlines() if line[:1].isupper()]
    assert lines[1:-3] == [
        "FAILED  customer_cleanup, 2026-11-27 00:00 UTC (12 h ago): no disk",
        "MISSED  order_reminders, 2026-11-27 08:00 UTC (4 h ago): nothing began it",
        f"LATE    low_stock: the run of {LATE} has not started {catalog.LOW_STOCK.grace} after it was due",
        "PAUSED  weekly_report: paused for 3 days, without an end, by ann: stock-taking",
        "DEAD    2 messages failed for good",
    ]
    assert lines[-3] == "Run what failed or was missed again:"
    assert lines[-2].startswith("Next run: heartbeat in ")
    assert lines[-1] == "Paused: weekly_report."
    assert result.exit_code == 1
    assert len(crm.requests) == 1


def test_a_merge_that_somebody_has_given_up_is_shown_with_the_command_that_completes_it(crm: ApiServer) -> None:
    with time_is("2026-11-27T11:00:00"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge_steps, "MAX_ORDERS", 1)
        kept, absorbed, lamp = a_customer("Ann").id, a_customer("Bob").id, a_product(stock=9).id
        for _ in range(6):
            orders.place(absorbed, {lamp: 1})
        customer_merges.merge(kept, absorbed)
    with time_is(NOW):
        result = crm.crmctl("status")
        first, _, found, *_ = result.stdout.splitlines()
        assert first == "Something is wrong: 1 unfinished merge."
        assert found.startswith(f"MERGE   the merge of {absorbed}")
        assert f"        crmctl customers merge {kept} {absorbed}\n" in result.stdout.replace("\n          ", " ")
        assert crm.crmctl("customers", "merge", kept, absorbed, "--yes").exit_code == 0
        assert crm.crmctl("status").exit_code == 0


def test_a_later_success_hides_no_failure(crm: ApiServer) -> None:
    with time_is(NOW):
        end("low_stock", FAILED, Status.FAILED, error="no disk")
        for minute in range(30):
            succeed("low_stock", f"2026-11-27T01:{minute:02d}:00Z")
        result = crm.crmctl("status")
    assert result.stdout.startswith("Something is wrong: 1 failed.\n")
    assert result.exit_code == 1


def test_nothing_wrong_is_said_in_one_line_and_exits_with_0(crm: ApiServer) -> None:
    with time_is(NOW):
        end("low_stock", "2026-11-26T11:59:00Z", Status.FAILED, error="that was more than a day ago")
        succeed("low_stock", "2026-11-27T11:00:00Z")
        job_state.pause("low_stock", "a short one", "ann")
        result, as_json = crm.crmctl("status"), crm.crmctl("status", "--json")
    assert result.stdout.startswith("Nothing is wrong: ")
    assert result.stdout.endswith("\nPaused: low_stock.\n")
    assert (result.exit_code, as_json.exit_code) == (0, 0)
    assert json.loads(as_json.stdout)["ok"] is True


def test_the_role_viewer_is_enough(crm: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authorization, "settings", replace(settings, open_access=False))
    key = api_keys.create("screen on the wall", Role.VIEWER, "test").key
    assert crm.crmctl("status", "--key", key).exit_code == 0
    assert crm.crmctl("status").exit_code == 2


def test_many_failures_are_counted_without_another_request(crm: ApiServer) -> None:
    with time_is(NOW):
        for minute in range(25):
            end("heartbeat", f"2026-11-27T10:{minute:02d}:00Z", Status.FAILED, error="no disk")
        result = crm.crmctl("status")
    assert result.stdout.startswith("Something is wrong: 25 failed.")
    assert len(crm.requests) == 1

"""Reports over GraphQL: read them, and make them again."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.crm import imported_orders, reports
from chalicelib.jobs import run_records, weekly_report
from chalicelib.jobs.catalog import WEEKLY_REPORT
from chalicelib.jobs.run_records import Status
from tests.as_operator import execute
from tests.builders import a_customer, a_past_order, a_product, moment
from tests.jobs.job_runs import Clock, Consumer, find_run, make_runner, manual_clock, take_messages, without_retry_delay

MONDAY = "2026-11-23T06:00:00"
REPORT = """query ($period: String!, $revision: Int) { report(period: $period, revision: $revision) {
  period revision from to madeAt revenueChange
  totals { customers orders revenue } week { newCustomers orders revenue averageOrder }
  before { newCustomers orders revenue averageOrder }
  topCustomers { id name revenue count } topProducts { id name revenue count } } }"""
REMAKE = "mutation ($period: String!) { remakeReport(period: $period) { run { slot status actor } } }"


@pytest.fixture(autouse=True)
def time() -> Iterator[Clock]:
    with manual_clock(MONDAY) as clock, without_retry_delay():
        yield clock


def ask(document: str, **variables: object) -> dict[str, Any]:
    answer = execute(document, variables)
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data


def sold(*sales: tuple[str, str]) -> tuple[str, str]:
    """(day, amount) to Ann: the ids of her and of what she bought."""
    ann, lamp = a_customer("Ann", created_at=moment("2026-11-16T00:00:00")), a_product("Lamp")
    for number, (day, amount) in enumerate(sales):
        line = (lamp, 1, amount)
        imported_orders.record(a_past_order(ann, line, reference=f"R{number}", date=moment(f"{day}T12:00:00")))
    return ann.id, lamp.id


def made(time: Clock) -> None:
    make_runner().fire(WEEKLY_REPORT, time.now)
    Consumer().deliver_all()


def test_all_fields_of_a_report(time: Clock) -> None:
    ann, lamp = sold(("2026-11-10", "30.00"), ("2026-11-17", "10.00"), ("2026-11-18", "10.01"), ("2026-11-19", "0.01"))
    made(time)
    assert ask(REPORT, period="2026-W47")["report"] == {
        "period": "2026-W47",
        "revision": 1,
        "from": "2026-11-16",
        "to": "2026-11-22",
        "madeAt": "2026-11-23T06:00:00Z",
        "revenueChange": "-33.3",
        "totals": {"customers": 1, "orders": 4, "revenue": "50.02"},
        "week": {"newCustomers": 1, "orders": 3, "revenue": "20.02", "averageOrder": "6.67"},
        "before": {"newCustomers": 0, "orders": 1, "revenue": "30.00", "averageOrder": "30.00"},
        "topCustomers": [{"id": ann, "name": "Ann", "revenue": "20.02", "count": 3}],
        "topProducts": [{"id": lamp, "name": "Lamp", "revenue": "20.02", "count": 3}],
    }


def test_averages_and_changes_without_a_base_are_null(time: Clock) -> None:
    made(time)
    report = ask(REPORT, period="2026-W47")["report"]
    assert report["revenueChange"] is None
    assert report["week"] == {"newCustomers": 0, "orders": 0, "revenue": "0.00", "averageOrder": None}
    assert (report["topCustomers"], report["topProducts"]) == ([], [])


@pytest.mark.parametrize("period", ["2026-W46", "2026-W99", "", "nonsense", "2026-W47#0001", "9999-W52", "0001-W01"])
def test_a_missing_report_is_null(period: str, time: Clock) -> None:
    made(time)
    assert ask(REPORT, period=period) == {"report": None}


@pytest.mark.parametrize("revision", [2, 0, -1, 10_000, 2**31 - 1])
def test_a_missing_revision_is_null(revision: int, time: Clock) -> None:
    made(time)
    assert ask(REPORT, period="2026-W47", revision=revision) == {"report": None}


def test_making_a_report_again_adds_a_revision(time: Clock) -> None:
    sold(("2026-11-17", "10.00"))
    made(time)
    first = ask(REPORT, period="2026-W47")
    ann = a_customer("Bob")
    imported_orders.record(
        a_past_order(ann, (a_product(), 1, "5.00"), reference="late", date=moment("2026-11-18T00:00:00"))
    )
    time.later(hours=1)
    run = ask(REMAKE, period="2026-W47")["remakeReport"]["run"]
    assert (run["status"], run["actor"]) == ("WAITING", "test")
    assert ask(REMAKE, period="2026-W47")["remakeReport"]["run"] == run
    Consumer().deliver_all()
    assert ask(REPORT, period="2026-W47", revision=1) == first
    again = ask(REPORT, period="2026-W47")["report"]
    assert (again["revision"], again["week"]["revenue"]) == (2, "15.00")
    listed = ask("{ reports(first: 5) { edges { node { period revision } } pageInfo { hasNextPage } } }")["reports"]
    assert [edge["node"]["revision"] for edge in listed["edges"]] == [2, 1]
    assert not listed["pageInfo"]["hasNextPage"]


def test_a_report_of_a_week_long_ago_can_be_made_for_the_first_time(time: Clock) -> None:
    sold(("2026-01-01", "10.00"))
    slot = ask(REMAKE, period="2026-W01")["remakeReport"]["run"]["slot"]
    Consumer().deliver_all()
    report = ask(REPORT, period="2026-W01")["report"]
    assert (report["from"], report["week"]["revenue"], report["revision"]) == ("2025-12-29", "10.00", 1)
    assert run_records.find("weekly_report", slot)
    assert time.now


@pytest.mark.parametrize("period", ["2026-W49", "2027-W01", "9999-W52", "2026-W54", "nonsense", "", "0001-W01"])
def test_only_weeks_that_are_over_have_reports(period: str) -> None:
    (error,) = execute(REMAKE, {"period": period})["errors"]
    assert error["extensions"] == {"code": "INVALID_INPUT", "field": "period"}
    assert take_messages() == []


def test_the_report_of_a_week_is_not_made_before_the_week_is_over(time: Clock) -> None:
    """Otherwise a report made early would take the place of the one on Monday."""
    time.at("2026-11-18T12:00:00")
    (error,) = execute(REMAKE, {"period": "2026-W47"})["errors"]
    assert error["extensions"] == {"code": "INVALID_INPUT", "field": "period"}
    time.at(MONDAY)
    sold(("2026-11-22", "10.00"))
    made(time)
    assert ask(REPORT, period="2026-W47")["report"]["week"]["revenue"] == "10.00"
    assert find_run(WEEKLY_REPORT.name, f"{MONDAY}Z").status is Status.SUCCEEDED
    assert weekly_report.period_of(moment(MONDAY).date()) == "2026-W48"


def test_counts_of_a_report_may_be_larger_than_an_int(time: Clock) -> None:
    sold(("2026-11-17", "10.00"))
    made(time)
    stored = reports.find(weekly_report.KIND, "2026-W47")
    assert stored
    content = dict(stored.content)
    content["top_products"] = [{**entry, "count": 2_200_000_000} for entry in content["top_products"]]
    content["totals"] = {**content["totals"], "orders": 2**40}
    reports.save(weekly_report.KIND, "2026-W47", content, "again", again=True)
    report = ask(REPORT, period="2026-W47")["report"]
    assert (report["topProducts"][0]["count"], report["totals"]["orders"]) == (2_200_000_000, 2**40)

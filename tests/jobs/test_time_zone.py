"""Totals, filters, jobs and imported dates count the days of CRM_TIME_ZONE, against a plain model."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.crm import imported_orders, orders, refunds, reports
from chalicelib.jobs import customer_cleanup, order_reminders, weekly_report
from chalicelib.jobs.catalog import ORDER_REMINDERS, WEEKLY_REPORT
from chalicelib.jobs.job import Job
from tests.as_operator import execute
from tests.builders import a_customer, a_past_order, a_product, business_zone, moment, time_is
from tests.jobs.job_runs import Clock, Consumer, make_runner, stored_lines

DAY = timedelta(days=1)
STATS = "query ($from: Date, $to: Date) { crmStats(from: $from, to: $to) { orders revenue newCustomers timeZone } }"
LISTED = """query ($from: Date, $to: Date) {
  orders: allOrders(orderDateAfter: $from, orderDateBefore: $to, first: 100) { edges { node { reference } } }
  customers: allCustomers(createdAtGte: $from, createdAtLte: $to, first: 100) { edges { node { name } } }
}"""
# A zone, and a day around which its clock does something.
PLACES = [
    ("America/Los_Angeles", "2026-03-08"),
    ("Pacific/Auckland", "2026-04-05"),
    ("Asia/Kathmandu", "2026-06-01"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("Pacific/Apia", "2011-12-30"),
    ("UTC", "2026-03-08"),
]


def ask(document: str, **variables: object) -> dict[str, Any]:
    answer = execute(document, variables)
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data


@pytest.mark.parametrize(("zone", "around"), PLACES)
def test_totals_and_filters_agree_with_the_clock_on_the_wall(zone: str, around: str) -> None:
    middle = moment(around)
    instants = [middle + timedelta(hours=hours, minutes=15) for hours in range(-40, 60, 5)]
    placed: dict[str, date] = {}
    with business_zone(zone):
        buyer, lamp = a_customer("Buyer", created_at=moment("2005-01-01")), a_product()
        for at in instants:
            reference = at.isoformat()
            imported_orders.record(a_past_order(buyer, (lamp, 1, "1"), reference=reference, date=at))
            a_customer(reference, created_at=at)
            placed[reference] = at.astimezone(ZoneInfo(zone)).date()
        days = [middle.date() + DAY * number for number in range(-2, 4)]
        for first, last in [(day, day) for day in days] + [(days[1], days[3]), (days[0], days[-1])]:
            expected = sorted(reference for reference, day in placed.items() if first <= day <= last)
            period = {"from": str(first), "to": str(last)}
            revenue = f"{len(expected)}.00"
            assert ask(STATS, **period)["crmStats"] == {
                "orders": len(expected), "revenue": revenue, "newCustomers": len(expected), "timeZone": zone,
            }  # fmt: skip
            listed = ask(LISTED, **period)
            assert sorted(edge["node"]["reference"] for edge in listed["orders"]["edges"]) == expected
            assert sorted(edge["node"]["name"] for edge in listed["customers"]["edges"]) == expected


def test_a_refund_counts_on_its_own_day() -> None:
    with business_zone("Pacific/Auckland"):
        lamp = a_product(price="2.00")
        with time_is("2026-06-01T11:00:00"):  # 23:00 on June 1
            order = orders.place(a_customer().id, {lamp.id: 2}).order
        with time_is("2026-06-01T12:30:00"):  # 00:30 on June 2
            refunds.refund(order.id, {lamp.id: 1}, "broken", restock=False)
        found = [ask(STATS, **{"from": day, "to": day})["crmStats"]["revenue"] for day in ("2026-06-01", "2026-06-02")]
        assert found == ["4.00", "-2.00"]


@pytest.mark.parametrize(
    ("zone", "written", "expected"),
    [
        ("UTC", "2025-03-31", "2025-03-31T00:00:00Z"),
        ("Pacific/Auckland", "2025-03-31", "2025-03-30T11:00:00Z"),
        ("Asia/Kathmandu", "2025-03-31", "2025-03-30T18:15:00Z"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),
        ("America/Los_Angeles", "2025-03-31T10:00:00", "2025-03-31T10:00:00Z"),
        ("America/Los_Angeles", "2025-03-31T10:00:00+02:00", "2025-03-31T08:00:00Z"),
    ],
)
def test_a_date_without_a_time_is_the_beginning_of_that_day(zone: str, written: str, expected: str) -> None:
    lamp = a_product(sku="LAMP")
    customer = a_customer(email="ann@example.com")
    lines = [{"sku": lamp.sku, "quantity": 1, "unitPrice": "1.00"}]
    row = {"reference": "T-1", "customerEmail": customer.email, "orderDate": written, "lines": lines}
    document = """mutation ($input: [BulkCreateOrdersInput]!) {
      bulkCreateOrders(input: $input) { results { error { code } order { orderDate } } } }"""
    with business_zone(zone):
        results = ask(document, input=[row])["bulkCreateOrders"]["results"]
    assert results == [{"error": None, "order": {"orderDate": expected}}]


@pytest.mark.parametrize(
    ("zone", "slot", "week"),
    [
        ("UTC", "2026-11-23T06:00", "2026-W47"),
        ("Pacific/Auckland", "2026-11-23T06:00", "2026-W47"),
        ("America/New_York", "2026-11-23T06:00", "2026-W47"),  # Monday, 01:00
        ("America/Los_Angeles", "2026-11-23T06:00", "2026-W46"),  # Sunday, 22:00: the week has not ended
        ("America/Los_Angeles", "2026-11-23T14:00", "2026-W47"),  # Monday, 06:00
        ("Pacific/Auckland", "2026-11-22T11:00", "2026-W47"),  # Monday, 00:00
        ("Pacific/Auckland", "2026-11-22T10:59", "2026-W46"),
    ],
)
def test_a_report_covers_the_last_week_that_had_ended(zone: str, slot: str, week: str) -> None:
    with business_zone(zone):
        monday, sunday = weekly_report.week_of(moment(slot), {})
        assert weekly_report.period_of(monday) == week
        assert sunday < moment(slot).astimezone(ZoneInfo(zone)).date()
        with time_is(f"{slot}:00"):
            assert weekly_report.is_past_week(week)
            assert not weekly_report.is_past_week(weekly_report.period_of(monday + 7 * DAY))


def run(job: Job, time: Clock, text: str) -> None:
    time.at(text)
    make_runner().fire(job, time.now)
    Consumer().deliver_all()


def test_the_figures_of_a_report_are_those_of_the_days(time: Clock) -> None:
    with business_zone("Pacific/Auckland"):
        buyer, lamp = a_customer(created_at=moment("2026-01-01")), a_product()
        inside = ("2026-11-15T11:00:00", "2026-11-22T10:59:59")  # Monday 00:00, Sunday 23:59:59
        outside = ("2026-11-15T10:59:59", "2026-11-22T11:00:00")
        time.at("2026-11-23T05:00:00")
        for text in (*inside, *outside):
            imported_orders.record(a_past_order(buyer, (lamp, 1, "10"), reference=text, date=moment(text)))
        run(WEEKLY_REPORT, time, "2026-11-23T06:00:00")
        report = reports.find(weekly_report.KIND, "2026-W47")
        assert report
        assert (report.content["from"], report.content["week"]["orders"]) == ("2026-11-16", 2)
        assert report.content["totals"]["orders"] == 3
        assert ask('{ report(period: "2026-W47") { timeZone } }') == {"report": {"timeZone": "Pacific/Auckland"}}


def test_an_order_is_reminded_of_once_on_a_day(time: Clock) -> None:
    """In California, the run at 08:00 UTC and one at 07:59 UTC of the next day are on the same day."""
    with business_zone("America/Los_Angeles"):
        with time_is("2026-11-20T12:00:00"):
            orders.place(a_customer().id, {a_product().id: 1})
        run(ORDER_REMINDERS, time, "2026-11-22T08:00:00")
        time.at("2026-11-23T07:59:00")
        dry = ask('mutation { runJob(name: "order_reminders", dryRun: true) { preview { summary } } }')["runJob"]
        assert dry["preview"]["summary"] == "0 orders are due for a reminder; 1 had theirs earlier today"
        run(ORDER_REMINDERS, time, "2026-11-23T08:00:00")
        lines = [
            len(stored_lines(order_reminders.NAME, f"{text}Z"))
            for text in ("2026-11-22T08:00:00", "2026-11-23T08:00:00")
        ]
        assert lines == [1, 1]


@pytest.mark.parametrize(("zone", "placed_at", "is_due"), [
    ("UTC", "2026-11-15T00:00:00", True), ("UTC", "2026-11-14T23:59:59", False),
    ("Asia/Kolkata", "2026-11-14T18:30:00", True), ("Asia/Kolkata", "2026-11-14T18:29:59", False),
])  # fmt: skip
def test_reminders_go_back_by_days(zone: str, placed_at: str, is_due: bool) -> None:  # noqa: FBT001 - a parameter
    with business_zone(zone), time_is("2026-11-22T08:00:00"):
        imported_orders.record(a_past_order(a_customer(), (a_product(), 1, "1"), date=moment(placed_at)))
        found = ask("{ ordersDueForReminder { edges { node { id } } } }")["ordersDueForReminder"]["edges"]
        assert len(found) == is_due


def test_the_clean_up_counts_days_since_the_last_order() -> None:
    """365 days before the run is November 22 in Auckland, where the first customer was last active on the 21st."""
    with business_zone("Pacific/Auckland"):
        assert customer_cleanup.cutoff(moment("2027-11-21T11:00:00"), {}) == date(2026, 11, 22)
        for name, at in (("before", "2026-11-21T10:59:59"), ("after", "2026-11-21T11:00:00")):
            a_customer(name, created_at=moment(at))
        with time_is("2027-11-21T12:00:00"):
            found = ask("{ inactiveCustomers { edges { node { name inactiveFrom } } } }")["inactiveCustomers"]["edges"]
        assert [edge["node"] for edge in found] == [{"name": "before", "inactiveFrom": "2027-11-22"}]

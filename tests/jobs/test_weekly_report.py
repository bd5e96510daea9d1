"""weekly_report: its figures, compared with sums in plain Python, its weeks, and that it never changes."""

import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.crm import cancellation, deleted_customers, imported_orders, products, reports
from chalicelib.crm.customers import Customer
from chalicelib.crm.orders import Order
from chalicelib.crm.products import Product
from chalicelib.crm.reports import Report
from chalicelib.jobs import operator_actions, weekly_report
from chalicelib.jobs.catalog import WEEKLY_REPORT
from chalicelib.jobs.job import RunRefused
from chalicelib.jobs.run_records import Status
from chalicelib.jobs.slots import Slot
from tests.builders import a_customer, a_past_order, a_product, moment
from tests.jobs.job_runs import Clock, Consumer, dump, find_run, make_runner, preview_of, stored_lines, with_page_size

NAME = WEEKLY_REPORT.name
MONDAY = Slot("2026-11-23T06:00:00Z")


@pytest.fixture(autouse=True)
def _monday_at_six(time: Clock) -> None:
    time.at("2026-11-23T06:00:00")


def made(time: Clock) -> None:
    make_runner().fire(WEEKLY_REPORT, time.now)
    consumer = Consumer()
    consumer.deliver_all()
    assert consumer.errors == []


def find_report(period: str = "2026-W47", revision: int | None = None) -> Report:
    found = reports.find(weekly_report.KIND, period, revision)
    assert found
    return found


def past(customer: Customer, day: str, *lines: tuple[Product, int, str]) -> Order:
    reference = f"R{len(day)}-{random.getrandbits(64)}"
    order = a_past_order(customer, *lines, reference=reference, date=moment(f"{day}T12:00:00"))
    return imported_orders.record(order)[0]


class ExpectedFigures:
    """Create two months of orders with returns, some of them cancelled."""

    def __init__(self) -> None:
        chance = random.Random(47)
        first = datetime(2026, 10, 20)  # noqa: DTZ001 - made aware by `moment`
        self.customers = [
            a_customer(f"Customer {n}", created_at=moment(f"2026-11-{9 + n:02d}T23:59:59")) for n in range(8)
        ]
        self.products = [a_product(f"Product {n}") for n in range(7)]
        self.orders: list[tuple[Order, bool]] = []
        for number in range(27):
            date_ = first + timedelta(hours=chance.randint(0, 36 * 24))
            if number % 3:
                date_ = datetime(2026, 11, 16) + timedelta(seconds=chance.randint(0, 7 * 86400 - 1))  # noqa: DTZ001
            lines = [
                (one, chance.randint(1, 9) * (-1 if number % 5 == 4 else 1), f"{chance.randint(1, 9999) / 100:.2f}")
                for one in chance.sample(self.products, chance.randint(1, 3))
            ]
            order = a_past_order(
                chance.choice(self.customers), *lines, reference=f"R{number}", date=moment(date_.isoformat())
            )
            kept = imported_orders.record(order)[0]
            if number % 10 == 7:
                cancellation.cancel(kept.id)
            self.orders.append((kept, number % 10 != 7))

    def placed(self, first: str, last: str) -> list[Order]:
        return [order for order, placed in self.orders if placed and first <= order.date[:10] <= last]

    def top(self, placed: list[Order], *, by_product: bool) -> list[dict[str, Any]]:
        sums: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        for order in placed:
            parts = [(order.customer_id, order.cents, 1)]
            if by_product:
                parts = [(line.product_id, line.cents * line.quantity, line.quantity) for line in order.lines]
            for key, cents, count in parts:
                sums[key][0] += cents
                sums[key][1] += count
        names = {row.id: row.name for row in self.customers} | {row.id: row.name for row in self.products}
        best = sorted(sums, key=lambda key: (-sums[key][0], key))[:5]
        return [{"id": key, "name": names[key], "cents": sums[key][0], "count": sums[key][1]} for key in best]


def test_the_figures_match_the_orders(time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weekly_report, "ORDERS", with_page_size(weekly_report.ORDERS, 5))
    books = ExpectedFigures()
    made(time)
    week, before = books.placed("2026-11-16", "2026-11-22"), books.placed("2026-11-09", "2026-11-15")
    upto = books.placed("2000-01-01", "2026-11-22")
    assert len(week) > 12
    assert 0 < len(before) < len(upto) - len(week)
    assert find_report().content == {
        "from": "2026-11-16",
        "to": "2026-11-22",
        "totals": {"customers": 8, "orders": len(upto), "cents": sum(order.cents for order in upto)},
        "week": {"new_customers": 1, "orders": len(week), "cents": sum(order.cents for order in week)},
        "before": {"new_customers": 7, "orders": len(before), "cents": sum(order.cents for order in before)},
        "top_customers": books.top(week, by_product=False),
        "top_products": books.top(week, by_product=True),
    }
    run = find_run(NAME, MONDAY)
    assert (run.status, run.counts) == (Status.SUCCEEDED, {"reports_made": 1, "orders": len(week)})
    assert run.pages > 3
    revenue = Decimal(sum(order.cents for order in upto)) / 100
    line = f"[2026-11-23 06:00:00] Report: 8 customers, {len(upto)} orders, ${revenue:.2f} revenue"
    assert stored_lines(NAME, MONDAY) == [line]


def test_the_week_is_monday_to_sunday(time: Clock) -> None:
    ann, lamp = a_customer(), a_product()
    for number, date_ in enumerate(
        ("2026-11-15T23:59:59.999999", "2026-11-16T00:00:00", "2026-11-22T23:59:59.999999", "2026-11-23T00:00:00")
    ):
        order = a_past_order(ann, (lamp, 1, f"{10**number}.00"), reference=f"R{number}", date=moment(date_))
        imported_orders.record(order)
    made(time)
    content = find_report().content
    assert content["week"] == {"new_customers": 0, "orders": 2, "cents": 11000}
    assert (content["before"]["cents"], content["totals"]["cents"]) == (100, 11100)


def test_a_week_without_orders_gets_a_report(time: Clock) -> None:
    made(time)
    report = find_report()
    assert report.content["week"] == {"new_customers": 0, "orders": 0, "cents": 0}
    assert (report.content["top_customers"], report.content["top_products"]) == ([], [])
    assert stored_lines(NAME, MONDAY) == ["[2026-11-23 06:00:00] Report: 0 customers, 0 orders, $0.00 revenue"]


@pytest.mark.parametrize(
    ("monday", "period", "first", "last"),
    [
        ("2027-01-04T06:00:00", "2026-W53", "2026-12-28", "2027-01-03"),
        ("2027-01-11T06:00:00", "2027-W01", "2027-01-04", "2027-01-10"),
        ("2026-01-05T06:00:00", "2026-W01", "2025-12-29", "2026-01-04"),
        ("2028-03-06T06:00:00", "2028-W09", "2028-02-28", "2028-03-05"),
    ],
)
def test_weeks_around_year_ends_and_leap_days(monday: str, period: str, first: str, last: str, time: Clock) -> None:
    time.at(monday)
    ann, lamp = a_customer(created_at=moment("2025-01-01T00:00:00")), a_product()
    past(ann, first, (lamp, 1, "1.00"))
    past(ann, last, (lamp, 1, "2.00"))
    made(time)
    content = find_report(period).content
    assert (content["from"], content["to"], content["week"]["cents"]) == (first, last, 300)


def test_ties_among_the_top_five_are_ordered_by_id(time: Clock) -> None:
    lamp = a_product()
    customers = [a_customer(f"Customer {number}") for number in range(7)]
    for customer in reversed(customers):
        past(customer, "2026-11-18", (lamp, 1, "5.00"))
    past(customers[6], "2026-11-19", (lamp, 2, "5.00"))
    made(time)
    content = find_report().content
    best = [customers[6].id, *sorted(person.id for person in customers[:6])[:4]]
    assert [row["id"] for row in content["top_customers"]] == best
    assert content["top_customers"][0] == {"id": customers[6].id, "name": "Customer 6", "cents": 1500, "count": 2}
    assert content["top_products"] == [{"id": lamp.id, "name": "Lamp", "cents": 4500, "count": 9}]


def test_deleted_customers_and_products_have_no_name(time: Clock) -> None:
    ann, lamp = a_customer(), a_product()
    past(ann, "2026-11-18", (lamp, 1, "5.00"))
    deleted_customers.delete(ann.id)
    products.delete(lamp.id)
    made(time)
    content = find_report().content
    assert content["top_customers"] == [{"id": ann.id, "name": None, "cents": 500, "count": 1}]
    assert [row["id"] for row in content["top_products"]] == [lamp.id]


def test_a_report_never_changes_and_making_it_again_adds_a_revision(time: Clock) -> None:
    ann, lamp = a_customer(), a_product()
    past(ann, "2026-11-18", (lamp, 1, "5.00"))
    made(time)
    first = find_report()
    past(ann, "2026-11-19", (lamp, 1, "7.00"))
    time.later(hours=1)
    operator_actions.run_now(WEEKLY_REPORT, "ann", {})
    Consumer().deliver_all()
    assert find_report() == first, "without being asked to, it is not made again"
    for cents in (1200, 1200):
        time.later(hours=1)
        requested = operator_actions.run_now(WEEKLY_REPORT, "ann", {"period": "2026-W47", "again": True})
        Consumer().deliver_all()
        assert find_report().content["week"]["cents"] == cents
        assert find_run(NAME, requested.slot).counts["reports_made"] == 1
    assert find_report().revision == 3
    assert find_report(revision=1) == first


def test_repeating_the_last_step_saves_no_second_report(time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    save, saves = reports.save, []

    def save_then_die(*arguments: Any, **more: Any) -> Report:
        report = save(*arguments, **more)
        saves.append(report)
        if len(saves) < 3:
            raise RuntimeError("died after it was stored")
        return report

    monkeypatch.setattr(reports, "save", save_then_die)
    requested = operator_actions.run_now(WEEKLY_REPORT, "ann", {"period": "2026-W47", "again": True})
    Consumer().deliver_all()
    run = find_run(NAME, requested.slot)
    assert (run.status, run.attempts, run.counts["reports_made"]) == (Status.SUCCEEDED, 3, 1)
    assert [report.revision for report in saves] == [1, 1, 1]
    assert time.now


@pytest.mark.parametrize(
    "period", ["2026-W54", "2025-W53", "2026-W00", "2026-W7", "2026-47", "W47", "", "2026-W47 ", "+2026-W47", "x-Wy"]
)
def test_a_period_that_is_not_a_week_is_refused(period: str, time: Clock) -> None:
    assert weekly_report.monday_of(period) is None
    if period:
        with pytest.raises(RunRefused, match="is not a week: use one such as 2026-W47"):
            weekly_report.week_of(time.now, {"period": period})


def test_period_names_are_parsed_back() -> None:
    monday = date(2019, 12, 30)
    names = set()
    for _ in range(53 * 9):
        name = weekly_report.period_of(monday)
        assert weekly_report.monday_of(name) == monday
        assert weekly_report.period_of(monday + timedelta(days=6)) == name
        names.add(name)
        monday += timedelta(days=7)
    assert len(names) == 53 * 9


def test_a_caught_up_run_reports_the_week_of_its_slot(time: Clock) -> None:
    past(a_customer(), "2026-11-18", (a_product(), 1, "5.00"))
    time.later(days=20)
    make_runner().run(WEEKLY_REPORT, MONDAY)
    assert find_report("2026-W47").content["week"]["cents"] == 500


@pytest.mark.usefixtures("time")
def test_the_preview_shows_the_line_and_stores_nothing() -> None:
    past(a_customer(), "2026-11-18", (a_product(), 1, "5.00"))
    before = dump()
    shown = preview_of(WEEKLY_REPORT)
    assert shown.summary == "The report of 2026-W47, 2026-11-16 to 2026-11-22"
    assert shown.lines == ("[2026-11-23 06:00:00] Report: 0 customers, 1 orders, $5.00 revenue",)
    assert dump() == before


def test_orders_of_many_different_products_are_added_up_in_smaller_steps(
    time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sums of 100 such orders took more than a row can hold, and the report failed for good."""
    monkeypatch.setattr(weekly_report, "MAX_SUMS_BYTES", 300)
    customer, goods = a_customer(), [a_product(f"Lamp {number}") for number in range(12)]
    for number in range(4):
        lines = [(product, 1, "2.50") for product in goods]
        past = a_past_order(customer, *lines, reference=f"R{number}", date=moment(f"2026-11-{17 + number}T10:00:00"))
        assert not isinstance(imported_orders.record_all([past])[0], Exception)
    time.at("2026-11-23T06:00:00")
    made(time)
    run = find_run(NAME, MONDAY)
    assert (run.status, run.pages) == (Status.SUCCEEDED, 5)
    report = reports.find(weekly_report.KIND, "2026-W47")
    assert report
    assert (report.content["week"]["orders"], report.content["week"]["cents"]) == (4, 4 * 12 * 250)

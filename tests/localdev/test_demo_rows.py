"""The demo data gives every job something to do."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from localdev.demo_rows import DemoRows, make_demo_rows, opening

pytestmark = pytest.mark.no_database

TODAY = date(2026, 11, 23)


def parse(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_same_day_gives_same_rows() -> None:
    assert make_demo_rows(TODAY) == make_demo_rows(TODAY)
    assert make_demo_rows(TODAY).orders != make_demo_rows(TODAY + timedelta(days=1)).orders


def orders_by_customer(demo: DemoRows) -> dict[str, list[datetime]]:
    found: dict[str, list[datetime]] = {}
    for order in demo.orders:
        found.setdefault(order["customerEmail"], []).append(parse(order["orderDate"]))
    for sale in demo.sales:
        found.setdefault(sale.email, []).append(sale.at)
    return found


def test_customers_are_regular_lapsed_new_and_never_ordering() -> None:
    demo = make_demo_rows(TODAY)
    ordered = orders_by_customer(demo)
    active = {row["email"]: max(ordered.get(row["email"], [parse(row["createdAt"])])) for row in demo.customers}
    year_ago, opened = datetime(2025, 11, 23, tzinfo=UTC), opening(TODAY)
    lapsed = [email for email, last in active.items() if last < year_ago]
    gone = [email for email in lapsed if active[email] < opened - timedelta(days=366)]
    assert (len(demo.customers), len(lapsed), len(gone), len(demo.newcomers)) == (40, 11, 8, 4)
    assert len([row for row in demo.customers if row["email"] not in ordered]) == 6
    everybody = [row["email"] for row in (*demo.customers, *demo.newcomers)]
    assert len(set(everybody)) == len(everybody)
    assert all(opened <= parse(row["createdAt"]) for row in demo.newcomers)


def test_orders_fit_customers_products_and_time() -> None:
    demo = make_demo_rows(TODAY)
    created = {row["email"]: parse(row["createdAt"]) for row in (*demo.customers, *demo.newcomers)}
    skus = {product["sku"] for product in demo.products}
    assert len({order["reference"] for order in demo.orders}) == len(demo.orders)
    for order in demo.orders:
        assert created[order["customerEmail"]] < parse(order["orderDate"]) < opening(TODAY)
        assert {line["sku"] for line in order["lines"]} <= skus
    for sale in demo.sales:
        assert created[sale.email] < sale.at < datetime(2026, 11, 23, tzinfo=UTC)
        assert opening(TODAY) < sale.at
        assert {sku for sku, _ in sale.lines} <= skus


@pytest.mark.parametrize("today", [TODAY, date(2027, 2, 28), date(2028, 2, 29)])
def test_the_shop_sells_every_day_and_well_before_christmas(today: date) -> None:
    demo = make_demo_rows(today)
    days = [parse(order["orderDate"]).date() for order in demo.orders] + [sale.at.date() for sale in demo.sales]
    year = {today - timedelta(days=n) for n in range(1, 366)}
    assert year <= set(days)
    by_month = Counter(day.month for day in days if day in year)
    assert by_month[12] > 1.2 * sum(by_month.values()) / 12


def test_some_products_are_low_on_stock() -> None:
    products = make_demo_rows(TODAY).products
    assert len(products) == 30
    assert 4 <= sum(product["stock"] < 10 for product in products) <= 8

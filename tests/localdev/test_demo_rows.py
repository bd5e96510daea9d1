"""The demo data gives every job something to do."""

from datetime import UTC, date, datetime, timedelta

import pytest

from localdev.demo_rows import make_demo_rows

pytestmark = pytest.mark.no_database

TODAY = date(2026, 11, 23)


def parse(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_same_day_gives_same_rows() -> None:
    assert make_demo_rows(TODAY) == make_demo_rows(TODAY)
    assert make_demo_rows(TODAY).orders != make_demo_rows(TODAY + timedelta(days=1)).orders


def test_customers_are_regular_lapsed_new_and_never_ordering() -> None:
    demo = make_demo_rows(TODAY)
    year_ago = datetime(2025, 11, 23, tzinfo=UTC)
    last: dict[str, datetime] = {}
    for order in demo.orders:
        email = order["customerEmail"]
        last[email] = max(parse(order["orderDate"]), last.get(email, year_ago - timedelta(days=9999)))
    inactive = [c for c in demo.customers if last.get(c["email"], parse(c["createdAt"])) < year_ago]
    lapsed = [c for c in inactive if c["email"] in last]
    unordered = [c for c in demo.customers if c["email"] not in last]
    assert (len(demo.customers), len(lapsed), len(inactive), len(unordered)) == (42, 6, 10, 8)
    assert len({c["email"] for c in demo.customers}) == len(demo.customers)


def test_orders_fit_customers_products_and_time() -> None:
    demo = make_demo_rows(TODAY)
    created = {c["email"]: parse(c["createdAt"]) for c in demo.customers}
    skus = {p["sku"] for p in demo.products}
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert len({o["reference"] for o in demo.orders}) == len(demo.orders) == 150
    for order in demo.orders:
        assert created[order["customerEmail"]] < parse(order["orderDate"]) < now
        assert {line["sku"] for line in order["lines"]} <= skus
    assert sum(parse(o["orderDate"]) > now - timedelta(days=7) for o in demo.orders) >= 10


def test_some_products_are_low_on_stock() -> None:
    products = make_demo_rows(TODAY).products
    assert len(products) == 30
    assert 4 <= sum(product["stock"] < 10 for product in products) <= 8

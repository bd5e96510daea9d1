"""Orders are found by the name of their customer, however many other orders there are."""

from dataclasses import replace

import pytest

from chalicelib.crm import name_search, orders
from chalicelib.crm.customers import Customer
from chalicelib.crm.list_queries import OrderFilter, list_orders
from chalicelib.settings import settings
from chalicelib.store import pagination
from chalicelib.store.pagination import PageArgs, read_page
from tests.api.graphql_client import ask
from tests.builders import a_customer, a_product, moment
from tests.crm.crm_data import follow, ids_of, rows_of

NAMED = OrderFilter(customer_name="totals")


@pytest.fixture(autouse=True)
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "settings", replace(settings, read_budget=10))


def place(customer: Customer, product_id: str, day: int) -> str:
    return orders.place(customer.id, {product_id: 1}, moment(f"2026-01-{day:02}T08:00:00")).order.id


def fill() -> list[str]:
    """Place 24 orders of others and, in between and later, six of two customers with the name. Return these six."""
    lamp = a_product(stock=100).id
    other, ann, bo = a_customer("Somebody"), a_customer("Ann Totals"), a_customer("Bo T\u00f6tals")
    for day in range(1, 25):
        place(other, lamp, day)
    return [place((ann, bo)[day % 2], lamp, day) for day in range(20, 26)]


def test_the_first_page_has_the_orders_of_customers_with_the_name() -> None:
    named = fill()
    page = read_page(list_orders(NAMED), PageArgs())
    assert (ids_of([edge.node for edge in page.edges]), page.has_next) == (named, False)
    assert ids_of(rows_of(follow(list_orders(NAMED, ["-orderDate"]), 2))) == named[::-1]
    assert ids_of(rows_of(follow(list_orders(NAMED), 2, forward=False), forward=False)) == named
    days = replace(NAMED, date_from=moment("2026-01-22T00:00:00").date(), date_to=moment("2026-01-23T00:00:00").date())
    assert ids_of(rows_of(follow(list_orders(days), 1))) == named[2:4]
    assert rows_of(follow(list_orders(OrderFilter(customer_name="nobody")), 5)) == []


def test_cursors_hold_when_customers_of_the_name_come_and_become_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    named = fill()
    first = read_page(list_orders(NAMED), PageArgs(first=2))
    a_customer("Aaron Totals")
    second = read_page(list_orders(NAMED), PageArgs(first=2, after=first.end_cursor))
    monkeypatch.setattr(name_search, "MAX_CUSTOMERS_NAMED", 2)
    monkeypatch.setattr(pagination, "settings", settings)
    third = read_page(list_orders(NAMED), PageArgs(first=9, after=second.end_cursor))
    assert ids_of([edge.node for page in (first, second, third) for edge in page.edges]) == named


def test_a_page_that_is_cut_short_says_so() -> None:
    fill()
    query = "{ allOrders(first: 5, productName: %s) { edges { node { id } } pageInfo { hasNextPage } } }"
    cut, whole = ask(query % '"desk"'), ask(query % '"lamp"')
    assert cut.data["allOrders"] == {"edges": [], "pageInfo": {"hasNextPage": True}}
    assert cut.json["extensions"] == {"partial": True}
    assert len(whole.data["allOrders"]["edges"]) == 5
    assert "extensions" not in whole.json

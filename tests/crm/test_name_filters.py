"""Orders are found by the name of their customer or product, however many other orders there are."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.crm import name_search, orders, products
from chalicelib.crm.customers import Customer
from chalicelib.crm.list_filters import OrderFilter
from chalicelib.crm.list_queries import list_orders
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
    monkeypatch.setattr(name_search, "MAX_FOUND", 2)
    monkeypatch.setattr(pagination, "settings", settings)
    third = read_page(list_orders(NAMED), PageArgs(first=9, after=second.end_cursor))
    assert ids_of([edge.node for page in (first, second, third) for edge in page.edges]) == named


def order_of(product_ids: list[str], buyer: Customer, day: int) -> str:
    when = moment(f"2026-01-{day:02}T08:00:00")
    return orders.place(buyer.id, dict.fromkeys(product_ids, 1), when).order.id


def fill_with_products() -> tuple[list[str], list[str]]:
    """Place 24 orders of lamps, and among and after them eight of desks. Return the ids of these, and of the two desks."""
    buyer = a_customer()
    lamp, oak, pine = (a_product(name, stock=100).id for name in ("Lamp", "Oak desk", "Pine DÉSK"))
    for day in range(1, 25):
        order_of([lamp], buyer, day)
    found = [order_of([(oak, pine)[day % 2], lamp], buyer, day) for day in range(20, 26)]
    return [*found, *(order_of([oak, pine], buyer, day) for day in (26, 27))], [oak, pine]


DESKS = OrderFilter(product_name="desk")


def test_the_first_page_has_the_orders_of_products_with_the_name() -> None:
    of_desks, _ = fill_with_products()
    page = read_page(list_orders(DESKS), PageArgs())
    assert (ids_of([edge.node for edge in page.edges]), page.has_next) == (of_desks, False)
    assert ids_of(rows_of(follow(list_orders(DESKS, ["-orderDate"]), 3))) == of_desks[::-1]
    assert ids_of(rows_of(follow(list_orders(DESKS), 1, forward=False), forward=False)) == of_desks
    days = replace(DESKS, date_from=moment("2026-01-25T00:00:00").date(), date_to=moment("2026-01-26T00:00:00").date())
    assert ids_of(rows_of(follow(list_orders(days), 1))) == of_desks[5:7]
    assert rows_of(follow(list_orders(OrderFilter(product_name="nothing")), 5)) == []


@pytest.mark.parametrize("lose", [lambda key: products.update(key, {"name": "Table"}), products.delete])
def test_orders_keep_the_names_of_products_that_were_renamed_or_archived(lose: Callable[[str], object]) -> None:
    of_desks, (oak, _) = fill_with_products()
    lose(oak)
    page = read_page(list_orders(DESKS), PageArgs())
    assert (ids_of([edge.node for edge in page.edges]), page.has_next) == (of_desks, False)
    assert rows_of(follow(list_orders(OrderFilter(product_name="table")), 5)) == []


def test_customer_and_product_are_combined() -> None:
    of_desks, (oak, _) = fill_with_products()
    ann = a_customer("Ann Totals")
    desk = order_of([oak], ann, 28)
    both = OrderFilter(customer_name="totals", product_name="desk")
    assert ids_of(rows_of(follow(list_orders(both), 2))) == [desk]
    assert ids_of(rows_of(follow(list_orders(replace(both, product_id=oak)), 2))) == [desk]
    assert ids_of(rows_of(follow(list_orders(replace(DESKS, customer_id=ann.id)), 2))) == [desk]
    assert ids_of(rows_of(follow(list_orders(DESKS), 5))) == [*of_desks, desk]


def test_a_cursor_holds_when_the_products_of_the_name_become_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    of_desks, _ = fill_with_products()
    first = read_page(list_orders(DESKS), PageArgs(first=7))
    monkeypatch.setattr(name_search, "MAX_NAMES", 2)
    monkeypatch.setattr(pagination, "settings", settings)
    second = read_page(list_orders(DESKS), PageArgs(first=7, after=first.end_cursor))
    assert ids_of([edge.node for page in (first, second) for edge in page.edges]) == of_desks


def test_a_page_that_is_cut_short_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_search, "MAX_NAMES", 0)
    fill()
    query = "{ allOrders(first: 5, productName: %s) { edges { node { id } } pageInfo { hasNextPage } } }"
    cut, whole = ask(query % '"desk"'), ask(query % '"lamp"')
    assert cut.data["allOrders"] == {"edges": [], "pageInfo": {"hasNextPage": True}}
    assert cut.json["extensions"] == {"partial": True}
    assert len(whole.data["allOrders"]["edges"]) == 5
    assert "extensions" not in whole.json

"""What moves the time of a row's latest change, and the lists by which other systems ask what has changed since."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.crm import (
    cancellation,
    customer_merges,
    customers,
    deleted_customers,
    imported_orders,
    order_edits,
    orders,
    products,
    refunds,
    stock,
)
from chalicelib.crm.change_times import after
from chalicelib.crm.list_filters import CustomerFilter, OrderFilter, ProductFilter
from chalicelib.crm.list_queries import list_customers, list_orders, list_products
from chalicelib.store import tables, timestamps
from chalicelib.store.pagination import Listing, PageArgs, read_page
from tests.builders import a_customer, a_past_order, a_product, moment, rows_of, time_is
from tests.metering import metered

MONDAY, TUESDAY = "2026-11-23T12:00:00", "2026-11-24T12:00:00"
LONG_AGO = moment("2019-01-01T00:00:00")
AT_MONDAY, AT_TUESDAY = (timestamps.to_text(moment(day)) for day in (MONDAY, TUESDAY))


def changed_since(day: str) -> set[str]:
    since = moment(day)
    listings: tuple[Listing[Any], ...] = (
        list_customers(CustomerFilter(updated_after=since)),
        list_products(ProductFilter(updated_after=since)),
        list_orders(OrderFilter(updated_after=since)),
    )
    return {edge.node.id for listing in listings for edge in read_page(listing, PageArgs()).edges}


def test_what_somebody_changes_is_found_and_what_orders_and_restocks_do_is_not() -> None:
    with time_is(MONDAY):
        ann, bo, cy = (a_customer(name) for name in ("Ann", "Bo", "Cy"))
        desk, lamp, chair, sofa = (a_product(name, stock=5) for name in ("Desk", "Lamp", "Chair", "Sofa"))
        edited, cancelled, refunded, kept = (orders.place(cy.id, {desk.id: 1}).order for _ in range(4))
        deleted_customers.delete(bo.id)
    assert changed_since(TUESDAY) == set()
    with time_is(TUESDAY):
        customers.update(ann.id, {"phone": "+1 555 0100 200"})
        deleted_customers.restore(bo.id)
        products.update(lamp.id, {"price": Decimal(9)})
        stock.adjust(chair.id, -1, "broken")
        stock.restock(sofa.id, TUESDAY)
        placed = orders.place(cy.id, {sofa.id: 1}).order
        order_edits.update(edited.id, {desk.id: 1, sofa.id: 1})
        cancellation.cancel(cancelled.id)
        note = refunds.refund(refunded.id, {desk.id: 1}, "broken", restock=True)
    changed = (ann, bo, lamp, chair, placed, edited, cancelled, refunded, note)
    assert changed_since(TUESDAY) == {row.id for row in changed}
    assert changed_since(MONDAY) == {row.id for row in (*changed, cy, desk, sofa, kept)}
    found = orders.find_all([kept.id, edited.id, cancelled.id, refunded.id])
    assert [row.updated_at for row in found.values()] == [AT_MONDAY] + [AT_TUESDAY] * 3


def test_orders_that_a_merge_gives_to_another_customer_have_changed() -> None:
    with time_is(MONDAY):
        ann, bob, lamp = a_customer("Ann"), a_customer("Bob"), a_product(stock=9)
        moved = orders.place(bob.id, {lamp.id: 1}).order
        orders.place(ann.id, {lamp.id: 1})
    with time_is(TUESDAY):
        customer_merges.merge(ann.id, bob.id)
    assert changed_since(TUESDAY) == {moved.id}
    with time_is("2026-11-25T12:00:00"):
        customer_merges.undo(bob.id)
    assert changed_since("2026-11-25T00:00:00") == {moved.id, bob.id}


def test_what_is_imported_or_backdated_is_new_on_the_day_on_which_it_comes() -> None:
    with time_is(MONDAY):
        lamp = a_product()
    with time_is(TUESDAY):
        ann = customers.create("Ann", "ann@example.com", None, LONG_AGO)
        imported = imported_orders.record(a_past_order(ann, (lamp, 1, "9.99")))[0]
        backdated = orders.place(ann.id, {lamp.id: 1}, LONG_AGO).order
    assert changed_since(TUESDAY) == {ann.id, imported.id, backdated.id}
    assert changed_since("2026-11-25T00:00:00") == set()
    assert (ann.created_at, ann.updated_at) == (timestamps.to_text(LONG_AGO), AT_TUESDAY)


def test_an_archived_product_is_in_no_list() -> None:
    lamp = a_product()
    orders.place(a_customer().id, {lamp.id: 1})
    assert products.delete(lamp.id).archived_at
    assert lamp.id not in changed_since(MONDAY[:4] + "-01-01")
    assert "updated_k" not in rows_of(tables.Product)[lamp.id,]


def test_the_time_moves_with_each_change_even_if_the_clock_stands_still_or_goes_back() -> None:
    with time_is(TUESDAY):
        ann = a_customer()
        first = customers.update(ann.id, {"name": "Ann B."})
        with time_is(MONDAY):
            second = customers.update(ann.id, {"name": "Ann C."})
    assert ann.updated_at < first.updated_at < second.updated_at
    assert after(AT_TUESDAY) > AT_TUESDAY


def test_rows_have_no_key_of_their_own_until_they_are_changed() -> None:
    ann, lamp = a_customer(), a_product()
    order = orders.place(ann.id, {lamp.id: 1}).order
    assert "updated_k" not in rows_of(tables.Customer)[ann.id,]
    assert "updated_k" not in rows_of(tables.Order)[order.id,]
    customers.update(ann.id, {"name": "Ann B."})
    assert "updated_k" in rows_of(tables.Customer)[ann.id,]


@pytest.mark.parametrize("changed", [0, 7, 30])
@pytest.mark.parametrize("size", [1, 4, 100])
@pytest.mark.parametrize("order_by", ["updatedAt", "-updatedAt"])
def test_pages_have_each_row_once_in_order_and_the_last_one_says_so(changed: int, size: int, order_by: str) -> None:
    people = [a_customer() for _ in range(30)]
    for row in random.Random(changed).sample(people, changed):
        customers.update(row.id, {"name": "Changed"})
    found = _follow(list_customers(CustomerFilter(), [order_by]), size)
    rows = customers.find_all(row.id for row in people).values()
    expected = sorted(((row.updated_at, row.id) for row in rows), reverse=order_by[0] == "-")
    assert [(row.updated_at, row.id) for row in found] == expected
    assert list(_follow(list_customers(CustomerFilter(), [order_by]), size, forward=False)) == found[::-1]


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize("order_by", [["updatedAt", "-name"], ["-updatedAt", "name"]])
def test_rows_of_the_same_time_are_ordered_by_the_next_field(order_by: list[str], size: int) -> None:
    with time_is(MONDAY):
        people = [a_customer(f"Name {number % 4}") for number in range(12)]
    with time_is(TUESDAY):
        for row in people[:5]:
            customers.update(row.id, {"name": "Name 2"})
    found = _follow(list_customers(CustomerFilter(), order_by), size)
    expected = sorted(customers.find_all(row.id for row in people).values(), key=lambda row: row.id)
    for field, value in (("name", lambda row: row.name), ("updatedAt", lambda row: row.updated_at)):
        expected.sort(key=value, reverse=f"-{field}" in order_by)
    assert [row.id for row in found] == [row.id for row in expected]


@pytest.mark.parametrize("seed", range(4))
def test_a_reader_misses_no_change_that_is_made_while_it_reads(seed: int) -> None:
    dice = random.Random(seed)
    people = [a_customer() for _ in range(25)]
    left = [30]

    def change() -> None:
        if left[0]:
            left[0] -= 1
            customers.update(dice.choice(people).id, {"name": f"Name {left[0]}"})

    seen = _follow(list_customers(CustomerFilter(), ["updatedAt"]), 2, between=change)
    versions = [(row.updated_at, row.id, row.name) for row in seen]
    assert versions == sorted(set(versions)), "each version at most once, in order"
    latest = customers.find_all(row.id for row in people).values()
    assert {(row.updated_at, row.id, row.name) for row in latest} <= set(versions)


def test_a_row_that_changes_between_index_and_row_is_read_at_its_new_place() -> None:
    """An index of AWS may be behind its rows, too."""
    ann, _ = a_customer(), a_customer()
    customers.update(ann.id, {"name": "Ann B."})
    listing = list_customers(CustomerFilter(), ["updatedAt"])
    fetch, changes = listing.fetch, [{"name": "Ann C."}]

    def late(row_ids: Any) -> Any:
        if changes:
            customers.update(ann.id, changes.pop())
        return fetch(row_ids)

    object.__setattr__(listing, "fetch", late)
    page = read_page(listing, PageArgs(first=5))
    assert ann.id not in {edge.node.id for edge in page.edges}
    following = read_page(list_customers(CustomerFilter(), ["updatedAt"]), PageArgs(first=5, after=page.end_cursor))
    assert [edge.node.name for edge in following.edges] == ["Ann C."]


def test_rows_that_were_changed_later_cost_one_read_each_and_never_an_endless_page() -> None:
    with time_is(MONDAY):
        people = [a_customer() for _ in range(40)]
    with time_is(TUESDAY):
        for row in people[:-1]:
            customers.update(row.id, {"name": "Changed"})
    with metered() as meter:
        page = read_page(list_customers(CustomerFilter(), ["updatedAt"]), PageArgs(first=1))
    assert [edge.node.id for edge in page.edges] == [people[-1].id]
    assert page.has_next
    assert meter.calls["Query"] == 2, "one in each index"
    assert meter.calls["BatchGetItem"] <= 5


def _follow(
    listing: Listing[Any], size: int, *, forward: bool = True, between: Callable[[], None] = lambda: None
) -> list[Any]:
    found: list[Any] = []
    cursor = None
    while True:
        args = PageArgs(first=size, after=cursor) if forward else PageArgs(last=size, before=cursor)
        page = read_page(listing, args)
        rows = [edge.node for edge in page.edges]
        found += rows if forward else rows[::-1]
        cursor, more = (page.end_cursor, page.has_next) if forward else (page.start_cursor, page.has_previous)
        assert rows or not more
        if not more:
            return found
        between()


def test_times_are_kept_to_the_microsecond() -> None:
    ann = a_customer(created_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=1))
    found = customers.find(ann.id)
    assert found
    assert found.updated_at == "2026-01-01T00:00:00.000001Z"

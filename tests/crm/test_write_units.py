"""The cost of each write in write units, measured on MiniStack, whose units are exact."""

from collections.abc import Iterator

import pytest

from chalicelib.crm import (
    counters,
    customer_merges,
    customers,
    deleted_customers,
    imported_orders,
    orders,
    products,
    stock,
)
from chalicelib.crm.customers import Customer
from chalicelib.store import change_marks
from tests.builders import a_customer, a_past_order, a_product, time_is
from tests.metering import Meter, metered

pytestmark = pytest.mark.ministack


@pytest.fixture(autouse=True)
def _same_day() -> Iterator[None]:
    with time_is("2026-11-22T12:00:00"):
        yield


def charged(meter: Meter) -> float:
    assert "Scan" not in meter.calls
    return meter.write_units


def test_creating_a_customer_costs_10_and_one_per_word() -> None:
    with metered() as meter:
        customers.create("Ann", "ann@example.com")
    assert charged(meter) == 10 + 1


def a_typical_customer() -> Customer:
    return a_customer("Anna Maria Evans", "a.evans@example.com", phone="+49 30 123456")


def test_a_typical_customer_has_at_most_6_search_rows() -> None:
    with metered() as meter:
        customer = a_typical_customer()
    assert charged(meter) == 10 + 6
    customers.update(customer.id, {"name": customer.name})
    with metered() as meter:
        customers.update(customer.id, {"name": customer.name})
    unsearched = charged(meter)
    with metered() as meter:
        customers.update(customer.id, {"phone": "+49 30 654321"})
    assert charged(meter) <= unsearched + 2 + 6 + 6, "an index by phone, new search rows, and the removal of the old"


def test_a_price_costs_no_search_rows() -> None:
    product = a_product("Oak desk", sku="D-1")
    with metered() as meter:
        products.update(product.id, {"stock": 7})
    assert meter.calls["BatchWriteItem"] == 0


@pytest.mark.parametrize("lines", [1, 2, 3, 4, 5])
def test_an_order_costs_9_and_6_per_line(lines: int) -> None:
    customer = a_customer()
    quantities = {a_product(f"Product {number}").id: 1 for number in range(lines)}
    with metered() as meter:
        orders.place(customer.id, quantities)
    assert charged(meter) <= 9 + 6 * lines


def test_the_first_order_of_a_day_moves_the_customer_in_one_index() -> None:
    customer, product = a_customer(), a_product()
    with time_is("2026-11-23T12:00:00"), metered() as meter:
        orders.place(customer.id, {product.id: 1})
    assert charged(meter) <= 9 + 6 + 2


def test_a_restock_by_a_job_costs_7() -> None:
    product = a_product(stock=3)
    with change_marks.made_by("job:low_stock"), metered() as meter:
        stock.restock(product.id, "2026-11-22T12")
    assert charged(meter) == 7


def test_an_edit_costs_3_more_for_its_change_row_and_1_more_than_with_a_mark_alone() -> None:
    customer = a_customer(phone="+1 555 0100 198")
    with metered() as first:
        customers.update(customer.id, {"phone": "+1 555 0100 199"})
    with metered() as plain:
        customers.update(customer.id, {"phone": "+1 555 0100 200"})
    with change_marks.made_by("Ann"), metered() as logged:
        customers.update(customer.id, {"phone": "+1 555 0100 201"})
    assert charged(logged) == charged(plain) + 3
    assert charged(plain) == charged(first) + 1, "the index of changes has a key of the customer already"


def test_an_edit_of_a_product_costs_two_units_for_the_index_of_changes() -> None:
    product = a_product()
    costs = []
    for number in range(3):
        with metered() as meter:
            products.update(product.id, {"stock": 20 + number})
        costs.append(charged(meter))
    assert costs == [2 + 2 + 2] * 3, "the row, and its keys by stock and by the latest change"


def test_what_is_created_says_who_created_it_without_a_change_row() -> None:
    with change_marks.made_by("Ann (0123456789ab)"), metered() as meter:
        customer = a_customer()
    assert charged(meter) == 10 + 3, "three words"
    assert customer.created_by == "Ann (0123456789ab)"
    product = a_product()
    with change_marks.made_by("Ann (0123456789ab)"), metered() as meter:
        orders.place(customer.id, {product.id: 1})
    assert charged(meter) <= 9 + 6


def test_deleting_and_archiving_a_customer_costs_14_and_one_per_search_row() -> None:
    customer = a_typical_customer()
    with metered() as meter:
        deleted_customers.delete(customer.id)
    assert charged(meter) == 14 + 6


def test_merging_customers_costs_44_and_6_per_order() -> None:
    product = a_product(stock=100)
    costs: dict[int, float] = {}
    for count in (1, 11):
        kept, absorbed = a_customer(), a_customer()
        for _ in range(count):
            orders.place(absorbed.id, {product.id: 1})
        with change_marks.made_by("Ann"), metered() as meter:
            customer_merges.merge(kept.id, absorbed.id)
        costs[count] = charged(meter)
    assert costs == {1: 44 + 6, 11: 44 + 6 * 11}


def test_an_imported_order_costs_one_unit_per_line() -> None:
    customer = a_customer()
    stocked = [a_product(f"Product {number}") for number in range(4)]
    costs = []
    for count in (1, 4):
        lines = [(product, 1, "9.99") for product in stocked[:count]]
        with metered() as meter:
            imported_orders.record(a_past_order(customer, *lines, reference=f"INV-{count}"))
        costs.append(charged(meter))
    assert costs == [13 + 2, 16 + 2], "and one per word of the reference"


def test_totals_cost_one_query_per_shard() -> None:
    a_customer()
    with metered() as meter:
        counters.stats()
    assert meter.calls == {"Query": 16}

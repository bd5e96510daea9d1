"""The database in memory of the benchmarks charges what MiniStack charges for writes, and packs its rows unchanged."""

from collections.abc import Callable

import pytest

from benchmarks.counted_memory import CountedMemory
from chalicelib.crm import cancellation, customers, imported_orders, orders, products, stock
from chalicelib.store import tables
from tests.builders import a_customer, a_past_order, a_product, time_is
from tests.conftest import in_memory
from tests.faults.sample_company import numbered_ids
from tests.metering import metered

KINDS = {"customer", "product", "order", "import of 30 lines", "cancellation", "stock", "new name", "deletion"}


def charges() -> dict[str, float]:
    """Return what each write is charged by the database that is connected."""
    found: dict[str, float] = {}
    with time_is("2026-11-22T12:00:00"), numbered_ids():
        customer, sold = a_customer("Ann Lee", "ann@example.com", phone="+49 30 123456"), a_product(stock=9, sku="A-1")
        others = [(a_product(f"Thing number {number}", sku=f"T-{number}"), 2, "12.50") for number in range(30)]
        order = orders.place(customer.id, {sold.id: 1}).order
        past = a_past_order(customer, *others)
        works: dict[str, Callable[[], object]] = {
            "customer": lambda: a_customer("Bob Smith", "bob@example.com"),
            "product": lambda: a_product("Oak desk", sku="D-1"),
            "order": lambda: orders.place(customer.id, {sold.id: 2, others[0][0].id: 1}),
            "import of 30 lines": lambda: imported_orders.record(past),
            "cancellation": lambda: cancellation.cancel(order.id),
            "stock": lambda: stock.adjust(sold.id, 3, "received"),
            "new name": lambda: customers.update(customer.id, {"name": "Anna Lee"}),
            "deletion": lambda: products.delete(others[29][0].id),
        }
        for name, work in works.items():
            with metered() as meter:
                work()
            found[name] = meter.write_units
    return found


def charges_in_memory() -> dict[str, float]:
    memory = CountedMemory()
    with in_memory(memory):
        return charges()


@pytest.mark.ministack
def test_it_charges_what_ministack_charges() -> None:
    expected = charges()
    assert expected.keys() == KINDS
    assert charges_in_memory() == expected


def test_it_charges_what_the_domain_is_known_to_cost() -> None:
    memory = CountedMemory()
    with in_memory(memory), time_is("2026-11-22T12:00:00"):
        with memory.counted() as usage:
            customers.create("Ann", "ann@example.com")
        assert usage.write_units == 10 + 1, "as MiniStack in tests/crm/test_write_units"
        customer, goods = a_customer(), [a_product() for _ in range(2)]
        with memory.counted() as usage:
            orders.place(customer.id, dict.fromkeys((each.id for each in goods), 1))
        assert (usage.calls, usage.read_units) == (3, 3)
        assert usage.write_units <= 9 + 6 * 2


def test_it_keeps_rows_and_lines_as_they_are() -> None:
    memory = CountedMemory()
    with in_memory(memory), numbered_ids():
        customer, goods = a_customer(), [a_product(), a_product()]
        order = orders.place(customer.id, dict.fromkeys((each.id for each in goods), 1)).order
        assert orders.find(order.id) == order
        lines = memory.rows_of(tables.Line)
        assert {key[0] for key in lines} == {each.id for each in goods}
        assert all(row == {"product_id": {"S": key[0]}, "date_k": {"S": key[1]}} for key, row in lines.items())

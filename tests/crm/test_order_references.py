"""Lists of orders by the reference of an imported order."""

from decimal import Decimal

import pytest

from chalicelib.crm import imported_orders, orders
from chalicelib.crm.list_filters import OrderFilter
from chalicelib.crm.list_queries import list_orders
from chalicelib.errors import ReferenceConflict
from chalicelib.store.pagination import PageArgs, read_page
from tests.builders import a_customer, a_past_order, a_product
from tests.metering import metered


@pytest.mark.parametrize("order_by", [None, ["orderDate"], ["-totalAmount"], ["-orderDate", "totalAmount"]])
def test_an_order_is_found_by_its_reference_in_every_order_of_the_list(order_by: list[str] | None) -> None:
    customer, product = a_customer(), a_product()
    for reference in ("R-1", "R-10", "r-1"):
        imported_orders.record(a_past_order(customer, (product, 1, "2.00"), reference=reference))
    with metered() as meter:
        page = read_page(list_orders(OrderFilter(reference="R-1"), order_by), PageArgs(first=5))
    assert [edge.node.reference for edge in page.edges] == ["R-1"]
    assert (meter.calls, page.has_next) == ({"Query": 1, "BatchGetItem": 1}, False)
    for unknown in ("R", "", "x" * 5000, "\ud800"):
        assert read_page(list_orders(OrderFilter(reference=unknown), order_by), PageArgs()).edges == []
    cancelled = OrderFilter(reference="R-1", status=orders.CANCELLED)
    assert read_page(list_orders(cancelled, order_by), PageArgs()).edges == []


def test_an_order_whose_lines_have_todays_prices_is_found_again_after_a_price_has_changed() -> None:
    customer, lamp, pen = a_customer(), a_product(), a_product("Pen")
    first = a_past_order(customer, (lamp, 2, "10"), (pen, 1, "3"), adjustments=(("ROUNDING", Decimal(-1)),))
    order, _ = imported_orders.record(first)
    dearer = a_past_order(customer, (lamp, 2, "12"), (pen, 1, "3"), adjustments=(("ROUNDING", Decimal(-5)),))
    assert imported_orders.record(dearer) == (order, False)
    exact = a_past_order(customer, (lamp, 2, "9.5"), (pen, 1, "3"))
    assert imported_orders.record(exact) == (order, False)
    others = (
        a_past_order(customer, (lamp, 2, "12"), (pen, 1, "3"), adjustments=(("ROUNDING", Decimal(-4)),)),
        a_past_order(customer, (lamp, 1, "19"), (pen, 1, "3")),
        a_past_order(customer, (lamp, 2, "12"), (pen, 1, "3"), adjustments=(("DISCOUNT", Decimal(-5)),)),
    )
    for other in others:
        with pytest.raises(ReferenceConflict):
            imported_orders.record(other)

"""`crmctl orders edit` against the real API."""

import pytest

from chalicelib.crm import orders, products
from tests.builders import a_customer, a_product
from tests.crmctl.api_server import ApiServer


def quantities(order_id: str) -> dict[str, int]:
    order = orders.find(order_id)
    assert order
    return {line.name: line.quantity for line in order.lines}


def test_a_quantity_changes_a_line_comes_and_one_goes(crm: ApiServer) -> None:
    lamp, desk = a_product("Lamp", "10.00", 9, "LAMP"), a_product("Desk", "20.00", 9, "DESK")
    chair, rug = a_product("Chair", "5.00", 9), a_product("Rug", "1.00", 9, "RUG")
    order = orders.place(a_customer().id, {lamp.id: 2, desk.id: 1, rug.id: 1}).order
    done = crm.crmctl("orders", "edit", order.id, "--line", "lamp=3", "--line", "DESK=0", "--line", f"{chair.id}=2")
    assert (done.exit_code, done.stdout.splitlines()) == (
        0,
        [
            "3 x Lamp at 10.00: 30.00",
            "1 x Rug at 1.00: 1.00",
            "2 x Chair at 5.00: 10.00",
            "Total: 41.00, before: 41.00",
        ],
    ), done.output
    assert quantities(order.id) == {"Lamp": 3, "Rug": 1, "Chair": 2}
    found = products.find_all([lamp.id, desk.id, chair.id])
    assert [found[each.id].stock for each in (lamp, desk, chair)] == [6, 9, 7]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("LAMP=99", "Not enough of 'Lamp' in stock: 97 ordered, 7 available"),
        ("CHAIR=1", "There is no product with the SKU 'CHAIR'."),
        ("LAMP", "'LAMP' is not PRODUCT=QUANTITY, such as LAMP=3"),
        ("LAMP=-1", "'LAMP=-1' is not PRODUCT=QUANTITY"),
        ("LAMP=0", "At least one product must be selected"),
    ],
)
def test_a_refusal_is_in_the_words_of_the_api_and_changes_nothing(crm: ApiServer, line: str, message: str) -> None:
    lamp = a_product("Lamp", "10.00", 9, "LAMP")
    order = orders.place(a_customer().id, {lamp.id: 2}).order
    failed = crm.crmctl("orders", "edit", order.id, "--line", line)
    assert failed.exit_code == 2
    assert message in failed.stderr
    assert quantities(order.id) == {"Lamp": 2}
    assert "There is no order 'ord_x'." in crm.crmctl("orders", "edit", "ord_x", "--line", "LAMP=1").stderr

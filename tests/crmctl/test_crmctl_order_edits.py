"""`crmctl orders edit` and `crmctl orders refund` against the real API."""

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


def test_a_refund_shows_its_credit_note_and_asks_what_becomes_of_the_goods(crm: ApiServer) -> None:
    lamp, desk = a_product("Lamp", "10.00", 9, "LAMP"), a_product("Desk", "20.00", 9, "DESK")
    order = orders.place(a_customer().id, {lamp.id: 3, desk.id: 1}).order
    lines = ("orders", "refund", order.id, "--line", "lamp=2", "--line", f"{desk.id}=1")
    done = crm.crmctl(*lines, "--restock", "--reason", "too bright")
    first, second, last = done.stdout.splitlines()
    assert (done.exit_code, first, second) == (0, "-2 x Lamp at 10.00: -20.00", "-1 x Desk at 20.00: -20.00"), (
        done.output
    )
    note = orders.find(last.removeprefix("Credit note ").removesuffix(": -40.00"))
    assert note
    assert (note.refund_of, products.require(lamp.id).stock, products.require(desk.id).stock) == (order.id, 8, 9)
    for missing in (("--restock",), ("--reason", "x")):
        assert crm.crmctl(*lines, *missing).exit_code == 2
    failed = crm.crmctl(*lines, "--no-restock", "--reason", "again")
    assert failed.exit_code == 2
    assert "At most 1 of 'Lamp' can be refunded, not 2" in failed.stderr
    assert products.require(lamp.id).stock == 8

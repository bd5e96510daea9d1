"""The history of rows: each change of a field, and everything that moved a stock."""

import random
from typing import Any

import pytest

from chalicelib.access.authorization import Caller
from chalicelib.access.roles import Role
from chalicelib.api.graphql.execution import execute
from chalicelib.crm import cancellation, imported_orders, order_edits, order_lines, orders, products, row_history, stock
from chalicelib.crm.history_entries import HistoryEntry
from chalicelib.crm.row_history import Row
from chalicelib.errors import CrmError, InvalidCursor
from chalicelib.store import change_marks, read_budget, tables
from tests.builders import a_customer, a_past_order, a_product, moment, rows_of, time_is

ANN = Caller("0123456789ab", "Ann (0123456789ab)", Role.EDITOR, "Ann")
NODES = "edges { node { at actor action field before after delta orderId productId reason requestId } } pageInfo { hasNextPage endCursor }"


def history(row: Row, size: int = 100) -> list[HistoryEntry]:
    found: list[HistoryEntry] = []
    after = None
    while True:
        page = row_history.read_page(row, size, after)
        found += [edge.node for edge in page.edges]
        after = page.end_cursor
        if not page.has_next:
            return found


def of_product(product_id: str, size: int = 100) -> list[HistoryEntry]:
    product = products.find(product_id)
    assert product
    return history(product, size)


def run(document: str, **variables: object) -> Any:
    answer = execute(document, variables, ANN)
    assert "errors" not in answer, answer
    return answer["data"]


def test_a_customer_tells_each_changed_field_and_the_creation() -> None:
    with time_is("2026-11-22T12:00:00"):
        made = run('mutation { createCustomer(input: {name: "Ann", email: "a@example.com"}) { customer { id } } }')
    customer_id = made["createCustomer"]["customer"]["id"]
    with time_is("2026-11-22T13:00:00"):
        run(
            'mutation ($id: ID!) { updateCustomer(id: $id, input: {name: "Bea", phone: "+1 555 0100 200"}) { customer { id } } }',
            id=customer_id,
        )
    with time_is("2026-11-22T14:00:00"):
        run("mutation ($id: ID!) { deleteCustomer(id: $id) { customer { id } } }", id=customer_id)
        execute(
            "mutation ($id: ID!) { restoreCustomer(id: $id) { customer { id } } }",
            {"id": customer_id},
            Caller.system("Ops"),
        )
    edges = run(f"query ($id: ID!) {{ customer(id: $id) {{ history {{ {NODES} }} }} }}", id=customer_id)["customer"][
        "history"
    ]["edges"]
    found = [
        tuple(edge["node"][name] for name in ("at", "actor", "action", "field", "before", "after")) for edge in edges
    ]
    assert set(found[:2]) == {
        ("2026-11-22T14:00:00Z", "Ops", "restoreCustomer", None, None, None),
        ("2026-11-22T14:00:00Z", ANN.name, "deleteCustomer", None, None, None),
    }
    assert found[2:] == [
        ("2026-11-22T13:00:00Z", ANN.name, "updateCustomer", "name", "Ann", "Bea"),
        ("2026-11-22T13:00:00Z", ANN.name, "updateCustomer", "phone", None, "+1 555 0100 200"),
        ("2026-11-22T12:00:00Z", ANN.name, "createCustomer", None, None, None),
    ]


def test_an_order_tells_who_changed_which_quantity() -> None:
    lamp = a_product("Lamp", "10.00", 9)
    with change_marks.made_by("Ann"):
        order = orders.place(a_customer().id, {lamp.id: 2}).order
        changed = order_edits.update(order.id, {lamp.id: 3})
    assert [(entry.field, entry.before, entry.after, entry.product_id) for entry in history(changed)] == [
        ("totalAmount", "20.00", "30.00", None),
        ("quantity", "2", "3", lamp.id),
        (None, None, None, None),
    ]
    assert {entry.actor for entry in history(changed)} == {"Ann"}


def test_a_product_tells_why_its_stock_is_what_it_is() -> None:
    customer = a_customer()
    times = iter(f"2026-11-22T12:00:{second:02}" for second in range(60))

    def at_next(work: Any, *arguments: Any) -> Any:
        with time_is(next(times)), change_marks.made_by("Ann"):
            return work(*arguments)

    lamp = at_next(a_product, "Lamp", "10.00", 10).id
    first = at_next(orders.place, customer.id, {lamp: 4}).order
    at_next(stock.adjust, lamp, -1, "broken")
    at_next(order_edits.update, first.id, {lamp: 2})
    second = at_next(orders.place, customer.id, {lamp: 3}).order
    at_next(cancellation.cancel, second.id)
    at_next(products.update, lamp, {"stock": 4, "name": "Light"})
    at_next(stock.restock, lamp, "2026-11-22T12")
    past = a_past_order(customer, (products.require(lamp), 9, "2.00"), date=moment("2026-11-22T12:00:30"))
    at_next(imported_orders.record, past)
    found = [
        (entry.action or entry.reason, entry.field, entry.before, entry.after, entry.delta)
        for entry in of_product(lamp)
    ]
    assert found == [
        ("bulkCreateOrders", "stock", None, None, None),
        (None, "stock", "4", "14", 10),
        (None, "name", "Lamp", "Light", None),
        (None, "stock", "7", "4", -3),
        (None, "stock", None, None, 3),
        ("createOrder", "stock", None, None, -3),
        (None, "stock", None, None, 2),
        ("broken", "stock", "6", "5", -1),
        ("createOrder", "stock", None, None, -4),
        ("createProduct", "stock", None, "10", 10),
    ]
    now = products.require(lamp)
    assert sum(entry.delta or 0 for entry in of_product(lamp)) == now.stock == 14
    assert {entry.order_id for entry in of_product(lamp) if entry.order_id} >= {first.id, second.id}


@pytest.mark.parametrize("seed", range(5))
def test_after_anything_the_movements_add_up_to_the_stock_on_pages_of_any_size(seed: int) -> None:
    dice = random.Random(seed)
    customer = a_customer()
    with change_marks.made_by("Ann"):
        goods = [a_product(f"Product {number}", "1.00", 20).id for number in range(3)]
        placed: list[str] = []
        for number in range(40):
            some = {key: dice.randint(1, 5) for key in dice.sample(goods, dice.randint(1, 3))}
            work = dice.choice(("place", "edit", "cancel", "adjust", "restock", "set"))
            try:
                if work == "place" or not placed:
                    placed.append(orders.place(customer.id, some).order.id)
                elif work == "edit":
                    order_edits.update(dice.choice(placed), some)
                elif work == "cancel":
                    cancellation.cancel(dice.choice(placed))
                elif work == "adjust":
                    stock.adjust(goods[0], dice.randint(-3, 9), "counted")
                elif work == "restock":
                    stock.restock(goods[1], f"2026-11-22T{number:02}")
                else:
                    products.update(goods[2], {"stock": dice.randint(5, 30)})
            except CrmError:
                continue
    for product_id in goods:
        whole = of_product(product_id)
        assert sum(entry.delta or 0 for entry in whole) == products.require(product_id).stock
        assert of_product(product_id, 1) == of_product(product_id, 7) == whole


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_an_order_that_an_earlier_release_has_edited_is_in_the_history(*, is_cancelled: bool) -> None:
    customer, lamp = a_customer(), a_product("Lamp", "10.00", 9).id
    with change_marks.made_by("Ann"):
        order = orders.place(customer.id, {lamp: 1}).order
        order_edits.update(order.id, {lamp: 4})
        row = tables.Order.get(order.id)
        row.lines_changed_at = row.updated_key = None
        row.save()
        if is_cancelled:
            cancellation.cancel(order.id)
    deltas = [entry.delta for entry in of_product(lamp)]
    assert deltas == [4, -3, -1, 9][not is_cancelled :]
    assert sum(filter(None, deltas)) == products.require(lamp).stock


def test_a_row_that_leads_to_a_change_that_was_never_made_is_ignored() -> None:
    lamp = a_product(stock=9)
    with change_marks.made_by("Ann"):
        stock.adjust(lamp.id, 1, "found")
    (key,) = [key for key in rows_of(tables.AuxRow) if key[0] == f"change#{lamp.id}"]
    tables.AuxRow(pk=f"change#{lamp.id}", sk=key[1].replace(lamp.id, "ord_00000000000000000000000000")).save()
    assert [entry.delta for entry in of_product(lamp.id)] == [1, 9]


@pytest.mark.parametrize(("is_edited", "calls"), [(False, 14), (True, 20)])
def test_a_page_ends_before_orders_that_moved_nothing_exceed_the_read_budget(calls: int, *, is_edited: bool) -> None:
    customer, lamp, desk = a_customer(), a_product(stock=50), a_product("Desk", stock=500)
    with change_marks.made_by("Ann"):
        placed = [orders.place(customer.id, {lamp.id: 1}).order for _ in range(2)]
        for _ in range(40):  # the lamp came into these later, or never
            other = orders.place(customer.id, {desk.id: 1}).order
            if is_edited:
                order_edits.update(other.id, {desk.id: 1, lamp.id: 1})
                order_edits.update(other.id, {desk.id: 1})
            order_lines.put(other.date, other.id, [lamp.id])
        placed += [orders.place(customer.id, {lamp.id: 1}).order for _ in range(2)]
    whole = of_product(lamp.id)
    found, pages, after, more = list[HistoryEntry](), 0, None, True
    while more:
        with read_budget.spend(read_budget.ReadBudget(rows=5000, calls=calls)):
            page = row_history.read_page(products.require(lamp.id), 100, after)
            assert read_budget.current().is_partial == page.has_next
        assert page.end_cursor not in {None, after}
        found += [edge.node for edge in page.edges]
        pages, after, more = pages + 1, page.end_cursor, page.has_next
    assert found == whole
    assert {order.id for order in placed} <= {entry.order_id for entry in found}
    assert pages > 1
    assert products.require(lamp.id).stock == sum(entry.delta or 0 for entry in found)


def test_cursors_belong_to_one_row_and_sizes_have_bounds() -> None:
    lamp, desk = a_product(), a_product()
    cursor = row_history.read_page(lamp, 1, None).end_cursor
    with pytest.raises(InvalidCursor):
        row_history.read_page(desk, 1, cursor)
    assert row_history.read_page(lamp, 1, cursor).edges == []
    for size in (0, -1, 101):
        with pytest.raises(CrmError, match="first must be from 1 to 100"):
            row_history.read_page(lamp, size, None)


def test_viewers_may_read_it() -> None:
    document = f"query ($id: ID!) {{ product(id: $id) {{ history(first: 1) {{ {NODES} }} }} }}"
    answer = execute(document, {"id": a_product().id}, Caller("v", "Vic", Role.VIEWER))
    assert answer["data"]["product"]["history"]["edges"][0]["node"]["action"] == "createProduct"

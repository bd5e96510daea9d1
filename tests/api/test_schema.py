"""Queries and mutations as clients send them: single rows, lists, totals, changes."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import build_schema, validate_schema

from chalicelib import clock
from chalicelib.api.graphql.schema import SDL
from chalicelib.api.resolvers import plain_lists
from chalicelib.crm import customers, money, orders, products, reports
from chalicelib.crm.customers import Customer
from chalicelib.crm.money import from_cents
from chalicelib.crm.products import Product
from chalicelib.settings import settings
from tests.as_operator import execute
from tests.metering import metered

PAST_ORDERS = """mutation ($input: [BulkCreateOrdersInput]!) { bulkCreateOrders(input: $input) {
  orders { reference } errors
  results { index created error { code message } order { id reference totalAmount orderDate lines { name quantity } } } } }"""
PRODUCTS = """mutation ($input: [CreateProductInput]!) { bulkCreateProducts(input: $input) {
  products { sku } results { index error { code } product { id stock price } } } }"""


def ask(document: str, **variables: object) -> dict[str, Any]:
    answer = execute(document, variables)
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data


def test_the_schema_is_valid() -> None:
    """Production builds the schema without checking it."""
    assert validate_schema(build_schema(SDL.read_text("utf-8"))) == []


@pytest.fixture
def ann() -> Customer:
    return customers.create("Ann", "ann@example.com", "+1 555 0100 200")


@pytest.fixture
def pen() -> Product:
    return products.create("Pen", from_cents(250), 20, "PEN-1")


def past_order(**more: object) -> dict[str, object]:
    lines = [{"sku": "PEN-1", "quantity": 3, "unitPrice": "1.10"}]
    return {
        "reference": "NW-1",
        "customerEmail": "ANN@example.com",
        "orderDate": "1996-07-04",
        "lines": lines,
        **more,
    }


def test_a_node_knows_its_type(ann: Customer, pen: Product) -> None:
    order = orders.place(ann.id, {pen.id: 1}).order
    for row_id, kind in ((ann.id, "Customer"), (pen.id, "Product"), (order.id, "Order")):
        assert ask("query ($id: ID!) { node(id: $id) { __typename id } }", id=row_id) == {
            "node": {"__typename": kind, "id": row_id}
        }


def test_the_api_says_which_currency_amounts_are_in(monkeypatch: pytest.MonkeyPatch) -> None:
    reports.save("weekly", "2026-W47", {}, token="t")
    document = '{ settings { currency } crmStats { currency } report(period: "2026-W47") { currency } }'
    for currency in ("USD", "EUR"):
        monkeypatch.setattr(money, "settings", replace(settings, currency=currency))
        said = {"currency": currency}
        assert ask(document) == {"settings": said, "crmStats": said, "report": said}


def test_rows_are_found_by_id_and_by_unique_value(ann: Customer, pen: Product) -> None:
    found = ask('{ customer(email: " Ann@EXAMPLE.com ") { id } product(sku: "pen-1") { id archived } }')
    assert found == {"customer": {"id": ann.id}, "product": {"id": pen.id, "archived": False}}
    assert ask('{ customer(email: "bob@example.com") { id } product(sku: "x") { id } }') == {
        "customer": None,
        "product": None,
    }


def test_order_lines_keep_name_and_price(ann: Customer, pen: Product) -> None:
    order = orders.place(ann.id, {pen.id: 2}).order
    ask(
        'mutation ($id: ID!) { updateProduct(id: $id, input: {name: "Quill", price: 9}) { product { id } } }', id=pen.id
    )
    document = """query ($id: ID!) { order(id: $id) { status totalAmount products { name }
      lines { name quantity unitPrice lineTotal product { name price stock } } } }"""
    assert ask(document, id=order.id)["order"] == {
        "status": "PLACED",
        "totalAmount": "5.00",
        "products": [{"name": "Quill"}],
        "lines": [
            {
                "name": "Pen",
                "quantity": 2,
                "unitPrice": "2.50",
                "lineTotal": "5.00",
                "product": {"name": "Quill", "price": "9.00", "stock": 18},
            }
        ],
    }


def test_an_update_changes_only_what_it_names(ann: Customer, pen: Product) -> None:
    document = (
        'mutation ($id: ID!) { updateCustomer(id: $id, input: {name: "Anna"}) { customer { name email phone } } }'
    )
    assert ask(document, id=ann.id)["updateCustomer"]["customer"] == {
        "name": "Anna",
        "email": "ann@example.com",
        "phone": "+1 555 0100 200",
    }
    document = (
        "mutation ($id: ID!) { updateProduct(id: $id, input: {stock: 3, sku: null}) { product { name stock sku } } }"
    )
    assert ask(document, id=pen.id)["updateProduct"]["product"] == {"name": "Pen", "stock": 3, "sku": None}
    assert ask('{ product(sku: "PEN-1") { id } }') == {"product": None}


def test_orders_of_a_deleted_customer_stay(ann: Customer, pen: Product) -> None:
    orders.place(ann.id, {pen.id: 1})
    ask("mutation ($id: ID!) { deleteCustomer(id: $id) { customer { id name } } }", id=ann.id)
    assert ask("{ customers { id } orders { totalAmount customer { id } } crmStats { customers orders revenue } }") == {
        "customers": [],
        "orders": [{"totalAmount": "2.50", "customer": None}],
        "crmStats": {"customers": 0, "orders": 1, "revenue": "2.50"},
    }


def test_deleting_a_product_archives_it_once_it_was_ordered(ann: Customer, pen: Product) -> None:
    unsold = products.create("Ink", from_cents(100))
    orders.place(ann.id, {pen.id: 1})
    document = "mutation ($id: ID!) { deleteProduct(id: $id) { archived product { id } } }"
    assert ask(document, id=unsold.id)["deleteProduct"]["archived"] is False
    assert ask(document, id=pen.id)["deleteProduct"]["archived"] is True
    assert ask("{ products { id } orders { products { name archived } } }") == {
        "products": [],
        "orders": [{"products": [{"name": "Pen", "archived": True}]}],
    }


def test_cancelling_an_order_returns_stock_and_totals(ann: Customer, pen: Product) -> None:
    order = orders.place(ann.id, {pen.id: 4}).order
    document = "mutation ($id: ID!) { cancelOrder(id: $id) { order { status } } }"
    assert ask(document, id=order.id) == {"cancelOrder": {"order": {"status": "CANCELLED"}}}
    assert ask("{ products { stock } crmStats { orders revenue averageOrder } }") == {
        "products": [{"stock": 20}],
        "crmStats": {"orders": 0, "revenue": "0.00", "averageOrder": None},
    }


@pytest.mark.usefixtures("ann", "pen")
def test_totals_include_both_days() -> None:
    for day in ("2026-03-01", "2026-03-02", "2026-03-03"):
        row = past_order(reference=day, orderDate=f"{day}T23:59:59.999Z")
        assert ask(PAST_ORDERS, input=[row])["bulkCreateOrders"]["errors"] == []
    stats = '{ crmStats(from: "2026-03-02", to: "2026-03-03") { orders revenue averageOrder } }'
    assert ask(stats) == {"crmStats": {"orders": 2, "revenue": "6.60", "averageOrder": "3.30"}}


@pytest.mark.usefixtures("pen")
def test_low_stock_takes_a_threshold() -> None:
    products.create("Ink", from_cents(100), 3)
    document = "query ($t: Int) { lowStockProducts(threshold: $t) { edges { node { name } } } }"
    for threshold, names in ((None, ["Ink"]), (3, []), (4, ["Ink"]), (21, ["Ink", "Pen"])):
        edges = ask(document, t=threshold)["lowStockProducts"]["edges"]
        assert [edge["node"]["name"] for edge in edges] == names


@pytest.mark.usefixtures("ann", "pen")
class TestBulkOrders:
    def test_imported_orders_keep_date_and_price_and_take_no_stock(self) -> None:
        (result,) = ask(PAST_ORDERS, input=[past_order()])["bulkCreateOrders"]["results"]
        assert result["created"] is True
        assert result["order"] | {"id": ""} == {
            "id": "",
            "reference": "NW-1",
            "totalAmount": "3.30",
            "orderDate": "1996-07-04T00:00:00Z",
            "lines": [{"name": "Pen", "quantity": 3}],
        }
        assert ask("{ products { stock } }") == {"products": [{"stock": 20}]}

    def test_a_reference_is_imported_once(self) -> None:
        first = ask(PAST_ORDERS, input=[past_order()])["bulkCreateOrders"]["results"][0]
        again = ask(PAST_ORDERS, input=[past_order()])["bulkCreateOrders"]["results"][0]
        assert (again["created"], again["error"]) == (False, None)
        assert again["order"] == first["order"]
        assert ask("{ crmStats { orders } }") == {"crmStats": {"orders": 1}}

    @pytest.mark.parametrize(
        ("row", "code", "message"),
        [
            (None, "INVALID_INPUT", "The row is null"),
            (past_order(customerEmail="b@example.com"), "INVALID_CUSTOMER_ID", "There is no customer 'b@example.com'"),
            (
                past_order(lines=[{"sku": "INK", "quantity": 1, "unitPrice": 1}]),
                "INVALID_PRODUCT_IDS",
                "There is no product 'INK'",
            ),
            (past_order(lines=[]), "NO_LINES", "At least one product must be selected"),
            (past_order(reference=" "), "INVALID_INPUT", "Reference cannot be blank"),
            (past_order(orderDate="2999-01-01"), "INVALID_INPUT", "The date must be between 1900 and now"),
        ],
    )
    def test_an_invalid_row_has_an_error(self, row: dict[str, object] | None, code: str, message: str) -> None:
        results = ask(PAST_ORDERS, input=[row, past_order()])["bulkCreateOrders"]["results"]
        assert results[0]["error"] == {"code": code, "message": message}
        assert results[1]["created"] is True

    def test_the_same_reference_with_other_content_is_a_conflict(self) -> None:
        ask(PAST_ORDERS, input=[past_order()])
        other = past_order(orderDate="1996-07-05")
        (result,) = ask(PAST_ORDERS, input=[other])["bulkCreateOrders"]["results"]
        assert result["error"]["code"] == "REFERENCE_CONFLICT"


def test_bulk_products_are_unique_by_sku() -> None:
    rows = [{"name": "Pen", "price": "2.50", "sku": "P"}, {"name": "Pen", "price": "2.50", "sku": "p"}]
    made = ask(PRODUCTS, input=rows)["bulkCreateProducts"]
    assert made["products"] == [{"sku": "P"}]
    assert [result["error"] for result in made["results"]] == [None, {"code": "DUPLICATE_SKU"}]


def test_plain_lists_fail_over_the_limit(monkeypatch: pytest.MonkeyPatch, ann: Customer) -> None:
    customers.create("Bob", "bob@example.com")
    monkeypatch.setattr(plain_lists, "settings", replace(settings, plain_list_limit=1))
    answer = execute("{ customers { id } hello }")
    assert answer["data"] == {"customers": None, "hello": "Hello, GraphQL!"}
    assert answer["errors"][0]["extensions"]["code"] == "TOO_MANY_ROWS"
    assert ann.id not in str(answer)


def test_a_customer_has_a_connection_of_orders(ann: Customer, pen: Product) -> None:
    bob = customers.create("Bob", "bob@example.com")
    mine = [orders.place(ann.id, {pen.id: quantity}).order.id for quantity in (1, 2, 3)]
    orders.place(bob.id, {pen.id: 1})
    document = """query ($id: ID!, $after: String) { customer(id: $id) { lastOrderAt
      orders(first: 2, after: $after, orderBy: ["-orderDate"]) { edges { node { id } } pageInfo { hasNextPage endCursor } } } }"""
    page = ask(document, id=ann.id)["customer"]["orders"]
    assert [edge["node"]["id"] for edge in page["edges"]] == mine[:0:-1]
    rest = ask(document, id=ann.id, after=page["pageInfo"]["endCursor"])["customer"]["orders"]
    assert [edge["node"]["id"] for edge in rest["edges"]] == mine[:1]


def test_the_clock_can_be_moved(pen: Product) -> None:
    clock.set_source(lambda: datetime(2028, 2, 29, 12, tzinfo=UTC))
    try:
        bob = customers.create("Bob", "bob@example.com")
        assert orders.place(bob.id, {pen.id: 1}).order.date == "2028-02-29T12:00:00.000000Z"
    finally:
        clock.set_source(None)


def test_creating_an_order_reads_no_row_again(ann: Customer, pen: Product) -> None:
    document = """mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order {
      orderDate customer { name lastOrderAt } products { name stock } lines { product { stock price } } } } }"""
    with metered() as meter:
        order = ask(document, input={"customerId": ann.id, "lines": [{"productId": pen.id, "quantity": 3}]})
    order = order["createOrder"]["order"]
    assert order["customer"] == {"name": "Ann", "lastOrderAt": order["orderDate"]}
    assert order["products"] == [{"name": "Pen", "stock": 17}]
    assert order["lines"] == [{"product": {"stock": 17, "price": "2.50"}}]
    assert meter.calls == {"BatchGetItem": 1, "BatchWriteItem": 1, "TransactWriteItems": 1}


def test_a_mutation_does_not_answer_from_rows_read_before_it(ann: Customer, pen: Product) -> None:
    before = orders.place(ann.id, {pen.id: 3}).order
    answer = ask(
        """mutation ($ann: ID!, $pen: ID!, $before: ID!) {
          placed: createOrder(input: {customerId: $ann, productIds: [$pen]}) { order { id } }
          cancelled: cancelOrder(id: $before) { order { products { stock } } }
          renamed: updateCustomer(id: $ann, input: {name: "Anna"}) {
            customer { orders { edges { node { customer { name } } } } } } }""",
        ann=ann.id,
        pen=pen.id,
        before=before.id,
    )
    assert answer["cancelled"]["order"]["products"] == [{"stock": 19}]
    named = [edge["node"]["customer"]["name"] for edge in answer["renamed"]["customer"]["orders"]["edges"]]
    assert named == ["Anna", "Anna"]

"""Documents of existing clients keep running, unchanged.

They are read, byte for byte, from the file that describes the surface which those clients use; it lies beside the
project, and its types are compared with ours.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, build_schema

from chalicelib import clock
from chalicelib.api.graphql.schema import schema
from tests.as_operator import execute

COMPAT = Path(__file__).parents[2].parent / "shared" / "schema-compat.graphql"
pytestmark = pytest.mark.skipif(not COMPAT.exists(), reason="not beside this checkout: the compatible schema")


def documents() -> list[str]:
    """The comments after `Documents that old clients send`."""
    if not COMPAT.exists():
        return []
    _, _, tail = COMPAT.read_text("utf-8").partition("# Documents that old clients send")
    return re.findall(r"^#   ((?:query|mutation).*)$", tail, re.MULTILINE)


HELLO, WEEK, RESTOCK, PLAIN, CUSTOMER, BULK, PRODUCT, ORDER, CUSTOMERS, LOW = documents() or [""] * 10


def run(document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = execute(document, variables)
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data


def new_customer(name: str = "Alice", email: str = "alice@example.com") -> dict[str, Any]:
    created: dict[str, Any] = run(CUSTOMER, {"input": {"name": name, "email": email}})["createCustomer"]["customer"]
    return created


def new_order(**more: Any) -> dict[str, Any]:
    product = run(PRODUCT)["createProduct"]["product"]
    wanted = {"customerId": new_customer()["id"], "productIds": [product["id"]], **more}
    order: dict[str, Any] = run(ORDER, {"input": wanted})["createOrder"]["order"]
    return order


def test_hello_answers() -> None:
    assert run(HELLO) == {"hello": "Hello, GraphQL!"}


def test_reminders_include_the_orders_of_the_last_week() -> None:
    order = new_order()
    week_ago = (clock.now() - timedelta(days=7)).date().isoformat()
    edges = run(WEEK, {"weekAgo": week_ago})["allOrders"]["edges"]
    assert edges == [{"node": {"id": order["id"], "customer": {"email": "alice@example.com"}}}]


def test_reminders_leave_out_older_orders() -> None:
    new_order(orderDate=(clock.now() - timedelta(days=9)).isoformat())
    week_ago = (clock.now() - timedelta(days=7)).date().isoformat()
    assert run(WEEK, {"weekAgo": week_ago}) == {"allOrders": {"edges": []}}


def test_restocking_adds_ten_to_products_below_ten() -> None:
    execute('mutation { createProduct(input: {name: "Mouse", price: "5", stock: 3}) { product { id } } }')
    run(PRODUCT)
    assert run(RESTOCK)["updateLowStockProducts"]["products"] == [{"name": "Mouse", "stock": 13}]


def test_plain_lists_return_everything() -> None:
    order = new_order()
    data = run(PLAIN)
    assert len(data["customers"]) == 1
    assert data["orders"] == [{"id": order["id"], "totalAmount": "999.99"}]


def test_a_customer_is_created_with_a_message() -> None:
    data = run(CUSTOMER, {"input": {"name": "Alice", "email": "alice@example.com", "phone": "+1234567890"}})
    created = data["createCustomer"]
    assert created["message"] == "Customer created"
    assert created["customer"] | {"id": ""} == {
        "id": "",
        "name": "Alice",
        "email": "alice@example.com",
        "phone": "+1234567890",
    }


def test_bulk_creation_keeps_valid_rows_and_reports_errors_of_others() -> None:
    rows = [
        {"name": "Bob", "email": "bob@example.com", "phone": "123-456-7890"},
        {"name": "Bob again", "email": "BOB@example.com"},
        {"name": "Carol", "email": "carol@example.com"},
    ]
    created = run(BULK, {"input": rows})["bulkCreateCustomers"]
    assert [row["email"] for row in created["customers"]] == ["bob@example.com", "carol@example.com"]
    assert created["errors"] == ["Row 2: Email already exists"]


def test_a_price_written_as_a_number_stays_exact() -> None:
    product = run(PRODUCT)["createProduct"]["product"]
    assert product | {"id": ""} == {"id": "", "name": "Laptop", "price": "999.99", "stock": 10}


def test_an_order_is_created_of_product_ids() -> None:
    order = new_order(orderDate="2026-01-31T08:00:00Z")
    assert order | {"id": ""} == {
        "id": "",
        "customer": {"name": "Alice"},
        "products": [{"name": "Laptop", "price": "999.99"}],
        "totalAmount": "999.99",
        "orderDate": "2026-01-31T08:00:00Z",
    }


def test_customers_are_filtered_by_a_part_of_the_name_and_ordered() -> None:
    for name in ("Alice", "Natalie", "Bob"):
        new_customer(name, f"{name}@example.com")
    found = run(CUSTOMERS)["allCustomers"]
    assert [edge["node"]["name"] for edge in found["edges"]] == ["Natalie", "Alice"]
    assert found["pageInfo"]["hasNextPage"] is False
    assert found["pageInfo"]["endCursor"]


def test_low_stock_is_sorted_by_stock() -> None:
    for stock in (4, 12, 1):
        execute(
            f'mutation {{ createProduct(input: {{name: "P{stock}", price: 1, stock: {stock}}}) {{ product {{ id }} }} }}'
        )
    nodes = [edge["node"] for edge in run(LOW)["allProducts"]["edges"]]
    assert nodes == [{"name": "P1", "stock": 1}, {"name": "P4", "stock": 4}]


def test_every_document_of_the_file_is_tested() -> None:
    assert len(documents()) == 10


@pytest.mark.no_database
def test_every_type_field_and_argument_of_the_surface_exists() -> None:
    old = build_schema(_surface(), assume_valid_sdl=True).type_map
    for name, kind in old.items():
        if name.startswith("__") or not isinstance(
            kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType
        ):
            continue
        ours: Any = schema().type_map[name]
        for field, definition in kind.fields.items():
            assert field in ours.fields, f"{name}.{field}"
            new = ours.fields[field]
            if isinstance(kind, GraphQLInputObjectType):
                assert not new.type.__class__.__name__.startswith("GraphQLNonNull") or str(definition.type).endswith(
                    "!"
                )
                continue
            for argument in definition.args:
                assert argument in new.args, f"{name}.{field}({argument})"


def _surface() -> str:
    """The description, with the types that it only mentions in words."""
    text = COMPAT.read_text("utf-8")
    fields = "pageInfo: PageInfo! edges: [{0}Edge]!"
    for name in ("Customer", "Product", "Order"):
        text += (
            f"\ntype {name}Connection {{ {fields.format(name)} }}\ntype {name}Edge {{ node: {name} cursor: String! }}"
        )
    text += """
    type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
    scalar Date scalar DateTime scalar Decimal
    type CreateCustomerPayload { customer: Customer message: String }
    type BulkCreateCustomersPayload { customers: [Customer] errors: [String] }
    type CreateProductPayload { product: Product }
    type CreateOrderPayload { order: Order }
    type UpdateLowStockProductsPayload { products: [Product] message: String }
    """
    return text.replace("productIds: [ID]   ", "productIds: [ID]").replace(
        "input: [CreateCustomerInput]!", "input: [BulkCreateCustomersInput]!"
    )

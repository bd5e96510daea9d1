"""Bad input gets a message that says what to do, a stable code, and changes nothing."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.crm import customers, orders, products
from chalicelib.crm.money import from_cents
from tests.as_operator import execute

CUSTOMER = "mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { customer { id } } }"
PRODUCT = "mutation ($input: CreateProductInput!) { createProduct(input: $input) { product { id price } } }"
ORDER = "mutation ($input: CreateOrderInput!) { createOrder(input: $input) { order { id totalAmount lines { quantity } } } }"
BULK = """mutation ($input: [BulkCreateCustomersInput]!) { bulkCreateCustomers(input: $input) {
  customers { email } errors results { index customer { email } error { code message field } } } }"""
UNKNOWN = "prd_01ARZ3NDEKTSV4RRFFQ69G5FAV"


def refusal(document: str, variables: dict[str, Any] | None = None) -> tuple[str, str]:
    """(code, message) of the only error."""
    answer = execute(document, variables)
    (error,) = answer["errors"]
    return error["extensions"]["code"], error["message"]


@pytest.mark.parametrize(
    "email",
    [
        *("", "plain", "a@b", "a b@example.com", "a@@example.com", "a@ex..com", "x" * 250 + "@b.co"),
        # what some mail servers would decode to another address
        *("=?utf-8?q?other=40evil.example=3e=00?=ann@example.com", "\uff1d\uff1futf-8?q?a?=@example.com"),
    ],
)
def test_a_broken_email_is_refused(email: str) -> None:
    refused = refusal(CUSTOMER, {"input": {"name": "Ann", "email": email}})
    assert refused == ("INVALID_EMAIL", "Invalid email format. Use name@example.com")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "Name cannot be blank"),
        ("  \t ", "Name cannot be blank"),
        ("x" * 201, "Name cannot be longer than 200 characters"),
        ("a\x00b", "Name contains control characters"),
        ("a\x1fb", "Name contains control characters"),
    ],
)
def test_a_name_must_be_printable_and_of_a_sensible_length(name: str, message: str) -> None:
    assert refusal(CUSTOMER, {"input": {"name": name, "email": "a@example.com"}}) == ("INVALID_INPUT", message)


@pytest.mark.parametrize("phone", ["123", "12345678901234567", "call me", "++1234567890", "1234567x"])
def test_a_phone_must_have_a_known_format(phone: str) -> None:
    refused = refusal(CUSTOMER, {"input": {"name": "Ann", "email": "a@example.com", "phone": phone}})
    assert refused == ("INVALID_PHONE", "Invalid phone format. Use +1234567890 or 123-456-7890")


@pytest.mark.parametrize(
    ("price", "code", "message"),
    [
        (0, "INVALID_PRICE", "Price must be positive"),
        (-1, "INVALID_PRICE", "Price must be positive"),
        (0.001, "INVALID_INPUT", "Amounts have at most two decimal places"),
        ("9.999", "INVALID_INPUT", "Amounts have at most two decimal places"),
        (1e12, "INVALID_PRICE", "Price must be below 1000000000"),
        ("1e30", "INVALID_PRICE", "Price must be below 1000000000"),
    ],
)
def test_a_price_must_be_positive(price: object, code: str, message: str) -> None:
    assert refusal(PRODUCT, {"input": {"name": "Pen", "price": price}}) == (code, message)


@pytest.mark.parametrize(
    "price", ["NaN", "Infinity", "ten", "", True, "1" * 50, [1], "1_000", "\uff11\uff12", "\u0661\u0662"]
)
def test_a_price_must_be_a_number(price: object) -> None:
    code, message = refusal(PRODUCT, {"input": {"name": "Pen", "price": price}})
    assert code == "BAD_USER_INPUT"
    assert "Decimal cannot represent" in message or "Expected value" in message


@pytest.mark.parametrize("price", [12.5, "12.5", "12.50"])
def test_prices_are_exact_in_every_notation(price: object) -> None:
    answer = execute(PRODUCT, {"input": {"name": "Pen", "price": price}})
    assert answer["data"]["createProduct"]["product"]["price"] == "12.50"


def test_stock_cannot_be_negative() -> None:
    refused = refusal(PRODUCT, {"input": {"name": "Pen", "price": 1, "stock": -1}})
    assert refused == ("INVALID_STOCK", "Stock cannot be negative")


def test_an_email_is_unique_in_any_case() -> None:
    execute(CUSTOMER, {"input": {"name": "Ann", "email": "ann@example.com"}})
    refused = refusal(CUSTOMER, {"input": {"name": "Ann", "email": "ANN@Example.com"}})
    assert refused == ("DUPLICATE_EMAIL", "Email already exists")


class TestOrders:
    @pytest.fixture
    def customer(self) -> str:
        return customers.create("Ann", "ann@example.com").id

    @pytest.fixture
    def pen(self) -> str:
        return products.create("Pen", from_cents(250), 5).id

    def order(self, customer: str, **more: object) -> tuple[str, str]:
        return refusal(ORDER, {"input": {"customerId": customer, **more}})

    @pytest.mark.parametrize("customer_id", ["", "1", "cus_01ARZ3NDEKTSV4RRFFQ69G5FAV", UNKNOWN, "x" * 5000])
    def test_the_customer_must_exist(self, customer_id: str, pen: str) -> None:
        assert self.order(customer_id, productIds=[pen]) == ("INVALID_CUSTOMER_ID", "Invalid customer ID")

    @pytest.mark.parametrize("product_id", ["1", UNKNOWN, "cus_01ARZ3NDEKTSV4RRFFQ69G5FAV"])
    def test_the_products_must_exist(self, customer: str, pen: str, product_id: str) -> None:
        refused = self.order(customer, productIds=[pen, product_id])
        assert refused == ("INVALID_PRODUCT_IDS", f"Invalid product IDs: '{product_id}'")

    @pytest.mark.parametrize("what", [{"productIds": []}, {"lines": []}, {}])
    def test_an_order_needs_a_product(self, customer: str, what: dict[str, object]) -> None:
        assert self.order(customer, **what) == ("NO_LINES", "At least one product must be selected")

    def test_product_ids_and_lines_exclude_each_other(self, customer: str, pen: str) -> None:
        refused = self.order(customer, productIds=[pen], lines=[{"productId": pen, "quantity": 1}])
        assert refused == ("INVALID_INPUT", "Give productIds or lines, not both")

    @pytest.mark.parametrize("quantity", [0, -1, 10**6 + 1])
    def test_the_quantity_is_limited(self, customer: str, pen: str, quantity: int) -> None:
        refused = self.order(customer, lines=[{"productId": pen, "quantity": quantity}])
        assert refused == ("INVALID_INPUT", "Quantity must be from 1 to 1000000")

    def test_more_lines_than_a_transaction_takes_are_refused(self, customer: str) -> None:
        lines = [{"productId": f"p{number}", "quantity": 1} for number in range(97)]
        assert self.order(customer, lines=lines) == ("TOO_MANY_LINES", "An order has at most 96 lines, not 97")

    def test_products_out_of_stock_cannot_be_ordered(self, customer: str, pen: str) -> None:
        refused = self.order(customer, lines=[{"productId": pen, "quantity": 6}])
        assert refused == ("INSUFFICIENT_STOCK", "Not enough of 'Pen' in stock: 6 ordered, 5 available")

    def test_an_order_cannot_be_dated_in_the_far_future(self, customer: str, pen: str) -> None:
        date = (clock.now() + timedelta(days=30)).isoformat()
        code, message = self.order(customer, productIds=[pen], orderDate=date)
        assert (code, message) == ("INVALID_INPUT", "The date must be between 1900 and now")

    def test_lines_of_the_same_product_are_merged(self, customer: str, pen: str) -> None:
        lines = [{"productId": pen, "quantity": 2}, {"productId": pen, "quantity": 3}]
        answer = execute(ORDER, {"input": {"customerId": customer, "lines": lines}})
        order = answer["data"]["createOrder"]["order"]
        assert order["totalAmount"] == "12.50"
        assert order["lines"] == [{"quantity": 5}]

    def test_a_refused_order_changes_nothing(self, customer: str, pen: str) -> None:
        pencil = products.create("Pencil", from_cents(100), 1).id
        lines = [{"productId": pen, "quantity": 1}, {"productId": pencil, "quantity": 2}]
        assert self.order(customer, lines=lines)[0] == "INSUFFICIENT_STOCK"
        stored = products.find(pen)
        assert stored
        assert stored.stock == 5
        assert execute("{ crmStats { orders } orders { id } }")["data"] == {"crmStats": {"orders": 0}, "orders": []}

    def test_an_archived_product_cannot_be_ordered(self, customer: str, pen: str) -> None:
        orders.place(customer, {pen: 1})
        products.delete(pen)
        assert self.order(customer, productIds=[pen])[0] == "INVALID_PRODUCT_IDS"


def test_bulk_rows_fail_one_by_one() -> None:
    rows = [{"name": "Ann", "email": "ann@example.com"}, None, {"name": "", "email": "b@example.com"}]
    made = execute(BULK, {"input": rows})["data"]["bulkCreateCustomers"]
    assert made["customers"] == [{"email": "ann@example.com"}]
    assert made["errors"] == ["Row 2: The row is null", "Row 3: Name cannot be blank"]
    assert [result["error"] and result["error"]["code"] for result in made["results"]] == [
        None,
        "INVALID_INPUT",
        "INVALID_INPUT",
    ]
    assert [result["index"] for result in made["results"]] == [0, 1, 2]


def test_bulk_takes_a_hundred_rows_at_a_time() -> None:
    assert refusal(BULK, {"input": [None] * 101}) == ("INVALID_INPUT", "At most 100 rows at a time, not 101")


@pytest.mark.parametrize("field", ["allCustomers", "allProducts", "allOrders"])
def test_an_unknown_order_by_lists_the_known_ones(field: str) -> None:
    code, message = refusal(f'{{ {field}(orderBy: ["colour"]) {{ edges {{ node {{ id }} }} }} }}')
    assert code == "INVALID_INPUT"
    assert "Cannot order by 'colour'. Use one of " in message


@pytest.mark.parametrize(
    "arguments", ["first: 101", "first: -1", "last: 101", "first: 1, last: 1", "offset: 1001", "last: 5, offset: 2"]
)
def test_page_sizes_are_limited(arguments: str) -> None:
    assert refusal(f"{{ allProducts({arguments}) {{ edges {{ cursor }} }} }}")[0] == "INVALID_INPUT"


def test_a_row_is_found_by_exactly_one_argument() -> None:
    assert refusal("{ customer { id } }") == ("INVALID_INPUT", "Give exactly one of id, email and reference")
    assert refusal('{ product(id: "a", sku: "b") { id } }') == ("INVALID_INPUT", "Give exactly one of id and sku")


@pytest.mark.parametrize(
    "row_id", ["", "nonsense", UNKNOWN, "cus_", "ord_01ARZ3NDEKTSV4RRFFQ69G5FAV", "\x00", "x" * 4000]
)
def test_unknown_ids_are_null_not_errors(row_id: str) -> None:
    document = "query ($id: ID!) { node(id: $id) { id } customer(id: $id) { id } product(id: $id) { id } order(id: $id) { id } }"
    answer = execute(document, {"id": row_id})
    assert answer == {"data": {"node": None, "customer": None, "product": None, "order": None}}


@pytest.mark.parametrize(
    "document",
    [
        "deleteCustomer(id: $id) { customer { id } }",
        "deleteProduct(id: $id) { archived }",
        "cancelOrder(id: $id) { order { id } }",
        'refundOrder(id: $id, lines: [{productId: "x", quantity: 1}], restock: true, reason: "x") { order { id } }',
        "updateCustomer(id: $id, input: {}) { customer { id } }",
        'mergeCustomers(keep: "cus_x", absorb: $id) { merge { status } }',
        "undoCustomerMerge(absorbed: $id) { merge { status } }",
    ],
)
def test_changing_a_missing_row_is_an_error(document: str) -> None:
    assert refusal(f"mutation ($id: ID!) {{ {document} }}", {"id": UNKNOWN.replace("prd", "ord")})[0] == "NOT_FOUND"


def test_stats_need_from_before_to() -> None:
    assert refusal('{ crmStats(from: "2026-02-01", to: "2026-01-01") { orders } }')[0] == "INVALID_INPUT"


@pytest.mark.parametrize("day", ["2026-13-01", "yesterday", "2026-02-30", ""])
def test_an_invalid_day_is_refused(day: str) -> None:
    code, message = refusal("query ($day: Date!) { crmStats(from: $day) { orders } }", {"day": day})
    assert code == "BAD_USER_INPUT"
    assert "use YYYY-MM-DD" in message

"""No query within the limits makes more than 200 calls or reads more than 5,000 rows, whatever it asks for."""

from dataclasses import replace
from datetime import timedelta

import pytest
from graphql import parse, validate
from hypothesis import HealthCheck, example, given, target
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from chalicelib import clock
from chalicelib.api.graphql import loaders
from chalicelib.api.graphql.schema import schema
from chalicelib.api.graphql.validation_rules import validation_rules
from chalicelib.crm import customer_rows, email_suppressions, name_search, order_rows, orders, product_rows
from chalicelib.crm.email_suppressions import Reason
from chalicelib.crm.orders import OrderLine
from chalicelib.settings import settings
from chalicelib.store import tables, timestamps
from chalicelib.store.index_keys import sort_key
from tests.api.graphql_client import ask
from tests.as_operator import execute
from tests.builders import a_customer, a_product, moment
from tests.metering import metered

CUSTOMERS, ORDERS, PRODUCTS = 130, 1000, 40
FEW = name_search.MAX_FOUND
"""Customers who are called Kim, and former names of products: so many that a search goes through the orders of each."""
NOBODY = "nobody is called that"


def row_id(kind: str, number: int) -> str:
    return f"{kind}_{number:026d}"


def fill() -> None:
    """Write many rows directly. Through the API they would take minutes."""
    customer, product = a_customer(), a_product()
    people = [
        replace(
            customer,
            id=row_id("cus", number),
            name=f"{'Kim' if number < FEW else 'Ann'} {number}",
            email=f"c{number}@example.com",
            phone=f"+49 30 {number:07}",
        )
        for number in range(CUSTOMERS)
    ]
    goods = [replace(product, id=row_id("prd", number), name=f"Lamp {number}", stock=1) for number in range(PRODUCTS)]
    with tables.Customer.batch_write() as batch:
        for person in people:
            batch.save(customer_rows.to_row(person))
    with tables.Product.batch_write() as batch:
        for row in goods:
            batch.save(product_rows.to_row(row))
    with tables.Order.batch_write() as batch, tables.Line.batch_write() as line_batch:
        for number in range(ORDERS):
            buyer, bought = people[number % CUSTOMERS], goods[number % PRODUCTS]
            day = timestamps.to_text(moment("2026-01-01T00:00:00") + timedelta(hours=number % 700))
            lines = (OrderLine(bought.id, bought.name, 1, 500 + number % 7),)
            order = order_rows.to_row(orders.new_order(row_id("ord", number), buyer.id, day, lines))
            batch.save(order)
            line_batch.save(tables.Line(product_id=bought.id, date_key=order.date_key))
    with tables.AuxRow.batch_write() as batch:
        for number in range(FEW):
            batch.save(tables.AuxRow("former-product-name", sort_key("candle", goods[number].id)))
    email_suppressions.suppress("c1@example.com", Reason.BOUNCE, clock.now())


ORDER = "id lines { name product { stock } } products { name } customer { name emailSuppression { reason } } "
SIZES = st.sampled_from((0, 1, 5, 30, 85, 100))


@st.composite
def connections(draw: st.DrawFn, name: str, arguments: dict[str, list[str]], node: st.SearchStrategy[str]) -> str:
    given = [f"first: {draw(SIZES)}"]
    given += [
        f"{argument}: {draw(st.sampled_from(values))}" for argument, values in arguments.items() if draw(st.booleans())
    ]
    page = f"edges {{ cursor node {{ {draw(node)} }} }}" if draw(st.booleans()) else "edges { cursor }"
    return f"{name}({', '.join(given)}) {{ {page} pageInfo {{ hasNextPage endCursor }} }}"


ORDER_ARGUMENTS = {
    "productName": [f'"{NOBODY}"', '""', '"Candle"', '"Lamp"'],
    "orderBy": ['["totalAmount"]', '["-orderDate"]', '["totalAmount", "orderDate"]'],
    "status": ["CANCELLED", "PLACED"],
    "offset": ["0", "90", "700"],
    "orderDateAfter": ['"2026-01-05"'],
}
ROOT_ORDER_ARGUMENTS = ORDER_ARGUMENTS | {
    "customerName": [f'"{NOBODY}"', '"Ann"', '"Kim"'],
    "productId": [f'"{row_id("prd", 1)}"'],
    "totalAmountGte": ['"5.01"'],
}
CUSTOMER_ARGUMENTS = {
    "name": [f'"{NOBODY}"'],
    "phoneStartsWith": ['"030"', '"+49 30 00"', '"+1 30"', '"+"'],
    "orderBy": ['["name"]', '["-phone", "name"]'],
    "createdAtGte": ['"2020-01-01"'],
    "offset": ["50", "100"],
}
PRODUCT_ARGUMENTS = {
    "name": [f'"{NOBODY}"'],
    "orderBy": ['["stock"]', '["price", "name"]'],
    "lowStock": ["true", "false"],
}
CUSTOMER = st.one_of(
    st.sampled_from(("name", "emailSuppression { since }")), connections("orders", ORDER_ARGUMENTS, st.just(ORDER))
)
ROOTS = st.one_of(
    connections("allOrders", ROOT_ORDER_ARGUMENTS, st.sampled_from((ORDER, "id"))),
    connections("allCustomers", CUSTOMER_ARGUMENTS, CUSTOMER),
    connections("allProducts", PRODUCT_ARGUMENTS, st.just("name")),
    connections("inactiveCustomers", {}, CUSTOMER),
    connections("ordersDueForReminder", {"day": ['"2026-01-20"'], "days": ["1", "366"]}, st.just(ORDER)),
    connections("lowStockProducts", {"threshold": ["5"]}, st.just("name")),
    connections("jobRuns", {"status": ["FAILED"]}, st.just("lines")).map(
        lambda text: text.replace("(", '(job: "low_stock", ', 1)
    ),
    st.sampled_from(
        (
            "crmStats { customers revenue }",
            "inactiveCustomerCount",
            "jobs { name recent { lines } }",
            'job(name: "low_stock") { latest { lines } }',
            "uptime(days: 14) { up }",
            "customers { id name }",
            "customers { id emailSuppression { reason } }",
            "orders { id customer { name } products { name } }",
            'customer(email: "c1@example.com") { name }',
            f'customer(id: "{row_id("cus", 1)}") {{ orders(last: 100) {{ edges {{ node {{ {ORDER} }} }} }} }}',
        )
    ),
)


def document_of(fields: list[str]) -> str:
    return "{ " + " ".join(f"f{number}: {field}" for number, field in enumerate(fields)) + " }"


FILTERED = "allOrders(first: 1, status: CANCELLED) { edges { node { id } } }"
KIM = 'allOrders(first: 100, customerName: "Kim", orderBy: "-orderDate") { edges { node { id } } }'
CANDLE = 'allOrders(first: 100, productName: "Candle") { edges { node { id } } }'
OTHER_COUNTRY = 'allCustomers(first: 100, phoneStartsWith: "+1 30") { edges { node { id } } }'
NESTED = (
    "allCustomers(first: 100) { edges { node { orders(first: 1, status: CANCELLED) { pageInfo { hasNextPage } } } } }"
)
EMPTY = "allCustomers(first: 100) { edges { node { orders(first: 0) { pageInfo { hasNextPage } } } } }"


def test_no_query_exceeds_its_calls_and_rows() -> None:
    fill()
    refused = [0, 0]

    @hypothesis_settings(max_examples=25, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.lists(ROOTS, min_size=1, max_size=12))
    @example([FILTERED] * 20)
    @example([KIM] * 4)
    @example([CANDLE] * 4)
    @example([KIM, CANDLE, KIM.replace("(", '(productName: "Candle", '), OTHER_COUNTRY])
    @example([OTHER_COUNTRY] * 4)
    @example([FILTERED] * 4)
    @example([NESTED])
    @example([EMPTY] * 3)
    @example([EMPTY.replace("100", "97")])
    @example(["crmStats { customers }"] * 6)
    @example(["jobs { state }"] * 9)
    @example(["orders { id }"] * 3)
    @example(["orders { id customer { name } products { name } }"])
    @example(["customers { id }", "orders { id }", "products { id }", "customers { name }"])
    def search(fields: list[str]) -> None:
        document = document_of(fields)
        assert validate(schema(), parse(document), validation_rules()) == []
        with metered() as meter:
            answer = execute(document)
        refused[0] += 1
        refused[1] += "data" not in answer
        target(float(meter.total_calls), label="calls")
        target(float(meter.rows), label="rows")
        assert meter.total_calls <= settings.calls_per_request, document
        assert meter.rows <= settings.rows_per_request, document
        codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
        assert codes <= {"COST_LIMIT", "DOCUMENT_TOO_COMPLEX", "INVALID_INPUT", "TOO_MANY_ROWS"}, answer

    search()
    assert refused[1] < refused[0] * 2 / 3  # most of what was tried was also carried out


def test_a_query_that_reads_too_much_is_refused_without_data() -> None:
    fill()
    with metered() as meter:
        reply = ask(document_of(["orders { id }"] * 3))
    assert (reply.status, reply.code) == (400, "COST_LIMIT")
    assert 4800 < meter.rows <= settings.rows_per_request
    assert "data" not in reply.json
    assert "smaller pages" in reply.error["message"]


def test_lists_with_a_filter_share_the_budget_and_their_pages_go_on() -> None:
    """The pages are short, as a page is that has used up its own read budget, and their cursors continue."""
    fill()
    found = ask(document_of([f"{FILTERED[:-1]} pageInfo {{ hasNextPage endCursor }} }}"] * 4)).data
    short = [page for page in found.values() if page["pageInfo"]["hasNextPage"]]
    assert short
    after = short[-1]["pageInfo"]["endCursor"]
    assert after
    rest = ask(f'{{ allOrders(first: 1, status: CANCELLED, after: "{after}") {{ pageInfo {{ hasNextPage }} }} }}')
    assert rest.data == {"allOrders": {"pageInfo": {"hasNextPage": False}}}


def test_a_mutation_is_not_stopped_between_its_change_and_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    customer = a_customer()
    monkeypatch.setattr(loaders, "settings", replace(settings, calls_per_request=1, rows_per_request=1))
    assert ask("{ a: allCustomers { edges { cursor } } }").code == "COST_LIMIT"
    changed = ask(
        f'mutation {{ updateCustomer(id: "{customer.id}", input: {{name: "Bo"}}) {{ customer {{ name }} }} }}'
    )
    assert changed.data["updateCustomer"]["customer"] == {"name": "Bo"}


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_calls_are_limited_too(calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = a_customer()
    monkeypatch.setattr(loaders, "settings", replace(settings, calls_per_request=calls))
    with metered() as meter:
        reply = ask(document_of([f'customer(id: "{customer.id}") {{ name }}'] * 4))
    assert (reply.code, meter.total_calls) == ("COST_LIMIT", calls)

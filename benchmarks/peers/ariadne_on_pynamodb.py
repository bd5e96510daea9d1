"""Ariadne on pynamodb in a Chalice view, synchronous: a list notes the ids that it needs, and the first use reads them all.

Ariadne caches nothing by itself, but takes a parser and a validator of one's own: both remember here what they did. The
query cost is its own rule, and depends on the variables, so it is computed for each request.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from ariadne import MutationType, ObjectType, QueryType, ScalarType, graphql_sync, make_executable_schema
from ariadne.validation import cost_validator
from graphql import DocumentNode, GraphQLError, parse, validate

from benchmarks.peers import pynamodb_crm as crm
from benchmarks.peers.company import Company
from benchmarks.peers.operations import Json
from benchmarks.peers.pynamodb_models import Customer, Order, Product
from benchmarks.peers.view import served
from benchmarks.peers.worker import Handler
from chalicelib.api.graphql.document_limits import MAX_TOKENS

T = TypeVar("T")
_MAX_COST = 500
_COSTS: dict[str, dict[str, Any]] = {
    "Query": {
        "hello": {"complexity": 1},
        "customer": {"complexity": 1},
        "allOrders": {"complexity": 1, "multipliers": ["first"]},
    },
    "Order": {"customer": {"complexity": 1}, "products": {"complexity": 1}},
    "Mutation": {"createOrder": {"complexity": 10}},
}


class Loader(Generic[T]):
    def __init__(self, read: Callable[[Iterable[str]], dict[str, T]]) -> None:
        self._read = read
        self._expected: set[str] = set()
        self.rows: dict[str, T] = {}

    def expect(self, ids: Iterable[str]) -> None:
        self._expected.update(ids)

    def get(self, wanted: str) -> T | None:
        if wanted not in self.rows and wanted in self._expected:
            self.rows |= self._read(self._expected)
            self._expected.clear()
        return self.rows.get(wanted)


class Loaders:
    """Of one request."""

    def __init__(self) -> None:
        self.customers = Loader(crm.customers_by_id)
        self.products = Loader(crm.products_by_id)

    def customer(self, order: Order) -> Customer | None:
        return self.customers.get(order.customer_id)

    def products_of(self, order: Order) -> list[Product | None]:
        return [self.products.get(line["product_id"]) for line in order.lines]


_query = QueryType()
_mutation = MutationType()
_order = ObjectType("Order")
_product = ObjectType("Product")
_connection = ObjectType("OrderConnection")
_edge = ObjectType("OrderEdge")
_page_info = ObjectType("PageInfo")

_query.set_field("hello", lambda _root, _info: "Hello, GraphQL!")
_query.set_field("customer", lambda _root, _info, email: crm.find_by_email(email))
_order.set_field("customer", lambda order, info: info.context.customer(order))
_order.set_field("products", lambda order, info: info.context.products_of(order))
_order.set_field("totalAmount", lambda order, _info: crm.amount(order.total_cents))
_product.set_field("price", lambda product, _info: crm.amount(product.cents))
_connection.set_alias("edges", "orders")
_connection.set_field("pageInfo", lambda page, _info: page)
_edge.set_field("node", lambda order, _info: order)


@_query.field("allOrders")
def all_orders(_root: Any, info: Any, first: int | None = None, order_by: list[str | None] | None = None) -> crm.Page:
    page = crm.read_page(first, order_by)
    info.context.customers.expect(order.customer_id for order in page.orders)
    info.context.products.expect(line["product_id"] for order in page.orders for line in order.lines)
    return page


@_mutation.field("createOrder")
def create_order(_root: Any, info: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002 - the argument's name
    placed = crm.place_order(input["customer_id"], {line["product_id"]: line["quantity"] for line in input["lines"]})
    info.context.customers.rows[placed.customer.id] = placed.customer
    info.context.products.rows |= placed.products
    return {"order": placed.order}


_SCHEMA = make_executable_schema(
    Path(__file__).with_name("schema.graphql").read_text("utf-8"),
    [_query, _mutation, _order, _product, _connection, _edge, _page_info],
    ScalarType("Decimal", serializer=str),
    ScalarType("DateTime", serializer=str),
    convert_names_case=True,
)


@lru_cache(256)
def _parsed(text: str) -> DocumentNode:
    return parse(text, max_lexical_tokens=MAX_TOKENS)


@lru_cache(256)
def _errors(text: str) -> list[GraphQLError]:
    return validate(_SCHEMA, _parsed(text))


def begin(_company: Company) -> Handler:
    return served(_answer, crm.KEYS.status)


def _answer(sent: Json) -> Json:
    cost = cost_validator(_MAX_COST, variables=sent["variables"], cost_map=_COSTS)
    result: Json
    _, result = graphql_sync(
        _SCHEMA,
        sent,
        context_value=Loaders(),
        query_parser=lambda _context, data: _parsed(data["query"]),
        query_validator=lambda schema, document, *_, **__: _errors(sent["query"]) or validate(schema, document, [cost]),
    )
    return result

"""Ariadne on this project's store, in a Chalice view, without limits: shows what our own API layer adds or saves.

It caches nothing by itself, but takes a parser and a validator of one's own: both remember here what they did.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from ariadne import MutationType, ObjectType, QueryType, ScalarType, graphql_sync, make_executable_schema
from graphql import DocumentNode, GraphQLError, parse, validate

from benchmarks.peers.company import Company
from benchmarks.peers.operations import Json
from benchmarks.peers.our_store import Rows, key_status
from benchmarks.peers.view import served
from benchmarks.peers.worker import Handler
from chalicelib.api.graphql.scalars import show_decimal, show_moment
from chalicelib.crm import money

_query = QueryType()
_mutation = MutationType()
_order = ObjectType("Order")
_product = ObjectType("Product")
_connection = ObjectType("OrderConnection")
_page_info = ObjectType("PageInfo")

_query.set_field("hello", lambda _root, _info: "Hello, GraphQL!")
_query.set_field("customer", lambda _root, info, email: info.context.find(email))
_query.set_field("allOrders", lambda _root, info, first=None, order_by=None: info.context.page(first, order_by))
_order.set_field("customer", lambda order, info: info.context.customer(order))
_order.set_field("products", lambda order, info: info.context.products_of(order))
_order.set_alias("orderDate", "date")
_order.set_field("totalAmount", lambda order, _info: money.from_cents(order.cents))
_product.set_field("price", lambda product, _info: money.from_cents(product.cents))
_connection.set_field("pageInfo", lambda page, _info: page)
_page_info.set_alias("hasNextPage", "has_next")


@_mutation.field("createOrder")
def create_order(_root: Any, info: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002 - the argument's name
    wanted = [(line["product_id"], line["quantity"]) for line in input["lines"]]
    return {"order": info.context.place(input["customer_id"], wanted)}


_SCHEMA = make_executable_schema(
    Path(__file__).with_name("schema.graphql").read_text("utf-8"),
    [_query, _mutation, _order, _product, _connection, _page_info],
    ScalarType("Decimal", serializer=show_decimal),
    ScalarType("DateTime", serializer=show_moment),
    convert_names_case=True,
)


@lru_cache(256)
def _parsed(text: str) -> DocumentNode:
    return parse(text)


@lru_cache(256)
def _errors(text: str) -> list[GraphQLError]:
    return validate(_SCHEMA, _parsed(text))


def begin(_company: Company) -> Handler:
    return served(_answer, key_status)


def _answer(sent: Json) -> Json:
    result: Json
    _, result = graphql_sync(
        _SCHEMA,
        sent,
        context_value=Rows(),
        query_parser=lambda _context, data: _parsed(data["query"]),
        query_validator=lambda *_, **__: _errors(sent["query"]),
    )
    return result

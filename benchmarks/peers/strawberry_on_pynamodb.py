"""Strawberry on pynamodb with its DataLoaders, in a Chalice view.

As its documentation has it for speed: ParserCache and ValidationCache, plain attributes wherever no resolver is needed, and
one event loop for all requests. Its limits are made once, since the cache compares the rules by identity.
"""

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NewType

import strawberry
from strawberry.dataloader import DataLoader
from strawberry.extensions import (
    AddValidationRules,
    MaxAliasesLimiter,
    MaxTokensLimiter,
    ParserCache,
    QueryDepthLimiter,
    ValidationCache,
)
from strawberry.schema.config import StrawberryConfig

from benchmarks.peers import pynamodb_crm as crm
from benchmarks.peers import pynamodb_models as models
from benchmarks.peers.company import Company
from benchmarks.peers.operations import Json
from benchmarks.peers.view import served
from benchmarks.peers.worker import Handler
from chalicelib.api.graphql.document_limits import MAX_ALIASES, MAX_DEPTH, MAX_TOKENS

Moment = NewType("Moment", str)
_MOMENT = strawberry.scalar(name="DateTime", serialize=str)


# Types describe what is shown of the models, which resolvers return as they are: nothing is copied.
@strawberry.type
class Customer:
    id: strawberry.ID
    name: str
    email: str
    phone: str | None
    created_at: Moment


@strawberry.type
class Product:
    id: strawberry.ID
    name: str

    @strawberry.field
    def price(root: strawberry.Parent[models.Product]) -> Decimal:  # noqa: N805
        return crm.amount(root.cents)


@strawberry.type
class Order:
    id: strawberry.ID
    order_date: Moment

    @strawberry.field
    def total_amount(root: strawberry.Parent[models.Order]) -> Decimal:  # noqa: N805
        return crm.amount(root.total_cents)

    # Both return the loader's future as it is: a coroutine around each would be work for nothing.
    @strawberry.field
    def customer(root: strawberry.Parent[models.Order], info: strawberry.Info) -> Customer | None:  # noqa: N805
        return info.context.customers.load(root.customer_id)

    @strawberry.field
    def products(root: strawberry.Parent[models.Order], info: strawberry.Info) -> list[Product | None]:  # noqa: N805
        return info.context.products.load_many(line["product_id"] for line in root.lines)


@strawberry.type
class PageInfo:
    end_cursor: str | None
    has_next_page: bool


@strawberry.type
class OrderEdge:
    @strawberry.field
    def node(root: strawberry.Parent[models.Order]) -> Order | None:  # noqa: N805
        return root


@strawberry.type
class OrderConnection:
    @strawberry.field
    def edges(root: strawberry.Parent[crm.Page]) -> list[OrderEdge | None]:  # noqa: N805
        return root.orders

    @strawberry.field
    def page_info(root: strawberry.Parent[crm.Page]) -> PageInfo:  # noqa: N805
        return root


@strawberry.type
class Query:
    @strawberry.field
    def hello(self) -> str | None:
        return "Hello, GraphQL!"

    @strawberry.field
    def customer(self, email: str) -> Customer | None:
        return crm.find_by_email(email)  # type: ignore[return-value]  # the model

    @strawberry.field
    def all_orders(self, first: int | None = None, order_by: list[str | None] | None = None) -> OrderConnection:
        return crm.read_page(first, order_by)  # type: ignore[return-value]  # what it describes


@strawberry.input
class OrderLineInput:
    product_id: strawberry.ID
    quantity: int


@strawberry.input
class CreateOrderInput:
    customer_id: strawberry.ID
    lines: list[OrderLineInput]


@strawberry.type
class CreateOrderPayload:
    order: Order | None


@strawberry.type
class Mutation:
    @strawberry.mutation
    def create_order(self, info: strawberry.Info, input: CreateOrderInput) -> CreateOrderPayload | None:  # noqa: A002
        placed = crm.place_order(input.customer_id, {line.product_id: line.quantity for line in input.lines})
        info.context.customers.prime(placed.customer.id, placed.customer)
        info.context.products.prime_many(placed.products)
        return CreateOrderPayload(order=placed.order)  # type: ignore[call-arg]  # a dataclass


async def _load_customers(ids: list[str]) -> list[models.Customer | None]:
    found = crm.customers_by_id(ids)
    return [found.get(each) for each in ids]


async def _load_products(ids: list[str]) -> list[models.Product | None]:
    found = crm.products_by_id(ids)
    return [found.get(each) for each in ids]


@dataclass(frozen=True, slots=True)
class Loaders:
    """Of one request."""

    customers: DataLoader = field(default_factory=lambda: DataLoader(_load_customers))
    products: DataLoader = field(default_factory=lambda: DataLoader(_load_products))


def begin(_company: Company) -> Handler:
    limits = [
        *QueryDepthLimiter(MAX_DEPTH).validation_rules,
        *MaxAliasesLimiter(MAX_ALIASES).validation_rules,
    ]
    schema = strawberry.Schema(
        Query,
        Mutation,
        extensions=[
            lambda: MaxTokensLimiter(MAX_TOKENS),
            lambda: AddValidationRules(limits),
            ParserCache,
            ValidationCache,
        ],
        config=StrawberryConfig(scalar_map={Moment: _MOMENT}),
    )
    loop = asyncio.new_event_loop()

    def answer(sent: Json) -> Json:
        result = loop.run_until_complete(
            schema.execute(sent["query"], variable_values=sent["variables"], context_value=Loaders())
        )
        if result.errors:
            return {"data": result.data, "errors": [error.formatted for error in result.errors]}
        return {"data": result.data}

    return served(answer, crm.KEYS.status)

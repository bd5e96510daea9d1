"""Strawberry on this project's store, through the Chalice view that it ships.

As its documentation has it for speed: ParserCache and ValidationCache, and plain attributes wherever no resolver is needed.
"""

from decimal import Decimal
from typing import Any, NewType

import strawberry
from chalice.app import Chalice, Response
from strawberry.chalice.views import GraphQLView
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

from benchmarks.peers.company import Company
from benchmarks.peers.store import Rows
from benchmarks.peers.worker import Handler
from chalicelib.api.graphql.scalars import show_moment
from chalicelib.crm import money, orders, products
from chalicelib.store import pagination

Moment = NewType("Moment", str)
_MOMENT = strawberry.scalar(name="DateTime", serialize=show_moment)


# Types describe what is shown of the store's own rows, which resolvers return as they are: nothing is copied.
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
    def price(root: strawberry.Parent[products.Product]) -> Decimal:  # noqa: N805
        return money.from_cents(root.cents)


@strawberry.type
class Order:
    id: strawberry.ID

    @strawberry.field
    def order_date(root: strawberry.Parent[orders.Order]) -> Moment:  # noqa: N805
        return Moment(root.date)

    @strawberry.field
    def total_amount(root: strawberry.Parent[orders.Order]) -> Decimal:  # noqa: N805
        return money.from_cents(root.cents)

    @strawberry.field
    def customer(root: strawberry.Parent[orders.Order], info: strawberry.Info) -> Customer | None:  # noqa: N805
        return info.context.customer(root)

    @strawberry.field
    def products(root: strawberry.Parent[orders.Order], info: strawberry.Info) -> list[Product | None]:  # noqa: N805
        return info.context.products_of(root)


@strawberry.type
class PageInfo:
    end_cursor: str | None

    @strawberry.field
    def has_next_page(root: strawberry.Parent[pagination.Page[Any]]) -> bool:  # noqa: N805
        return root.has_next


@strawberry.type
class OrderEdge:
    node: Order | None


@strawberry.type
class OrderConnection:
    edges: list[OrderEdge | None]

    @strawberry.field
    def page_info(root: strawberry.Parent[pagination.Page[Any]]) -> PageInfo:  # noqa: N805
        return root


@strawberry.type
class Query:
    @strawberry.field
    def hello(self) -> str | None:
        return "Hello, GraphQL!"

    @strawberry.field
    def customer(self, info: strawberry.Info, email: str) -> Customer | None:
        return info.context.find(email)

    @strawberry.field
    def all_orders(
        self, info: strawberry.Info, first: int | None = None, order_by: list[str | None] | None = None
    ) -> OrderConnection:
        return info.context.page(first, order_by)


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
        wanted = [(line.product_id, line.quantity) for line in input.lines]
        return CreateOrderPayload(order=info.context.place(input.customer_id, wanted))  # type: ignore[call-arg]  # a dataclass


class View(GraphQLView):
    def get_context(self, request: Any, response: Any) -> Rows:  # noqa: ARG002 - as Strawberry calls it
        return Rows()


def begin(_company: Company) -> Handler:
    schema = strawberry.Schema(
        Query,
        Mutation,
        extensions=[ParserCache, ValidationCache],
        config=StrawberryConfig(scalar_map={Moment: _MOMENT}),
    )
    view = View(schema, graphql_ide=None)
    app = Chalice("with-strawberry", configure_logs=False)

    @app.route("/graphql", methods=["POST"], content_types=["application/json"])
    def graphql() -> Response:
        return view.execute_request(app.current_request)

    return app

"""What a peer does on this project's store: its resolvers call it, and read in batches by the same look-ahead."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from benchmarks.peers.key_check import OK, UNAUTHORIZED
from chalicelib.access.authorization import identify
from chalicelib.api.graphql.loaders import Loader
from chalicelib.crm import customers, list_queries, orders, products
from chalicelib.crm.customers import Customer
from chalicelib.crm.list_filters import OrderFilter
from chalicelib.crm.orders import Order
from chalicelib.crm.products import Product
from chalicelib.errors import Unauthenticated
from chalicelib.store.pagination import Page, PageArgs, read_page


@dataclass(frozen=True, slots=True)
class Rows:
    """Of one request."""

    customers: Loader[Customer] = field(default_factory=lambda: Loader(customers.find_all))
    products: Loader[Product] = field(default_factory=lambda: Loader(products.find_all))

    def find(self, email: str) -> Customer | None:
        return customers.find_by_email(email)

    def page(self, first: int | None, order_by: list[str | None] | None) -> Page[Order]:
        page = read_page(list_queries.list_orders(OrderFilter(), order_by), PageArgs(first=first))
        found = [edge.node for edge in page.edges]
        self.customers.expect(order.customer_id for order in found)
        self.products.expect(line.product_id for order in found for line in order.lines)
        return page

    def place(self, customer_id: str, lines: Iterable[tuple[str, int]]) -> Order:
        placed = orders.place(customer_id, dict(lines))
        self.customers.prime(placed.customers)
        self.products.prime(placed.products)
        return placed.order

    def customer(self, order: Order) -> Customer | None:
        return self.customers.get(order.customer_id)

    def products_of(self, order: Order) -> list[Product | None]:
        return [self.products.get(line.product_id) for line in order.lines]


def key_status(authorization: str) -> int:
    """Return the HTTP status for this Authorization header."""
    try:
        return UNAUTHORIZED if identify({"authorization": authorization}).is_anonymous else OK
    except Unauthenticated:
        return UNAUTHORIZED

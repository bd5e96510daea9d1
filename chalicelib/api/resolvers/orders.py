"""Resolvers of orders."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from chalicelib import clock
from chalicelib.api.graphql.loaders import Info, context_of
from chalicelib.api.resolvers.arguments import cents_from, cents_to
from chalicelib.api.resolvers.plain_lists import read_all
from chalicelib.crm import list_queries, orders
from chalicelib.crm.customers import Customer
from chalicelib.crm.list_queries import OrderFilter
from chalicelib.crm.orders import Order
from chalicelib.crm.products import Product
from chalicelib.errors import InvalidInput, NoLines
from chalicelib.settings import settings
from chalicelib.store.pagination import Page, PageArgs, read_page

_Input = dict[str, Any]


def order(_root: Any, _info: Info, id: str) -> Order | None:  # noqa: A002
    return orders.find(id)


def all_orders(root: Any, info: Info, **arguments: Any) -> Page[Order]:
    """Also the orders of a customer, where `root` is that customer."""
    take = arguments.pop
    wanted = OrderFilter(
        cents_from=cents_from(take("totalAmountGte", None)),
        cents_to=cents_to(take("totalAmountLte", None)),
        date_from=take("orderDateAfter", None),
        date_to=take("orderDateBefore", None),
        customer_name=take("customerName", None),
        product_name=take("productName", None),
        product_id=take("productId", None),
        customer_id=root.id if isinstance(root, Customer) else None,
        status=take("status", None),
    )
    page = read_page(list_queries.list_orders(wanted, take("orderBy", None)), PageArgs(**arguments))
    _expect([edge.node for edge in page.edges], info)
    return page


def plain_orders(_root: Any, info: Info) -> list[Order]:
    rows = read_all(list_queries.list_orders(OrderFilter()))
    _expect(rows, info)
    return rows


def orders_due_for_reminder(_root: Any, info: Info, day: date | None = None, **window: Any) -> Page[Order]:
    days = timedelta(days=settings.reminder_days)
    last = day or clock.now().date()
    first = max(last, date.min + days) - days
    wanted = OrderFilter(date_from=first, date_to=last, status=orders.PLACED)
    page = read_page(list_queries.list_orders(wanted), PageArgs(**window))
    _expect([edge.node for edge in page.edges], info)
    return page


def order_customer(order: Order, info: Info) -> Customer | None:
    return context_of(info).customers.get(order.customer_id)


def order_products(order: Order, info: Info) -> list[Product | None]:
    return context_of(info).products.load_many([line.product_id for line in order.lines])


def line_product(line: orders.OrderLine, info: Info) -> Product | None:
    return context_of(info).products.get(line.product_id)


def create_order(_root: Any, info: Info, input: _Input) -> _Input:  # noqa: A002
    placed = orders.place(input["customerId"], _quantities(input), input.get("orderDate"))
    context = context_of(info)
    context.customers.prime(placed.customers)
    context.products.prime(placed.products)
    context.products.expect(line.product_id for line in placed.order.lines)
    return {"order": placed.order}


def cancel_order(_root: Any, _info: Info, id: str) -> _Input:  # noqa: A002
    return {"order": orders.cancel(id)}


def _expect(rows: list[Order], info: Info) -> None:
    """Say what the orders may ask for, so that it is read in batches."""
    context = context_of(info)
    context.customers.expect(row.customer_id for row in rows)
    context.products.expect(line.product_id for row in rows for line in row.lines)


def _quantities(order: Mapping[str, Any]) -> dict[str, int]:
    """{product id: quantity}, lines of the same product merged; `productIds` means one of each."""
    product_ids, lines = order.get("productIds"), order.get("lines")
    if product_ids is not None and lines is not None:
        raise InvalidInput("Give productIds or lines, not both", field="lines")
    if lines is None:
        return {_required(product_id): 1 for product_id in product_ids or ()}
    quantities: dict[str, int] = {}
    for line in lines:
        orders.check_quantity(line["quantity"])
        quantities[line["productId"]] = quantities.get(line["productId"], 0) + line["quantity"]
    return quantities


def _required(product_id: str | None) -> str:
    if product_id is None:
        raise NoLines("A product id is null", field="productIds")
    return product_id

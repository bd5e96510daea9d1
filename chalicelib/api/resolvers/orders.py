"""Resolvers of orders."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NotRequired, TypedDict, Unpack

from chalicelib.api.graphql.loaders import Context, Info, context_of
from chalicelib.api.resolvers.arguments import PageArguments, cents_from, cents_to, check_exactly_one, page_args
from chalicelib.api.resolvers.plain_lists import read_all
from chalicelib.crm import (
    calendar_days,
    cancellation,
    imported_orders,
    list_queries,
    order_edits,
    order_quantities,
    orders,
    refunds,
)
from chalicelib.crm.customers import Customer
from chalicelib.crm.list_filters import OrderFilter
from chalicelib.crm.orders import Order, OrderLine
from chalicelib.crm.products import Product
from chalicelib.errors import InvalidInput, NoLines
from chalicelib.settings import settings
from chalicelib.store.pagination import Page, read_page


class OrderArguments(PageArguments, total=False):
    orderBy: list[str | None] | None
    totalAmountGte: Decimal | None
    totalAmountLte: Decimal | None
    orderDateAfter: date | None
    orderDateBefore: date | None
    orderedSince: datetime | None
    orderedBefore: datetime | None
    updatedAfter: datetime | None
    customerName: str | None
    productName: str | None
    productId: str | None
    status: str | None
    reference: str | None


class OrderLineInput(TypedDict):
    productId: str
    quantity: int


class CreateOrderInput(TypedDict):
    customerId: str
    productIds: NotRequired[list[str | None] | None]
    lines: NotRequired[list[OrderLineInput] | None]
    orderDate: NotRequired[datetime | None]


@dataclass(frozen=True, slots=True)
class OrderPayload:
    order: Order


@dataclass(frozen=True, slots=True)
class RefundedProduct:
    product_id: str
    quantity: int


def order(_root: object, _info: Info, id: str | None = None, reference: str | None = None) -> Order | None:  # noqa: A002 - the argument's name, here and below
    check_exactly_one(id=id, reference=reference)
    return orders.find(id) if id is not None else imported_orders.find_by_reference(reference or "")


def all_orders(root: object, info: Info, **arguments: Unpack[OrderArguments]) -> Page[Order]:
    """Resolve `allOrders`, and also `orders` of a customer, who is then the root."""
    wanted = OrderFilter(
        cents_from=cents_from(arguments.get("totalAmountGte")),
        cents_to=cents_to(arguments.get("totalAmountLte")),
        date_from=arguments.get("orderDateAfter"),
        date_to=arguments.get("orderDateBefore"),
        ordered_since=arguments.get("orderedSince"),
        ordered_before=arguments.get("orderedBefore"),
        updated_after=arguments.get("updatedAfter"),
        customer_name=arguments.get("customerName"),
        product_name=arguments.get("productName"),
        product_id=arguments.get("productId"),
        customer_id=root.id if isinstance(root, Customer) else None,
        status=arguments.get("status"),
        reference=arguments.get("reference"),
    )
    page = read_page(list_queries.list_orders(wanted, arguments.get("orderBy")), page_args(arguments))
    _expect_related([edge.node for edge in page.edges], info)
    return page


def plain_orders(_root: object, info: Info) -> list[Order]:
    rows = read_all(list_queries.list_orders(OrderFilter()))
    _expect_related(rows, info)
    return rows


def orders_due_for_reminder(
    _root: object, info: Info, day: date | None = None, days: int | None = None, **page: Unpack[PageArguments]
) -> Page[Order]:
    longest = max(orders.MAX_REMINDER_DAYS, settings.reminder_days)
    if days is not None and not 1 <= days <= longest:
        raise InvalidInput(f"days must be from 1 to {longest}", field="days")
    back = timedelta(days=settings.reminder_days if days is None else days)
    last = day or calendar_days.today()
    first = max(last, date.min + back) - back
    days_wanted = OrderFilter(date_from=first, date_to=last, cents_from=0)  # no credit notes
    wanted = replace(days_wanted, status=orders.PLACED, is_fully_refunded=False)
    found = read_page(list_queries.list_orders(wanted), page_args(page))
    _expect_related([edge.node for edge in found.edges], info)
    return found


def order_customer(order: Order, context: Context) -> Customer | None:
    return context.customers.get(order.customer_id)


def order_products(order: Order, context: Context) -> list[Product | None]:
    # Each product once, however many lines an imported order has of it.
    return context.products.load_many(list({line.product_id: None for line in order.lines}))


def order_refunded(order: Order, _info: Info) -> list[RefundedProduct]:
    return [RefundedProduct(product_id, quantity) for product_id, quantity in order.refunded.items()]


def line_product(line: OrderLine, context: Context) -> Product | None:
    return context.products.get(line.product_id)


def create_order(_root: object, info: Info, input: CreateOrderInput) -> OrderPayload:  # noqa: A002
    placed = orders.place(input["customerId"], _quantities(input), input.get("orderDate"))
    context = context_of(info)
    context.customers.prime(placed.customers)
    context.products.prime(placed.products)
    context.products.expect(line.product_id for line in placed.order.lines)
    return OrderPayload(placed.order)


def update_order(
    _root: object,
    _info: Info,
    id: str,  # noqa: A002
    lines: list[OrderLineInput],
    expectedTotal: Decimal | None = None,
) -> OrderPayload:
    return OrderPayload(order_edits.update(id, _merged(lines), expectedTotal))


def refund_order(
    _root: object,
    _info: Info,
    id: str,  # noqa: A002
    lines: list[OrderLineInput],
    restock: bool,  # noqa: FBT001 - an argument of the field
    reason: str,
) -> OrderPayload:
    return OrderPayload(refunds.refund(id, _merged(lines), reason, restock=restock))


def cancel_order(_root: object, _info: Info, id: str) -> OrderPayload:  # noqa: A002
    return OrderPayload(cancellation.cancel(id))


def _expect_related(rows: list[Order], info: Info) -> None:
    """Tell the loaders which customers and products these orders may ask for, so that they are read in batches."""
    context = context_of(info)
    context.customers.expect(row.customer_id for row in rows)
    context.products.expect(line.product_id for row in rows for line in row.lines)


def _quantities(order: CreateOrderInput) -> dict[str, int]:
    """Return {product id: quantity}. Lines of the same product are merged; `productIds` orders one of each."""
    product_ids, lines = order.get("productIds"), order.get("lines")
    if product_ids is not None and lines is not None:
        raise InvalidInput("Give productIds or lines, not both", field="lines")
    if lines is None:
        return {_required(product_id): 1 for product_id in product_ids or ()}
    return _merged(lines)


def _merged(lines: list[OrderLineInput]) -> dict[str, int]:
    quantities: dict[str, int] = {}
    for line in lines:
        order_quantities.check(line["quantity"])
        quantities[line["productId"]] = quantities.get(line["productId"], 0) + line["quantity"]
    return quantities


def _required(product_id: str | None) -> str:
    if product_id is None:
        raise NoLines("A product id is null", field="productIds")
    return product_id

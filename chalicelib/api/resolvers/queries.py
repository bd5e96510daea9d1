"""Resolvers of the questions: single rows, lists, totals."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from operator import attrgetter
from typing import Any, TypeVar

from chalicelib import clock
from chalicelib.api.graphql.loaders import Info, context_of
from chalicelib.crm import counters, customers, deleted_customers, list_queries, orders, products
from chalicelib.crm.counters import Stats
from chalicelib.crm.customers import Customer
from chalicelib.crm.deleted_customers import Archived
from chalicelib.crm.list_queries import CustomerFilter, OrderFilter, ProductFilter
from chalicelib.crm.orders import Order
from chalicelib.crm.products import Product
from chalicelib.errors import InvalidInput, TooManyRows
from chalicelib.settings import settings
from chalicelib.store import ids, index_scan
from chalicelib.store.pagination import MAX_PAGE_SIZE, Listing, Page, PageArgs, read_page

Row = TypeVar("Row")
_MAX_CENTS = 10**14


def hello(_root: Any, _info: Info) -> str:
    return "Hello, GraphQL!"


def node(_root: Any, _info: Info, id: str) -> Customer | Product | Order | None:  # noqa: A002 - the argument's name
    finders: dict[str | None, Any] = {
        ids.CUSTOMER: customers.find,
        ids.PRODUCT: products.find,
        ids.ORDER: orders.find,
    }
    find = finders.get(ids.kind_of(id))
    return find(id) if find else None


def customer(_root: Any, _info: Info, id: str | None = None, email: str | None = None) -> Customer | None:  # noqa: A002
    _exactly_one(id=id, email=email)
    return customers.find(id) if id is not None else customers.find_by_email(email or "")


def product(_root: Any, _info: Info, id: str | None = None, sku: str | None = None) -> Product | None:  # noqa: A002
    _exactly_one(id=id, sku=sku)
    return products.find(id) if id is not None else products.find_by_sku(sku or "")


def order(_root: Any, _info: Info, id: str) -> Order | None:  # noqa: A002
    return orders.find(id)


def all_customers(_root: Any, _info: Info, **arguments: Any) -> Page[Customer]:
    take = arguments.pop
    wanted = CustomerFilter(
        name=take("name", None),
        email=take("email", None),
        created_from=take("createdAtGte", None),
        created_to=take("createdAtLte", None),
        phone_prefix=take("phoneStartsWith", None),
    )
    return read_page(list_queries.list_customers(wanted, take("orderBy", None)), PageArgs(**arguments))


def all_products(_root: Any, _info: Info, **arguments: Any) -> Page[Product]:
    take = arguments.pop
    low, high = _stock(take("stockGte", None), take("stockLte", None), take("lowStock", None))
    wanted = ProductFilter(
        name=take("name", None),
        cents_from=_cents_from(take("priceGte", None)),
        cents_to=_cents_to(take("priceLte", None)),
        stock_from=low,
        stock_to=high,
    )
    return read_page(list_queries.list_products(wanted, take("orderBy", None)), PageArgs(**arguments))


def low_stock_products(_root: Any, _info: Info, threshold: int | None = None, **window: Any) -> Page[Product]:
    below = settings.low_stock_threshold if threshold is None else threshold
    return read_page(list_queries.list_products(ProductFilter(stock_to=below - 1)), PageArgs(**window))


def all_orders(root: Any, info: Info, **arguments: Any) -> Page[Order]:
    """Also the orders of a customer, where `root` is that customer."""
    take = arguments.pop
    wanted = OrderFilter(
        cents_from=_cents_from(take("totalAmountGte", None)),
        cents_to=_cents_to(take("totalAmountLte", None)),
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


def inactive_customers(_root: Any, _info: Info, activeBefore: date | None = None, **window: Any) -> Page[Customer]:
    return read_page(list_queries.list_inactive(activeBefore or _inactive_since()), PageArgs(**window))


def inactive_customer_count(_root: Any, _info: Info, activeBefore: date | None = None) -> int:
    return index_scan.count(list_queries.list_inactive(activeBefore or _inactive_since()).path)


def all_deleted_customers(_root: Any, _info: Info, **window: Any) -> Page[Archived]:
    return read_page(deleted_customers.listing(), PageArgs(**window))


def of_deleted(name: str) -> Callable[[Archived, Info], Any]:
    get = attrgetter(f"customer.{'created_at' if name == 'createdAt' else name}")
    return lambda row, _info: get(row)


def orders_due_for_reminder(_root: Any, info: Info, day: date | None = None, **window: Any) -> Page[Order]:
    days = timedelta(days=settings.reminder_days)
    last = day or clock.now().date()
    first = max(last, date.min + days) - days
    wanted = OrderFilter(date_from=first, date_to=last, status=orders.PLACED)
    page = read_page(list_queries.list_orders(wanted), PageArgs(**window))
    _expect([edge.node for edge in page.edges], info)
    return page


def plain_customers(_root: Any, _info: Info) -> list[Customer]:
    return _plain(list_queries.list_customers(CustomerFilter()))


def plain_products(_root: Any, _info: Info) -> list[Product]:
    return _plain(list_queries.list_products(ProductFilter()))


def plain_orders(_root: Any, info: Info) -> list[Order]:
    rows = _plain(list_queries.list_orders(OrderFilter()))
    _expect(rows, info)
    return rows


def order_customer(order: Order, info: Info) -> Customer | None:
    return context_of(info).customers.get(order.customer_id)


def order_products(order: Order, info: Info) -> list[Product | None]:
    return context_of(info).products.load_many([line.product_id for line in order.lines])


def line_product(line: orders.OrderLine, info: Info) -> Product | None:
    return context_of(info).products.get(line.product_id)


def crm_stats(_root: Any, _info: Info, **days: date) -> Stats:
    return counters.stats(days.get("from"), days.get("to"))


def page_info(page: Page[Any], _info: Info) -> Page[Any]:
    return page


def _expect(rows: list[Order], info: Info) -> None:
    """Say what the orders may ask for, so that it is read in batches."""
    context = context_of(info)
    context.customers.expect(row.customer_id for row in rows)
    context.products.expect(line.product_id for row in rows for line in row.lines)


def _plain(listing: Listing[Row]) -> list[Row]:
    rows: list[Row] = []
    window = PageArgs(first=MAX_PAGE_SIZE)
    while True:
        page = read_page(listing, window)
        rows += [edge.node for edge in page.edges]
        if len(rows) > settings.plain_list_limit:
            raise TooManyRows
        if not page.has_next:
            return rows
        window = PageArgs(first=MAX_PAGE_SIZE, after=page.end_cursor)


def _inactive_since() -> date:
    return clock.now().date() - timedelta(days=settings.inactive_days)


def _exactly_one(**arguments: str | None) -> None:
    if sum(value is not None for value in arguments.values()) != 1:
        raise InvalidInput(f"Give exactly one of {' and '.join(arguments)}")


def _stock(low: int | None, high: int | None, is_low: bool | None) -> tuple[int | None, int | None]:  # noqa: FBT001
    """The bounds narrowed to products below the restock threshold, or with False to the others."""
    threshold = settings.low_stock_threshold
    if is_low is True:
        high = threshold - 1 if high is None else min(high, threshold - 1)
    if is_low is False:
        low = threshold if low is None else max(low, threshold)
    return low, high


def _cents_from(amount: Decimal | None) -> int | None:
    return None if amount is None else _clamped(amount, ROUND_CEILING)


def _cents_to(amount: Decimal | None) -> int | None:
    return None if amount is None else _clamped(amount, ROUND_FLOOR)


def _clamped(amount: Decimal, rounding: str) -> int:
    cents = min(max(amount, Decimal(-1)), Decimal(_MAX_CENTS)).scaleb(2)
    return int(cents.to_integral_value(rounding=rounding))

"""Orders: what an order is, how it is placed against stock, and how it is cancelled."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from pynamodb.expressions.update import Action

from chalicelib.crm import counters, customers, money, order_lines, products
from chalicelib.crm.customers import Customer
from chalicelib.crm.products import Product
from chalicelib.errors import (
    AlreadyCancelled,
    Conflict,
    CrmError,
    InsufficientStock,
    InvalidInput,
    NoLines,
    NotFound,
    TooManyLines,
    Unavailable,
    UnknownCustomer,
    UnknownProducts,
)
from chalicelib.settings import settings
from chalicelib.store import change_marks, ids, index_keys, reads, tables, timestamps
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import AlreadyApplied, Stale, Transaction, new_token

PLACED = "PLACED"
CANCELLED = "CANCELLED"
MAX_LINES = 96
"""A transaction takes 100 actions: the order, its customer, the day's counters, its mark, and one product per line."""
MAX_QUANTITY = 10**6


@dataclass(frozen=True, slots=True)
class OrderLine:
    """Name and price as they were."""

    product_id: str
    name: str
    quantity: int
    cents: int

    @property
    def unit_price(self) -> Decimal:
        return money.from_cents(self.cents)

    @property
    def line_total(self) -> Decimal:
        return money.from_cents(self.cents * self.quantity)


@dataclass(frozen=True, slots=True)
class Order:
    id: str
    customer_id: str
    date: str
    status: str
    cents: int
    lines: tuple[OrderLine, ...]
    reference: str | None
    takes_stock: bool
    token: str


def load(item: reads.Item) -> Order:
    return Order(
        id=item["id"]["S"],
        customer_id=item["customer_id"]["S"],
        date=item["date"]["S"],
        status=item["status"]["S"],
        cents=reads.number(item, "cents"),
        lines=tuple(OrderLine(*line) for line in json.loads(item["lines"]["S"])),
        reference=reads.text(item, "reference"),
        takes_stock=bool(reads.number(item, "takes_stock")),
        token=item["token"]["S"],
    )


def find(order_id: str) -> Order | None:
    if not ids.is_id(ids.ORDER, order_id):
        return None
    item = reads.get(tables.Order, {"id": {"S": order_id}})
    return load(item) if item else None


def find_all(order_ids: Iterable[str], *, consistent: bool = False) -> dict[str, Order]:
    items = reads.get_by_id(tables.Order, order_ids, consistent=consistent)
    return {order_id: load(item) for order_id, item in items.items()}


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order, and the rows that it was placed on, as it left them: what others ordered at that moment is not in them.

    No rows, if an earlier try had placed it.
    """

    order: Order
    customers: Mapping[str, Customer]
    products: Mapping[str, Product]


def place(customer_id: str, quantities: Mapping[str, int], date: datetime | None = None) -> PlacedOrder:
    """Place an order of {product id: quantity} at today's prices, and take it from stock: all of it or nothing.

    Raises UnknownCustomer, UnknownProducts, NoLines, TooManyLines, InvalidInput, InsufficientStock, Conflict.
    """
    # Before the first try: a retry that meets its own success knows it. And before any check, so that in a document that is
    # carried out again each change gets the id that it had.
    order_id = ids.new_id(ids.ORDER)
    _check_quantities(quantities)
    placed_at = timestamps.to_text(timestamps.checked_past(date, "order_date"))
    made = find(order_id) if ids.is_replay() else None
    if made:
        return PlacedOrder(made, {}, {})
    seen = _look_up(customer_id, quantities)
    order = _price(order_id, seen, placed_at, quantities)
    order_lines.put(placed_at, order_id, quantities)
    try:
        return _place(order, seen)
    except Unavailable:
        raise  # it may have been placed
    except CrmError:
        order_lines.discard(placed_at, order_id, quantities)
        raise


def _place(order: Order, seen: "_Found") -> PlacedOrder:
    quantities = {line.product_id: line.quantity for line in order.lines}
    for number in retry_delays():
        if number:  # a price, the stock or the customer changed meanwhile: look again, and say what is wrong now
            seen = _look_up(order.customer_id, quantities)
            order = _price(order.id, seen, order.date, quantities)
        write = start(order, seen.customer)
        for line in order.lines:
            _take_stock(write, line)
        try:
            write.commit()
        except Stale:
            continue
        return PlacedOrder(
            order, {order.customer_id: customers.with_order(seen.customer, order.date)}, _left(order, seen)
        )
    raise Conflict


def _left(order: Order, seen: "_Found") -> dict[str, Product]:
    """The products without what the order took."""
    taken = ((seen.products[line.product_id], line.quantity) for line in order.lines)
    return {
        product.id: replace(product, stock=product.stock - quantity, sold=product.sold + 1)
        for product, quantity in taken
    }


def start(order: Order, customer: Customer) -> Transaction:
    """The writes that every order is: itself, its customer's activity, the day's totals."""
    # Nobody else makes this id. An imported order is recognised by its reference, and needs no mark.
    subject = None if order.reference else order.id
    write = Transaction(was_applied=lambda: find(order.id) is not None, subject=subject)
    write.put(_row(order), tables.Order.id.does_not_exist())
    customers.book_order(write, customer, order.date)
    counters.add(write, order.date[:10], order.id, orders=1, cents=order.cents)
    return write


def cancel(order_id: str) -> Order:
    """Give the stock back and take the order off its day's totals, once. Raises NotFound, AlreadyCancelled."""
    old = find(order_id)
    if old is None:
        raise NotFound(f"There is no order {order_id!r}", field="id")
    if change_marks.is_done(order_id):
        return old
    if old.status == CANCELLED:
        raise AlreadyCancelled(field="id")
    new = replace(old, status=CANCELLED, token=new_token())
    row = tables.Order
    write = Transaction(was_applied=lambda: _was_written(new), subject=order_id)
    actions: list[Action] = [row.status.set(new.status), row.token.set(new.token)]
    write.update(row(id=old.id), actions, row.status == PLACED, lambda: AlreadyCancelled(field="id"))
    counters.add(write, old.date[:10], old.id, orders=-1, cents=-old.cents)
    if old.takes_stock:
        for line in old.lines:
            write.update(tables.Product(id=line.product_id), [tables.Product.stock.add(line.quantity)])
    try:
        write.commit()
    except AlreadyApplied:  # by an earlier attempt at this request, which was still under way
        return find(order_id) or new
    return new


def new_order(
    order_id: str, customer_id: str, date: str, order_lines: tuple[OrderLine, ...], reference: str | None = None
) -> Order:
    """An order that is about to be written; one with a reference comes from elsewhere and takes no stock."""
    cents = sum(line.cents * line.quantity for line in order_lines)
    if cents >= money.TOTAL_LIMIT * 100:
        raise InvalidInput(f"The total of an order must be below {money.TOTAL_LIMIT}", field="lines")
    return Order(order_id, customer_id, date, PLACED, cents, order_lines, reference, reference is None, new_token())


def check_quantity(quantity: int) -> None:
    if not 1 <= quantity <= MAX_QUANTITY:
        raise InvalidInput(f"Quantity must be from 1 to {MAX_QUANTITY}", field="quantity")


def _check_quantities(quantities: Mapping[str, int]) -> None:
    if not quantities:
        raise NoLines(field="lines")
    if len(quantities) > MAX_LINES:
        raise TooManyLines(f"An order has at most {MAX_LINES} lines, not {len(quantities)}", field="lines")
    for quantity in quantities.values():
        check_quantity(quantity)


@dataclass(frozen=True, slots=True)
class _Found:
    customer: Customer
    products: Mapping[str, Product]


def _look_up(customer_id: str, product_ids: Iterable[str]) -> _Found:
    """In one call. Raises UnknownCustomer."""
    wanted = {
        tables.Customer: [key for key in (customer_id,) if ids.is_id(ids.CUSTOMER, key)],
        tables.Product: [key for key in product_ids if ids.is_id(ids.PRODUCT, key)],
    }
    found = reads.get_from_tables(wanted)
    if customer_id not in found[tables.Customer]:
        raise UnknownCustomer(field="customer_id")
    known = {key: products.load(item) for key, item in found[tables.Product].items()}
    return _Found(customers.load(found[tables.Customer][customer_id]), known)


def _price(order_id: str, seen: _Found, date: str, quantities: Mapping[str, int]) -> Order:
    """The order at the prices of now. Raises what speaks against it now."""
    known = seen.products
    unknown = [key for key in quantities if key not in known or known[key].archived_at]
    if unknown:
        raise UnknownProducts(f"{UnknownProducts.__doc__}: {', '.join(map(repr, unknown[:10]))}", field="lines")
    short = [known[key] for key, quantity in quantities.items() if known[key].stock < quantity]
    if short:
        raise InsufficientStock("; ".join(_shortage(product, quantities[product.id]) for product in short[:10]))
    priced = tuple(OrderLine(key, known[key].name, quantity, known[key].cents) for key, quantity in quantities.items())
    return new_order(order_id, seen.customer.id, date, priced)


def _shortage(product: Product, quantity: int) -> str:
    return f"Not enough of {product.name!r} in stock: {quantity} wanted, {product.stock} there"


def _take_stock(write: Transaction, line: OrderLine) -> None:
    row = tables.Product
    write.update(
        row(id=line.product_id),
        [row.stock.add(-line.quantity), row.sold.add(1)],
        row.stock_shard.exists() & (row.stock >= line.quantity) & (row.cents == line.cents),
    )


def _was_written(order: Order) -> bool:
    stored = find(order.id)
    return stored is not None and stored.token == order.token


def _row(order: Order) -> tables.Order:
    return tables.Order(
        id=order.id,
        customer_id=order.customer_id,
        date=order.date,
        status=order.status,
        cents=order.cents,
        lines=[[line.product_id, line.name, line.quantity, line.cents] for line in order.lines],
        reference=order.reference,
        takes_stock=int(order.takes_stock),
        list_shard=index_keys.shard("l", order.id, settings.list_shards),
        date_key=index_keys.sort_key(order.date, order.id),
        total_key=index_keys.sort_key(money.cents_key(order.cents), order.id),
        token=order.token,
    )

"""Orders: place them against stock, and find them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from chalicelib import clock, json_text
from chalicelib.crm import (
    counters,
    customer_activity,
    customers,
    money,
    order_lines,
    order_quantities,
    order_rows,
    products,
)
from chalicelib.crm.adjustments import Adjustment
from chalicelib.crm.customers import Customer
from chalicelib.crm.products import Product
from chalicelib.crm.search_words import RowWords
from chalicelib.errors import (
    Conflict,
    CrmError,
    InsufficientStock,
    InvalidInput,
    Unavailable,
    UnknownCustomer,
    UnknownProducts,
)
from chalicelib.store import change_marks, ids, reads, tables, timestamps
from chalicelib.store.fast_dataclasses import quickly_made
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale, Transaction, new_token

PLACED = "PLACED"
CANCELLED = "CANCELLED"
MAX_REMINDER_DAYS = 366


@quickly_made
@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line with the name and price of the product when the order was placed."""

    product_id: str
    name: str
    quantity: int
    cents: int
    sku: str | None = None
    """Only of imported orders: what a later import of the same file is compared with."""

    @property
    def unit_price(self) -> Decimal:
        return money.from_cents(self.cents)

    @property
    def line_total(self) -> Decimal:
        return money.from_cents(self.cents * self.quantity)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
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
    updated_at: str
    """See `change_times`."""
    created_by: str | None = None
    lines_changed_at: str | None = None
    adjustments: tuple[Adjustment, ...] = ()
    refund_of: str | None = None
    """The order that a credit note takes back from. Imported credit notes name none."""
    refunded: Mapping[str, int] = field(default_factory=dict)
    """{product id: how many the credit notes of the order have taken back}."""
    merged_from: tuple[str, ...] = ()
    """Whose order it was before merges of customers, the latest last. Undoing a merge gives it back."""
    search_mark: None = None

    @property
    def words(self) -> RowWords:
        """Only imported orders have words: those of their reference, which never changes."""
        return RowWords.of(self.reference or "")


def load(item: reads.Item) -> Order:
    return Order(
        id=item["id"]["S"],
        customer_id=item["customer_id"]["S"],
        date=item["date"]["S"],
        status=item["status"]["S"],
        cents=reads.number(item, "cents"),
        lines=tuple(OrderLine(*line) for line in json_text.read(item["lines"]["S"])),
        reference=reads.text(item, "reference"),
        takes_stock=bool(reads.number(item, "takes_stock")),
        token=item["token"]["S"],
        created_by=reads.text(item, "created_by"),
        # Without a key, it is what an earlier release stored, and no index has the order at that time. It was a change of lines.
        updated_at=(reads.text(item, "updated_at") if "updated_k" in item else None) or item["date"]["S"],
        lines_changed_at=reads.text(item, "lines_changed_at" if "updated_k" in item else "updated_at"),
        adjustments=tuple(Adjustment(*each) for each in reads.json_of(item, "adjustments") or ()),
        refund_of=reads.text(item, "refund_of"),
        refunded=reads.json_of(item, "refunded") or {},
        merged_from=tuple(reads.json_of(item, "merged_from") or ()),
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
    """An order, with its customer and products as it left them.

    Orders that were placed at the same moment are not reflected. There are no rows if an earlier attempt placed the order.
    """

    order: Order
    customers: Mapping[str, Customer]
    products: Mapping[str, Product]


def place(customer_id: str, quantities: Mapping[str, int], date: datetime | None = None) -> PlacedOrder:
    """Place an order of {product id: quantity} at today's prices, and take the stock: all of it or nothing.

    Raises UnknownCustomer, UnknownProducts, NoLines, TooManyLines, InvalidInput, InsufficientStock, Conflict.
    """
    # Take the id before the first attempt, so that a retry recognises its own success, and before any check, so that in a
    # repeated document each change gets the id that it had.
    order_id = ids.new_id(ids.ORDER)
    order_quantities.check_all(quantities)
    now = clock.now()
    placed_at = timestamps.to_text(timestamps.checked_past(date or now, "order_date"))
    existing = find(order_id) if change_marks.is_replay() else None
    if existing:
        return PlacedOrder(existing, {}, {})
    found = _look_up(customer_id, quantities)
    order = replace(_price(order_id, found, placed_at, quantities), updated_at=timestamps.to_text(now))
    order_lines.put(placed_at, order_id, quantities)
    try:
        return _place(order, found)
    except Unavailable:
        raise  # the order may have been placed
    except CrmError:
        order_lines.discard(placed_at, order_id, quantities)
        raise


def _place(order: Order, found: "_Found") -> PlacedOrder:
    quantities = {line.product_id: line.quantity for line in order.lines}
    for number in retry_delays():
        if number:  # a price, the stock or the customer has changed: read again, and report what is wrong now
            found = _look_up(order.customer_id, quantities)
            order = replace(_price(order.id, found, order.date, quantities), updated_at=order.updated_at)
        write = start(order, found.customer)
        for line in order.lines:
            take_stock(write, line)
        try:
            write.commit()
        except Stale:
            continue
        return PlacedOrder(
            order,
            {order.customer_id: customer_activity.with_order(found.customer, order.date)},
            _products_after(order, found),
        )
    raise Conflict


def _products_after(order: Order, found: "_Found") -> dict[str, Product]:
    """Return the products after the order took its stock."""
    taken = ((found.products[line.product_id], line.quantity) for line in order.lines)
    return {
        product.id: replace(product, stock=product.stock - quantity, sold=product.sold + 1)
        for product, quantity in taken
    }


def start(order: Order, customer: Customer) -> Transaction:
    """Begin the transaction of any order: the order itself, its customer's activity, and the day's totals."""
    # No other request creates this id. An imported order is recognised by its reference, and needs no mark.
    subject = None if order.reference else order.id
    write = Transaction(was_applied=lambda: find(order.id) is not None, subject=subject, is_logged=False)
    add(write, order, customer)
    return write


def add(write: Transaction, order: Order, customer: Customer) -> None:
    """Write a new order, the activity of its customer, who must still exist, and the totals of its day."""
    write.put(order_rows.to_row(order), tables.Order.id.does_not_exist())
    customer_activity.book_order(write, customer, order.date)
    counters.add(write, order.date, order.id, orders=1, cents=order.cents)


def new_order(  # noqa: PLR0913 - the parts of an order
    order_id: str,
    customer_id: str,
    date: str,
    order_lines: tuple[OrderLine, ...],
    reference: str | None = None,
    *,
    adjustments: tuple[Adjustment, ...] = (),
) -> Order:
    """Make an order that is not written yet. An order with a reference is imported, and takes no stock."""
    cents = sum(line.cents * line.quantity for line in order_lines) + sum(each.cents for each in adjustments)
    if abs(cents) >= money.TOTAL_LIMIT * 100:
        raise InvalidInput(f"The total of an order must be below {money.TOTAL_LIMIT}", field="lines")
    return Order(
        id=order_id,
        customer_id=customer_id,
        date=date,
        status=PLACED,
        cents=cents,
        lines=order_lines,
        reference=reference,
        takes_stock=reference is None,
        token=new_token(),
        updated_at=date,
        created_by=change_marks.actor(),
        adjustments=adjustments,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    customer: Customer
    products: Mapping[str, Product]


def _look_up(customer_id: str, product_ids: Iterable[str]) -> _Found:
    """Read the customer and the products in one call. A customer who was merged has one of today. Raises UnknownCustomer."""
    wanted = {
        tables.Customer: [key for key in (customer_id,) if ids.is_id(ids.CUSTOMER, key)],
        tables.Product: [key for key in product_ids if ids.is_id(ids.PRODUCT, key)],
    }
    found = reads.get_from_tables(wanted)
    item = found[tables.Customer].get(customer_id)
    customer = customers.load(item) if item else None
    if customer is None or customer.merged_into:
        customer = customers.find_current(customer_id)
    if customer is None:
        raise UnknownCustomer(field="customer_id")
    return _Found(customer, {key: products.load(item) for key, item in found[tables.Product].items()})


def _price(order_id: str, found: _Found, date: str, quantities: Mapping[str, int]) -> Order:
    """Make the order at current prices. Raises UnknownProducts, InsufficientStock."""
    known = found.products
    unknown = [key for key in quantities if key not in known or known[key].archived_at]
    if unknown:
        raise UnknownProducts(f"{UnknownProducts.__doc__}: {', '.join(map(repr, unknown[:10]))}", field="lines")
    short = [known[key] for key, quantity in quantities.items() if known[key].stock < quantity]
    if short:
        raise InsufficientStock("; ".join(shortage(product, quantities[product.id]) for product in short[:10]))
    priced = tuple(OrderLine(key, known[key].name, quantity, known[key].cents) for key, quantity in quantities.items())
    return new_order(order_id, found.customer.id, date, priced)


def shortage(product: Product, quantity: int) -> str:
    return f"Not enough of {product.name!r} in stock: {quantity} ordered, {product.stock} available"


def take_stock(write: Transaction, line: OrderLine) -> None:
    row = tables.Product
    write.update(
        row(id=line.product_id),
        [row.stock.add(-line.quantity), row.sold.add(1)],
        row.stock_shard.exists() & (row.stock >= line.quantity) & (row.cents == line.cents),
    )


def was_written(order: Order) -> bool:
    return reads.has_token(tables.Order, order.token, id=order.id)

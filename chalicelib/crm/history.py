"""Historic orders: imported with their own reference, date and prices, once by reference, leaving stock alone."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from chalicelib.crm import claims, customers, ids, lines, moments, money, orders, text
from chalicelib.crm.customers import Customer
from chalicelib.crm.orders import Order, OrderLine
from chalicelib.crm.products import Product
from chalicelib.crm.transaction import attempts
from chalicelib.errors import Conflict, InvalidInput, NoLines, ReferenceConflict, TooManyLines, UnknownCustomer

MOST_LINES = 1000
"""Real invoices have over 500."""
_REFERENCE_LIMIT = 64


@dataclass(frozen=True, slots=True)
class PastLine:
    product: Product
    quantity: int
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class PastOrder:
    reference: str
    customer: Customer
    date: datetime
    lines: tuple[PastLine, ...]


class _Taken(Conflict):
    """The reference is held by an order"""


def record(past: PastOrder) -> tuple[Order, bool]:
    """Write it, or find that it was written before: (order, whether it is new).

    Raises InvalidInput, NoLines, TooManyLines, UnknownCustomer, ReferenceConflict.
    """
    reference = _checked_reference(past.reference)
    order = orders.new_order(
        ids.new_id(ids.ORDER),
        past.customer.id,
        moments.to_text(moments.checked_past(past.date, "orderDate")),
        _merged(past.lines),
        reference,
    )
    customer: Customer | None = past.customer
    held = claims.owner_of(claims.REFERENCE, text.fold(reference))
    if held:
        return _same(held, order), False
    product_ids = [line.product_id for line in order.lines]
    lines.put(order.date, order.id, product_ids)
    for _ in attempts():
        if customer is None:
            lines.discard(order.date, order.id, product_ids)
            raise UnknownCustomer("The customer was deleted meanwhile", field="customerEmail")
        write = orders.start(order, customer)
        claims.claim(write, claims.REFERENCE, text.fold(reference), order.id, _Taken)
        try:
            write.commit()
        except Conflict:
            held = claims.owner_of(claims.REFERENCE, text.fold(reference))
            if held:
                lines.discard(order.date, order.id, product_ids)
                return _same(held, order), False
            customer = customers.find(past.customer.id)
            continue
        return order, True
    raise Conflict


def _same(order_id: str, wanted: Order) -> Order:
    stored = orders.find(order_id)
    if stored is None or _content(stored) != _content(wanted):
        raise ReferenceConflict(field="reference")
    return stored


def _content(order: Order) -> tuple[str, dict[str, tuple[int, int]]]:
    return order.date, {line.product_id: (line.quantity, line.cents) for line in order.lines}


def _merged(past: tuple[PastLine, ...]) -> tuple[OrderLine, ...]:
    """Lines of the same product at the same price become one."""
    if not past:
        raise NoLines(field="lines")
    if len(past) > MOST_LINES:
        raise TooManyLines(f"An imported order has at most {MOST_LINES} lines, not {len(past)}", field="lines")
    merged: dict[str, OrderLine] = {}
    for line in past:
        orders.check_quantity(line.quantity)
        cents = money.to_cents(line.unit_price, "unitPrice")
        before = merged.get(line.product.id)
        if before and before.cents != cents:
            raise InvalidInput(f"{line.product.name!r} stands in two lines with different prices", field="lines")
        quantity = line.quantity + (before.quantity if before else 0)
        merged[line.product.id] = OrderLine(line.product.id, line.product.name, quantity, cents)
    return tuple(merged.values())


def _checked_reference(reference: str) -> str:
    if len(reference.strip()) > _REFERENCE_LIMIT:
        raise InvalidInput(f"Reference cannot be longer than {_REFERENCE_LIMIT} characters", field="reference")
    return text.checked_name(reference, "reference")

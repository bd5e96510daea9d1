"""Historic orders: imported with their own reference, date and prices, once by reference, leaving stock alone."""

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from chalicelib.crm import customers, money, order_lines, orders, text, unique_values
from chalicelib.crm.customers import Customer
from chalicelib.crm.orders import Order, OrderLine
from chalicelib.crm.products import Product
from chalicelib.errors import (
    Conflict,
    CrmError,
    InvalidInput,
    NoLines,
    ReferenceConflict,
    TooManyLines,
    Unavailable,
    UnknownCustomer,
    result_or_error,
)
from chalicelib.store import ids, timestamps
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale

MAX_LINES = 1000
"""Real invoices have over 500."""
_MAX_BYTES = 380_000
"""A row has at most 400 KiB, and names outside ASCII take six bytes a character or twelve."""
_REFERENCE_LIMIT = 64


@dataclass(frozen=True, slots=True)
class ImportedLine:
    product: Product
    quantity: int
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class ImportedOrder:
    reference: str
    customer: Customer
    date: datetime
    lines: tuple[ImportedLine, ...]
    id: str = field(default_factory=lambda: ids.new_id(ids.ORDER))


ImportResult: TypeAlias = tuple[Order, bool]
"""The order, and whether it is new."""


def record(past: ImportedOrder) -> ImportResult:
    """Write it, or find that it was written before.

    Raises InvalidInput, NoLines, TooManyLines, UnknownCustomer, ReferenceConflict, Conflict.
    """
    (recorded,) = record_all([past])
    if isinstance(recorded, Exception):
        raise recorded
    return recorded


def record_all(past: Sequence[ImportedOrder]) -> list[ImportResult | Exception]:
    """Each is written by itself, or gets its own error. What is to be read and put before is so for all of them at once.

    Who dies in between leaves lines of orders that do not exist, which readers ignore.
    """
    drafts = [result_or_error(_draft, one) for one in past]
    references = {order.id: _reference(order) for order in drafts if isinstance(order, Order)}
    held = unique_values.owners_of(unique_values.REFERENCE, references.values())
    new = [order for order in drafts if isinstance(order, Order) and references[order.id] not in held]
    order_lines.put_all((order.date, order.id, _product_ids(order)) for order in new)

    known = orders.find_all(held.values(), consistent=True)
    latest: dict[str, Customer] = {}

    def finish(draft: Order, customer: Customer) -> ImportResult:
        if holder := held.get(references[draft.id]):
            return _same(known.get(holder), draft), False
        written, latest[customer.id] = _record(draft, latest.get(customer.id, customer))
        return written, written.id == draft.id

    return [
        draft if isinstance(draft, Exception) else result_or_error(finish, draft, one.customer)
        for draft, one in zip(drafts, past, strict=True)
    ]


def _draft(past: ImportedOrder) -> Order:
    reference = _checked_reference(past.reference)
    date = timestamps.to_text(timestamps.checked_past(past.date, "order_date"))
    order = orders.new_order(past.id, past.customer.id, date, _merged(past.lines), reference)
    _check_size(order)
    return order


def _record(order: Order, customer: Customer) -> tuple[Order, Customer]:
    """The order that has the reference now, and the customer as last seen. The lines are there already."""
    try:
        written, customer = _write(order, customer)
    except Unavailable:
        raise  # it may have been written
    except CrmError:
        order_lines.discard(order.date, order.id, _product_ids(order))
        raise
    if written.id != order.id:
        order_lines.discard(order.date, order.id, _product_ids(order))
    return written, customer


def _reference(order: Order) -> str:
    """As it is claimed."""
    return text.normalize(order.reference or "")


def _product_ids(order: Order) -> list[str]:
    return [line.product_id for line in order.lines]


def _write(order: Order, customer: Customer) -> tuple[Order, Customer]:
    """What has the reference then: `order`, or one with the same content that was first; and the customer as last seen."""
    for _ in retry_delays():
        write = orders.start(order, customer)
        unique_values.claim(write, unique_values.REFERENCE, _reference(order), order.id, Stale)
        try:
            write.commit()
        except Stale:
            held = unique_values.owner_of(unique_values.REFERENCE, _reference(order))
            if held:
                return _same(orders.find(held), order), customer
            found = customers.find(customer.id)
            if found is None:
                raise UnknownCustomer("The customer was deleted meanwhile", field="customer_email") from None
            customer = found
        else:
            return order, customers.with_order(customer, order.date)
    raise Conflict


def _same(stored: Order | None, wanted: Order) -> Order:
    if stored is None or _content(stored) != _content(wanted):
        raise ReferenceConflict(field="reference")
    # A customer who was deleted comes back under another id when the files are imported again.
    if stored.customer_id != wanted.customer_id and customers.find(stored.customer_id):
        raise ReferenceConflict("An order with this reference exists already, of another customer", field="reference")
    return stored


def _check_size(order: Order) -> None:
    if len(json.dumps([astuple(line) for line in order.lines])) > _MAX_BYTES:
        raise TooManyLines("The order is too large: fewer lines, or shorter product names", field="lines")


def _content(order: Order) -> tuple[str, dict[str, tuple[int, int]]]:
    return order.date, {line.product_id: (line.quantity, line.cents) for line in order.lines}


def _merged(past: tuple[ImportedLine, ...]) -> tuple[OrderLine, ...]:
    """Lines of the same product at the same price become one."""
    if not past:
        raise NoLines(field="lines")
    if len(past) > MAX_LINES:
        raise TooManyLines(f"An imported order has at most {MAX_LINES} lines, not {len(past)}", field="lines")
    merged: dict[str, OrderLine] = {}
    for line in past:
        orders.check_quantity(line.quantity)
        cents = money.to_cents(line.unit_price, "unit_price")
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

"""Imported orders: past orders from other systems, with their own reference, date and prices.

Each reference is imported once, and stock is left alone. An import takes these steps, each for all rows together:

    resolve e-mail addresses and SKUs --> find references that exist --> put the order lines --> write each order
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from chalicelib import clock
from chalicelib.crm import (
    adjustments,
    customer_activity,
    customers,
    money,
    order_comparison,
    order_lines,
    order_quantities,
    order_rows,
    orders,
    products,
    search_index,
    text,
    unique_values,
)
from chalicelib.crm.customers import Customer
from chalicelib.crm.imported_rows import OrderRow
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
    UnknownProducts,
    result_or_error,
)
from chalicelib.store import ids, timestamps
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale

MAX_LINES = 1000
"""Real invoices have over 500."""
_MAX_BYTES = 380_000
"""A row has at most 400 KiB. Characters outside ASCII take six or twelve bytes in JSON."""
_MAX_REFERENCE_LENGTH = 64


@dataclass(frozen=True, slots=True)
class ImportedLine:
    product: Product
    quantity: int
    unit_price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedOrder:
    """A row whose customer and products are found."""

    reference: str
    customer: Customer
    date: datetime
    lines: tuple[ImportedLine, ...]
    adjustments: tuple[tuple[str, Decimal], ...] = ()
    id: str = field(default_factory=lambda: ids.new_id(ids.ORDER))


ImportResult: TypeAlias = tuple[Order, bool]
"""The order, and whether it is new."""


def import_rows(rows: Sequence[OrderRow | None]) -> list[ImportResult | Exception]:
    """Import each row by itself, and return its result or its error, in the order of the rows. None is an empty row."""
    present = [row for row in rows if row is not None]
    customers_by_email = customers.find_all_by_email(row.customer_email for row in present)
    products_by_sku = products.find_all_by_sku(line.sku for row in present for line in row.lines)

    def resolve(row: OrderRow | None) -> ImportedOrder:
        # Take the id before any check: when a request is repeated, each row gets the id that it had, whatever became
        # of the other rows.
        order_id = ids.new_id(ids.ORDER)
        return _resolve(row, order_id, customers_by_email, products_by_sku)

    resolved = [result_or_error(resolve, row) for row in rows]
    recorded = iter(record_all([each for each in resolved if isinstance(each, ImportedOrder)]))
    return [next(recorded) if isinstance(each, ImportedOrder) else each for each in resolved]


def find_by_reference(reference: str) -> Order | None:
    owner = unique_values.owner_of(unique_values.REFERENCE, reference.strip())
    return orders.find(owner) if owner else None


def record(imported: ImportedOrder) -> ImportResult:
    """Write the order, or find that it was written before.

    Raises InvalidInput, NoLines, TooManyLines, UnknownCustomer, ReferenceConflict, Conflict, Unavailable.
    """
    (recorded,) = record_all([imported])
    if isinstance(recorded, Exception):
        raise recorded
    return recorded


def record_all(imported: Sequence[ImportedOrder]) -> list[ImportResult | Exception]:
    """Write each order by itself, and return its result or its error. References and lines are handled all at once.

    A crash in between leaves lines of orders that do not exist. Readers ignore them.
    """
    drafts = [result_or_error(_draft, each) for each in imported]
    references = {order.id: _claimed_reference(order) for order in drafts if isinstance(order, Order)}
    owners = unique_values.owners_of(unique_values.REFERENCE, references.values())
    new = [order for order in drafts if isinstance(order, Order) and references[order.id] not in owners]
    order_lines.put_all((order.date, order.id, _product_ids(order)) for order in new)
    search_index.put_all(new)

    stored = orders.find_all(owners.values(), consistent=True)
    latest: dict[str, Customer] = {}

    def finish(draft: Order, customer: Customer) -> ImportResult:
        if owner := owners.get(references[draft.id]):
            return _check_same(stored.get(owner), draft), False
        written, latest[customer.id] = _write(draft, latest.get(customer.id, customer))
        return written, written.id == draft.id

    results = [
        draft if isinstance(draft, Exception) else result_or_error(finish, draft, each.customer)
        for draft, each in zip(drafts, imported, strict=True)
    ]
    with suppress(Unavailable):  # the orders are written: a look that fails must not make them look like failures
        _keep_products(imported, results)
    return results


def _keep_products(imported: Sequence[ImportedOrder], results: Sequence[ImportResult | Exception]) -> None:
    """Put back products that were deleted while the orders were written: an order must not name what does not exist.

    A deletion looks for lines once more after it has deleted. So either it sees our lines, or we see that it was made.
    """
    named = {
        line.product.id: line.product
        for order, result in zip(imported, results, strict=True)
        if not isinstance(result, Exception) and result[1]
        for line in order.lines
    }
    if named:
        present = products.find_all(named, consistent=True)
        for product_id in named.keys() - present.keys():
            products.keep_archived(named[product_id])


def _resolve(
    row: OrderRow | None,
    order_id: str,
    customers_by_email: Mapping[str, Customer],
    products_by_sku: Mapping[str, Product],
) -> ImportedOrder:
    if row is None:
        raise InvalidInput("The row is null")
    customer = customers_by_email.get(text.normalize_email(row.customer_email))
    if customer is None:
        raise UnknownCustomer(f"There is no customer {row.customer_email!r}", field="customer_email")
    unknown = [line.sku for line in row.lines if text.normalize(line.sku) not in products_by_sku]
    if unknown:
        raise UnknownProducts(f"There is no product {', '.join(map(repr, unknown[:10]))}", field="sku")
    lines = tuple(
        ImportedLine(products_by_sku[text.normalize(line.sku)], line.quantity, line.unit_price) for line in row.lines
    )
    return ImportedOrder(
        reference=row.reference,
        customer=customer,
        date=row.date,
        lines=lines,
        adjustments=row.adjustments,
        id=order_id,
    )


def _draft(imported: ImportedOrder) -> Order:
    reference = _checked_reference(imported.reference)
    date = timestamps.to_text(timestamps.checked_past(imported.date, "order_date"))
    order = orders.new_order(
        imported.id,
        imported.customer.id,
        date,
        _checked_lines(imported),
        reference,
        adjustments=adjustments.checked(imported.adjustments),
    )
    _check_size(order)
    return replace(order, updated_at=timestamps.to_text(clock.now()))


def _write(order: Order, customer: Customer) -> tuple[Order, Customer]:
    """Write an order whose lines are put already; discard the lines if it cannot be written."""
    try:
        written, customer = _write_or_find(order, customer)
    except Unavailable:
        raise  # the order may have been written, and then it needs its lines
    except CrmError:
        _discard(order)
        raise
    if written.id != order.id:
        _discard(order)
    return written, customer


def _discard(order: Order) -> None:
    order_lines.discard(order.date, order.id, _product_ids(order))
    search_index.discard(order)


def _write_or_find(order: Order, customer: Customer) -> tuple[Order, Customer]:
    """Return the order that owns the reference afterwards, and the customer as last seen.

    The order is `order`, or one with the same content that was written first.
    """
    for _ in retry_delays():
        order = replace(order, customer_id=customer.id)  # the customer may have been merged into another one
        write = orders.start(order, customer)
        unique_values.claim(write, unique_values.REFERENCE, _claimed_reference(order), order.id, Stale)
        try:
            write.commit()
        except Stale:
            owner = unique_values.owner_of(unique_values.REFERENCE, _claimed_reference(order))
            if owner:
                return _check_same(orders.find(owner), order), customer
            found = customers.find_current(customer.id)
            if found is None:
                raise UnknownCustomer("The customer has just been deleted", field="customer_email") from None
            customer = found
        else:
            return order, customer_activity.with_order(customer, order.date)
    raise Conflict


def _check_same(stored: Order | None, wanted: Order) -> Order:
    """Return the stored order if it is the wanted one. Raises ReferenceConflict."""
    if stored is None or stored.date != wanted.date or not order_comparison.has_same_content(stored, wanted):
        raise ReferenceConflict(field="reference")
    # A customer who was deleted comes back under another id when the files are imported again.
    if stored.customer_id != wanted.customer_id:
        owner = customers.find_current(stored.customer_id)
        if owner and owner.id != wanted.customer_id:
            raise ReferenceConflict("Another customer's order has this reference already", field="reference")
    return stored


def _claimed_reference(order: Order) -> str:
    """Return the reference as it is claimed: exactly as written, because many systems tell aBc from abc."""
    return order.reference or ""


def _product_ids(order: Order) -> list[str]:
    return [line.product_id for line in order.lines]


def _check_size(order: Order) -> None:
    if len(json.dumps(order_rows.stored_lines(order.lines))) > _MAX_BYTES:
        raise TooManyLines("The order is too large. Use fewer lines or shorter product names", field="lines")


def _checked_lines(imported: ImportedOrder) -> tuple[OrderLine, ...]:
    """Return the lines as they stand in the file: gifts cost nothing, returns have a negative quantity.

    A refund may have no lines, only its amount.
    """
    lines = imported.lines
    if not lines and not imported.adjustments:
        raise NoLines(field="lines")
    if len(lines) > MAX_LINES:
        raise TooManyLines(f"An imported order has at most {MAX_LINES} lines, not {len(lines)}", field="lines")
    return tuple(map(_checked_line, lines))


def _checked_line(line: ImportedLine) -> OrderLine:
    if line.quantity == 0 or abs(line.quantity) > order_quantities.MAX_QUANTITY:
        raise InvalidInput(f"Quantity cannot be 0, nor above {order_quantities.MAX_QUANTITY}", field="quantity")
    cents = money.to_cents(line.unit_price, "unit_price", is_free_allowed=True)
    return OrderLine(line.product.id, line.product.name, line.quantity, cents, line.product.sku)


def _checked_reference(reference: str) -> str:
    if len(reference.strip()) > _MAX_REFERENCE_LENGTH:
        raise InvalidInput(f"Reference cannot be longer than {_MAX_REFERENCE_LENGTH} characters", field="reference")
    return text.checked_name(reference, "reference")

"""Relative changes of stock: restocks, adjustments by people, and what changed or cancelled orders take or return.

Each leaves a change row that says who changed the stock, and from what to what. So it is made only to a stock that is still
as it was read; if an order was faster, it is read again.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib import clock
from chalicelib.crm import change_times, products, text
from chalicelib.crm.product_values import STOCK_LIMIT
from chalicelib.crm.products import Product
from chalicelib.errors import Conflict, InvalidInput, InvalidStock
from chalicelib.settings import settings
from chalicelib.store import change_marks, ids, index_keys, reads, tables, timestamps
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale, Transaction, new_token

MAX_RESTOCK = 10**9
"""The highest threshold and amount of a restock: their sum is within GraphQL's Int."""
MAX_STOCK = 2**31 - 1
"""The largest Int of GraphQL. People can set at most `products.STOCK_LIMIT`; cancelled orders put back more."""
CLOCK_TOLERANCE = timedelta(minutes=1)
"""How far the clock of a caller may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class Restock:
    """A restock that was made. `stock` is the stock right after it."""

    product: Product
    stock: int


def restock(
    product_id: str, slot: str, token: str | None = None, *, threshold: int | None = None, amount: int | None = None
) -> Restock | None:
    """Add `amount` to a product with less than `threshold` in stock, once for `slot`. Slots must sort by time.

    Return None if the product is not low, or if another caller restocked it for this slot or a later one. Repeating a
    call with the same slot and token returns the same result. Raises Conflict, Unavailable, and InvalidInput for a slot in
    the future, which would keep all slots before it from restocking the product.
    """
    latest = timestamps.to_text(clock.now() + CLOCK_TOLERANCE)
    if slot > latest:
        raise InvalidInput("The slot is in the future. Use the time at which the restock was due", field="slot")
    if not ids.is_id(ids.PRODUCT, product_id):
        return None
    mark = index_keys.sort_key(slot, token or new_token())  # sorts after its slot and before the next
    for _ in retry_delays():
        item = reads.get(tables.Product, {"id": {"S": product_id}})
        old = products.load(item) if item else None
        if item is None or old is None:
            return None
        last = reads.text(item, "restock_slot")
        if last == mark:  # an earlier attempt has made it
            return Restock(old, reads.number(item, "restocked_to"))
        # Ignore a mark in the future: it can only come from a mistake.
        is_new_slot = last is None or last < slot or last > latest
        is_low = old.archived_at is None and old.stock < (threshold or settings.low_stock_threshold)
        if not (is_new_slot and is_low):
            return None
        new = replace(old, stock=old.stock + (amount or settings.restock_amount))
        with suppress(Stale):
            _restocking(old, new, mark, last).commit()
            return Restock(new, new.stock)
    raise Conflict


def adjust(product_id: str, delta: int, reason: str) -> Product:
    """Add `delta` to the stock, whatever it is by then. The change row says who did so and why.

    Raises NotFound, InvalidInput, and InvalidStock if the stock would become negative or too large.
    """
    reason = text.checked_name(reason, "reason")
    if delta == 0:
        raise InvalidInput("The change cannot be 0", field="delta")
    for _ in retry_delays():
        product = products.require(product_id)
        if change_marks.is_done(product_id):
            return product
        if product.archived_at:
            raise InvalidInput("The product is archived and cannot be changed", field="product_id")
        if not 0 <= product.stock + delta <= STOCK_LIMIT:
            limits = f"must stay from 0 to {STOCK_LIMIT}"
            raise InvalidStock(f"The stock is {product.stock}. After the change by {delta} it {limits}", field="delta")
        now = change_times.after(product.updated_at)
        new = replace(product, stock=product.stock + delta, token=new_token(), updated_at=now)
        try:
            _adjustment(product, new, reason).commit()
        except Stale:
            continue
        return products.as_stored(new)
    raise Conflict


def take_more(write: Transaction, product_id: str, quantity: int) -> None:
    """Take more for the line of an order, which keeps its price, in its transaction. That fails as Stale if it cannot."""
    row = tables.Product
    write.update(row(id=product_id), [row.stock.add(-quantity)], row.stock_shard.exists() & (row.stock >= quantity))


def put_back(write: Transaction, product_id: str, quantity: int) -> None:
    """Add what an order had taken, in its transaction. That fails with InvalidStock if GraphQL's Int cannot hold the sum."""
    stock = tables.Product.stock
    write.update(
        tables.Product(id=product_id),
        [stock.add(quantity)],
        stock <= MAX_STOCK - quantity,
        lambda: InvalidStock(f"The stock of {product_id} would be above {MAX_STOCK}. Correct it first", field="id"),
    )


def _restocking(old: Product, new: Product, mark: str, last_mark: str | None) -> Transaction:
    row = tables.Product
    is_unmarked = row.restock_slot == last_mark if last_mark else row.restock_slot.does_not_exist()
    write = Transaction(
        was_applied=lambda: _mark_of(old.id) == mark,
        subject=old.id,
        before={"stock": old.stock},
        after={"stock": new.stock},
    )
    write.update(
        row(id=old.id),
        [row.stock.set(new.stock), row.restock_slot.set(mark), row.restocked_to.set(new.stock)],
        row.stock_shard.exists() & (row.stock == old.stock) & is_unmarked,
    )
    return write


def _mark_of(product_id: str) -> str | None:
    item = reads.get(tables.Product, {"id": {"S": product_id}})
    return reads.text(item, "restock_slot") if item else None


def _adjustment(old: Product, new: Product, reason: str) -> Transaction:
    row = tables.Product
    write = Transaction(
        was_applied=lambda: products.was_written(new),
        subject=old.id,
        before={"stock": old.stock},
        after={"stock": new.stock},
        reason=reason,
    )
    write.update(
        row(id=old.id),
        [row.stock.set(new.stock), row.token.set(new.token), *change_times.actions(row, new)],
        row.stock_shard.exists() & (row.token == old.token) & (row.stock == old.stock),
    )
    return write

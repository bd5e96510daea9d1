"""Relative changes of stock: restocks of products that are low, and adjustments by people.

An adjustment leaves a row `(stock#product id, time)` in `ops` that says who changed the stock by how much, and why.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.crm import products, text
from chalicelib.crm.product_values import STOCK_LIMIT
from chalicelib.crm.products import Product
from chalicelib.errors import Conflict, InvalidInput, InvalidStock
from chalicelib.settings import settings
from chalicelib.store import change_marks, ids, index_keys, reads, tables, timestamps
from chalicelib.store.put_once import update_once
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
    call with the same slot and token returns the same result. Raises Unavailable, and InvalidInput for a slot in the
    future, which would keep all slots before it from restocking the product.
    """
    latest = timestamps.to_text(clock.now() + CLOCK_TOLERANCE)
    if slot > latest:
        raise InvalidInput("The slot is in the future. Use the time at which the restock was due", field="slot")
    if not ids.is_id(ids.PRODUCT, product_id):
        return None
    row = tables.Product
    mark = index_keys.sort_key(slot, token or new_token())  # sorts after its slot and before the next
    # Ignore a mark in the future: it can only come from a mistake.
    is_new_slot = row.restock_slot.does_not_exist() | (row.restock_slot < slot) | (row.restock_slot > latest)
    is_low = row.stock_shard.exists() & (row.stock < (threshold or settings.low_stock_threshold))
    amount = amount or settings.restock_amount
    actions: list[Action] = [
        row.stock.add(amount),
        row.restock_slot.set(mark),
        row.restocked_to.set(row.stock + amount),
    ]
    updated = update_once(
        row(id=product_id), actions, is_low & is_new_slot, lambda item: reads.text(item, "restock_slot") == mark
    )
    return _load(updated) if updated else None


def adjust(product_id: str, delta: int, reason: str, actor: str) -> Product:
    """Add `delta` to the stock, whatever it is by then, and record who did so and why.

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
        try:
            _adjustment(product_id, delta, reason, actor).commit()
        except Stale:
            continue
        return products.as_stored(replace(product, stock=product.stock + delta))
    raise Conflict


def put_back(write: Transaction, product_id: str, quantity: int) -> None:
    """Add what an order had taken, in its transaction. That fails with InvalidStock if GraphQL's Int cannot hold the sum."""
    stock = tables.Product.stock
    write.update(
        tables.Product(id=product_id),
        [stock.add(quantity)],
        stock <= MAX_STOCK - quantity,
        lambda: InvalidStock(f"The stock of {product_id} would be above {MAX_STOCK}. Correct it first", field="id"),
    )


def _adjustment(product_id: str, delta: int, reason: str, actor: str) -> Transaction:
    now = clock.now()
    record = tables.AuxRow(
        pk=f"stock#{product_id}",
        sk=index_keys.sort_key(timestamps.to_text(now), new_token()),
        content={"delta": delta, "reason": reason, "actor": actor},
        ttl=now + timedelta(days=settings.history_days),
    )
    write = Transaction(was_applied=lambda: reads.get_op(record.pk, record.sk) is not None, subject=product_id)
    stock = tables.Product.stock
    write.update(
        tables.Product(id=product_id),
        [stock.add(delta)],
        tables.Product.stock_shard.exists() & (stock >= -delta) & (stock <= STOCK_LIMIT - delta),
    )
    write.put(record, tables.AuxRow.pk.does_not_exist())
    return write


def _load(item: reads.Item) -> Restock:
    return Restock(products.load(item), reads.number(item, "restocked_to"))

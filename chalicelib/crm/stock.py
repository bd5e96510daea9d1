"""Restocking: add stock to a product that is low, once per slot, however often it is repeated."""

from dataclasses import dataclass
from datetime import timedelta

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.crm import products
from chalicelib.crm.products import Product
from chalicelib.errors import InvalidInput
from chalicelib.settings import settings
from chalicelib.store import ids, index_keys, reads, tables, timestamps
from chalicelib.store.put_once import update_once
from chalicelib.store.transaction import new_token

CLOCK_TOLERANCE = timedelta(minutes=1)
"""How far the clock of a caller may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class Restock:
    """A restock that was made. `stock` is the stock right after it."""

    product: Product
    stock: int


def restock(product_id: str, slot: str, token: str | None = None) -> Restock | None:
    """Add stock to a product that is low, once for `slot`. Slots must sort by time.

    Return None if the product is not low, or if another caller restocked it for this slot or a later one. Repeating a
    call with the same slot and token returns the same result. Raises Unavailable, and InvalidInput for a slot in the
    future, which would keep all slots before it from restocking the product.
    """
    latest = timestamps.to_text(clock.now() + CLOCK_TOLERANCE)
    if slot > latest:
        raise InvalidInput("The slot lies in the future. Use the time at which the restock was due", field="slot")
    if not ids.is_id(ids.PRODUCT, product_id):
        return None
    row = tables.Product
    mark = index_keys.sort_key(slot, token or new_token())  # sorts after its slot and before the next
    # Ignore a mark in the future: it can only come from a mistake.
    is_new_slot = row.restock_slot.does_not_exist() | (row.restock_slot < slot) | (row.restock_slot > latest)
    is_low = row.stock_shard.exists() & (row.stock < settings.low_stock_threshold)
    amount = settings.restock_amount
    actions: list[Action] = [
        row.stock.add(amount),
        row.restock_slot.set(mark),
        row.restocked_to.set(row.stock + amount),
    ]
    updated = update_once(
        row(id=product_id), actions, is_low & is_new_slot, lambda item: reads.text(item, "restock_slot") == mark
    )
    return _load(updated) if updated else None


def _load(item: reads.Item) -> Restock:
    return Restock(products.load(item), reads.number(item, "restocked_to"))

"""Restocking: adds to a product that is low, once for a slot, whoever repeats it."""

from dataclasses import dataclass

from pynamodb.expressions.update import Action

from chalicelib.crm import products
from chalicelib.crm.products import Product
from chalicelib.settings import settings
from chalicelib.store import ids, index_keys, reads, tables
from chalicelib.store.put_once import update_once
from chalicelib.store.transaction import new_token


@dataclass(frozen=True, slots=True)
class Restock:
    """`stock` is as it was right after it."""

    product: Product
    stock: int


def restock(product_id: str, slot: str, token: str | None = None) -> Restock | None:
    """Add to a product that is low on stock, once for `slot` (a text that grows with time).

    None if it is not low, or was restocked for this slot or a later one by somebody else. Whoever comes again with the
    same slot and token gets the same answer again.
    """
    if not ids.is_id(ids.PRODUCT, product_id):
        return None
    row = tables.Product
    mark = index_keys.sort_key(slot, token or new_token())  # above its slot and below the next
    unseen = row.restock_slot.does_not_exist() | (row.restock_slot < slot)
    low = row.stock_shard.exists() & (row.stock < settings.low_stock_threshold)
    amount = settings.restock_amount
    actions: list[Action] = [
        row.stock.add(amount),
        row.restock_slot.set(mark),
        row.restocked_to.set(row.stock + amount),
    ]
    updated = update_once(
        row(id=product_id), actions, low & unseen, lambda item: reads.text(item, "restock_slot") == mark
    )
    return _load(updated) if updated else None


def _load(item: reads.Item) -> Restock:
    return Restock(products.load(item), reads.number(item, "restocked_to"))

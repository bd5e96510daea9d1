"""Restocking: adds to a product that is low, once for a slot, whoever repeats it."""

from dataclasses import dataclass
from functools import partial

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from chalicelib.crm import products
from chalicelib.crm.products import Product
from chalicelib.errors import Unavailable
from chalicelib.settings import settings
from chalicelib.store import ids, index_keys, reads, tables
from chalicelib.store.retries import code_of, confirm, is_transient, retry_delays
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
    for _ in retry_delays():
        stored = row(id=product_id)
        try:
            stored.update(actions, condition=low & unseen)
        except UpdateError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return confirm(partial(_marked, product_id, mark))
            if not is_transient(error):
                raise
        else:
            return _load(stored.serialize())
    restocked = confirm(partial(_marked, product_id, mark))
    if restocked is None:
        raise Unavailable
    return restocked


def _marked(product_id: str, mark: str) -> Restock | None:
    """The restock with this mark, if it is applied."""
    item = reads.get(tables.Product, {"id": {"S": product_id}})
    return _load(item) if item and reads.text(item, "restock_slot") == mark else None


def _load(item: reads.Item) -> Restock:
    return Restock(products.load(item), reads.number(item, "restocked_to"))

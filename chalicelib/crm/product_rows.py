"""Convert a product to its row, with the keys of its indexes. `products` reads the row back."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pynamodb.expressions.update import Action

from chalicelib.crm import change_times, money, text
from chalicelib.settings import settings
from chalicelib.store import index_keys, tables

if TYPE_CHECKING:
    from chalicelib.crm.products import Product


def to_row(product: "Product") -> tables.Product:
    return tables.Product(
        id=product.id,
        sku=product.sku,
        name=product.name,
        cents=product.cents,
        stock=product.stock,
        first_stock=product.stock,
        list_shard=index_keys.shard("l", product.id, settings.list_shards),
        stock_shard=index_keys.shard("k", product.id, settings.stock_shards),
        created_by=product.created_by,
        token=product.token,
        **_keys(product),
        **change_times.attributes(product, None),
    )


def _keys(product: "Product") -> dict[str, Any]:
    return {
        "price_key": index_keys.sort_key(money.cents_key(product.cents), product.id),
        "name_key": index_keys.sort_key(text.search_key(product.name), product.id),
    }


def update_actions(product: "Product", changed: Iterable[str]) -> list[Action]:
    row = tables.Product
    values: dict[str, object] = {name: getattr(product, name) for name in changed if name != "sku"}
    values |= _keys(product) | {"token": product.token}
    actions: list[Action] = [getattr(row, name).set(value) for name, value in values.items()]
    if "sku" in changed:
        actions.append(row.sku.set(product.sku) if product.sku else row.sku.remove())
    actions += change_times.actions(row, product)
    if product.search_mark:
        actions.append(row.search_mark.set(product.search_mark))
    return actions


def archive_actions(product: "Product") -> list[Action]:
    """Return what archiving the product sets. Without the keys of the indexes, it is in no list."""
    row = tables.Product
    keys = (row.list_shard, row.stock_shard, row.price_key, row.name_key, row.updated_key)
    when, token = row.archived_at.set(product.archived_at or ""), row.token.set(product.token)
    return [when, token, row.updated_at.set(product.updated_at), *(key.remove() for key in keys)]

"""Products: create, update and find them; delete them, or archive them once they were sold."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from chalicelib import clock
from chalicelib.crm import (
    change_times,
    former_names,
    money,
    product_rows,
    product_skus,
    product_values,
    search_index,
    text,
    unique_values,
)
from chalicelib.crm.search_words import RowWords
from chalicelib.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    StockChanged,
    Unavailable,
)
from chalicelib.store import change_marks, ids, reads, tables, timestamps
from chalicelib.store.change_marks import differences
from chalicelib.store.fast_dataclasses import quickly_made
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale, Transaction, new_token


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    id: str
    sku: str | None
    name: str
    cents: int
    stock: int
    archived_at: str | None
    sold: int
    token: str
    updated_at: str
    """See `change_times`."""
    created_by: str | None = None
    search_mark: str | None = None
    """See `search_index`."""

    @property
    def words(self) -> RowWords:
        return RowWords.of(self.name, self.sku or "")


def load(item: reads.Item) -> Product:
    return Product(
        id=item["id"]["S"],
        sku=reads.text(item, "sku"),
        name=item["name"]["S"],
        cents=reads.number(item, "cents"),
        stock=reads.number(item, "stock"),
        archived_at=reads.text(item, "archived_at"),
        sold=reads.number(item, "sold"),
        token=item["token"]["S"],
        updated_at=reads.text(item, "updated_at") or ids.created_at(item["id"]["S"]),
        created_by=reads.text(item, "created_by"),
        search_mark=reads.text(item, "search_mark"),
    )


def find(product_id: str) -> Product | None:
    if not ids.is_id(ids.PRODUCT, product_id):
        return None
    item = reads.get(tables.Product, {"id": {"S": product_id}})
    return load(item) if item else None


def find_by_sku(sku: str) -> Product | None:
    owner = unique_values.owner_of(unique_values.SKU, text.normalize(sku))
    return find(owner) if owner else None


def find_all_by_sku(skus: Iterable[str]) -> dict[str, Product]:
    """Return {normalised SKU: product} for the SKUs that exist, as of now."""
    owners = unique_values.owners_of(unique_values.SKU, map(text.normalize, skus))
    found = find_all(owners.values(), consistent=True)
    return {sku: found[owner] for sku, owner in owners.items() if owner in found}


def find_all(product_ids: Iterable[str], *, consistent: bool = False) -> dict[str, Product]:
    items = reads.get_by_id(tables.Product, product_ids, consistent=consistent)
    return {product_id: load(item) for product_id, item in items.items()}


def create(name: str, price: Decimal, stock: int | None = None, sku: str | None = None) -> Product:
    """Create a product. Raises InvalidInput, InvalidPrice, InvalidStock, DuplicateSku."""
    product = Product(
        id=ids.new_id(ids.PRODUCT),
        sku=product_values.checked_sku(sku),
        name=text.checked_name(name),
        cents=money.to_cents(price),
        stock=product_values.checked_stock(stock or 0),
        archived_at=None,
        sold=0,
        token=new_token(),
        updated_at=timestamps.to_text(clock.now()),
        created_by=change_marks.actor(),
    )
    existing = find(product.id) if change_marks.is_replay() else None
    if existing:
        return existing
    if change_marks.is_done(product.id):
        raise NotFound("This request created the product, which has been deleted since", field="id")
    write = Transaction(was_applied=lambda: find(product.id) is not None, subject=product.id, is_logged=False)
    product_skus.claim(write, product.id, product.sku)
    search_index.add(write, product)
    write.put(product_rows.to_row(product), tables.Product.id.does_not_exist())
    write.commit()
    return product


def update(
    product_id: str,
    changes: Mapping[str, Any],
    expected_stock: int | None = None,
    expected_updated_at: datetime | None = None,
) -> Product:
    """Set the given ones of name, price, stock and sku. Raises InvalidInput and its subclasses, NotFound.

    With `expected_stock`, nothing is changed unless that is the stock. Raises StockChanged. With `expected_updated_at`,
    nothing is changed unless the product was changed last at that time. Raises RowChanged.
    """
    checked = product_values.checked_changes(changes)
    for _ in retry_delays():
        old = require(product_id)
        if change_marks.is_done(product_id):
            return old
        if old.archived_at:
            raise InvalidInput("The product is archived and cannot be changed", field="id")
        change_times.check_unchanged(old, expected_updated_at, product_values.to_change_row(old))
        if expected_stock not in {None, old.stock}:
            raise StockChanged(f"The stock is {old.stock}, not {expected_stock}", field="expected_stock")
        new = replace(old, **checked, token=new_token(), updated_at=change_times.after(old.updated_at))
        if new.words != old.words:
            new = replace(new, search_mark=new.token)
        condition = tables.Product.token == old.token
        before, after = differences(product_values.to_change_row(old), product_values.to_change_row(new))
        if expected_stock is not None or "stock" in after:  # orders change the stock without the token
            condition &= tables.Product.stock == old.stock
        write = Transaction(was_applied=partial(was_written, new), subject=product_id, before=before, after=after)
        write.update(tables.Product(id=new.id), product_rows.update_actions(new, checked), condition)
        product_skus.move(write, old.id, old.sku, new.sku)
        search_index.move(write, old, new)
        if text.search_key(new.name) != text.search_key(old.name):
            former_names.add(write, old.id, old.name)
        try:
            write.commit()
        except Stale:
            continue
        return as_stored(new)
    raise Conflict


def delete(product_id: str) -> Product:
    """Delete a product that no order names; archive any other, which takes it out of every list and of new orders.

    Raises NotFound.
    """
    for _ in retry_delays():
        if change_marks.is_done(product_id):
            return find(product_id) or _as_deleted(product_id)
        old = require(product_id)
        if old.archived_at:
            return old
        keep = old.sold > 0 or _is_ordered(product_id)
        new = _archived(old)
        write = _archival(old, new) if keep else _deletion(old)
        try:
            write.commit()
        except Stale:
            continue
        return new if keep else _after_deletion(old)
    raise Conflict


def _after_deletion(old: Product) -> Product:
    """Look for lines once more: an import that found the product before it was deleted may have put them since.

    The deletion is made, so a look that fails must not make it look like a failure. The import looks as well.
    """
    with suppress(Unavailable):
        return keep_archived(old) if _is_ordered(old.id) else old
    return old


def keep_archived(product: Product) -> Product:
    """Put back a product that was deleted while an order of it was imported, as an archived one. Safe to repeat."""
    archived = _archived(product)
    row = tables.Product(
        id=archived.id,
        sku=archived.sku,
        name=archived.name,
        cents=archived.cents,
        stock=archived.stock,
        archived_at=archived.archived_at,
        created_by=archived.created_by,
        updated_at=archived.updated_at,
        token=archived.token,
    )
    write = Transaction(was_applied=lambda: find(product.id) is not None)
    write.put(row, tables.Product.id.does_not_exist())
    former_names.add(write, product.id, product.name)
    write.commit()
    return find(product.id) or archived


def _archived(product: Product) -> Product:
    now = change_times.after(product.updated_at)
    return replace(product, archived_at=now, updated_at=now, token=new_token())


def as_stored(product: Product) -> Product:
    """Return the product with its current stock. The change is made, so a failing read must not look like a failed change."""
    try:
        return find(product.id) or product
    except Unavailable:
        return product


def require(product_id: str) -> Product:
    """Raises NotFound."""
    product = find(product_id)
    if product is None:
        raise NotFound(f"There is no product {product_id!r}", field="id")
    return product


def _is_ordered(product_id: str) -> bool:
    """Return whether an order contains the product, including imported orders and orders that are being written."""
    answer = reads.call(
        "query",
        TableName=reads.table_name(tables.Line),
        KeyConditionExpression="product_id = :id",
        ExpressionAttributeValues={":id": {"S": product_id}},
        ConsistentRead=True,
        Limit=1,
    )
    return bool(answer["Items"])


def _deletion(old: Product) -> Transaction:
    # If somebody else has deleted it meanwhile, the product is gone as requested.
    write = Transaction(
        was_applied=lambda: find(old.id) is None, subject=old.id, before=product_values.to_change_row(old)
    )
    write.delete(tables.Product(id=old.id), (tables.Product.token == old.token) & (tables.Product.sold == 0))
    search_index.remove(write, old)
    product_skus.release(write, old.id, old.sku)
    return write


def _archival(old: Product, new: Product) -> Transaction:
    write = Transaction(
        was_applied=lambda: was_written(new), subject=old.id, before={"archived": False}, after={"archived": True}
    )
    row = tables.Product
    write.update(row(id=old.id), product_rows.archive_actions(new), row.token == old.token)
    search_index.remove(write, old)
    former_names.add(write, old.id, old.name)
    product_skus.release(write, old.id, old.sku)
    return write


def _as_deleted(product_id: str) -> Product:
    """Return a product that this request has deleted. It was never sold."""
    values = product_values.from_change_row(change_marks.before(product_id))
    deleted_at = timestamps.to_text(change_marks.moment())
    return Product(id=product_id, archived_at=None, sold=0, token="", updated_at=deleted_at, **values)


def was_written(product: Product) -> bool:
    return reads.has_token(tables.Product, product.token, id=product.id)

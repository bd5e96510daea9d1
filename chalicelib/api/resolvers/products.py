"""Resolvers of products, and of their restocks."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from chalicelib import clock
from chalicelib.api.graphql.loaders import Info
from chalicelib.api.resolvers.arguments import at_most_a_page, cents_from, cents_to, exactly_one
from chalicelib.api.resolvers.plain_lists import read_all
from chalicelib.crm import list_queries, products, stock
from chalicelib.crm.list_queries import ProductFilter
from chalicelib.crm.products import Product
from chalicelib.settings import settings
from chalicelib.store import timestamps
from chalicelib.store.pagination import MAX_PAGE_SIZE, Page, PageArgs, read_page

_Input = dict[str, Any]


def product(_root: Any, _info: Info, id: str | None = None, sku: str | None = None) -> Product | None:  # noqa: A002
    exactly_one(id=id, sku=sku)
    return products.find(id) if id is not None else products.find_by_sku(sku or "")


def all_products(_root: Any, _info: Info, **arguments: Any) -> Page[Product]:
    take = arguments.pop
    low, high = _stock(take("stockGte", None), take("stockLte", None), take("lowStock", None))
    wanted = ProductFilter(
        name=take("name", None),
        cents_from=cents_from(take("priceGte", None)),
        cents_to=cents_to(take("priceLte", None)),
        stock_from=low,
        stock_to=high,
    )
    return read_page(list_queries.list_products(wanted, take("orderBy", None)), PageArgs(**arguments))


def plain_products(_root: Any, _info: Info) -> list[Product]:
    return read_all(list_queries.list_products(ProductFilter()))


def low_stock_products(_root: Any, _info: Info, threshold: int | None = None, **window: Any) -> Page[Product]:
    below = settings.low_stock_threshold if threshold is None else threshold
    return read_page(list_queries.list_products(ProductFilter(stock_to=below - 1)), PageArgs(**window))


def create_product(_root: Any, _info: Info, input: _Input) -> _Input:  # noqa: A002
    return {"product": new_product(input)}


def new_product(row: Mapping[str, Any]) -> products.Product:
    return products.create(row["name"], row["price"], row.get("stock"), row.get("sku"))


def update_product(_root: Any, _info: Info, id: str, input: _Input) -> _Input:  # noqa: A002
    return {"product": products.update(id, input)}


def delete_product(_root: Any, _info: Info, id: str) -> _Input:  # noqa: A002
    product = products.delete(id)
    return {"product": product, "archived": product.archived_at is not None}


def update_low_stock_products(
    _root: Any,
    _info: Info,
    slot: datetime | None = None,
    ids: list[str] | None = None,
    token: str | None = None,
) -> _Input:
    """Each product that is low now gets its addition once, also if two of these run at the same time."""
    key = timestamps.to_text(slot or clock.now())
    if slot and not token:
        token = key
    low = _low_products() if ids is None else at_most_a_page(ids)
    done = [restocked for restocked in (stock.restock(product_id, key, token) for product_id in low) if restocked]
    return {
        "products": [restocked.product for restocked in done],
        "restocked": done,
        "message": f"{len(done)} products restocked",
    }


def _low_products() -> Iterator[str]:
    listing = list_queries.list_products(ProductFilter(stock_to=settings.low_stock_threshold - 1))
    window = PageArgs(first=MAX_PAGE_SIZE)
    while True:
        page = read_page(listing, window)
        yield from [edge.node.id for edge in page.edges]
        if not page.has_next:
            return
        window = PageArgs(first=MAX_PAGE_SIZE, after=page.end_cursor)


def _stock(low: int | None, high: int | None, is_low: bool | None) -> tuple[int | None, int | None]:  # noqa: FBT001
    """The bounds narrowed to products below the restock threshold, or with False to the others."""
    threshold = settings.low_stock_threshold
    if is_low is True:
        high = threshold - 1 if high is None else min(high, threshold - 1)
    if is_low is False:
        low = threshold if low is None else max(low, threshold)
    return low, high

"""Resolvers of products and restocks."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NotRequired, TypedDict, Unpack

from chalicelib.api.graphql.loaders import Info
from chalicelib.api.resolvers.arguments import (
    PageArguments,
    cents_from,
    cents_to,
    check_exactly_one,
    check_id_count,
    page_args,
)
from chalicelib.api.resolvers.plain_lists import read_all
from chalicelib.crm import list_queries, products, stock
from chalicelib.crm.list_filters import ProductFilter
from chalicelib.crm.products import Product
from chalicelib.crm.stock import Restock
from chalicelib.errors import InvalidInput
from chalicelib.plurals import counted
from chalicelib.settings import settings
from chalicelib.store import change_marks, timestamps
from chalicelib.store.pagination import MAX_PAGE_SIZE, Page, PageArgs, read_page

MAX_RESTOCKED = 500
"""Products that one updateLowStockProducts without ids restocks."""


class ProductArguments(PageArguments, total=False):
    orderBy: list[str | None] | None
    name: str | None
    priceGte: Decimal | None
    priceLte: Decimal | None
    stockGte: int | None
    stockLte: int | None
    lowStock: bool | None
    updatedAfter: datetime | None


class CreateProductInput(TypedDict):
    name: str
    price: Decimal
    stock: NotRequired[int | None]
    sku: NotRequired[str | None]


class UpdateProductInput(TypedDict, total=False):
    name: str | None
    price: Decimal | None
    stock: int | None
    sku: str | None


@dataclass(frozen=True, slots=True)
class ProductPayload:
    product: Product


@dataclass(frozen=True, slots=True)
class DeleteProductPayload:
    product: Product
    archived: bool


@dataclass(frozen=True, slots=True)
class UpdateLowStockProductsPayload:
    products: list[Product]
    restocked: list[Restock]
    message: str
    slot: str
    end_cursor: str | None


def product(_root: object, _info: Info, id: str | None = None, sku: str | None = None) -> Product | None:  # noqa: A002 - the argument's name, here and below
    check_exactly_one(id=id, sku=sku)
    return products.find(id) if id is not None else products.find_by_sku(sku or "")


def all_products(_root: object, _info: Info, **arguments: Unpack[ProductArguments]) -> Page[Product]:
    stock_from, stock_to = _stock_range(arguments)
    wanted = ProductFilter(
        name=arguments.get("name"),
        cents_from=cents_from(arguments.get("priceGte")),
        cents_to=cents_to(arguments.get("priceLte")),
        stock_from=stock_from,
        stock_to=stock_to,
        updated_after=arguments.get("updatedAfter"),
    )
    return read_page(list_queries.list_products(wanted, arguments.get("orderBy")), page_args(arguments))


def plain_products(_root: object, _info: Info) -> list[Product]:
    return read_all(list_queries.list_products(ProductFilter()))


def low_stock_products(
    _root: object, _info: Info, threshold: int | None = None, **page: Unpack[PageArguments]
) -> Page[Product]:
    below = settings.low_stock_threshold if threshold is None else threshold
    return read_page(list_queries.list_products(ProductFilter(stock_to=below - 1)), page_args(page))


def create_product(_root: object, _info: Info, input: CreateProductInput) -> ProductPayload:  # noqa: A002
    return ProductPayload(new_product(input))


def new_product(row: CreateProductInput) -> Product:
    return products.create(row["name"], row["price"], row.get("stock"), row.get("sku"))


def update_product(
    _root: object,
    _info: Info,
    id: str,  # noqa: A002
    input: UpdateProductInput,  # noqa: A002
    expectedStock: int | None = None,
    expectedUpdatedAt: datetime | None = None,
) -> ProductPayload:
    return ProductPayload(products.update(id, input, expectedStock, expectedUpdatedAt))


def adjust_stock(_root: object, _info: Info, productId: str, delta: int, reason: str) -> ProductPayload:
    return ProductPayload(stock.adjust(productId, delta, reason))


def delete_product(_root: object, _info: Info, id: str) -> DeleteProductPayload:  # noqa: A002
    product = products.delete(id)
    return DeleteProductPayload(product, archived=product.archived_at is not None)


def update_low_stock_products(  # noqa: PLR0913, PLR0917 - one for each argument of the field
    _root: object,
    _info: Info,
    slot: datetime | None = None,
    ids: list[str] | None = None,
    token: str | None = None,
    after: str | None = None,
    threshold: int | None = None,
    amount: int | None = None,
) -> UpdateLowStockProductsPayload:
    """Restock each product that is low now, once, even if two of these mutations run at the same time."""
    if ids is not None and after is not None:
        raise InvalidInput("Give ids or after, not both", field="after")
    for name, number in (("threshold", threshold), ("amount", amount)):
        if number is not None and not 1 <= number <= stock.MAX_RESTOCK:
            raise InvalidInput(f"{name} must be from 1 to {stock.MAX_RESTOCK}", field=name)
    key = timestamps.to_text(slot or change_marks.moment())
    if not token:
        # A part of a restock that goes on has a token of its own: it answers with its own products only.
        token = key if slot and after is None else change_marks.token()
    low, end = _low_stock_ids(after, threshold) if ids is None else (check_id_count(ids), None)
    tried = (stock.restock(product_id, key, token, threshold=threshold, amount=amount) for product_id in low)
    done = [restocked for restocked in tried if restocked]
    message = f"{counted(len(done), 'product')} restocked"
    if end:
        message += f". More products are low: send the mutation again with slot {key} and with endCursor as after"
    return UpdateLowStockProductsPayload([restocked.product for restocked in done], done, message, key, end)


def _low_stock_ids(after: str | None, threshold: int | None) -> tuple[list[str], str | None]:
    """Return the products that are low, at most 500, and the cursor to go on with if there are more.

    Restocking takes one write for each, and a request ends after 29 seconds.
    """
    listing = list_queries.list_products(ProductFilter(stock_to=(threshold or settings.low_stock_threshold) - 1))
    found: list[str] = []
    while True:
        page = read_page(listing, PageArgs(first=MAX_PAGE_SIZE, after=after))
        found += [edge.node.id for edge in page.edges]
        after = page.end_cursor if page.has_next else None
        if after is None or len(found) > MAX_RESTOCKED - MAX_PAGE_SIZE:
            return found, after


def _stock_range(arguments: ProductArguments) -> tuple[int | None, int | None]:
    """Narrow the bounds to products below the restock threshold (`lowStock: true`), or to the others (`false`)."""
    low, high = arguments.get("stockGte"), arguments.get("stockLte")
    is_low, threshold = arguments.get("lowStock"), settings.low_stock_threshold
    if is_low is True:
        high = threshold - 1 if high is None else min(high, threshold - 1)
    if is_low is False:
        low = threshold if low is None else max(low, threshold)
    return low, high

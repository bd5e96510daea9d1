"""Resolvers of the changes."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from chalicelib import clock
from chalicelib.api.graphql.loaders import Info, context_of
from chalicelib.crm import customers, deleted_customers, list_queries, orders, products, stock
from chalicelib.crm.list_queries import ProductFilter
from chalicelib.errors import InvalidInput, NoLines
from chalicelib.settings import settings
from chalicelib.store import timestamps
from chalicelib.store.pagination import MAX_PAGE_SIZE, PageArgs, read_page
from chalicelib.store.transaction import new_token

_Input = dict[str, Any]


def create_customer(_root: Any, _info: Info, input: _Input) -> _Input:  # noqa: A002 - the argument's name, here and below
    return {"customer": new_customer(input), "message": "Customer created"}


def new_customer(row: Mapping[str, Any]) -> customers.Customer:
    return customers.create(row["name"], row["email"], row.get("phone"), row.get("createdAt"))


def update_customer(_root: Any, _info: Info, id: str, input: _Input) -> _Input:  # noqa: A002
    return {"customer": customers.update(id, input)}


def delete_customer(_root: Any, _info: Info, id: str) -> _Input:  # noqa: A002
    return {"customer": deleted_customers.delete(id)}


def create_product(_root: Any, _info: Info, input: _Input) -> _Input:  # noqa: A002
    return {"product": new_product(input)}


def new_product(row: Mapping[str, Any]) -> products.Product:
    return products.create(row["name"], row["price"], row.get("stock"), row.get("sku"))


def update_product(_root: Any, _info: Info, id: str, input: _Input) -> _Input:  # noqa: A002
    return {"product": products.update(id, input)}


def delete_product(_root: Any, _info: Info, id: str) -> _Input:  # noqa: A002
    product = products.delete(id)
    return {"product": product, "archived": product.archived_at is not None}


def create_order(_root: Any, info: Info, input: _Input) -> _Input:  # noqa: A002
    placed = orders.place(input["customerId"], _quantities(input), input.get("orderDate"))
    context = context_of(info)
    context.customers.prime(placed.customers)
    context.products.prime(placed.products)
    context.products.expect(line.product_id for line in placed.order.lines)
    return {"order": placed.order}


def cancel_order(_root: Any, _info: Info, id: str) -> _Input:  # noqa: A002
    return {"order": orders.cancel(id)}


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
    low = _low_products() if ids is None else _at_most(ids)
    done = [restocked for restocked in (stock.restock(product_id, key, token) for product_id in low) if restocked]
    return {
        "products": [restocked.product for restocked in done],
        "restocked": done,
        "message": f"{len(done)} products restocked",
    }


def delete_inactive_customers(
    _root: Any, _info: Info, activeBefore: date, ids: list[str], slot: datetime | None = None
) -> _Input:
    latest = clock.now().date() - timedelta(days=settings.inactive_days)
    if activeBefore > latest:
        raise InvalidInput(f"Nobody is inactive yet who was active on {latest} or later", field="activeBefore")
    token = timestamps.to_text(slot) if slot else new_token()
    deleted = [deleted_customers.delete_inactive(customer_id, activeBefore, token) for customer_id in _at_most(ids)]
    return {"deleted": [customer.id for customer in deleted if customer]}


def restore_customer(_root: Any, _info: Info, id: str) -> _Input:  # noqa: A002
    return {"customer": deleted_customers.restore(id)}


def _low_products() -> Iterator[str]:
    listing = list_queries.list_products(ProductFilter(stock_to=settings.low_stock_threshold - 1))
    window = PageArgs(first=MAX_PAGE_SIZE)
    while True:
        page = read_page(listing, window)
        yield from [edge.node.id for edge in page.edges]
        if not page.has_next:
            return
        window = PageArgs(first=MAX_PAGE_SIZE, after=page.end_cursor)


def _at_most(ids: list[str]) -> list[str]:
    if len(ids) > MAX_PAGE_SIZE:
        raise InvalidInput(f"At most {MAX_PAGE_SIZE} ids at a time, not {len(ids)}", field="ids")
    return ids


def _quantities(order: Mapping[str, Any]) -> dict[str, int]:
    """{product id: quantity}, lines of the same product merged; `productIds` means one of each."""
    product_ids, lines = order.get("productIds"), order.get("lines")
    if product_ids is not None and lines is not None:
        raise InvalidInput("Give productIds or lines, not both", field="lines")
    if lines is None:
        return {_required(product_id): 1 for product_id in product_ids or ()}
    quantities: dict[str, int] = {}
    for line in lines:
        orders.check_quantity(line["quantity"])
        quantities[line["productId"]] = quantities.get(line["productId"], 0) + line["quantity"]
    return quantities


def _required(product_id: str | None) -> str:
    if product_id is None:
        raise NoLines("A product id is null", field="productIds")
    return product_id

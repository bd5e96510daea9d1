"""Resolvers of the changes."""

from collections.abc import Mapping
from typing import Any

from chalicelib import clock
from chalicelib.api.context import Info, context_of
from chalicelib.crm import archive, customers, moments, orders, plans, products
from chalicelib.crm.listing import MOST, Window, read_page
from chalicelib.crm.plans import ProductFilter
from chalicelib.errors import InvalidInput, NoLines
from chalicelib.settings import settings

_Input = dict[str, Any]


def create_customer(_root: Any, _info: Info, input: _Input) -> _Input:  # noqa: A002 - the argument's name, here and below
    return {"customer": new_customer(input), "message": "Customer created"}


def new_customer(row: Mapping[str, Any]) -> customers.Customer:
    return customers.create(row["name"], row["email"], row.get("phone"), row.get("createdAt"))


def update_customer(_root: Any, _info: Info, id: str, input: _Input) -> _Input:  # noqa: A002
    return {"customer": customers.update(id, input)}


def delete_customer(_root: Any, _info: Info, id: str) -> _Input:  # noqa: A002
    return {"customer": archive.delete(id)}


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
    order = orders.create(input["customerId"], _quantities(input), input.get("orderDate"))
    context_of(info).products.want(line.product_id for line in order.lines)
    return {"order": order}


def cancel_order(_root: Any, _info: Info, id: str) -> _Input:  # noqa: A002
    return {"order": orders.cancel(id)}


def update_low_stock_products(_root: Any, _info: Info) -> _Input:
    """Every product that is low now gets its addition once, also if two of these run at the same time."""
    slot = moments.to_text(clock.now())
    listing = plans.list_products(ProductFilter(stock_to=settings.low_stock_threshold - 1))
    restocked: list[products.Product] = []
    window = Window(first=MOST)
    while True:
        page = read_page(listing, window)
        done = [products.restock(edge.node.id, slot) for edge in page.edges]
        restocked += [product for product in done if product]
        if not page.has_next:
            return {"products": restocked, "message": f"{len(restocked)} products restocked"}
        window = Window(first=MOST, after=page.end_cursor)


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

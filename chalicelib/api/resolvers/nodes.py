"""Resolvers of what all kinds of rows have in common: the Node interface and connections."""

from typing import Any

from chalicelib.api.graphql.loaders import Info
from chalicelib.crm import customers, orders, products
from chalicelib.crm.customers import Customer
from chalicelib.crm.orders import Order
from chalicelib.crm.products import Product
from chalicelib.store import ids
from chalicelib.store.pagination import Page


def node(_root: Any, _info: Info, id: str) -> Customer | Product | Order | None:  # noqa: A002 - the argument's name
    finders: dict[str | None, Any] = {
        ids.CUSTOMER: customers.find,
        ids.PRODUCT: products.find,
        ids.ORDER: orders.find,
    }
    find = finders.get(ids.kind_of(id))
    return find(id) if find else None


def page_info(page: Page[Any], _info: Info) -> Page[Any]:
    return page

"""Resolvers of what all kinds of rows have in common: the Node interface and pages of connections."""

from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar

from chalicelib.api.graphql.loaders import Info
from chalicelib.crm import customers, orders, products
from chalicelib.crm.customers import Customer
from chalicelib.crm.orders import Order
from chalicelib.crm.products import Product
from chalicelib.store import ids
from chalicelib.store.pagination import Page

Row = TypeVar("Row")
Node: TypeAlias = Customer | Product | Order


def node(_root: object, _info: Info, id: str) -> Node | None:  # noqa: A002 - the argument's name
    finders: Mapping[str | None, Callable[[str], Node | None]] = {
        ids.CUSTOMER: customers.find_current,
        ids.PRODUCT: products.find,
        ids.ORDER: orders.find,
    }
    find = finders.get(ids.kind_of(id))
    return find(id) if find else None


def page_info(page: Page[Row], _info: Info) -> Page[Row]:
    """Return the page itself: it has the fields of PageInfo."""
    return page

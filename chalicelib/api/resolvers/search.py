"""Resolvers of the search over customers, orders and products, and of the upkeep of its index."""

from collections.abc import Mapping

from chalicelib.api.graphql.loaders import Info, context_of
from chalicelib.crm import search, search_upkeep
from chalicelib.crm.customers import Customer
from chalicelib.crm.products import Product
from chalicelib.crm.search import Found
from chalicelib.crm.search_upkeep import Upkeep
from chalicelib.store import ids
from chalicelib.store.result_page import ResultPage

_KINDS: Mapping[str, str] = {"CUSTOMER": ids.CUSTOMER, "ORDER": ids.ORDER, "PRODUCT": ids.PRODUCT}


def find(
    _root: object,
    info: Info,
    text: str,
    kinds: list[str] | None = None,
    first: int | None = None,
    after: str | None = None,
) -> ResultPage[Found]:
    page = search.find(text, [_KINDS[kind] for kind in (_KINDS if kinds is None else kinds)], first, after)
    nodes = [hit.node for hit in page.edges]
    context_of(info).customers.prime({row.id: row for row in nodes if isinstance(row, Customer)})
    context_of(info).products.prime({row.id: row for row in nodes if isinstance(row, Product)})
    return page


def check_index(_root: object, _info: Info, after: str | None = None) -> Upkeep:
    return search_upkeep.work(after)

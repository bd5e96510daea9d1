"""The search rows that readers believe. A crash or a lost message may leave others, which no search shows."""

from functools import lru_cache

from chalicelib.crm import customers, orders, products, search_index
from chalicelib.store import index_keys
from tests.builders import Rows

_items_of = lru_cache(maxsize=1000)(search_index.items_of)
"""The same customers and products are compared after each of many faults."""


def without_left_overs(stored: dict[str, Rows]) -> Rows:
    """Return the rows of `ops`; of the search rows those that stand for what is stored, under keys without their mark."""
    found = {key: row for key, row in stored["AuxRow"].items() if not key[0].startswith("search#")}
    named: list[customers.Customer | products.Product] = [customers.load(row) for row in stored["Customer"].values()]
    named += [row for row in map(products.load, stored["Product"].values()) if not row.archived_at]
    items_by_id = {row.id: _items_of(row) for row in named}
    items_by_id |= {row.id: search_index.items_of(row) for row in map(orders.load, stored["Order"].values())}
    for row_id, items in items_by_id.items():
        for item in items:
            key = item["pk"]["S"], item["sk"]["S"]
            if stored["AuxRow"].get(key) == item:
                word = key[1].partition(index_keys.SEPARATOR)[0]
                found[key[0], f"{word} {row_id}"] = {"terms": item["terms"]}
    return found

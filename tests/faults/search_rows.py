"""The search rows that readers believe. A crash or a lost message may leave others, which no search shows."""

from chalicelib.crm import customers, orders, products, search_index
from chalicelib.crm.search_index import Searched
from chalicelib.store import index_keys
from tests.builders import Rows


def without_left_overs(stored: dict[str, Rows]) -> Rows:
    """Return the rows of `ops`; of the search rows those that stand for what is stored, under keys without their mark."""
    found = {key: row for key, row in stored["AuxRow"].items() if not key[0].startswith("search#")}
    searched: list[Searched] = [customers.load(row) for row in stored["Customer"].values()]
    searched += [row for row in map(products.load, stored["Product"].values()) if not row.archived_at]
    searched += [orders.load(row) for row in stored["Order"].values()]
    for row in searched:
        for item in search_index.items_of(row):
            key = item["pk"]["S"], item["sk"]["S"]
            if stored["AuxRow"].get(key) == item:
                word = key[1].partition(index_keys.SEPARATOR)[0]
                found[key[0], f"{word} {row.id}"] = {"terms": item["terms"]}
    return found

"""Former names of products: rows `(former-product-name, name and product id)` of `ops`.

An order keeps the names that its products had. A product that is renamed or archived leaves the index by name under the
name that its orders have, so it leaves that name here: a search for orders finds the product by all of its names.
"""

from chalicelib.crm import text
from chalicelib.store import tables
from chalicelib.store.index_keys import sort_key
from chalicelib.store.index_scan import IndexRange
from chalicelib.store.transaction import Transaction

_PARTITION = "former-product-name"


def add(write: Transaction, product_id: str, name: str) -> None:
    """Keep a name that the product loses in this transaction. Safe to repeat."""
    write.put(tables.AuxRow(pk=_PARTITION, sk=sort_key(text.search_key(name), product_id)))


def index_range() -> IndexRange:
    """Return the range of all former names. Its ids are those of the products."""
    return IndexRange(tables.AuxRow, None, "pk", "sk", (_PARTITION,), id_name=None)

"""The search index: rows `(search#kind#bucket, word + mark + id)` of `ops`, one for each word of a customer, product or order.

Each row repeats all words of what it stands for, so that one query answers a search for several words. It is written before
the transaction that makes it true, and removed after the one that ends it, both outside of the transaction. Readers look at
the customer, product or order itself, so a row that a crash has left is never shown. `search_upkeep` removes such rows.

The mark is new whenever the words change. So no two writes ever have the same rows, and removing the old ones cannot harm
those that somebody else has just written.
"""

from collections.abc import Iterable
from typing import Protocol

from chalicelib.crm.search_words import RowWords
from chalicelib.store import batch_writes, ids, index_keys
from chalicelib.store.index_keys import SEPARATOR
from chalicelib.store.reads import Item
from chalicelib.store.tables import AuxRow
from chalicelib.store.transaction import Transaction

BUCKETS = 32
KINDS = (ids.PRODUCT, ids.ORDER, ids.CUSTOMER)


class Searched(Protocol):
    """A customer, product or order. Their modules import this one, not the reverse."""

    @property
    def id(self) -> str: ...
    @property
    def words(self) -> RowWords: ...
    @property
    def search_mark(self) -> str | None: ...


def mark_of(row: Searched) -> str:
    """Return the name of the last change of the words: that of the row's creation is in its id."""
    return row.search_mark or row.id.partition("_")[2]


def partition(kind: str, key: str) -> str:
    """Return the partition of all words that begin with the same character as this one."""
    return index_keys.shard(f"search#{kind}#", key[0], BUCKETS)


def partitions() -> list[str]:
    return [bucket for kind in KINDS for bucket in index_keys.shards(f"search#{kind}#", BUCKETS)]


def items_of(row: Searched) -> list[Item]:
    """Return the rows of the index for this row."""
    terms = row.words.to_text()
    return [key | {"terms": {"S": terms}} for key in _keys(row)]


def add(write: Transaction, row: Searched) -> None:
    """Let the row be found from this transaction on."""
    write.put_before(items_of(row))


def remove(write: Transaction, row: Searched) -> None:
    """Let the row be found no longer from this transaction on."""
    write.delete_after(_keys(row))


def move(write: Transaction, old: Searched, new: Searched) -> None:
    """Let the row be found by its new words only, if they differ."""
    if mark_of(old) != mark_of(new):
        add(write, new)
        remove(write, old)


def put_all(rows: Iterable[Searched]) -> None:
    batch_writes.put(AuxRow, [item for row in rows for item in items_of(row)])


def discard(row: Searched) -> None:
    batch_writes.discard(AuxRow, _keys(row))


def _keys(row: Searched) -> list[Item]:
    kind = ids.kind_of(row.id) or ""
    ending = f"{SEPARATOR}{mark_of(row)}{SEPARATOR}{row.id}"
    return [{"pk": {"S": partition(kind, key)}, "sk": {"S": key + ending}} for key in row.words.keys]

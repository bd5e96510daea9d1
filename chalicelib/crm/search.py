"""Search: find customers, products and orders by the words that people know of them. `search_words` says what matches.

    exact ids, e-mail addresses, SKUs and references --> looked up directly, and come first
    names that start with the text                   --> come next
    all others that match                            --> come last; within each rank by name

The index rows of the longest word are read, at most 500, and filtered by the other words. Then the rows of the page are
read, and only those that still match are shown. So a page costs what it finds, however many customers there are.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from chalicelib.crm import customers, orders, products, search_index, search_words, text, unique_values
from chalicelib.crm.customers import Customer
from chalicelib.crm.orders import Order
from chalicelib.crm.products import Product
from chalicelib.crm.search_words import Number, Part, RowWords
from chalicelib.errors import InvalidInput
from chalicelib.store import cursors, ids, read_budget, reads
from chalicelib.store.cursors import Position
from chalicelib.store.index_keys import SEPARATOR
from chalicelib.store.pagination import MAX_PAGE_SIZE
from chalicelib.store.result_page import SHARDS, Edge, ResultPage
from chalicelib.store.tables import AuxRow
from chalicelib.store.tables import Customer as CustomerTable
from chalicelib.store.tables import Order as OrderTable
from chalicelib.store.tables import Product as ProductTable

MAX_INDEX_ROWS = 500
MAX_ROWS_BEFORE_CUSTOMERS = 100
"""Index rows of products, and of orders, if other kinds are searched after them."""
MAX_TEXT_LENGTH = 300
DEFAULT_PAGE_SIZE = 20
_MAX_CALLS = 6
_EXACT, _BEGINS, _OTHER = "0", "1", "2"
_TABLES = {ids.CUSTOMER: CustomerTable, ids.PRODUCT: ProductTable, ids.ORDER: OrderTable}
_UNIQUE: Mapping[str, tuple[str, Callable[[str], str]]] = {
    ids.CUSTOMER: (unique_values.EMAIL, text.normalize_email),
    ids.PRODUCT: (unique_values.SKU, text.normalize),
    ids.ORDER: (unique_values.REFERENCE, str.strip),
}
Found: TypeAlias = Customer | Product | Order
_LOAD: Mapping[str, Callable[[reads.Item], Found]] = {
    ids.CUSTOMER: customers.load,
    ids.PRODUCT: products.load,
    ids.ORDER: orders.load,
}


def find(typed: str, kinds: Collection[str], first: int | None = None, after: str | None = None) -> ResultPage[Found]:
    """Return one page of what matches. Raises InvalidInput, InvalidCursor."""
    search = _Search(typed, [kind for kind in search_index.KINDS if kind in kinds])
    size = DEFAULT_PAGE_SIZE if first is None else first
    if not 0 <= size <= MAX_PAGE_SIZE:
        raise InvalidInput(f"first must be from 0 to {MAX_PAGE_SIZE}. Use after for more", field="first")
    start = cursors.decode(after, search.query, SHARDS) if after is not None else None
    return search.page(size, start)


def find_rows(row_ids: Iterable[str], *, consistent: bool = False) -> dict[str, Found]:
    """Return customers, products and orders by id, with one call. At most 100 ids."""
    wanted: dict[str, list[str]] = {}
    for row_id in dict.fromkeys(row_ids):  # a row that was renamed may have two places in a search
        wanted.setdefault(ids.kind_of(row_id) or "", []).append(row_id)
    by_table = reads.get_from_tables({_TABLES[kind]: some for kind, some in wanted.items()}, consistent=consistent)
    return {key: _LOAD[ids.kind_of(key) or ""](item) for some in by_table.values() for key, item in some.items()}


class _Search:
    def __init__(self, typed: str, kinds: Sequence[str]) -> None:
        if len(typed) > MAX_TEXT_LENGTH:
            raise InvalidInput(f"text cannot be longer than {MAX_TEXT_LENGTH} characters", field="text")
        self._typed = typed.strip()
        self._kinds = kinds
        self._parts = search_words.parse(typed)
        self._title = " ".join(search_words.words(typed))
        self._calls = 0
        self.query = json.dumps(["search", self._typed, *kinds])

    def page(self, size: int, start: Position | None) -> ResultPage[Found]:
        marks = self._candidates()
        candidates = sorted(marks, key=_order)
        at = bisect_right(candidates, _order(start), key=_order) if start else 0
        hits: list[Edge[Found]] = []
        end: Position | None = None
        while at < len(candidates) and len(hits) < size and self._calls < _MAX_CALLS:
            batch = candidates[at : at + size - len(hits)]
            at, end = at + len(batch), batch[-1]
            hits += self._confirmed({position: marks[position] for position in batch})
        more = at < len(candidates)
        if more and len(hits) < size:
            read_budget.current().is_partial = True
        return ResultPage(edges=hits, has_next=more, has_previous=start is not None, end=end, query=self.query)

    def _candidates(self) -> dict[Position, set[str]]:
        """Return the place of each row that may match, with the marks of its index rows.

        A row that was renamed can have index rows of both names. Only those with its own mark are believed.
        """
        exact = self._exact_ids()
        found: dict[Position, set[str]] = {Position(_EXACT, 0, row_id): set() for row_id in exact}
        for row_id, mark, row in self._index_rows():
            if row_id not in exact and all(part.matches(row) for part in self._parts):
                rank = _BEGINS if row.title.startswith(self._title) else _OTHER
                found.setdefault(Position(rank + row.title, 0, row_id), set()).add(mark)
        return found

    def _exact_ids(self) -> list[str]:
        if not self._typed or not self._kinds:
            return []
        self._calls += 1
        wanted = {kind: normalize(self._typed) for kind, normalize in map(_UNIQUE.__getitem__, self._kinds)}
        owners = unique_values.owners_of_any(wanted).values()
        as_id = _as_id(self._typed)
        return list(dict.fromkeys([as_id, *owners] if ids.kind_of(as_id) in self._kinds else owners))

    def _index_rows(self) -> Iterator[tuple[str, str, RowWords]]:
        """Yield id, mark and words of the index rows of the longest word. Of several kinds, the customers come last and have what is left."""
        left = MAX_INDEX_ROWS
        for kind in self._kinds:
            cap = left if kind == self._kinds[-1] else MAX_ROWS_BEFORE_CUSTOMERS
            for beginning in self._beginnings(kind):
                self._calls += 1
                items = _read(kind, beginning, cap)
                cap, left = cap - len(items), left - len(items)
                for item in items:
                    _, mark, row_id = item["sk"]["S"].split(SEPARATOR)
                    yield row_id, mark, RowWords.from_text(item["terms"]["S"])

    def _beginnings(self, kind: str) -> list[str]:
        """Return what the index rows of all matching rows begin with: the longest that one part of the text allows."""
        options = [_options(part, kind) for part in self._parts]
        if not all(options):
            return []  # only customers have phone numbers
        longest = max(options, key=lambda some: min(map(len, some)), default=[])
        return [each for each in longest if text.fits_key(each)]

    def _confirmed(self, batch: Mapping[Position, Collection[str]]) -> Iterator[Edge[Found]]:
        """Yield the rows that still exist and match."""
        self._calls += 1
        rows = find_rows(position.row_id for position in batch)
        kept = self._kept(batch, rows)
        for position, marks in batch.items():
            row = rows.get(position.row_id) or kept.get(position.row_id)
            if row is None:
                continue
            is_current = search_index.mark_of(row) in marks and self._is_match(row)
            is_exact = position.key == _EXACT and (position.row_id in kept or self._is_exact(row))
            if is_current or is_exact:
                yield Edge(row, position, self.query)

    def _kept(self, batch: Iterable[Position], rows: Mapping[str, Found]) -> Mapping[str, Found]:
        """Return whom the customers were merged into who are no more, but whose id or address this is."""
        gone = [each.row_id for each in batch if each.key == _EXACT and each.row_id not in rows]
        merged = [row_id for row_id in gone if ids.is_id(ids.CUSTOMER, row_id)]
        if not merged:
            return {}
        self._calls += 1
        return customers.find_all_current(merged)

    def _is_match(self, row: Found) -> bool:
        return not _is_archived(row) and all(part.matches(row.words) for part in self._parts)

    def _is_exact(self, row: Found) -> bool:
        """An archived product is found by its id only."""
        if row.id == _as_id(self._typed):
            return True
        kind = ids.kind_of(row.id) or ""
        value = row.email if isinstance(row, Customer) else row.sku if isinstance(row, Product) else row.reference
        normalize = _UNIQUE[kind][1]
        return not _is_archived(row) and value is not None and normalize(value) == normalize(self._typed)


def _order(position: Position) -> tuple[str, str]:
    return position.key, position.row_id


def _options(part: Part, kind: str) -> list[str]:
    """Return what an index row of a match begins with: one of these, or nothing if this kind has no match."""
    if not isinstance(part, Number):
        return [_key(part.text)]
    longest = _key(max(part.words, key=len, default=""))
    phone = part.phone_key if kind == ids.CUSTOMER else ""
    found = [each for each in (phone, longest) if each]
    if len(found) < 2:  # noqa: PLR2004 - there is nothing to choose
        return found
    # What begins with the longer one begins with the shorter one, too.
    return [min(found, key=len)] if phone.startswith(longest) or longest.startswith(phone) else found


def _key(word: str) -> str:
    return word[: search_words.MAX_KEY_LENGTH]


def _read(kind: str, beginning: str, limit: int) -> list[reads.Item]:
    """Return index rows, one less than `limit` at most. If there are more, the search is partial."""
    response = reads.call(
        "query",
        TableName=reads.table_name(AuxRow),
        KeyConditionExpression="pk = :bucket AND begins_with(sk, :beginning)",
        ExpressionAttributeValues={
            ":bucket": {"S": search_index.partition(kind, beginning)},
            ":beginning": {"S": beginning},
        },
        Limit=limit,
    )
    items = response["Items"]
    if len(items) == limit or "LastEvaluatedKey" in response:
        read_budget.current().is_partial = True
    return items[: limit - 1]


def _as_id(typed: str) -> str:
    """Return the text as an id would be written: the kind in small letters, the rest in capitals."""
    kind, _, rest = typed.partition("_")
    return f"{kind.lower()}_{rest.upper()}"


def _is_archived(row: Found) -> bool:
    return isinstance(row, Product) and row.archived_at is not None

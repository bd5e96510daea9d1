"""Upkeep of the search index: put the rows that are missing, and remove those that a crash has left.

It goes through all customers, products and orders, and then through the index itself, one page at a time. It may run at any
time, be repeated, and be stopped. The index is built from nothing in the same way.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias, TypeVar

from ulid import ULID

from chalicelib import clock
from chalicelib.crm import list_queries, search_index
from chalicelib.crm.list_filters import CustomerFilter, OrderFilter, ProductFilter
from chalicelib.crm.search import Found, find_rows
from chalicelib.crm.search_index import Searched
from chalicelib.store import batch_writes, cursors, reads
from chalicelib.store.cursors import Position
from chalicelib.store.index_keys import SEPARATOR
from chalicelib.store.pagination import Listing, PageArgs, read_page
from chalicelib.store.tables import AuxRow

PAGE_SIZE = 100
MAX_STEPS = 25
"""Most partitions of a small index are empty, so a page goes through several."""
GRACE = timedelta(hours=1)
"""Index rows are written before what they stand for. One that is younger than this may still get it."""
_PURPOSE = "search upkeep"
_Key: TypeAlias = tuple[str, str]
_Listed: TypeAlias = Callable[[str], tuple[list[Searched], str | None]]
"""Where to go on --> the rows of a page, and where to go on after it."""
Row = TypeVar("Row", bound=Searched)


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What was done in a page, and where to go on; None at the end."""

    checked: int
    written: int
    removed: int
    after: str | None


@dataclass(frozen=True, slots=True)
class _Step:
    """`rest` is where to go on within the same list or partition, if it is not finished."""

    checked: int
    rest: str | None
    written: int = 0
    removed: int = 0


def work(after: str | None = None) -> Upkeep:
    """Check one page of about 100 rows. Raises InvalidCursor, Unavailable."""
    start = cursors.decode(after, _PURPOSE, search_index.BUCKETS) if after is not None else Position("", 0, "")
    number, rest = start.shard, start.key
    lists, partitions = _lists(), search_index.partitions()
    done: list[_Step] = []
    while number < len(lists) + len(partitions) and len(done) < MAX_STEPS and _checked(done) < PAGE_SIZE:
        own = number - len(lists)
        step = _sweep(partitions[own], rest) if own >= 0 else _complete(lists[number], rest)
        done.append(step)
        number, rest = (number, step.rest) if step.rest else (number + 1, "")
    is_end = number == len(lists) + len(partitions)
    following = None if is_end else cursors.encode(Position(rest, number, ""), _PURPOSE, search_index.BUCKETS)
    return Upkeep(_checked(done), sum(step.written for step in done), sum(step.removed for step in done), following)


def _checked(done: Iterable[_Step]) -> int:
    return sum(step.checked for step in done)


def _lists() -> tuple[_Listed, ...]:
    return (
        lambda after: _read(list_queries.list_customers(CustomerFilter()), after),
        lambda after: _read(list_queries.list_products(ProductFilter()), after),
        lambda after: _read(list_queries.list_orders(OrderFilter()), after),
    )


def _read(listing: Listing[Row], after: str) -> tuple[list[Searched], str | None]:
    page = read_page(listing, PageArgs(first=PAGE_SIZE, after=after or None))
    return [edge.node for edge in page.edges], page.end_cursor if page.has_next else None


def _complete(listed: _Listed, after: str) -> _Step:
    """Put the index rows that a page of a list should have and has not."""
    rows, rest = listed(after)
    wanted = {_key(item): item for row in rows for item in search_index.items_of(row)}
    keys = [{name: item[name] for name in ("pk", "sk")} for item in wanted.values()]
    present = {_key(item): item for item in reads.get_all(AuxRow, keys, consistent=True)}
    missing = [item for key, item in wanted.items() if present.get(key) != item]
    batch_writes.put(AuxRow, missing)
    return _Step(len(rows), rest, written=len(missing))


def _sweep(bucket: str, after: str) -> _Step:
    """Remove the rows of one page of the index that stand for nothing."""
    response = reads.call(
        "query",
        TableName=reads.table_name(AuxRow),
        KeyConditionExpression="pk = :bucket AND sk > :after",
        ExpressionAttributeValues={":bucket": {"S": bucket}, ":after": {"S": after or " "}},
        ConsistentRead=True,
        Limit=PAGE_SIZE,
    )
    items = response["Items"]
    rows = find_rows(dict.fromkeys(item["sk"]["S"].rpartition(SEPARATOR)[2] for item in items), consistent=True)
    alive = {_key(item) for row in rows.values() for item in _alive(row)}
    left_over = [item for item in items if _key(item) not in alive and _is_old(item)]
    batch_writes.delete(AuxRow, [{name: item[name] for name in ("pk", "sk")} for item in left_over])
    rest = items[-1]["sk"]["S"] if "LastEvaluatedKey" in response else None
    return _Step(len(items), rest, removed=len(left_over))


def _alive(row: Found) -> list[reads.Item]:
    return [] if getattr(row, "archived_at", None) else search_index.items_of(row)


def _is_old(item: reads.Item) -> bool:
    mark = item["sk"]["S"].split(SEPARATOR)[-2]
    return ULID.from_str(mark).datetime < clock.now() - GRACE


def _key(item: Mapping[str, Mapping[str, str]]) -> _Key:
    return item["pk"]["S"], item["sk"]["S"]

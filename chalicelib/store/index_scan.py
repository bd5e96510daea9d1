"""Index scans: read an index up or down, from either end or from a position, and merge its shards into one order.

An `IndexRange` is an index with bounds. Its shards are merged by range key and then by the number of the shard, so all
rows have one order. A scan yields positions, not rows: the caller reads the rows it needs, so a page costs one query per
shard and one batch read.
"""

import heapq
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, replace
from itertools import groupby

from pynamodb.models import Model

from chalicelib.store import reads
from chalicelib.store.cursors import Position
from chalicelib.store.index_keys import SEPARATOR
from chalicelib.store.reads import Item

_AFTER_SEPARATOR = chr(ord(SEPARATOR) + 1)
_LAST = "\U0010ffff"
_CONDITIONS = {
    (True, True): " AND #r BETWEEN :low AND :high",
    (True, False): " AND #r >= :low",
    (False, True): " AND #r <= :high",
    (False, False): "",
}


@dataclass(frozen=True, slots=True)
class IndexRange:
    """An index, or a table, with bounds.

    `low` and `high` are range keys, both included. `id_name` is the attribute with the row's id; None means that the
    range key ends with the id. Range keys must be unique unless they are numbers or `has_ties`. Without shards there are no
    rows.
    """

    table: type[Model]
    index: str | None
    hash_name: str
    range_name: str
    shards: tuple[str, ...]
    _: KW_ONLY
    id_name: str | None = "id"
    numeric: bool = False
    low: str | None = None
    high: str | None = None
    has_changing_shards: bool = False
    """Whether the next page may have other shards. Positions then name no shard, and one range key is one row."""
    has_ties: bool = False
    """Whether several rows may share a range key, and rows move between shards. A row's id is then its range key and the
    attribute `id_name`, and rows with the same key are in the order of their ids."""
    second: tuple[str, str] | None = None
    """Another index and its range key, whose rows belong to the range, too. It has the same shards, bounds and kind of keys.
    With it, `has_changing_shards` is true, because a row may be found in both."""

    @property
    def parts(self) -> tuple["IndexRange", ...]:
        """Return the range of each index."""
        if self.second is None:
            return (self,)
        index, range_name = self.second
        return replace(self, second=None), replace(self, index=index, range_name=range_name, second=None)

    @property
    def queries(self) -> int:
        """The number of queries that a scan begins with."""
        return len(self.shards) * len(self.parts)

    @property
    def has_shards_in_common(self) -> bool:
        """Whether a row may be found in several shards, and positions name none."""
        return self.has_changing_shards or self.has_ties

    @property
    def is_empty(self) -> bool:
        if self.low is None or self.high is None:
            return False
        return int(self.low) > int(self.high) if self.numeric else self.low > self.high

    def order(self, position: Position) -> tuple[int | str, int | str]:
        """Return what positions are compared by. Only DynamoDB knows the order of equal numbers within a shard."""
        if self.has_ties:
            return position.key, position.row_id
        return int(position.key) if self.numeric else position.key, position.shard

    def value(self, position: Position) -> str:
        """Return the value that tied rows have in common, as text."""
        return position.key.split(SEPARATOR)[0]

    def with_whole_ties(self, above: Position | None, below: Position | None) -> "IndexRange":
        """Return the range that also contains all rows that tie with either position."""
        low = (
            self.value(above) if above else None
        ) or self.low  # customers without a phone: DynamoDB refuses an empty bound
        high = self.high if below is None else below.key if self.numeric else end_of_value(self.value(below))
        return replace(self, low=low, high=high)

    def between(self, shard: int, above: Position | None, below: Position | None) -> "IndexRange":
        """Return the part of one shard between two positions. It may still contain the rows of the positions."""
        low, high = self.low, self.high
        if above:
            low = above.key if shard >= above.shard or not self.numeric else str(int(above.key) + 1)
        if below:
            high = below.key if shard <= below.shard or not self.numeric else str(int(below.key) - 1)
        return replace(self, low=low, high=high)


def count(index_range: IndexRange) -> int:
    """Return the number of rows. Reads keys only, and transfers none."""
    total = 0
    for shard in range(len(index_range.shards)):
        request = _request(index_range, shard) | {"Select": "COUNT"}
        while True:
            response = reads.call("query", **request)
            total += response["Count"]
            if "LastEvaluatedKey" not in response:
                break
            request["ExclusiveStartKey"] = response["LastEvaluatedKey"]
    return total


def end_of_value(value: str) -> str:
    """Return a bound after every range key whose value is `value`."""
    return value + _AFTER_SEPARATOR


def end_of_prefix(value: str) -> str:
    """Return a bound after every range key whose value begins with `value`."""
    return value + _LAST


@dataclass(frozen=True, slots=True)
class IndexScan:
    """One pass through a range, `up` or down in the order of the range keys, strictly between `start` and `stop`.

    Each shard reads `batch` keys at a time.
    """

    index_range: IndexRange
    _: KW_ONLY
    up: bool
    start: Position | None = None
    stop: Position | None = None
    batch: int = 100

    def positions(self) -> Iterator[Position]:
        shards = [self._shard(part, shard) for part in self.index_range.parts for shard in range(len(part.shards))]
        merged = heapq.merge(*shards, key=self.index_range.order, reverse=not self.up)
        if not self.index_range.has_shards_in_common:
            return merged
        return (position for position, _ in groupby(merged))  # an order of two products is in the shards of both

    def _shard(self, part: IndexRange, shard: int) -> Iterator[Position]:
        above, below = (self.start, self.stop) if self.up else (self.stop, self.start)
        if self.index_range.has_ties:
            yield from self._with_ties(shard, above, below)
            return
        if self.index_range.has_changing_shards:
            ends = {end.key for end in (self.start, self.stop) if end}
            positions = self._query(part.between(shard, above, below), shard, None)
            yield from (replace(position, shard=0) for position in positions if position.key not in ends)
            return
        begin = self.start if self.start and self.start.shard == shard else None
        end = self._end() if self.stop and self.stop.shard == shard else set()
        for position in self._query(part.between(shard, above, below), shard, begin):
            if position.row_id in end:
                return
            yield position

    def _with_ties(self, shard: int, above: Position | None, below: Position | None) -> Iterator[Position]:
        """Yield the positions strictly between two others. DynamoDB does not define the order of equal range keys."""
        order = self.index_range.order
        found = self._query(self.index_range.between(shard, above, below), shard, None)
        for _, ties in groupby(found, key=lambda position: position.key):
            for position in sorted(ties, key=order, reverse=not self.up):
                is_after = above is None or order(position) > order(above)
                if is_after and (below is None or order(position) < order(below)):
                    yield replace(position, shard=0)

    def _end(self) -> set[str]:
        """Return the rows that end the scan: that of `stop`, and those with the same number that come after it."""
        stop = self.stop
        if stop is None:
            return set()
        ties = replace(self.index_range, low=stop.key, high=stop.key)
        after = self._query(ties, stop.shard, stop) if self.index_range.numeric else ()
        return {stop.row_id, *(position.row_id for position in after)}

    def _query(self, index_range: IndexRange, shard: int, after: Position | None) -> Iterator[Position]:
        if index_range.is_empty:
            return  # DynamoDB refuses a low bound above the high one
        request = _request(index_range, shard)
        request |= {"ScanIndexForward": self.up, "Limit": self.batch}
        if after:
            request["ExclusiveStartKey"] = _start_key(index_range, after)
        for item in reads.query(**request):
            yield _position(index_range, shard, item)


def _request(index_range: IndexRange, shard: int) -> dict[str, object]:
    bounds = {":low": index_range.low, ":high": index_range.high}
    values: Item = {name: {_kind(index_range): bound} for name, bound in bounds.items() if bound is not None}
    names = {"#h": index_range.hash_name} | ({"#r": index_range.range_name} if values else {})
    request: dict[str, object] = {
        "TableName": reads.table_name(index_range.table),
        "KeyConditionExpression": "#h = :h" + _CONDITIONS[":low" in values, ":high" in values],
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {":h": {"S": index_range.shards[shard]}, **values},
    }
    return request | ({"IndexName": index_range.index} if index_range.index else {})


def _position(index_range: IndexRange, shard: int, item: Item) -> Position:
    key = str(item[index_range.range_name][_kind(index_range)])
    if index_range.has_ties:
        return Position(key, shard, f"{key}{SEPARATOR}{item[str(index_range.id_name)]['S']}")
    row_id = item[index_range.id_name]["S"] if index_range.id_name else key.rpartition(SEPARATOR)[2]
    return Position(key, shard, row_id)


def _start_key(index_range: IndexRange, position: Position) -> Item:
    key: Item = {
        index_range.hash_name: {"S": index_range.shards[position.shard]},
        index_range.range_name: {_kind(index_range): position.key},
    }
    if index_range.index and index_range.id_name:
        key[index_range.id_name] = {"S": position.row_id}
    return key


def _kind(index_range: IndexRange) -> str:
    return "N" if index_range.numeric else "S"

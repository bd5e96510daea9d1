"""Walking an index in either direction, from either end or a position, over all its partitions as if they were one.

A `Path` is an index with bounds; its partitions are lanes, merged by range key and then by number, which is one order
for all rows. Rows come as positions; whoever walks fetches the rows themselves, so that a page costs a query a lane and
a batch read.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace

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
    """Bounds are range keys, both included; `id_name` is the attribute with the row's id, None if the range key ends with it.

    Range keys must be unique, unless they are numbers. No lanes: no rows.
    """

    table: type[Model]
    index: str | None
    hash_name: str
    range_name: str
    shards: tuple[str, ...]
    id_name: str | None = "id"
    numeric: bool = False
    low: str | None = None
    high: str | None = None

    @property
    def is_empty(self) -> bool:
        if self.low is None or self.high is None:
            return False
        return int(self.low) > int(self.high) if self.numeric else self.low > self.high

    def order(self, position: Position) -> tuple[int | str, int]:
        """What positions are compared by. Equal numbers within a lane lie in an order that only DynamoDB knows."""
        return int(position.key) if self.numeric else position.key, position.shard

    def value(self, position: Position) -> str:
        """What rows have in common that tie, as text."""
        return position.key.split(SEPARATOR)[0]

    def whole_ties(self, above: Position | None, below: Position | None) -> "IndexRange":
        """From all rows that tie with the one to all that tie with the other."""
        low = (self.value(above) if above else None) or self.low  # no phone is no bound: DynamoDB refuses an empty one
        high = self.high if below is None else below.key if self.numeric else up_to(self.value(below))
        return replace(self, low=low, high=high)

    def cut(self, shard: int, above: Position | None, below: Position | None) -> "IndexRange":
        """Only what may lie above one position and below the other, in `lane`; at most their own rows are too much."""
        low, high = self.low, self.high
        if above:
            low = above.key if shard >= above.shard or not self.numeric else str(int(above.key) + 1)
        if below:
            high = below.key if shard <= below.shard or not self.numeric else str(int(below.key) - 1)
        return replace(self, low=low, high=high)


def count(path: IndexRange) -> int:
    """How many rows the path has; reads keys only, and hands over none."""
    total = 0
    for shard in range(len(path.shards)):
        request = _request(path, shard) | {"Select": "COUNT"}
        while True:
            answer = reads.call("query", **request)
            total += answer["Count"]
            if "LastEvaluatedKey" not in answer:
                break
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
    return total


def up_to(value: str) -> str:
    """A bound above every range key that begins with exactly `value`."""
    return value + _AFTER_SEPARATOR


def prefixed(value: str) -> str:
    """A bound above every range key that begins with `value` or anything longer."""
    return value + _LAST


@dataclass(frozen=True, slots=True)
class IndexScan:
    """One pass along `path`, `up` in the order of the range keys or down, strictly between `start` and `stop`.

    Each lane reads `batch` keys at a time.
    """

    path: IndexRange
    up: bool
    start: Position | None = None
    stop: Position | None = None
    batch: int = 100

    def positions(self) -> Iterator[Position]:
        shards = [self._shard(shard) for shard in range(len(self.path.shards))]
        return heapq.merge(*shards, key=self.path.order, reverse=not self.up)

    def _shard(self, shard: int) -> Iterator[Position]:
        above, below = (self.start, self.stop) if self.up else (self.stop, self.start)
        begin = self.start if self.start and self.start.shard == shard else None
        end = self._end() if self.stop and self.stop.shard == shard else set()
        for position in self._query(self.path.cut(shard, above, below), shard, begin):
            if position.row_id in end:
                return
            yield position

    def _end(self) -> set[str]:
        """The rows that the walk ends at: that of `stop`, and those with the same number that come after it."""
        stop = self.stop
        if stop is None:
            return set()
        ties = replace(self.path, low=stop.key, high=stop.key)
        after = self._query(ties, stop.shard, stop) if self.path.numeric else ()
        return {stop.row_id, *(position.row_id for position in after)}

    def _query(self, path: IndexRange, shard: int, after: Position | None) -> Iterator[Position]:
        if path.is_empty:
            return  # DynamoDB refuses bounds that are the wrong way round
        request = _request(path, shard)
        request |= {"ScanIndexForward": self.up, "Limit": self.batch}
        if after:
            request["ExclusiveStartKey"] = _start_key(path, after)
        for item in reads.query(**request):
            yield _position(path, shard, item)


def _request(path: IndexRange, shard: int) -> Item:
    bounds = {":low": path.low, ":high": path.high}
    values: Item = {name: {_kind(path): bound} for name, bound in bounds.items() if bound is not None}
    names = {"#h": path.hash_name} | ({"#r": path.range_name} if values else {})
    request: Item = {
        "TableName": reads.table_name(path.table),
        "KeyConditionExpression": "#h = :h" + _CONDITIONS[":low" in values, ":high" in values],
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {":h": {"S": path.shards[shard]}, **values},
    }
    return request | ({"IndexName": path.index} if path.index else {})


def _position(path: IndexRange, shard: int, item: Item) -> Position:
    key = str(item[path.range_name][_kind(path)])
    row_id = item[path.id_name]["S"] if path.id_name else key.rpartition(SEPARATOR)[2]
    return Position(key, shard, row_id)


def _start_key(path: IndexRange, position: Position) -> Item:
    key: Item = {
        path.hash_name: {"S": path.shards[position.shard]},
        path.range_name: {_kind(path): position.key},
    }
    if path.index and path.id_name:
        key[path.id_name] = {"S": position.row_id}
    return key


def _kind(path: IndexRange) -> str:
    return "N" if path.numeric else "S"

"""Walking an index in either direction, from either end or a place, over all its partitions as if they were one.

A `Path` is an index with bounds; its partitions are lanes, merged by their range key. Rows come as positions; whoever
walks fetches the rows themselves, so that a page costs a query a lane and a batch read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pynamodb.models import Model

from chalicelib.crm.cursors import Place, Position
from chalicelib.crm.reads import Item, table_name
from chalicelib.crm.tables import SEPARATOR, client

_AFTER_SEPARATOR = chr(ord(SEPARATOR) + 1)
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Path:
    """Bounds are range keys, both included; `id_name` is the attribute with the row's id, None if the range key ends with it."""

    table: type[Model]
    index: str | None
    hash_name: str
    range_name: str
    lanes: tuple[str, ...]
    id_name: str | None = "id"
    numeric: bool = False
    low: str | None = None
    high: str | None = None

    @property
    def is_empty(self) -> bool:
        if self.low is None or self.high is None:
            return False
        return int(self.low) > int(self.high) if self.numeric else self.low > self.high

    def position(self, item: Item) -> Position:
        key = str(item[self.range_name]["N" if self.numeric else "S"])
        row_id = item[self.id_name]["S"] if self.id_name else key.rpartition(SEPARATOR)[2]
        return Position(key, row_id)

    def start_key(self, lane: int, position: Position) -> Item:
        range_value = {"N" if self.numeric else "S": position.key}
        key: Item = {self.hash_name: {"S": self.lanes[lane]}, self.range_name: range_value}
        if self.index and self.id_name:
            key[self.id_name] = {"S": position.row_id}
        return key

    def order(self, position: Position) -> tuple[int | str, ...]:
        """What positions are compared by. Rows with the same number lie in an order that only DynamoDB knows."""
        return (int(position.key),) if self.numeric else (position.key,)


def up_to(value: str) -> str:
    """A bound above every range key that begins with exactly `value`."""
    return value + _AFTER_SEPARATOR


def prefixed(value: str) -> str:
    """A bound above every range key that begins with `value` or anything longer."""
    return value + _LAST


class Walk:
    """One pass along `path`: `up` in the order of the range keys, or down, between the places `start` and `stop`.

    `start` and `stop` are places of the listing in walking direction; `forward` says whether that is the listing's.
    """

    def __init__(self, path: Path, *, up: bool, forward: bool, start: Place | None, stop: Place | None) -> None:
        self.path = path
        self._up = up
        self._forward = forward
        self._last: list[Position | None] = list(start.positions) if start and forward else [None] * len(path.lanes)
        self._lanes = [_Lane(self, number, start, stop) for number in range(len(path.lanes))]

    def next(self, batch: int) -> tuple[Position, Place] | None:
        """The next row and its place, or None at the end; each lane reads `batch` keys at a time."""
        best: _Lane | None = None
        for lane in self._lanes:
            if lane.head(batch) is not None and (best is None or self._before(lane, best)):
                best = lane
        if best is None:
            return None
        position = best.pop()
        self._last[best.number] = position
        return position, self._place(best.number, batch)

    def place(self, batch: int) -> Place:
        """Where the walk stands: all rows walked are on one side of it, all others on the other."""
        return self._place(None, batch)

    def ended(self, batch: int) -> bool:
        return all(lane.head(batch) is None for lane in self._lanes)

    @property
    def up(self) -> bool:
        return self._up

    @property
    def forward(self) -> bool:
        return self._forward

    def _before(self, one: "_Lane", other: "_Lane") -> bool:
        """Ties between lanes go by their number, so that the whole has one order."""
        first, second = one.order(), other.order()
        return first < second if self._up else first > second

    def _place(self, own: int | None, batch: int) -> Place:
        if self._forward:
            return Place(own, tuple(self._last))
        # Backwards, the last row at or before the place is the one that would come next.
        heads = [lane.head(batch) for lane in self._lanes]
        if own is not None:
            heads[own] = self._last[own]
        return Place(own, tuple(heads))


class _Lane:
    """One partition: reads ahead, and knows where to begin and end."""

    def __init__(self, walk: Walk, number: int, start: Place | None, stop: Place | None) -> None:
        self.number = number
        self._walk = walk
        self._keys = self._read(start)
        self._stop = stop
        self._head: Position | None = None
        self._ended = False
        self._batch = 0
        self._last = start.positions[number] if start and walk.forward else None

    def head(self, batch: int) -> Position | None:
        self._batch = batch
        if self._head is None and not self._ended:
            self._head = self._next()
            self._ended = self._head is None
        return self._head

    def pop(self) -> Position:
        position = self._head
        assert position is not None  # noqa: S101 - popped only after a look at the head
        self._head = None
        return position

    def order(self) -> tuple[Any, ...]:
        assert self._head is not None  # noqa: S101 - compared only with a head
        return (*self._walk.path.order(self._head), self.number)

    def _next(self) -> Position | None:
        if self._stop and self._done_before(None):
            return None
        position = next(self._keys, None)
        return None if position is None or self._done_before(position) else position

    def _done_before(self, position: Position | None) -> bool:
        """Whether `position` lies beyond the stop, or (with None) nothing can come before it any more."""
        if self._stop is None:
            return False
        bound = self._stop.positions[self.number]
        if self._walk.forward:
            return self._passed_forward(position, bound)
        # Backwards the stop is the place that a page begins after: its rows, and all before them, are out.
        if position is None or bound is None:
            return False
        return position == bound or self._beyond(position, bound)

    def _passed_forward(self, position: Position | None, bound: Position | None) -> bool:
        """Forwards the stop is the place that a page ends before: its own row is out, other lanes' rows are in."""
        own = self._stop is not None and self._stop.own == self.number
        if bound is None:
            return True
        if position is None:
            return self._last == bound
        self._last = position
        if position == bound:
            return own
        return self._beyond(position, bound)

    def _beyond(self, position: Position, bound: Position) -> bool:
        here, there = self._walk.path.order(position), self._walk.path.order(bound)
        return here > there if self._walk.up else here < there

    def _read(self, start: Place | None) -> Iterator[Position]:
        begin = start.positions[self.number] if start else None
        if start and not self._walk.forward:
            # Backwards from a place: its own row is out; in other lanes the last row before it comes first.
            if begin is None or (start.own == self.number and self._stop and begin == self._stop.positions[self.number]):
                return
            if start.own != self.number:
                yield begin
        yield from self._query(begin)

    def _query(self, begin: Position | None) -> Iterator[Position]:
        path = self._walk.path
        if path.is_empty:
            return  # DynamoDB refuses bounds that are the wrong way round
        request = _request(path, self.number, up=self._walk.up)
        if begin:
            request["ExclusiveStartKey"] = path.start_key(self.number, begin)
        while True:
            answer = client().query(**request, Limit=self._batch)
            for item in answer["Items"]:
                yield path.position(item)
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _request(path: Path, lane: int, *, up: bool) -> dict[str, Any]:
    kind = "N" if path.numeric else "S"
    condition = "#h = :h"
    values: Item = {":h": {"S": path.lanes[lane]}}
    names = {"#h": path.hash_name}
    for name, bound in ((":low", path.low), (":high", path.high)):
        if bound is not None:
            values[name] = {kind: bound}
            names["#r"] = path.range_name
    if ":low" in values and ":high" in values:
        condition += " AND #r BETWEEN :low AND :high"
    elif ":low" in values:
        condition += " AND #r >= :low"
    elif ":high" in values:
        condition += " AND #r <= :high"
    request: dict[str, Any] = {
        "TableName": table_name(path.table),
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": up,
    }
    if path.index:
        request["IndexName"] = path.index
    return request

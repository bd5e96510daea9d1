"""Pages of a listing: rows of a path that pass the filter, in order, forwards or backwards, within a read budget.

A filter that no index serves is evaluated on the rows on the way. When the budget is used up first, the page is short
and says so: there is a next page, and a cursor that continues where the walk stood.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby, islice
from typing import Generic, TypeAlias, TypeVar

from chalicelib.errors import InvalidInput
from chalicelib.settings import settings
from chalicelib.store import cursors
from chalicelib.store.cursors import Position
from chalicelib.store.index_scan import IndexRange, IndexScan
from chalicelib.store.reads import BATCH

MAX_PAGE_SIZE = 100
MAX_OFFSET = 1000

Row = TypeVar("Row")
_Tie: TypeAlias = tuple[Position, Row | None]


@dataclass(frozen=True, slots=True)
class TieBreaker(Generic[Row]):
    """What rows are ordered by that tie in the path's order."""

    value: Callable[[Row], int | str]
    descending: bool


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """What is listed. `query` stands for filter and order: cursors are bound to it.

    `fetch` reads rows by id, `passes` says which of them the filter wants; `exact` says that the path's bounds answer
    all of the filter, so that `passes` drops at most rows that have changed since the index was written. With `then`,
    rows that tie are read together and ordered by it, and by id where they tie in all of it.
    """

    path: IndexRange
    descending: bool
    query: str
    fetch: Callable[[Iterable[str]], dict[str, Row]]
    passes: Callable[[Row], bool]
    exact: bool
    then: tuple[TieBreaker[Row], ...] = ()

    def encode(self, position: Position) -> str:
        return cursors.encode(position, self.query, len(self.path.shards))

    def decode(self, cursor: str | None) -> Position | None:
        """Raises InvalidCursor."""
        return None if cursor is None else cursors.decode(cursor, self.query, len(self.path.shards))


@dataclass(frozen=True, slots=True)
class PageArgs:
    """Which rows are asked for, as the client sent it."""

    first: int | None = None
    last: int | None = None
    after: str | None = None
    before: str | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Edge(Generic[Row]):
    node: Row
    position: Position
    listing: Listing[Row]

    @property
    def cursor(self) -> str:
        return self.listing.encode(self.position)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Cursors are made when they are asked for: most documents do without, and the secret costs a read."""

    listing: Listing[Row]
    edges: list[Edge[Row]]
    has_next: bool
    has_previous: bool
    start: Position | None
    end: Position | None

    @property
    def start_cursor(self) -> str | None:
        return self.listing.encode(self.start) if self.start else None

    @property
    def end_cursor(self) -> str | None:
        return self.listing.encode(self.end) if self.end else None


def read_page(listing: Listing[Row], window: PageArgs) -> Page[Row]:
    """Raises InvalidInput, InvalidCursor."""
    size, forward = _size(window)
    after, before = listing.decode(window.after), listing.decode(window.before)
    start, stop = (after, before) if forward else (before, after)
    reader = (_TieReader if listing.then else _Reader)(listing, size, window.offset or 0)
    edges, more = reader.read(forward=forward, start=start, stop=stop)
    near = edges[0].position if edges else None
    # A short page is continued from where the reader stood, not from the last row that it found.
    far = reader.last if more and len(edges) < size else edges[-1].position if edges else None
    if forward:
        return Page(listing, edges, more, after is not None or bool(window.offset), near, far)
    return Page(listing, edges[::-1], before is not None, more, far, near)


class _Reader(Generic[Row]):
    def __init__(self, listing: Listing[Row], size: int, offset: int) -> None:
        self._listing = listing
        self._size = size
        self._offset = offset
        self.last: Position | None = None
        """The last position that was looked at."""

    def read(self, *, forward: bool, start: Position | None, stop: Position | None) -> tuple[list[Edge[Row]], bool]:
        """The rows in walking order, and whether there are more."""
        exact, wanted = self._listing.exact, self._offset + self._size + 1
        # Where the index answers the filter, keys alone tell whether there is more: one query for a page and the next row.
        # Elsewhere it is one too, if all of them pass.
        walk = IndexScan(
            path=self._listing.path,
            up=forward != self._listing.descending,
            start=start,
            stop=stop,
            batch=wanted if exact else min(max(wanted, BATCH), settings.read_budget),
        )
        return self._read_exact(walk.positions()) if exact else self._read_filtered(walk.positions())

    def _read_exact(self, positions: Iterator[Position]) -> tuple[list[Edge[Row]], bool]:
        for _ in islice(positions, self._offset):
            pass
        found: list[Edge[Row]] = []
        budget = settings.read_budget
        while len(found) < self._size and budget > 0:
            steps = self._steps(positions, min(self._size - len(found), budget))
            if not steps:
                return found, False
            budget -= len(steps)
            found += self._edges(steps)
        return found, next(positions, None) is not None

    def _read_filtered(self, positions: Iterator[Position]) -> tuple[list[Edge[Row]], bool]:
        """Rows found beyond the page are read again by the next one, so it looks at no more than may be needed to find one:
        at as many as are missing, and as many again as it has looked at in vain.
        """
        found: list[Edge[Row]] = []
        looked_at, end = 0, self._offset + self._size
        more = True
        while more and len(found) <= end and looked_at < settings.read_budget:
            missing, in_vain = end + 1 - len(found), looked_at - len(found)
            steps = self._steps(positions, min(missing + in_vain, BATCH, settings.read_budget - looked_at))
            looked_at += len(steps)
            found += self._edges(steps)
            more = bool(steps)
        more = len(found) > end or next(positions, None) is not None
        return self._cut(found, more=more), more

    def _cut(self, found: list[Edge[Row]], *, more: bool) -> list[Edge[Row]]:
        if more and len(found) < self._offset:
            raise InvalidInput("offset reaches beyond what one request may read; use after", field="offset")
        return found[self._offset : self._offset + self._size]

    def _steps(self, positions: Iterator[Position], count: int) -> list[Position]:
        steps = list(islice(positions, count))
        self.last = steps[-1] if steps else self.last
        return steps

    def _edges(self, steps: list[Position]) -> list[Edge[Row]]:
        """Rows that are gone since the index was written are left out."""
        rows = self._listing.fetch(position.row_id for position in steps)
        there = [(rows[position.row_id], position) for position in steps if position.row_id in rows]
        return [Edge(row, position, self._listing) for row, position in there if self._listing.passes(row)]


class _TieReader(_Reader[Row]):
    """Reads all rows that tie before it can order them: a page costs what its ties cost."""

    def read(self, *, forward: bool, start: Position | None, stop: Position | None) -> tuple[list[Edge[Row]], bool]:
        up = forward != self._listing.descending
        bounds = (start, stop) if up else (stop, start)
        path = self._listing.path.whole_ties(*bounds)
        found: list[Edge[Row]] = []
        budget = settings.read_budget
        for value, ties in groupby(self._rows(IndexScan(path, up).positions()), key=lambda tie: path.value(tie[0])):
            ends = [end if end and path.value(end) == value else None for end in (start, stop)]
            # The ties of `start` were charged to the page before, so that the next ones always find room.
            room = settings.read_budget if ends[0] else budget
            group = list(islice(ties, room + 1))
            if len(group) > room:
                if room == settings.read_budget:
                    raise InvalidInput(
                        "Too many rows are equal in the first field: order by it alone", field="order_by"
                    )
                return self._cut(found, more=True), True
            budget = room - len(group) if not ends[0] else budget
            found += self._ordered(group, *ends, forward=forward)
            if len(found) > self._offset + self._size:
                return self._cut(found, more=True), True
        return self._cut(found, more=False), False

    def _rows(self, positions: Iterator[Position]) -> Iterator[_Tie[Row]]:
        while chunk := list(islice(positions, BATCH)):
            rows = self._listing.fetch(position.row_id for position in chunk)
            yield from ((position, rows.get(position.row_id)) for position in chunk)

    def _ordered(
        self, group: list[_Tie[Row]], start: Position | None, stop: Position | None, *, forward: bool
    ) -> list[Edge[Row]]:
        """The rows of a group that lie between the ends that lie in it, in walking order."""
        then = self._listing.then
        rows = {replace(place, tie_values=tuple(by.value(row) for by in then)): row for place, row in group if row}
        places = sorted({*rows, *filter(None, (start, stop))}, key=lambda place: place.row_id)
        for number in reversed(range(len(then))):
            places.sort(key=lambda place, number=number: place.tie_values[number], reverse=then[number].descending)  # type: ignore[misc]
        if not forward:
            places.reverse()
        self.last = places[-1] if places else self.last
        first = places.index(start) + 1 if start else 0
        end = places.index(stop) if stop else len(places)
        wanted = [(place, rows[place]) for place in places[first:end] if place in rows]
        return [Edge(row, place, self._listing) for place, row in wanted if self._listing.passes(row)]


def _size(window: PageArgs) -> tuple[int, bool]:
    """(how many rows, whether forwards)"""
    if window.first is not None and window.last is not None:
        raise InvalidInput("Give first or last, not both", field="last")
    forward = window.last is None
    size = window.first if forward else window.last
    if size is None:
        size = MAX_PAGE_SIZE
    if not 0 <= size <= MAX_PAGE_SIZE:
        name = "first" if forward else "last"
        raise InvalidInput(f"{name} must be from 0 to {MAX_PAGE_SIZE}; use after or before for more", field=name)
    if window.offset is not None and not (0 <= window.offset <= MAX_OFFSET and forward):
        raise InvalidInput(
            f"offset must be from 0 to {MAX_OFFSET}, and goes with first; use after for more", field="offset"
        )
    return size, forward

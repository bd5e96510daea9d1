"""Pagination: read a page of the rows that pass a filter, in order, forwards or backwards, within a read budget.

A filter without an index is evaluated on the rows. If the read budget is used up first, the page is short although more
rows follow: it says that there is a next page, and its cursor continues where the scan stopped.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby, islice
from typing import Generic, TypeAlias, TypeVar

from chalicelib.errors import InvalidInput
from chalicelib.settings import settings
from chalicelib.store import cursors, read_budget
from chalicelib.store.cursors import Position
from chalicelib.store.fast_dataclasses import quickly_made
from chalicelib.store.index_scan import IndexRange, IndexScan
from chalicelib.store.reads import MAX_BATCH

MAX_PAGE_SIZE = 100
MAX_OFFSET = 1000

Row = TypeVar("Row")
_Tie: TypeAlias = tuple[Position, Row | None]


@dataclass(frozen=True, slots=True)
class TieBreaker(Generic[Row]):
    """What rows are ordered by that tie in the order of the index."""

    value: Callable[[Row], int | str]
    descending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[Row]):
    """What is listed, and how.

    `query` names filter and order: cursors are bound to it. `fetch` reads rows by id. `passes` says which of them match the
    filter, with up to `row_calls` calls for each. `exact` means that the bounds of the range are the whole filter, so `passes`
    drops at most rows that have changed since. With `tie_breakers`, tied rows are read together and ordered by them, then by id.
    With `key_of`, a row is passed over where the index has it under another range key than it has by now.
    """

    index_range: IndexRange
    descending: bool
    query: str
    fetch: Callable[[Iterable[str]], dict[str, Row]]
    passes: Callable[[Row], bool]
    exact: bool
    row_calls: int = 0
    tie_breakers: tuple[TieBreaker[Row], ...] = ()
    key_of: Callable[[Row], str] | None = None

    def has(self, row: Row, position: Position) -> bool:
        return self.passes(row) and (self.key_of is None or self.key_of(row) == position.key)

    def encode(self, position: Position) -> str:
        return cursors.encode(position, self.query, self._shards)

    def decode(self, cursor: str | None) -> Position | None:
        """Raises InvalidCursor."""
        return None if cursor is None else cursors.decode(cursor, self.query, self._shards)

    @property
    def _shards(self) -> int:
        """The number of shards that cursors are bound to: 0 if they do not depend on it."""
        return 0 if self.index_range.has_shards_in_common else len(self.index_range.shards)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageArgs:
    """The arguments of a list field, as the client sent them."""

    first: int | None = None
    last: int | None = None
    after: str | None = None
    before: str | None = None
    offset: int | None = None


@quickly_made
@dataclass(frozen=True, slots=True)
class Edge(Generic[Row]):
    node: Row
    position: Position
    listing: Listing[Row]

    @property
    def cursor(self) -> str:
        return self.listing.encode(self.position)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """A page of rows. Cursors are made on demand: most documents do not ask for them, and the secret costs a read."""

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


def read_page(listing: Listing[Row], args: PageArgs) -> Page[Row]:
    """Read one page. Raises InvalidInput, InvalidCursor."""
    size, forward = _size(args)
    after, before = listing.decode(args.after), listing.decode(args.before)
    start, stop = (after, before) if forward else (before, after)
    reader = (_TieReader if listing.tie_breakers else _Reader)(listing, size, args.offset or 0)
    edges, more = reader.read(forward=forward, start=start, stop=stop)
    if more and len(edges) < size:
        read_budget.current().is_partial = True
    near = edges[0].position if edges else None
    # A short page continues where the reader stopped, not after the last row that it found.
    far = reader.last if more and len(edges) < size else edges[-1].position if edges else None
    if forward:
        has_previous = after is not None or bool(args.offset)
        return Page(listing=listing, edges=edges, has_next=more, has_previous=has_previous, start=near, end=far)
    has_next = before is not None
    return Page(listing=listing, edges=edges[::-1], has_next=has_next, has_previous=more, start=far, end=near)


class _Reader(Generic[Row]):
    def __init__(self, listing: Listing[Row], size: int, offset: int) -> None:
        self._listing = listing
        self._size = size
        self._offset = offset
        self._step_rows = 0
        self._step_calls = 2 * listing.index_range.queries + 2
        self.last: Position | None = None
        """The last position that was read."""

    def read(self, *, forward: bool, start: Position | None, stop: Position | None) -> tuple[list[Edge[Row]], bool]:
        """Return the rows in the order of the scan, and whether there are more."""
        # Where rows are passed over, only reading on tells whether there is one more.
        exact, wanted = self._listing.exact and not self._listing.key_of, self._offset + self._size + 1
        # If the index answers the filter, one query for the keys of the page and of the next row tells whether there is
        # more. Otherwise one query is enough only if all rows pass.
        scan = IndexScan(
            index_range=self._listing.index_range,
            up=forward != self._listing.descending,
            start=start,
            stop=stop,
            batch=self._batch(wanted, exact=exact),
        )
        # For the keys of the next step, its rows, the customers of these rows, and one key more.
        self._step_rows = scan.batch * scan.index_range.queries + 2 * MAX_BATCH + 1
        return self._read_exact(scan.positions()) if exact else self._read_filtered(scan.positions())

    def _batch(self, wanted: int, *, exact: bool) -> int:
        """Return how many keys each shard reads at a time."""
        if exact:
            # Of rows with the same range key, all are read before the first is known.
            return wanted + self._listing.index_range.has_ties
        keys = min(max(wanted, MAX_BATCH), settings.read_budget)
        # Changing shards are many and small, such as the customers that share a name.
        is_split = self._listing.index_range.has_changing_shards
        return keys // (self._listing.index_range.queries or 1) + 4 if is_split else keys

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
        """Read rows until the page is full and one more is found.

        The next page reads the surplus rows again. So each step reads only as many rows as are missing, and as many more as
        have not passed so far.
        """
        found: list[Edge[Row]] = []
        read_count, end = 0, self._offset + self._size
        more = True
        while more and len(found) <= end and read_count < settings.read_budget and (not read_count or self._has_room()):
            missing, not_passed = end + 1 - len(found), read_count - len(found)
            steps = self._steps(positions, min(missing + not_passed, self._max_step(read_count)))
            read_count += len(steps)
            found += self._edges(steps)
            more = bool(steps)
        more = len(found) > end or next(positions, None) is not None
        return self._cut(found, more=more), more

    def _max_step(self, read_count: int) -> int:
        calls, each = read_budget.current().calls - self._step_calls, self._listing.row_calls
        return min(MAX_BATCH, settings.read_budget - read_count, max(1, calls // each) if each else MAX_BATCH)

    def _has_room(self) -> bool:
        return read_budget.current().has(rows=self._step_rows, calls=self._step_calls + self._listing.row_calls)

    def _cut(self, found: list[Edge[Row]], *, more: bool) -> list[Edge[Row]]:
        if more and len(found) < self._offset:
            raise InvalidInput("offset exceeds what one request may read. Use after instead", field="offset")
        return found[self._offset : self._offset + self._size]

    def _steps(self, positions: Iterator[Position], count: int) -> list[Position]:
        steps = list(islice(positions, count))
        self.last = steps[-1] if steps else self.last
        return steps

    def _edges(self, steps: list[Position]) -> list[Edge[Row]]:
        """Return the rows that still exist and pass the filter."""
        rows = self._listing.fetch(position.row_id for position in steps)
        existing = [(rows[position.row_id], position) for position in steps if position.row_id in rows]
        return [Edge(row, position, self._listing) for row, position in existing if self._listing.has(row, position)]


class _TieReader(_Reader[Row]):
    """A reader that orders tied rows, and so must read all of them: a page costs as much as its ties."""

    def read(self, *, forward: bool, start: Position | None, stop: Position | None) -> tuple[list[Edge[Row]], bool]:
        up = forward != self._listing.descending
        bounds = (start, stop) if up else (stop, start)
        index_range = self._listing.index_range.with_whole_ties(*bounds)
        found: list[Edge[Row]] = []
        budget = settings.read_budget
        for value, ties in groupby(
            self._rows(IndexScan(index_range, up=up).positions()), key=lambda tie: index_range.value(tie[0])
        ):
            ends = [end if end and index_range.value(end) == value else None for end in (start, stop)]
            # The ties of `start` were counted on the page before, so the next group always has room.
            room = settings.read_budget if ends[0] else self._room(budget)
            group = list(islice(ties, room + 1))
            if len(group) > room:
                if room == settings.read_budget:
                    raise InvalidInput(
                        "Too many rows have the same value in the first sort field. Sort by that field only",
                        field="order_by",
                    )
                return self._cut(found, more=True), True
            budget = room - len(group) if not ends[0] else budget
            found += self._ordered(group, *ends, forward=forward)
            if len(found) > self._offset + self._size:
                return self._cut(found, more=True), True
        return self._cut(found, more=False), False

    def _room(self, budget: int) -> int:
        """Return how many ties may be read: after the first group, only those whose keys and rows the request may read."""
        if self.last is None:
            return budget
        return max(0, min(budget, read_budget.current().rows // 2 - 2 * MAX_BATCH))

    def _rows(self, positions: Iterator[Position]) -> Iterator[_Tie[Row]]:
        while chunk := list(islice(positions, MAX_BATCH)):
            rows = self._listing.fetch(position.row_id for position in chunk)
            yield from ((position, rows.get(position.row_id)) for position in chunk)

    def _ordered(
        self, group: list[_Tie[Row]], start: Position | None, stop: Position | None, *, forward: bool
    ) -> list[Edge[Row]]:
        """Return the rows of one group of ties in the order of the scan, strictly between `start` and `stop` if given."""
        tie_breakers = self._listing.tie_breakers
        rows = {
            replace(place, tie_values=tuple(by.value(row) for by in tie_breakers)): row for place, row in group if row
        }
        places = sorted({*rows, *filter(None, (start, stop))}, key=lambda place: place.row_id)
        for number, breaker in reversed(list(enumerate(tie_breakers))):
            values = {place: place.tie_values[number] for place in places}
            places.sort(key=values.__getitem__, reverse=breaker.descending)
        if not forward:
            places.reverse()
        self.last = places[-1] if places else self.last
        first = places.index(start) + 1 if start else 0
        end = places.index(stop) if stop else len(places)
        wanted = [(place, rows[place]) for place in places[first:end] if place in rows]
        return [Edge(row, place, self._listing) for place, row in wanted if self._listing.has(row, place)]


def _size(args: PageArgs) -> tuple[int, bool]:
    """Return the number of rows, and whether to read forwards."""
    if args.first is not None and args.last is not None:
        raise InvalidInput("Use first or last, not both", field="last")
    forward = args.last is None
    given = args.first if forward else args.last
    size = MAX_PAGE_SIZE if given is None else given
    if not 0 <= size <= MAX_PAGE_SIZE:
        name = "first" if forward else "last"
        raise InvalidInput(f"{name} must be from 0 to {MAX_PAGE_SIZE}. Use after or before for more", field=name)
    if args.offset is not None and not (0 <= args.offset <= MAX_OFFSET and forward):
        raise InvalidInput(
            f"offset must be from 0 to {MAX_OFFSET}, together with first. Use after for more", field="offset"
        )
    return size, forward

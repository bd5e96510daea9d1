"""Pages of a listing: rows of a path that pass the filter, in order, forwards or backwards, within a read budget.

A filter that no index serves is evaluated on the rows on the way. When the budget is used up first, the page is short
and says so: there is a next page, and a cursor that continues where the walk stood.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from chalicelib.crm import cursors
from chalicelib.crm.cursors import Place, Position
from chalicelib.crm.reads import BATCH
from chalicelib.crm.walk import Path, Walk
from chalicelib.errors import InvalidInput
from chalicelib.settings import settings

MOST = 100
MOST_OFFSET = 1000

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """What is listed. `query` stands for filter and order: cursors are bound to it.

    `fetch` reads rows by id, `keep` drops those that the filter does not want; `exact` says that the path's bounds
    answer all of the filter, so that `keep` drops at most rows that have changed since the index was written.
    """

    path: Path
    descending: bool
    query: str
    fetch: Callable[[Iterable[str]], dict[str, Row]]
    keep: Callable[[list[Row]], list[Row]]
    exact: bool


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows are asked for, as the client sent it."""

    first: int | None = None
    last: int | None = None
    after: str | None = None
    before: str | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Edge(Generic[Row]):
    node: Row
    place: Place
    query: str

    @property
    def cursor(self) -> str:
        return cursors.encode(self.place, self.query)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    edges: list[Edge[Row]]
    has_next: bool
    has_previous: bool
    start_cursor: str | None
    end_cursor: str | None


def read_page(listing: Listing[Row], window: Window) -> Page[Row]:
    """Raises InvalidInput, InvalidCursor."""
    size, forward = _size(window)
    lanes = len(listing.path.lanes)
    after = cursors.decode(window.after, listing.query, lanes) if window.after else None
    before = cursors.decode(window.before, listing.query, lanes) if window.before else None
    walk = Walk(
        listing.path,
        up=forward != listing.descending,
        forward=forward,
        start=after if forward else before,
        stop=before if forward else after,
    )
    found, more = _Reader(listing, walk, size, window.offset or 0).read()
    edges = [Edge(row, place, listing.query) for row, place in found]
    start, end = (edges[0].cursor, edges[-1].cursor) if edges else (None, None)
    if more and len(edges) < size:  # short: continue from where the walk stood, not from the last row found
        end = cursors.encode(walk.place(1), listing.query)
    if forward:
        return Page(edges, more, after is not None or bool(window.offset), start, end)
    edges.reverse()
    return Page(edges, before is not None, more, end, start)


class _Reader(Generic[Row]):
    def __init__(self, listing: Listing[Row], walk: Walk, size: int, offset: int) -> None:
        self._listing = listing
        self._walk = walk
        self._wanted = offset + size + 1
        self._size = size
        self._offset = offset
        # Where the index answers the filter, the keys alone tell whether there is more: one query for a page and the row after it.
        self._batch = self._wanted if listing.exact else BATCH

    def read(self) -> tuple[list[tuple[Row, Place]], bool]:
        """The rows and their places, in walking order, and whether there are more."""
        if self._listing.exact:
            return self._read_exact()
        return self._read_filtered()

    def _read_exact(self) -> tuple[list[tuple[Row, Place]], bool]:
        for _ in range(self._offset):
            if self._walk.next(self._batch) is None:
                return [], False
        found: list[tuple[Row, Place]] = []
        while len(found) < self._size:
            steps = self._steps(self._size - len(found))
            found += self._rows(steps)
            if not steps:
                return found, False
        return found, not self._walk.ended(1)

    def _read_filtered(self) -> tuple[list[tuple[Row, Place]], bool]:
        found: list[tuple[Row, Place]] = []
        budget = settings.read_budget
        while len(found) < self._wanted and budget > 0:
            steps = self._steps(min(BATCH, budget))
            if not steps:
                return found[self._offset :], False
            budget -= len(steps)
            found += self._rows(steps)
        if self._offset and len(found) <= self._offset and not self._walk.ended(1):
            raise InvalidInput("offset reaches beyond what one request may read; use after", field="offset")
        page = found[self._offset : self._offset + self._size]
        # Rows found beyond the page are read again by the next one: its cursor is that of the last row in the page.
        return page, len(found) > self._offset + self._size or not self._walk.ended(1)

    def _steps(self, count: int) -> list[tuple[Position, Place]]:
        steps: list[tuple[Position, Place]] = []
        while len(steps) < count and (step := self._walk.next(self._batch)):
            steps.append(step)
        return steps

    def _rows(self, steps: list[tuple[Position, Place]]) -> list[tuple[Row, Place]]:
        """Rows that are gone since the index was written are left out."""
        rows = self._listing.fetch(position.row_id for position, _ in steps)
        there = [(rows[position.row_id], place) for position, place in steps if position.row_id in rows]
        kept = {id(row) for row in self._listing.keep([row for row, _ in there])}
        return [(row, place) for row, place in there if id(row) in kept]


def _size(window: Window) -> tuple[int, bool]:
    """(how many rows, whether forwards)"""
    if window.first is not None and window.last is not None:
        raise InvalidInput("Give first or last, not both", field="last")
    forward = window.last is None
    size = window.first if forward else window.last
    if size is None:
        size = MOST
    if not 0 <= size <= MOST:
        name = "first" if forward else "last"
        raise InvalidInput(f"{name} must be from 0 to {MOST}; use after or before for more", field=name)
    if window.offset is not None and not (0 <= window.offset <= MOST_OFFSET and forward):
        raise InvalidInput(f"offset must be from 0 to {MOST_OFFSET}, and goes with first; use after for more", field="offset")
    return size, forward

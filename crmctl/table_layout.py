"""Which columns of a table a terminal shows, and how wide. Without an answer, the rows are shown as blocks."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from crmctl.time_arguments import EMPTY_CELL
from crmctl.wrapping import longest_word

GAP = 2
MIN_TABLE_WIDTH = 70
"""A narrower terminal drops no column: it shows a table that does not fit as blocks, with everything."""
COMFORTABLE = 24
"""A text of this width is good to read. Columns are dropped before one is narrower."""


@dataclass(frozen=True, slots=True)
class ColumnSize:
    """A column as the layout sees it."""

    position: int
    rank: int
    """The highest is dropped first, 0 never."""
    natural: int
    least: int
    """The longest word, or all of a column that does not wrap."""
    is_empty: bool


def measure(position: int, rank: int, texts: Sequence[str], *, wraps: bool) -> ColumnSize:
    """Measure a column. `texts` are its title and its cells."""
    natural = max(map(cell_len, texts))
    least = max(map(longest_word, texts)) if wraps else natural
    return ColumnSize(position, rank, natural, least, is_empty=set(texts[1:]) <= {EMPTY_CELL, ""})


def lay_out(columns: Sequence[ColumnSize], width: int | None) -> dict[int, int] | None:
    """Return the width of each column that is shown, by position. None if the rows do not fit into a table."""
    if width is None or _total([column.natural for column in columns]) <= width:
        return {column.position: column.natural for column in columns}
    if width < MIN_TABLE_WIDTH:
        return None
    kept = _drop(columns, width)
    if _total([column.least for column in kept]) > width:
        return None
    return _distribute(kept, width)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _drop(columns: Sequence[ColumnSize], width: int) -> list[ColumnSize]:
    """Return the columns that can be read, in their order: the lowest ranks first, and none that is empty."""
    kept = [column for column in columns if not column.rank]
    for column in sorted((each for each in columns if each.rank and not each.is_empty), key=lambda each: each.rank):
        more = [*kept, column]
        if _total([min(each.natural, max(each.least, COMFORTABLE)) for each in more]) <= width:
            kept = more
    return sorted(kept, key=lambda each: each.position)


def _distribute(columns: Sequence[ColumnSize], width: int) -> dict[int, int]:
    """Give each column the least that it needs, and what is left to those that lack the most."""
    widths = {column.position: column.least for column in columns}
    for _ in range(width - _total(list(widths.values()))):
        column = max(columns, key=lambda each: each.natural - widths[each.position])
        if widths[column.position] >= column.natural:
            break
        widths[column.position] += 1
    return widths

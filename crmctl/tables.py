"""Print rows as a table or as blocks for people, or as JSON for scripts.

A table is made for 80 columns. In a terminal that is too narrow, columns are dropped by rank and texts wrap at spaces;
below 70 columns each row becomes a block of lines. In a file or a pipe, nothing is dropped and nothing wraps.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import click
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from crmctl.table_layout import GAP, lay_out, measure
from crmctl.terminal import line_width, print_line, print_text
from crmctl.text import escape_unprintable
from crmctl.time_arguments import EMPTY_CELL, format_relative, format_time
from crmctl.wrapping import wrap

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `no_wrap` is for cells that people copy; `styles` maps cell texts to colours."""

    title: str
    cell: Callable[[Row], str]
    _: KW_ONLY
    align_right: bool = False
    no_wrap: bool = False
    styles: Mapping[str, str] = field(default_factory=dict)
    rank: int = 0
    """Which column is dropped first where not all fit: the one with the highest rank. 0 is never dropped."""
    short_cell: Callable[[Row], str] | None = None
    """What a terminal shows instead."""

    def text(self, row: Row, *, short: bool) -> str:
        return escape_unprintable((self.short_cell if short and self.short_cell else self.cell)(row))

    @property
    def wraps(self) -> bool:
        return not (self.no_wrap or self.align_right)


def time_column(title: str, time: Callable[[Row], str | None], *, rank: int = 0) -> Column:
    """Return a column of times: relative on a terminal, absolute in a file or a pipe."""
    return Column(
        title,
        lambda row: format_time(time(row)),
        short_cell=lambda row: format_relative(time(row)),
        no_wrap=True,
        rank=rank,
    )


def print_rows(rows: Sequence[Row], columns: Iterable[Column], *, as_json: bool, empty: str) -> None:
    """Print rows. `empty` is printed if there are none."""
    if as_json:
        print_json(rows)
    elif not rows:
        print_text(empty)
    else:
        _print_table(rows, list(columns))


def print_row(row: Row, columns: Sequence[Column]) -> None:
    """Print one row: a line for each column that is not empty, under the first one."""
    short = line_width() is not None
    _print_blocks(Console(highlight=False), [[column.text(row, short=short) for column in columns]], columns)


def print_json(content: Any) -> None:
    """Print JSON in ASCII, so that no control character reaches the terminal. json.dumps does not escape DEL."""
    click.echo(json.dumps(content, indent=2).replace("\x7f", "\\u007f"))


def print_remarks(remarks: Iterable[tuple[str, str]]) -> None:
    """Print (row, remark) pairs below the table: sentences in a narrow column are hard to read."""
    lines = [f"{row}: {remark}" for row, remark in remarks if remark]
    if lines:
        click.echo()
    for line in lines:
        print_text(line, hanging=2)


def _print_table(rows: Sequence[Row], columns: Sequence[Column]) -> None:
    width = line_width()
    cells = [[column.text(row, short=width is not None) for column in columns] for row in rows]
    sizes = [
        measure(position, column.rank, [column.title, *(row[position] for row in cells)], wraps=column.wraps)
        for position, column in enumerate(columns)
    ]
    widths = lay_out(sizes, width)
    console = Console(highlight=False)
    if widths is None:
        _print_blocks(console, cells, columns)
        return
    for line in _heading(columns, widths):
        _print_line(console, line)
    for row in cells:
        for line in _row_lines(row, columns, widths):
            _print_line(console, line)


def _heading(columns: Sequence[Column], widths: Mapping[int, int]) -> Iterable[Text]:
    yield _join([Text(_pad(columns[place].title, width, columns[place]), "bold") for place, width in widths.items()])
    yield Text("─" * (sum(widths.values()) + GAP * (len(widths) - 1)))


def _row_lines(row: Sequence[str], columns: Sequence[Column], widths: Mapping[int, int]) -> Iterable[Text]:
    """Yield the lines of a row, as many as its longest cell has."""
    wrapped = {
        place: wrap(row[place], width) if columns[place].wraps else [row[place]] for place, width in widths.items()
    }
    for number in range(max(map(len, wrapped.values()))):
        parts = []
        for place, width in widths.items():
            text = wrapped[place][number] if number < len(wrapped[place]) else ""
            parts.append(Text(_pad(text, width, columns[place]), columns[place].styles.get(row[place], "")))
        yield _join(parts)


def _pad(text: str, width: int, column: Column) -> str:
    space = " " * (width - cell_len(text))
    return space + text if column.align_right else text + space


def _join(parts: Iterable[Text]) -> Text:
    line = Text(" " * GAP).join(parts)
    line.rstrip()
    return line


def _print_line(console: Console, line: Text) -> None:
    if console.is_terminal:
        console.print(line, soft_wrap=True)
    else:
        print_line(line.plain)


def _print_blocks(console: Console, cells: Sequence[Sequence[str]], columns: Sequence[Column]) -> None:
    """Print each row as its first cell, and a line for each other one that is not empty."""
    title_width = max(cell_len(column.title) for column in columns[1:])
    for number, row in enumerate(cells):
        if number:
            click.echo()
        _print_line(console, Text(row[0], "bold"))
        for column, text in zip(columns[1:], row[1:], strict=True):
            if text not in {EMPTY_CELL, ""}:
                indent = 2 + title_width + GAP
                first, *rest = wrap(text, max(console.width - indent, 1)) if console.is_terminal else [text]
                start = Text(f"  {column.title.ljust(title_width)}{' ' * GAP}")
                _print_line(console, start.append(first, column.styles.get(text, "")))
                for line in rest:
                    _print_line(console, Text(" " * indent + line))

"""Print rows as a table for people, or as JSON for scripts."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

import click
from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from crmctl.text import escape_unprintable

Row = dict[str, Any]
PIPE_WIDTH = 10_000
"""Line width in a file or a pipe, so that nothing wraps."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `no_wrap` is for cells that people copy; `styles` maps cell texts to colours."""

    title: str
    cell: Callable[[Row], str]
    _: KW_ONLY
    align_right: bool = False
    no_wrap: bool = False
    styles: Mapping[str, str] = field(default_factory=dict)


def print_rows(rows: Sequence[Row], columns: Iterable[Column], *, as_json: bool, empty: str) -> None:
    """Print rows. `empty` is printed if there are none."""
    if as_json:
        print_json(rows)
    elif not rows:
        click.echo(empty)
    else:
        _print_table(rows, columns)


def print_json(content: Any) -> None:
    """Print JSON in ASCII, so that no control character reaches the terminal. json.dumps does not escape DEL."""
    click.echo(json.dumps(content, indent=2).replace("\x7f", "\\u007f"))


def print_remarks(remarks: Iterable[tuple[str, str]]) -> None:
    """Print (row, remark) pairs below the table: sentences in a narrow column are hard to read."""
    lines = [escape_unprintable(f"{row}: {remark}") for row, remark in remarks if remark]
    if lines:
        click.echo("\n" + "\n".join(lines))


def _print_table(rows: Iterable[Row], columns: Iterable[Column]) -> None:
    columns = list(columns)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for column in columns:
        justify: JustifyMethod = "right" if column.align_right else "left"
        table.add_column(column.title, justify=justify, no_wrap=column.no_wrap, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(column, row) for column in columns))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    console.print(table)


def _cell(column: Column, row: Row) -> Text:
    """Return a Text: rich would look for markup in a str."""
    text = column.cell(row)
    return Text(escape_unprintable(text), style=column.styles.get(text, ""))

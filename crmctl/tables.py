"""How are rows shown, to people as a table and to scripts as JSON?"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click
from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from crmctl.text import plain

Row = dict[str, Any]
UNBROKEN = 10_000
"""Characters a line: in a file or a pipe nothing is folded."""


@dataclass(frozen=True, slots=True)
class Column:
    """`whole` cells are made to be copied, and fold last; `styles` colours some values."""

    title: str
    cell: Callable[[Row], str]
    right: bool = False
    whole: bool = False
    styles: Mapping[str, str] = field(default_factory=dict)


def show(rows: Sequence[Row], columns: Iterable[Column], *, as_json: bool, none: str) -> None:
    """`none` is what is said where there are no rows."""
    if as_json:
        show_json(rows)
    elif not rows:
        click.echo(none)
    else:
        _show_table(rows, columns)


def show_json(content: Any) -> None:
    """ASCII only, so that no control character gets through; of these, JSON itself leaves DEL alone."""
    click.echo(json.dumps(content, indent=2).replace("\x7f", "\\u007f"))


def show_remarks(remarks: Iterable[tuple[str, str]]) -> None:
    """(row, remark): beneath the table, since sentences in a narrow column would be hard to read."""
    lines = [plain(f"{row}: {remark}") for row, remark in remarks if remark]
    if lines:
        click.echo("\n" + "\n".join(lines))


def _show_table(rows: Iterable[Row], columns: Iterable[Column]) -> None:
    columns = list(columns)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for column in columns:
        justify: JustifyMethod = "right" if column.right else "left"
        table.add_column(column.title, justify=justify, no_wrap=column.whole, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(column, row) for column in columns))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = UNBROKEN
    console.print(table)


def _cell(column: Column, row: Row) -> Text:
    """Text and not str, in which rich would look for markup."""
    text = column.cell(row)
    return Text(plain(text), style=column.styles.get(text, ""))

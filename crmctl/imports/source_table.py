"""A table of a file: its header, and its rows one after another."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from crmctl.imports.file_error import ImportFileError

MAX_NAMED_LINES = 5
REJECT_COLUMNS = ("line", "code", "reason", "because")
"""What a file of rejected rows has after the original columns."""
_LEAST_REJECT_COLUMNS = {"line", "code", "reason"}


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    """First line of the row in the file. The header is usually line 1."""
    cells: tuple[str, ...]
    """Unchanged cell texts, so that rejected rows can be written as they were."""


@dataclass(slots=True)
class SourceTable:
    name: str
    """The name of the file, and of the sheet in it, for messages."""
    stem: str
    form: str
    """How the file is written, such as `UTF-8, commas`."""
    columns: tuple[str, ...]
    rows: Iterator[Row]
    workbook: str = ""
    """The name of the file, if the table is one of its sheets."""
    ragged: list[str] = field(default_factory=list)
    """Rows with too few or too many cells."""


def make_table(name: str, stem: str, form: str, rows: Iterator[Row]) -> SourceTable:
    """Take the first row that has a text as header. Raises ImportFileError if there is none."""
    header = next((row for row in rows if _has_text(row)), None)
    if header is None:
        raise ImportFileError(f"{name} is empty.")
    columns = tuple(cell.strip() for cell in header.cells)
    while columns and not columns[-1]:
        columns = columns[:-1]
    width = _width_without_reject_columns(columns)
    table = SourceTable(name, stem, form, columns[:width], iter(()))
    table.rows = _checked_rows(table, rows, len(columns), width)
    return table


def _width_without_reject_columns(columns: tuple[str, ...]) -> int:
    """Return how many columns are the file's own: a repaired file of rejects is imported as it is."""
    width = len(columns)
    if not set(columns) >= _LEAST_REJECT_COLUMNS:
        return width
    while width and columns[width - 1] in REJECT_COLUMNS:
        width -= 1
    return width


def _has_text(row: Row) -> bool:
    return any(cell.strip() for cell in row.cells)


def _checked_rows(table: SourceTable, rows: Iterator[Row], width: int, kept: int) -> Iterator[Row]:
    """Yield the rows that have text. Empty cells beyond the header are dropped; other ragged rows are noted."""
    for row in rows:
        if not _has_text(row):
            continue
        extra = row.cells[width:]
        if len(row.cells) < width or any(cell.strip() for cell in extra):
            table.ragged.append(f"line {row.line} has {len(row.cells)}")
            if len(table.ragged) > MAX_NAMED_LINES:
                break  # a wrong delimiter or an open quote: nobody reads a million lines of that
            continue
        yield Row(row.line, row.cells[:kept])
    if table.ragged:
        more = ", and more lines" if len(table.ragged) > MAX_NAMED_LINES else ""
        named = ", ".join(table.ragged[:MAX_NAMED_LINES])
        raise ImportFileError(
            f"{table.name} has rows with the wrong number of cells: {named}{more}; the header has {width}."
        )

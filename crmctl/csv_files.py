"""Are these CSV files whole? Reads a file completely and checks its form; what the values mean is for `records`."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COLUMNS = {
    "customers": ("name", "email", "phone", "created_at"),
    "products": ("sku", "name", "price", "stock"),
    "orders": ("order_ref", "customer_email", "order_date", "sku", "quantity", "unit_price"),
}
NAMED_LINES = 5


class FileProblem(Exception):
    """The file cannot be imported as it is; the text names the file and the place"""


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    """Where the row begins in the file; the header is line 1."""
    cells: tuple[str, ...]
    """As they are in the file, to be written to the rejects unchanged."""


@dataclass(frozen=True, slots=True)
class Table:
    kind: str
    columns: tuple[str, ...]
    rows: list[Row]

    def values(self, row: Row) -> dict[str, str]:
        return {column: cell.strip() for column, cell in zip(self.columns, row.cells, strict=True)}


def read_directory(directory: Path) -> dict[str, Table]:
    """All files of an import. Raises FileProblem that lists what is wrong in each of them."""
    tables: dict[str, Table] = {}
    problems: list[str] = []
    for kind in COLUMNS:
        try:
            tables[kind] = read_table(directory / f"{kind}.csv", kind)
        except FileProblem as problem:
            problems.append(str(problem))
    if problems:
        raise FileProblem("\n".join(problems))
    return tables


def read_table(path: Path, kind: str) -> Table:
    expected = COLUMNS[kind]
    records = _records(_text(path), path)
    header = next(records, None)
    if header is None:
        raise FileProblem(f"{path} is empty. Its first line must be: {','.join(expected)}")
    columns = tuple(cell.strip() for cell in header.cells)
    _check_columns(path, columns, expected)
    rows = list(records)
    if not rows:
        raise FileProblem(f"{path} has a header, but no rows.")
    _check_widths(path, rows, len(columns))
    return Table(kind, columns, rows)


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise FileProblem(f"{path} is missing.") from None
    except OSError as problem:
        raise FileProblem(f"{path} cannot be read: {problem.strerror}.") from problem
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        # Positions of "utf-8-sig" are counted after the BOM.
        at = problem.start + len(data) - len(problem.object)
        line = data.count(b"\n", 0, at) + 1
        place = f"line {line}, byte {at + 1} of the file (0x{data[at]:02x})"
        raise FileProblem(f"{path} is not UTF-8: {place}. Save it as UTF-8 and try again.") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise FileProblem(f"{path} has a NUL byte in line {line}. Is it a text file, saved as UTF-8?")
    return text


def _records(text: str, path: Path) -> Iterator[Row]:
    """Blank lines are no rows."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            raise FileProblem(f"{path} is not valid CSV, in the row that begins in line {line}: {problem}.") from None
        if cells:
            yield Row(line, tuple(cells))


def _check_columns(path: Path, columns: tuple[str, ...], expected: tuple[str, ...]) -> None:
    missing = [column for column in expected if column not in columns]
    unknown = [column for column in dict.fromkeys(columns) if column not in expected]
    twice = [column for column in dict.fromkeys(columns) if columns.count(column) > 1]
    found = [
        f"{what} {', '.join(repr(column) for column in names)}"
        for what, names in (("missing", missing), ("unknown", unknown), ("more than once", twice))
        if names
    ]
    if not found:
        return
    hint = " The columns must be separated by commas." if len(columns) == 1 and set(columns[0]) & {";", "\t"} else ""
    raise FileProblem(f"{path} has other columns: {'; '.join(found)}. Expected: {','.join(expected)}.{hint}")


def _check_widths(path: Path, rows: list[Row], width: int) -> None:
    ragged = [row for row in rows if len(row.cells) != width]
    if not ragged:
        return
    named = ", ".join(f"line {row.line} has {len(row.cells)}" for row in ragged[:NAMED_LINES])
    more = f", and {len(ragged) - NAMED_LINES} more lines" if len(ragged) > NAMED_LINES else ""
    raise FileProblem(f"{path} has rows with too few or too many cells: {named}{more}; the header has {width}.")

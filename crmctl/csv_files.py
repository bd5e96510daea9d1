"""Read the CSV files of an import and check their form. `import_rows` checks the values."""

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
MAX_NAMED_LINES = 5


class CsvFileError(Exception):
    """The file is malformed. The message names the file and the line."""


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    """First line of the row in the file. The header is line 1."""
    cells: tuple[str, ...]
    """Unchanged cell texts, so that rejected rows can be written as they were."""


@dataclass(frozen=True, slots=True)
class Table:
    kind: str
    columns: tuple[str, ...]
    rows: list[Row]

    def values(self, row: Row) -> dict[str, str]:
        return {column: cell.strip() for column, cell in zip(self.columns, row.cells, strict=True)}


def read_directory(directory: Path) -> dict[str, Table]:
    """Read all files of an import. Raises CsvFileError, which lists the errors of all files."""
    tables: dict[str, Table] = {}
    errors: list[str] = []
    for kind in COLUMNS:
        try:
            tables[kind] = read_table(directory / f"{kind}.csv", kind)
        except CsvFileError as error:
            errors.append(str(error))
    if errors:
        raise CsvFileError("\n".join(errors))
    return tables


def read_table(path: Path, kind: str) -> Table:
    expected = COLUMNS[kind]
    records = _parse_rows(_read_text(path), path)
    header = next(records, None)
    if header is None:
        raise CsvFileError(f"{path} is empty. Its first line must be: {','.join(expected)}")
    columns = tuple(cell.strip() for cell in header.cells)
    _check_columns(path, columns, expected)
    rows = list(records)
    if not rows:
        raise CsvFileError(f"{path} has a header but no rows.")
    _check_widths(path, rows, len(columns))
    return Table(kind, columns, rows)


def _read_text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise CsvFileError(f"{path} is missing.") from None
    except OSError as error:
        raise CsvFileError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # "utf-8-sig" counts positions after the byte order mark.
        at = error.start + len(data) - len(error.object)
        line = data.count(b"\n", 0, at) + 1
        place = f"line {line}, byte {at + 1} of the file (0x{data[at]:02x})"
        raise CsvFileError(f"{path} is not UTF-8: {place}. Save it as UTF-8.") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise CsvFileError(f"{path} has a NUL byte on line {line}. Save it as UTF-8 text.")
    return text


def _parse_rows(text: str, path: Path) -> Iterator[Row]:
    """Yield the rows. Blank lines are skipped."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise CsvFileError(f"{path} is not valid CSV, in the row that starts on line {line}: {error}.") from None
        if cells:
            yield Row(line, tuple(cells))


def _check_columns(path: Path, columns: tuple[str, ...], expected: tuple[str, ...]) -> None:
    missing = [column for column in expected if column not in columns]
    unknown = [column for column in dict.fromkeys(columns) if column not in expected]
    duplicate = [column for column in dict.fromkeys(columns) if columns.count(column) > 1]
    found = [
        f"{what} {', '.join(repr(column) for column in names)}"
        for what, names in (("missing", missing), ("unknown", unknown), ("duplicate", duplicate))
        if names
    ]
    if not found:
        return
    hint = " Separate the columns with commas." if len(columns) == 1 and set(columns[0]) & {";", "\t"} else ""
    raise CsvFileError(f"{path} has wrong columns: {'; '.join(found)}. Expected: {','.join(expected)}.{hint}")


def _check_widths(path: Path, rows: list[Row], width: int) -> None:
    ragged = [row for row in rows if len(row.cells) != width]
    if not ragged:
        return
    named = ", ".join(f"line {row.line} has {len(row.cells)}" for row in ragged[:MAX_NAMED_LINES])
    more = f", and {len(ragged) - MAX_NAMED_LINES} more lines" if len(ragged) > MAX_NAMED_LINES else ""
    raise CsvFileError(f"{path} has rows with the wrong number of cells: {named}{more}; the header has {width}.")

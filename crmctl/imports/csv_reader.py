"""Read CSV files as spreadsheets and shops write them: any delimiter, any line ends, row by row."""

import csv
import itertools
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from crmctl.imports.file_error import ImportFileError
from crmctl.imports.source_table import Row, SourceTable, make_table
from crmctl.imports.text_encoding import Encoding, detect_encoding, named_encoding

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
SAMPLE_CHARACTERS = 1 << 16
MAX_SAMPLE_ROWS = 50
MAX_CELL_CHARACTERS = 2_000_000
"""Descriptions in HTML are long. A quote that is never closed would make the rest of the file one cell."""
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?(\r\n|\n|\r|$)', re.IGNORECASE)
"""Excel reads the delimiter from such a first line."""


def read_csv(path: Path, *, encoding: str | None = None, delimiter: str | None = None) -> SourceTable:
    """Return the table, whose rows are read while they are used. Raises ImportFileError."""
    try:
        found = named_encoding(encoding) if encoding else detect_encoding(path)
        start = _read_start(path, found)
    except OSError as error:
        raise ImportFileError(f"{path} cannot be read: {error.strerror}.") from error
    separator = _SEPARATOR_LINE.match(start)
    skipped = separator.end() if separator else 0
    chosen = delimiter or (separator and separator[1]) or detect_delimiter(start[skipped:])
    rows = _parse_rows(path, found, chosen, skipped)
    named = DELIMITERS.get(chosen, repr(chosen))
    return make_table(path.name, path.name.partition(".")[0], f"{found.title}, {named}", rows)


def detect_delimiter(text: str) -> str:
    """Return the delimiter with which the header has the most columns, and the rows as many as the header."""
    return max(DELIMITERS, key=lambda delimiter: _score(text, delimiter))


def _score(text: str, delimiter: str) -> float:
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    widths: list[int] = []
    with suppress(csv.Error):  # what was read until then decides
        widths.extend(len(cells) for cells in itertools.islice(reader, MAX_SAMPLE_ROWS) if cells)
    if not widths or widths[0] == 1:
        return 0.0
    return widths[0] * widths.count(widths[0]) / len(widths)


def _read_start(path: Path, encoding: Encoding) -> str:
    try:
        with path.open(encoding=encoding.codec, newline="") as file:
            return file.read(SAMPLE_CHARACTERS)
    except UnicodeError as error:
        raise ImportFileError(f"{path} is not {encoding.title}: {error}. Set --encoding.") from None


def _parse_rows(path: Path, encoding: Encoding, delimiter: str, skipped: int) -> Iterator[Row]:
    """Yield the rows. `skipped` is the length of a line that names the delimiter."""
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    line = 1
    try:
        with path.open(encoding=encoding.codec, newline="") as file:
            first = 1 + bool(file.read(skipped))
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            while True:
                line = first + reader.line_num
                cells = next(reader, None)
                if cells is None:
                    return
                if any("\0" in cell for cell in cells):
                    raise ImportFileError(f"{path} has a NUL byte on line {line}. Save it as UTF-8 text.")
                yield Row(line, tuple(cells))
    except csv.Error as error:
        raise ImportFileError(f"{path} is not valid CSV, in the row that starts on line {line}: {error}.") from None
    except UnicodeError as error:
        raise ImportFileError(f"{path} is not {encoding.title} near line {line}: {error}. Set --encoding.") from None

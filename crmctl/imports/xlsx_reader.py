"""Read the sheets of an Excel workbook. The reader is an extra: `pip install serverless-crm[xlsx]`."""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from crmctl.imports.file_error import ImportFileError
from crmctl.imports.source_table import Row, SourceTable, make_table

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

Cell: TypeAlias = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta
_THOUSANDTHS = 3


def read_xlsx(path: Path) -> list[SourceTable]:
    """Return a table for each sheet that has a header. Raises ImportFileError."""
    try:
        import python_calamine  # noqa: PLC0415 - an extra that most installations do not have
    except ImportError:
        raise ImportFileError(
            f"{path} is an Excel workbook. Install the reader with `pip install 'serverless-crm[xlsx]'`, or save it as CSV."
        ) from None
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(path)
        sheets = [(name, _rows(workbook, name)) for name in workbook.sheet_names]
    except (python_calamine.CalamineError, OSError) as error:
        raise ImportFileError(f"{path} cannot be read as an Excel workbook: {error}.") from None
    filled = [(name, rows) for name, rows in sheets if rows]
    if not filled:
        raise ImportFileError(f"{path} has no filled sheet.")
    tables = [make_table(f"{path.name}, sheet {name}", name, "Excel", iter(rows)) for name, rows in filled]
    for table in tables:
        table.workbook = path.name
    return tables


def _rows(workbook: "CalamineWorkbook", name: str) -> list[Row]:
    sheet = workbook.get_sheet_by_name(name)
    rows: list[list[Cell]] = sheet.to_python(skip_empty_area=False)
    _fill_merged(rows, sheet.merged_cell_ranges or [])
    return list(_filled(rows))


def _fill_merged(rows: list[list[Cell]], merged: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    """Write the value of a merged cell into all rows that it covers: the number of an order stands beside all its lines.

    Of columns only the first is filled, because a title over several columns is none of them.
    """
    for (top, left), (bottom, _) in merged:
        if top < len(rows) and left < len(rows[top]):
            for row in rows[top + 1 : bottom + 1]:
                row[left] = rows[top][left]


def _filled(rows: Sequence[Sequence[Cell]]) -> Iterator[Row]:
    for line, cells in enumerate(rows, 1):
        texts = tuple(map(cell_text, cells))
        if any(texts):
            yield Row(line, texts)


def cell_text(cell: Cell) -> str:
    """Return the cell as a CSV file would have it. Numbers are written with a point, dates in ISO form."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, int | float):
        # Excel shows 15 digits at most. Further ones come from formulas: 3 * 19.99 is 59.969999999999999.
        return _number_text(Decimal(f"{cell:.15g}" if isinstance(cell, float) else cell))
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)


def _number_text(number: Decimal) -> str:
    """Return the digits. A number with three decimals gets a fourth, because in a text it could be a thousand."""
    if number == number.to_integral_value():
        return f"{number:.0f}"
    text = f"{number:f}"
    return f"{text}0" if len(text.partition(".")[2]) == _THOUSANDTHS else text

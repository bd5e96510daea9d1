"""Excel workbooks: each sheet is a table."""

import builtins
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from crmctl.imports.file_error import ImportFileError
from crmctl.imports.xlsx_reader import cell_text, read_xlsx
from tests.crmctl.fake_api import FakeApi
from tests.crmctl.import_files import RunImport, counts
from tests.crmctl.workbook import write_workbook

SHEETS: dict[str, list[list[Any]]] = {
    "Kunden": [["Name", "Email", "Phone", "Created at"], ["Jörg", "jm@example.com", 4971128422, dt.date(2024, 3, 12)]],
    "Artikel": [[None, None], ["sku", "name", "price", "stock"], ["BOM", "Käse", 3.5, 4], [None, "  "]],
    "Notes": [[None, ""]],
    "Orders": [
        ["order_ref", "customer_email", "order_date", "sku", "quantity", "unit_price"],
        [1001, "jm@example.com", dt.date(2024, 4, 1), "BOM", 2.0, 1.125],
    ],
}


def test_the_sheets_of_a_workbook_are_imported(api: FakeApi, files: Path, run_import: RunImport) -> None:
    for path in files.iterdir():
        path.unlink()
    write_workbook(files / "shop.xlsx", SHEETS)
    result = run_import()
    assert result.exit_code == 0, result.output
    assert counts(result.stdout) == {"customers": (1, 0, 0), "products": (1, 0, 0), "orders": (1, 0, 0)}
    assert api.rows["customers"]["jm@example.com"]["createdAt"] == "2024-03-12"
    assert api.rows["products"]["BOM"] == {"sku": "BOM", "name": "Käse", "price": "3.5", "stock": 4}
    order = api.rows["orders"]["1001"]
    assert order["lines"] == [{"sku": "BOM", "quantity": 2, "unitPrice": "1.1250"}]


@pytest.mark.no_database
def test_lines_are_those_of_the_sheet(tmp_path: Path) -> None:
    write_workbook(tmp_path / "shop.xlsx", SHEETS)
    tables = read_xlsx(tmp_path / "shop.xlsx")
    assert [table.name for table in tables] == [f"shop.xlsx, sheet {name}" for name in ("Kunden", "Artikel", "Orders")]
    assert [row.line for row in tables[1].rows] == [3]


@pytest.mark.no_database
def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shop.xlsx"
    path.write_bytes(b"name,email\n")
    with pytest.raises(ImportFileError, match="cannot be read as an Excel workbook"):
        read_xlsx(path)
    write_workbook(path, {"Empty": [[None]]})
    with pytest.raises(ImportFileError, match="has no filled sheet"):
        read_xlsx(path)


@pytest.mark.no_database
def test_without_the_extra_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any, **named: Any) -> Any:
        if name == "python_calamine":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportFileError, match=r"pip install 'serverless-crm\[xlsx\]'"):
        read_xlsx(tmp_path / "shop.xlsx")


@pytest.mark.no_database
@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (3 * 19.99, "59.97"),
        (0.1 + 0.2, "0.3"),
        (1.125, "1.1250"),
        (4971128422.0, "4971128422"),
        (10**16 + 1, f"{10**16 + 1}"),
    ],
)
def test_a_number_has_the_digits_that_excel_shows(cell: float, text: str) -> None:
    assert cell_text(cell) == text


def test_sheets_beside_the_tables_are_named_and_left_out(files: Path, run_import: RunImport) -> None:
    for path in files.iterdir():
        path.unlink()
    write_workbook(files / "shop.xlsx", {**SHEETS, "Remarks": [["Figures of May"]], "Sums": [["Total", 3.5]]})
    result = run_import()
    assert result.exit_code == 0, result.output
    for name in ("Remarks", "Sums"):
        assert result.stderr.count(f"shop.xlsx, sheet {name} was left out: it is not recognised") == 1
    write_workbook(files / "shop.xlsx", {"Remarks": [["Figures of May"]]})
    refused = run_import()
    assert refused.exit_code == 2
    assert "shop.xlsx, sheet Remarks is not recognised" in refused.stderr


def test_merged_cells_count_for_all_rows_that_they_cover(api: FakeApi, files: Path, run_import: RunImport) -> None:
    for path in files.iterdir():
        path.unlink()
    header, first = SHEETS["Orders"]
    more = [None, None, None, "BOM", 1, 3.5]
    merged = {"Orders": ["A2:A3", "B2:B3", "C2:C3", "A4:F4", "A9:A12"]}
    sheets = {**SHEETS, "Orders": [header, first, more, ["Sums follow"]]}
    write_workbook(files / "shop.xlsx", sheets, merged)
    result = run_import()
    assert result.exit_code == 1, "the title over all columns is no order"
    assert [line["quantity"] for line in api.rows["orders"]["1001"]["lines"]] == [2, 1]

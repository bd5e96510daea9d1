"""The console's import reads files as crmctl does: the same table of files goes through both."""

import base64
import json
import shutil
import subprocess
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crmctl.import_rows import Converter
from crmctl.imports.file_error import ImportFileError
from crmctl.imports.loader import LoadedTable, ReadOptions, load_files
from crmctl.imports.workspace import StoredRow, Workspace
from crmctl.order_rows import OrderOptions
from crmctl.row_values import InvalidValue
from tests.browser import import_rules
from tests.conftest import ROOT
from tests.crmctl.import_cases import Case, cases

pytestmark = pytest.mark.no_database
CONSOLE = import_rules.FILE.parent
ENCODINGS = {"cp1252": "windows-1252"}


def test_the_console_has_the_presets_fields_and_mutations_of_crmctl() -> None:
    assert import_rules.FILE.read_text("utf-8") == import_rules.text(), "run python -m tests.browser.import_rules"


def read_in_node(given: Sequence[Case], directory: Path) -> list[dict[str, Any]]:
    if shutil.which("node") is None:
        pytest.skip("there is no node")
    for file in (*CONSOLE.glob("import_*"), ROOT / "tests" / "clients" / "read_import.mjs"):
        shutil.copy(file, directory)
    (directory / "package.json").write_text('{"type": "module"}')
    table = directory / "cases.json"
    content = [
        {
            "name": each.name,
            "data": base64.b64encode(each.data).decode(),
            "options": {**each.read, "formats": dict(each.formats), "orders": dict(each.orders)},
        }
        for each in given
    ]
    table.write_text(json.dumps(content), "utf-8")
    command = ["node", str(directory / "read_import.mjs"), str(directory), str(table)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def read_in_crmctl(case: Case, directory: Path) -> dict[str, Any]:
    path = directory / case.name
    path.write_bytes(case.data)
    options = ReadOptions(delimiter=case.read.get("delimiter"), formats=case.formats)
    try:
        with Workspace() as workspace:
            tables = load_files([path], options, workspace)
            (kind, table) = next((kind, each) for kind, each in tables.items() if not each.is_implied)
            return _reading(kind, table, case, workspace)
    except ImportFileError as error:
        return {"refused": str(error)}


def _reading(kind: str, table: LoadedTable, case: Case, workspace: Workspace) -> dict[str, Any]:
    chosen = OrderOptions(
        bool(case.orders.get("roundQuantities")),
        bool(case.orders.get("addRounding")) or table.mapping.rules.add_rounding,
        case.orders.get("walkIn", ""),
    )
    converter = Converter(table.formats, chosen)
    records: list[dict[str, Any]] = []
    rejects: list[list[Any]] = []
    for rows in _groups(kind, workspace):
        lines = [row.line for row in rows]
        try:
            made = converter.to_records(kind, rows)
        except InvalidValue as error:
            rejects.append([lines, error.code, [_cells(workspace, kind, line) for line in lines]])
            continue
        records += [
            {
                "input": each.input,
                "lines": list(each.lines),
                "warnings": len(each.warnings),
                "cents": each.cents,
                "stated": each.stated_cents,
            }
            for each in made
        ]
    mapping = table.mapping
    return {
        "form": table.form,
        "kind": kind,
        "preset": mapping.preset.name,
        "columns": list(table.columns),
        "mapped": [[name, each.text] for name, each in mapping.expressions.items()],
        "ignored": mapping.ignored,
        "skipped": mapping.skipped,
        "decimal": table.formats.numbers.decimal,
        "dates": table.formats.dates,
        "records": records,
        "rejects": rejects,
    }


def _groups(kind: str, workspace: Workspace) -> list[Sequence[StoredRow]]:
    rows = [row for row in workspace.all_rows(kind) if row.line > 0]
    groups: list[list[StoredRow]] = []
    for row in rows:
        reference = row.values.get("order_ref") if kind == "orders" else ""
        if groups and reference and groups[-1][0].values["order_ref"] == reference:
            groups[-1].append(row)
        else:
            groups.append([row])
    return list(groups)


def _cells(workspace: Workspace, kind: str, line: int) -> list[str]:
    ((cells,),) = workspace.query("SELECT cells FROM rows WHERE kind = ? AND line = ?", (kind, line))
    found: list[str] = json.loads(cells)
    return found


def comparable(reading: dict[str, Any]) -> dict[str, Any]:
    """Amounts are equal if their values are; the two say in their own words why a file is refused."""
    if "refused" in reading:
        return {"refused": True, "unexpected": reading.get("unexpected", False)}
    for record in reading["records"]:
        for each in record["input"].get("adjustments", ()):
            each["amount"] = str(Decimal(each["amount"]).quantize(Decimal("0.000001")))
    return {**reading, "columns": list(reading["columns"])}


def test_the_console_reads_every_file_as_crmctl_does(tmp_path: Path) -> None:
    given = list(cases())
    console = read_in_node(given, tmp_path)
    wrong = []
    for case, found in zip(given, console, strict=True):
        expected = read_in_crmctl(case, tmp_path)
        if comparable(found) != comparable(expected) | ({} if "refused" not in expected else {"unexpected": False}):
            wrong.append((case, found, expected))
    assert len(given) > 200
    assert sum("refused" not in found for found in console) > 150
    for case, found, expected in wrong[:12]:
        print(case, "\n  console:", found, "\n  crmctl: ", expected)
    assert [case.data[:200] for case, *_ in wrong] == []


def test_an_order_whose_rows_are_apart_is_refused_with_the_command(tmp_path: Path) -> None:
    head = "order_ref,customer_email,order_date,sku,quantity,unit_price\n"
    rows = "".join(f"{name},a@example.com,2026-01-02,S,1,3.33\n" for name in ("A", "B", "A"))
    (found,) = read_in_node([Case("orders.csv", (head + rows).encode())], tmp_path)
    assert "The rows of order A are not together: see line 4." in found["refused"]
    assert found["refused"].endswith("crmctl import orders.csv")

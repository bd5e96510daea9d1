"""Files as people have them: each folder is imported fully, or its rows are refused with the remedy."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crmctl.fake_api import FakeApi
from tests.crmctl.import_files import CUSTOMERS, RunImport, counts, rejected, write

TEXTS = {
    "customers": "name,email,phone,created_at\nJörg Müller,jm@example.com,+49 711 2842222,2024-03-12\n",
    "products": "sku,name,price,stock\nBOM,Käse,3.50,4\n",
    "orders": "order_ref,customer_email,order_date,sku,quantity,unit_price\nB-1,jm@example.com,2024-04-01,BOM,1,3.50\n",
}
FULL = {"customers": (1, 0, 0), "products": (1, 0, 0), "orders": (1, 0, 0)}


def german(text: str) -> bytes:
    return text.replace(",", ";").replace("3.50", "3,50").encode("cp1252")


def with_title_case(text: str) -> bytes:
    header, rest = text.split("\n", 1)
    return f"{header.title().replace('_', ' ')}\n{rest}".encode()


WAYS: dict[str, Callable[[str], bytes]] = {
    "mark and CRLF": lambda text: text.replace("\n", "\r\n").encode("utf-8-sig"),
    "CR only": lambda text: text.replace("\n", "\r").encode(),
    "an empty row of cells": lambda text: (text + "," * text.split("\n", 1)[0].count(",") + "\n\n").encode(),
    "no-break blanks": lambda text: text.replace("+49 ", "+49\u00a0").encode(),
    "semicolons and decimal comma in Windows-1252": german,
    "sep=": lambda text: f"sep=,\n{text}".encode(),
    "tabs in UTF-16": lambda text: text.replace(",", "\t").encode("utf-16"),
    "UTF-16 without mark": lambda text: text.encode("utf-16-be"),
    "a comma at the end of each row": lambda text: text.replace("\n", ",\n").encode(),
    "more columns": lambda text: text.replace("\n", ",x\n").replace(",x", ",colour", 1).encode(),
    "other cases of the columns": with_title_case,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_file_is_imported_however_it_is_written(api: FakeApi, files: Path, run_import: RunImport, way: str) -> None:
    for kind, text in TEXTS.items():
        (files / f"{kind}.csv").write_bytes(WAYS[way](text))
    result = run_import()
    assert result.exit_code == 0, result.output
    assert counts(result.stdout) == FULL
    (customer,) = api.rows["customers"].values()
    assert (customer["name"], customer["phone"]) == ("Jörg Müller", "+49 711 2842222")
    assert (api.rows["products"]["BOM"]["name"], api.rows["products"]["BOM"]["price"]) == ("Käse", "3.50")
    assert api.rows["orders"]["B-1"]["lines"] == [{"sku": "BOM", "quantity": 1, "unitPrice": "3.50"}]


def test_what_was_found_is_said(files: Path, run_import: RunImport) -> None:
    for kind, text in TEXTS.items():
        (files / f"{kind}.csv").write_bytes(german(text))
    write(files, customers=TEXTS["customers"].replace("\n", ",x\n").replace(",x", ",colour", 1))
    assert run_import().stderr.splitlines()[:3] == [
        "customers.csv: ignored columns: colour",
        "products.csv: products of crmctl (Windows-1252, semicolons, decimal comma)",
        "orders.csv: orders of crmctl (UTF-8, semicolons, decimal comma)",
    ]


@pytest.mark.parametrize("kind", ["customers", "products"])
def test_any_kind_is_imported_alone(api: FakeApi, files: Path, run_import: RunImport, kind: str) -> None:
    for path in files.iterdir():
        path.unlink()
    write(files, **{kind: TEXTS[kind]})
    result = run_import()
    assert result.exit_code == 0, result.output
    assert counts(result.stdout) == {kind: (1, 0, 0)}
    assert len(api.requests) == 2  # what the CRM counts in, and the rows


def test_orders_alone_are_imported_for_known_customers(files: Path, run_import: RunImport) -> None:
    run_import()
    for kind in ("customers", "products"):
        (files / f"{kind}.csv").unlink()
    assert counts(run_import().stdout) == {"orders": (0, 2, 0)}


def test_a_directory_without_tables_is_refused(files: Path, run_import: RunImport) -> None:
    for path in files.iterdir():
        path.rename(path.with_suffix(".bak"))
    result = run_import()
    assert result.exit_code == 2
    assert "has no file that ends in .csv" in result.stderr


def test_two_files_of_one_kind_are_refused(files: Path, run_import: RunImport) -> None:
    (files / "more.csv").write_text(CUSTOMERS)
    assert "customers.csv and more.csv both have customers. Import one after the other." in run_import().stderr


def test_phones_that_are_none_cost_no_customer_and_no_order(api: FakeApi, files: Path, run_import: RunImport) -> None:
    write(
        files,
        customers=TEXTS["customers"].replace("+49 711 2842222", "ask Anna"),
        orders=TEXTS["orders"].replace("BOM", "TEA"),
    )
    result = run_import()
    assert result.exit_code == 0, result.output
    assert api.rows["customers"]["jm@example.com"]["phone"] is None
    assert api.rows["customers"]["jm@example.com"]["phoneNote"] == "ask Anna"
    assert (
        Path("customers.warnings.csv").read_text()
        == "line,warning\n2,phone 'ask Anna' is not a phone number and is kept as a note\n"
    )
    write(files, customers=TEXTS["customers"])
    run_import()
    assert not Path("customers.warnings.csv").exists()


SHOPLIKE_ORDERS = """order_ref,customer_email,order_date,sku,quantity,unit_price
1001,jm@example.com,2026-09-03 10:14:00 -0400,TEA,2,16.00
1001,,,PEN,1,20.00
1002,jm@example.com,2026-09-03T10:14:00-04:00,TEA,1.5,16.00
1003,jm@example.com,03.04.2026,TEA,1,16.00
1004,jm@example.com,2026-09-03,TEA,1,$16.00
"""


def test_rows_that_cannot_be_read_are_refused_with_the_remedy(api: FakeApi, files: Path, run_import: RunImport) -> None:
    write(files, customers=TEXTS["customers"].replace("2024-03-12", ""), orders=SHOPLIKE_ORDERS)
    assert run_import().exit_code == 1
    assert [(line, code) for line, code, _ in rejected(Path("orders.rejected.csv"))] == [
        (4, "FRACTIONAL_QUANTITY"),
        (5, "AMBIGUOUS_DATE"),
        (6, "INVALID_NUMBER"),
    ]
    assert len(api.rows["orders"]["1001"]["lines"]) == 2
    done = run_import("--round-quantities", "--dates", "dmy", "--currency", "$")
    assert done.exit_code == 0, done.output
    assert api.rows["orders"]["1003"]["orderDate"] == "2026-04-03"


def test_quoted_line_breaks_and_stock_below_zero_are_taken(api: FakeApi, files: Path, run_import: RunImport) -> None:
    write(files, products='sku,name,price,stock\nTEA,"Green\r\ntea",4.50,-2\nPEN,Pen,1,1\n')
    assert run_import().exit_code == 0
    assert api.rows["products"]["TEA"]["name"] == "Green tea"
    assert api.rows["products"]["TEA"]["stock"] == 0
    assert "stock -2 is taken as 0" in Path("products.warnings.csv").read_text()


def test_what_the_user_says_comes_before_what_is_found(api: FakeApi, files: Path, run_import: RunImport) -> None:
    for path in files.iterdir():
        path.unlink()
    text = "sku|name|price|stock\nTEA|\u0427\u0430\u0439|EUR 1.234,50|1.000\n"
    (files / "products.csv").write_bytes(text.encode("cp1251"))
    assert run_import().exit_code == 2, "no western text"
    said = ("--encoding", "cp1251", "--delimiter", "bar", "--decimal", ",", "--thousands", "point", "--currency", "EUR")
    result = run_import(*said)
    assert result.exit_code == 0, result.output
    assert api.rows["products"]["TEA"] == {
        "sku": "TEA",
        "name": "\u0427\u0430\u0439",
        "price": "1234.50",
        "stock": 1000,
    }
    for wrong in (("--delimiter", "colon"), ("--thousands", "x"), ("--decimal", ";"), ("--dates", "ymd")):
        assert run_import(*wrong).exit_code == 2


def test_one_mark_for_both_is_refused(api: FakeApi, run_import: RunImport) -> None:
    result = run_import("--decimal", ",", "--thousands", "comma")
    assert result.exit_code == 2
    assert "',' cannot be both the decimal mark and the thousands separator." in result.stderr
    assert api.requests == []

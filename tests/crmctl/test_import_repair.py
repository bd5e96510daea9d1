"""Rejected rows: they keep their columns, name the cause, and are imported again after they were repaired."""

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner

from crmctl.cli import main
from tests.crmctl.api_server import ApiServer
from tests.crmctl.fake_api import FakeApi, responds
from tests.crmctl.import_files import CUSTOMERS, ORDERS, RunImport, counts, many_customers, write
from tests.crmctl.preset_samples import SAMPLES, Sample
from tests.crmctl.test_import_presets import put_sample


def rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_an_order_names_the_row_that_it_lacks(crm: ApiServer, files: Path) -> None:
    write(
        files,
        customers=CUSTOMERS.replace("bob@example.com", "bob"),
        products="sku,name,price\nTEA,Tea,0\nPEN,Pen,1\n",
        orders=ORDERS.replace("bob@example.com", "bob"),
    )
    assert crm.crmctl("import", str(files)).exit_code == 1
    found = [(row["line"], row["code"], row["because"]) for row in rows("orders.rejected.csv")]
    assert found == [
        (
            "2",
            "INVALID_PRODUCT_IDS",
            "Line 2 of the products was rejected: INVALID_PRICE, Price must be positive (price)",
        ),
        (
            "3",
            "INVALID_CUSTOMER_ID",
            "Line 3 of the customers was rejected: INVALID_EMAIL, Invalid email format. Use name@example.com (email)",
        ),
        (
            "4",
            "INVALID_PRODUCT_IDS",
            "Line 2 of the products was rejected: INVALID_PRICE, Price must be positive (price)",
        ),
    ]


@pytest.mark.parametrize("name", ["shopify", "stripe"])
def test_repaired_rows_of_any_system_are_imported_as_they_are(
    api: FakeApi, files: Path, run_import: RunImport, name: str
) -> None:
    put_sample(files, SAMPLES[name])
    orders = next(path for path in files.iterdir() if "orders" in path.name or "payments" in path.name)
    header, first, *rest = orders.read_text().splitlines()
    orders.write_text("\n".join([header, first.replace("2026", "soon"), *rest]) + "\n")
    assert run_import().exit_code == 1
    rejected = Path("orders.rejected.csv").read_text()
    assert rejected.startswith(f"{header},line,code,reason,because\n")

    for path in files.iterdir():
        path.unlink()
    (files / "orders.rejected.csv").write_text(rejected)
    assert "has no file" in run_import().stderr, "in a directory, files of rejects are left alone"
    (files / "orders.rejected.csv").rename(files / "repaired.csv")
    (files / "repaired.csv").write_text(rejected.replace("soon", "2026"))
    repaired = run_import()
    assert repaired.exit_code == 0, repaired.output
    assert counts(repaired.stdout)["orders"][1:] == (0, 0)
    assert set(api.rows["orders"]) == set(SAMPLES[name].orders or {})


def test_a_repaired_file_is_imported_by_its_name(api: FakeApi, files: Path, run_import: RunImport) -> None:
    write(files, customers=CUSTOMERS + "Carl,carl,,\nDora,dora,,\n")
    assert run_import().exit_code == 1
    repaired = Path("customers.rejected.csv")
    repaired.write_text(repaired.read_text().replace(",carl,", ",carl@example.com,"))
    again = CliRunner().invoke(main, ["import", str(repaired), "--url", api.url])
    assert counts(again.stdout) == {"customers": (1, 0, 1)}
    assert [row["name"] for row in rows("customers.rejected.csv")] == ["Dora"]
    repaired.write_text(repaired.read_text().replace(",dora,", ",dora@example.com,"))
    assert CliRunner().invoke(main, ["import", str(repaired), "--url", api.url]).exit_code == 0
    assert not repaired.exists(), "nothing is rejected any more"


@pytest.mark.usefixtures("files")
def test_only_newer_orders_are_imported(api: FakeApi, run_import: RunImport) -> None:
    result = run_import("--since", "2025-03-02")
    assert result.exit_code == 0
    assert set(api.rows["orders"]) == {"A-2"}
    assert "1 order is older than --since, and was left out." in result.stdout


def test_a_time_within_a_second_is_not_older_than_the_second(api: FakeApi, files: Path, run_import: RunImport) -> None:
    write(files, orders=ORDERS.replace("2025-03-02", "2025-03-02T00:00:00.5Z"))
    assert run_import("--since", "2025-03-02").exit_code == 0
    assert set(api.rows["orders"]) == {"A-2"}


def test_a_rejected_row_keeps_what_the_row_above_said(api: FakeApi, files: Path, run_import: RunImport) -> None:
    products = SAMPLES["shopify"].files["products_export_1.csv"].replace(",21.00,", ",soon,")
    put_sample(files, Sample({"products_export_1.csv": products}))
    assert run_import().exit_code == 1
    repaired = Path("products.rejected.csv")
    repaired.write_text(repaired.read_text().replace(",soon,", ",21.00,"))
    assert CliRunner().invoke(main, ["import", str(repaired), "--url", api.url]).exit_code == 0
    assert api.rows["products"]["TOTE-B"]["name"] == "Canvas Tote Blue"


def test_a_repaired_file_outlives_an_import_that_ends_early(api: FakeApi) -> None:
    repaired = Path("customers.rejected.csv")
    text = many_customers(101).replace("n0@example.com", "none")
    repaired.write_text(text)
    api.faults.extend([None, None, responds(404)])
    arguments = ["import", str(repaired), "--url", api.url, "--workers", "1"]
    ended = CliRunner().invoke(main, arguments)
    assert ended.exit_code == 2, ended.output
    assert "customers.rejected.csv stays as it is, because not all of its rows were sent." in ended.stderr
    assert repaired.read_text() == text
    assert CliRunner().invoke(main, arguments).exit_code == 1
    assert [row["name"] for row in rows("customers.rejected.csv")] == ["N0"]

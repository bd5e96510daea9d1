"""`crmctl import --dry-run` says what an import would do, writes nothing, and is right."""

import re
from pathlib import Path

from chalicelib.crm import counters, customers
from tests.crmctl.api_server import ApiServer
from tests.crmctl.fake_api import FakeApi
from tests.crmctl.import_files import CUSTOMERS, ORDERS, PRODUCTS, RunImport, write

NEW_ORDERS = "A-3,alice@example.com,2025-03-05,TEA,1,4.50\nA-4,ghost@example.com,2025-03-05,PEN,1,1\n"
GONE = "A-5,bob@example.com,2025-03-05,GONE,1,1\n"


def columns(output: str) -> dict[str, list[str]]:
    """Return {kind: cells} of the summary."""
    rows = re.findall(r"^(customers|products|orders)((?: +\d+)+)$", output, re.MULTILINE)
    return {kind: cells.split() for kind, cells in rows}


def test_a_dry_run_says_what_would_happen_and_the_import_does_it(crm: ApiServer, files: Path) -> None:
    assert crm.crmctl("import", str(files)).exit_code == 0
    write(
        files,
        customers=CUSTOMERS.replace("Alice,", "Alice Lee,") + "Carl,carl@example.com,,2025-02-01\nDora,dora,,\n",
        products=PRODUCTS + "NEW,New,1.00,1\nBAD,Free,0,1\nOLD,Old,1.000,1\n",
        orders=ORDERS + NEW_ORDERS + GONE,
    )
    before = counters.stats()
    dry = crm.crmctl("import", str(files), "--dry-run", "--update")

    assert dry.exit_code == 1, dry.output
    assert columns(dry.stdout) == {
        "customers": ["1", "1", "1", "0", "1"],
        "products": ["1", "2", "0", "0", "2"],
        "orders": ["1", "2", "0", "0", "2"],
    }
    assert "Line 2 of the customers would change: name Alice → Alice Lee" in dry.stdout
    assert "customers.csv line 5: INVALID_EMAIL, Invalid email format" in dry.stdout
    assert "orders.csv line 6: INVALID_CUSTOMER_ID, There is no customer 'ghost@example.com'" in dry.stdout
    assert "orders.csv line 7: INVALID_PRODUCT_IDS, There is no product 'GONE'" in dry.stdout
    assert "nothing was written" in dry.stdout
    assert counters.stats() == before
    assert not list(Path().glob("*.rejected.csv"))
    found = customers.find_by_email("alice@example.com")
    assert found is not None
    assert found.name == "Alice"

    done = crm.crmctl("import", str(files), "--update")
    assert columns(done.stdout) == columns(dry.stdout)


def test_a_dry_run_shows_the_mapping_and_ten_rows(api: FakeApi, files: Path, run_import: RunImport) -> None:
    rows = "".join(f"Ann,Lee {number},n{number}@example.com,blue\n" for number in range(12))
    for path in files.iterdir():
        path.unlink()
    (files / "people.csv").write_text(f"First,Last,E-mail address,Colour\n{rows}")
    result = run_import("--dry-run", "--map", "customers.name=First + Last", "--map", "customers.email=E-mail address")
    lines = result.stdout.splitlines()
    assert result.exit_code == 0, result.output
    assert lines[0] == "people.csv: customers of crmctl (UTF-8, commas)"
    assert [line.split(maxsplit=1) for line in lines[1:3]] == [["name", "First + Last"], ["email", "E-mail address"]]
    assert lines[3] == "people.csv: ignored columns: Colour"
    assert sum("Ann Lee" in line for line in lines) == 10
    assert not api.rows["customers"]
    assert not any("mutation" in body["query"] for body in api.requests)


def test_orders_are_shown_with_their_lines(files: Path, run_import: RunImport) -> None:
    shown = run_import("--dry-run").stdout
    assert "2 x TEA at 4.50; 3 x PEN at 1.00" in shown
    assert columns(shown)["orders"] == ["2", "0", "0", "0", "0"]
    write(
        files, orders="order_ref,customer_email,order_date,sku,quantity,unit_price\nA,alice@example.com,soon,TEA,1,1\n"
    )
    assert "No row can be imported." in run_import("--dry-run").stdout


def test_only_ten_refused_rows_are_named(files: Path, run_import: RunImport) -> None:
    write(files, customers="name,email\n" + "Ann,none\n" * 12)
    shown = run_import("--dry-run").stdout
    assert shown.count("INVALID_EMAIL") == 10
    assert "customers.csv: more rows would be rejected" in shown


def test_rows_that_exist_under_another_key_are_compared(files: Path, run_import: RunImport) -> None:
    run_import()
    write(files, products=PRODUCTS.replace("4.50", "5"))
    shown = run_import("--dry-run")
    assert shown.exit_code == 1
    assert columns(shown.stdout)["products"] == ["0", "1", "0", "1", "0"]
    assert "products.csv line 2 differs: price 4.50 → 5" in shown.stdout


def test_a_refund_is_not_taken_for_its_order(api: FakeApi, files: Path, run_import: RunImport) -> None:
    header, *rows = ORDERS.splitlines()
    write(files, orders="\n".join([f"{header},refund", f"{rows[0]},1.00", *(f"{row}," for row in rows[1:])]) + "\n")
    assert run_import().exit_code == 0
    assert {"A-1", "A-1-refund"} < api.rows["orders"].keys()
    shown = run_import("--dry-run")
    assert shown.exit_code == 0, shown.output
    assert columns(shown.stdout)["orders"] == ["0", "3", "0", "0", "0"]
    del api.rows["orders"]["A-1-refund"]
    assert columns(run_import("--dry-run").stdout)["orders"] == ["1", "2", "0", "0", "0"]

"""`crmctl import`, end to end against a fake API."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.crmctl.fake_api import FakeApi
from tests.crmctl.import_files import (
    CUSTOMERS,
    ORDERS,
    PRODUCTS,
    ROOT,
    RunImport,
    counts,
    many_customers,
    rejected,
    write,
)

SHARED = ROOT.parent / "shared" / "data"


def test_import_sends_customers_products_and_orders_with_all_lines(api: FakeApi, run_import: RunImport) -> None:
    result = run_import()

    assert result.exit_code == 0, result.output
    assert counts(result.stdout) == {"customers": (2, 0, 0), "products": (2, 0, 0), "orders": (2, 0, 0)}
    assert api.inputs("bulkCreateCustomers") == [
        [
            {
                "name": "Alice",
                "email": "alice@example.com",
                "phone": "+1 555 123 4567",
                "createdAt": "2025-01-31",
            },
            {"name": "Bob", "email": "bob@example.com", "phone": None, "createdAt": "2025-02-01T10:30:00Z"},
        ]
    ]
    assert api.inputs("bulkCreateProducts") == [
        [
            {"sku": "TEA", "name": "Tea", "price": "4.50", "stock": 12},
            {"sku": "PEN", "name": "Pen, blue", "price": "1.20"},
        ]
    ]
    assert api.rows["orders"]["A-1"] == {
        "reference": "A-1",
        "customerEmail": "alice@example.com",
        "orderDate": "2025-03-01",
        "lines": [
            {"sku": "TEA", "quantity": 2, "unitPrice": "4.50"},
            {"sku": "PEN", "quantity": 3, "unitPrice": "1.00"},
        ],
    }


def test_repeated_import_creates_no_duplicates(run_import: RunImport) -> None:
    run_import()
    result = run_import()

    assert result.exit_code == 0
    assert counts(result.stdout) == {"customers": (0, 2, 0), "products": (0, 2, 0), "orders": (0, 2, 0)}


def test_key_is_sent_as_bearer_token_and_never_from_netrc(
    api: FakeApi, run_import: RunImport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    run_import()
    run_import("--key", "crm_1_abc")
    monkeypatch.setenv("CRM_KEY", "crm_2_def")
    run_import()

    sent = [headers.get("Authorization") for headers in api.headers]
    assert sent == [None] * 4 + ["Bearer crm_1_abc"] * 4 + ["Bearer crm_2_def"] * 4


def test_proxy_from_environment_is_not_used_for_loopback(
    run_import: RunImport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert run_import().exit_code == 0


def test_rejected_rows_are_written_with_line_code_and_reason(files: Path, run_import: RunImport) -> None:
    write(files, customers=CUSTOMERS + 'Carl,"not an\naddress",,2025-01-01\n', products=PRODUCTS + "BAD,Free,0,1\n")
    result = run_import("--rejects", "out/deep")

    assert result.exit_code == 1
    assert counts(result.stdout) == {"customers": (2, 0, 1), "products": (2, 0, 1), "orders": (2, 0, 0)}
    assert rejected(Path("out/deep/customers.rejected.csv")) == [
        (4, "INVALID_EMAIL", "Invalid email format. Use name@example.com (email)")
    ]
    assert Path("out/deep/products.rejected.csv").read_text().splitlines() == [
        "sku,name,price,stock,line,code,reason,because",
        "BAD,Free,0,1,4,INVALID_PRICE,Price must be positive (price),",
    ]
    assert sorted(path.name for path in Path("out/deep").iterdir()) == [
        "customers.rejected.csv",
        "products.rejected.csv",
    ]


def test_old_rejects_are_removed_when_all_rows_are_accepted(files: Path, run_import: RunImport) -> None:
    write(files, products=PRODUCTS + "BAD,Free,0,1\n")
    assert run_import().exit_code == 1
    write(files, products=PRODUCTS + "BAD,Cheap,0.01,1\n")
    assert run_import().exit_code == 0
    assert not Path("products.rejected.csv").exists()


def test_invalid_numbers_and_dates_are_rejected_without_a_request(files: Path, run_import: RunImport) -> None:
    write(
        files,
        customers=CUSTOMERS
        + "Carl,carl@example.com,,31.31.2025\nDora,dora@example.com,,soon\nEve,eve@example.com,,0001-01-01T00:00+02:00\n",
        products=PRODUCTS + 'A,A,"1,50",1\nB,B,NaN,1\nC,C,1.00,many\nD,D,1.00,2147483648\nE,E,1.00,7.0\n,F,1.00,1\n',
    )
    assert run_import().exit_code == 1
    assert [code for _, code, _ in rejected(Path("customers.rejected.csv"))] == ["INVALID_DATE"] * 3
    reasons = rejected(Path("products.rejected.csv"))
    assert [(line, code) for line, code, _ in reasons] == [
        (4, "INVALID_NUMBER"),
        (5, "INVALID_NUMBER"),
        (6, "INVALID_NUMBER"),
        (7, "INVALID_NUMBER"),
        (9, "MISSING_SKU"),
    ]
    assert reasons[0][2] == (
        "price '1,50' is not a number; expected digits like 1234.50; set --decimal , or --thousands ,"
    )


def test_conflicting_duplicate_is_rejected_and_exact_copy_is_not(files: Path, run_import: RunImport) -> None:
    write(files, products=PRODUCTS + "TEA,Tea,4.50,12\nTEA,Green tea,5.50,12\n")
    assert run_import().exit_code == 1
    assert rejected(Path("products.rejected.csv")) == [
        (5, "DUPLICATE_IN_FILE", "To the CRM, this is the sku of line 2 (TEA), which has other values")
    ]


def test_one_invalid_line_rejects_the_whole_order(files: Path, run_import: RunImport) -> None:
    write(files, orders=ORDERS + "A-1,alice@example.com,2025-03-01,TEA,two,4.50\n,bob@example.com,2025-03-02,PEN,1,1\n")
    result = run_import()

    assert result.exit_code == 1
    assert counts(result.stdout)["orders"] == (1, 0, 2)
    assert [(line, code) for line, code, _ in rejected(Path("orders.rejected.csv"))] == [
        (2, "INVALID_NUMBER"),
        (4, "INVALID_NUMBER"),
        (5, "INVALID_NUMBER"),
        (6, "MISSING_REFERENCE"),
    ]


@pytest.mark.parametrize(
    ("line", "what"),
    [("A-1,bob@example.com,2025-03-01,TEA,1,1", "customer"), ("A-1,alice@example.com,2025-03-02,TEA,1,1", "date")],
)
def test_order_with_two_customers_or_dates_is_rejected(
    files: Path, run_import: RunImport, line: str, what: str
) -> None:
    write(files, orders=f"{ORDERS}{line}\n")
    assert run_import().exit_code == 1
    reason = f"Lines 2 and 5 have a different {what}"
    assert rejected(Path("orders.rejected.csv")) == [(n, "INCONSISTENT_ORDER", reason) for n in (2, 4, 5)]


def test_order_rejected_by_the_api_is_written_with_all_its_rows(files: Path, run_import: RunImport) -> None:
    write(files, orders=ORDERS.replace("alice@", "nobody@"))
    assert run_import().exit_code == 1
    assert [line for line, _, _ in rejected(Path("orders.rejected.csv"))] == [2, 4]


def test_requests_hold_100_rows_or_50_orders_or_1000_lines(api: FakeApi, files: Path, run_import: RunImport) -> None:
    header = ORDERS.splitlines()[0]
    big = [f"BIG-{n},alice@example.com,2025-03-01,TEA,1,1" for n in (1, 2) for _ in range(600)]
    huge = ["HUGE,alice@example.com,2025-03-01,TEA,1,1"] * 1001
    small = [f"S-{n},alice@example.com,2025-03-01,TEA,1,1" for n in range(51)]
    write(
        files,
        customers=CUSTOMERS + many_customers(199).split("\n", 1)[1],
        orders="\n".join([header, *big, *huge, *small]),
    )
    assert run_import("--workers", "1").exit_code == 0
    assert [len(rows) for rows in api.inputs("bulkCreateCustomers")] == [100, 100, 1]
    assert [len(orders) for orders in api.inputs("bulkCreateOrders")] == [1, 1, 1, 50, 1]


def test_concurrent_requests_match_the_number_of_workers(api: FakeApi, files: Path, run_import: RunImport) -> None:
    write(files, customers=CUSTOMERS + many_customers(600).split("\n", 1)[1])
    api.request_seconds = 0.03
    assert run_import("--workers", "3").exit_code == 0
    assert api.max_in_flight == 3


def test_nothing_is_sent_if_one_file_is_malformed(api: FakeApi, files: Path, run_import: RunImport) -> None:
    write(files, products="sku,name\n", orders=ORDERS + "A-3,alice@example.com\n")
    result = run_import()

    assert result.exit_code == 2
    assert "Nothing was imported." in result.stderr
    assert "orders.csv has rows with the wrong number of cells: line 5 has 2; the header has 6." in result.stderr
    assert "products.csv: no column for price. It has: sku, name. Say which column it is: --map" in result.stderr
    assert not api.requests


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("northwind", {"customers": (91, 0, 0), "products": (77, 0, 0), "orders": (830, 0, 0)}),
        ("chinook", {"customers": (59, 0, 0), "products": (3503, 0, 0), "orders": (412, 0, 0)}),
    ],
)
def test_real_company_data_is_imported_without_rejects(
    run_import: RunImport, files: Path, name: str, expected: dict[str, tuple[int, ...]]
) -> None:
    if not (SHARED / name).is_dir():
        pytest.skip(f"not beside this checkout: shared/data/{name}")
    for path in files.iterdir():
        path.unlink()
        path.symlink_to(SHARED / name / path.name)
    result = run_import()
    assert result.exit_code == 0
    assert counts(result.stdout) == expected


def test_file_without_sendable_rows_costs_no_request(api: FakeApi, files: Path, run_import: RunImport) -> None:
    write(files, products="sku,name,price,stock\nTEA,Tea,cheap,1\n")
    result = run_import()
    assert counts(result.stdout)["products"] == (0, 0, 1)
    assert not api.inputs("bulkCreateProducts")


def test_customers_without_a_recent_order_are_counted_with_the_day_of_the_clean_up(
    files: Path, run_import: RunImport
) -> None:
    today = datetime.now(UTC).date()
    rows = "".join(f"N{n},n{n}@example.com,,{day}\n" for n, day in enumerate(("1996-07-04", "1996-07-04", today)))
    order = f"R-1,N1@example.com,{today - timedelta(days=300)},TEA,1,1\n"
    write(files, customers="name,email,phone,created_at\n" + rows, orders=ORDERS.splitlines()[0] + "\n" + order)
    notice = "1 of 3 customers has had no order for a year. The clean-up will first consider this one on 2027-11-28."
    assert notice in run_import().stdout.splitlines()
    write(files, customers="name,email,phone,created_at\n" + rows.replace("1996-07-04", str(today)))
    assert "clean-up" not in run_import().stdout

"""Rows of one file that look alike: none is lost without a word, and none is booked to another."""

from pathlib import Path
from typing import Any

import pytest

from chalicelib.crm import counters, customers, products
from crmctl import importer
from crmctl.import_records import Record
from crmctl.imports.workspace import Workspace
from crmctl.tally import RowResult, Tally
from tests.crmctl.api_server import ApiServer
from tests.crmctl.fake_api import FakeApi
from tests.crmctl.import_files import RunImport, counts, rejected, write

CUSTOMERS = "name,email,phone,created_at\nAnn,ann@example.com,,2024-01-01\n"
PRODUCTS = """sku,name,price,stock
cs-cap,Cap small,16,3
CS-CAP,Cap LARGE,99,7
CS  TWO,Two,5,1
CS TWO,Two different,6,2
M²-1,Square,5,1
M2-1,Flat,6,2
"""
ORDERS = """order_ref,customer_email,order_date,sku,quantity,unit_price
ch_3OaBcX,ann@example.com,2024-04-01,cs-cap,1,5
ch_3OabcX,ann@example.com,2024-04-01,cs-cap,1,5
ch_3OaBcY,ann@example.com,2024-04-01,cs-cap,1,5
ch_3OabcY,ann@example.com,2024-04-01,cs-cap,2,5
ch_big,ann@example.com,2024-04-01,CS-CAP,1,99
"""


def imports(crm: ApiServer, files: Path, *options: str) -> Any:
    return crm.crmctl("import", str(files), *options)


def test_skus_that_are_one_to_the_crm_are_rejected_and_the_first_row_is_kept(crm: ApiServer, files: Path) -> None:
    write(files, customers=CUSTOMERS, products=PRODUCTS, orders=ORDERS)
    result = imports(crm, files)

    assert result.exit_code == 1
    assert counts(result.stdout)["products"] == (3, 0, 3)
    assert [(line, code) for line, code, _ in rejected(Path("products.rejected.csv"))] == [
        (3, "DUPLICATE_IN_FILE"),
        (5, "DUPLICATE_IN_FILE"),
        (7, "DUPLICATE_IN_FILE"),
    ]
    assert rejected(Path("products.rejected.csv"))[0][2].startswith("To the CRM, this is the sku of line 2 (cs-cap)")
    stored = products.find_all_by_sku(["cs-cap", "CS TWO", "M2-1"]).values()
    assert sorted((row.name, row.cents, row.stock) for row in stored) == [
        ("Cap small", 1600, 3),
        ("Square", 500, 1),
        ("Two", 500, 1),
    ]


def test_orders_are_told_apart_by_case_and_none_is_booked_to_another_product(crm: ApiServer, files: Path) -> None:
    write(files, customers=CUSTOMERS, products=PRODUCTS, orders=ORDERS)
    for created, existing in ((4, 0), (0, 4)):
        result = imports(crm, files)
        assert counts(result.stdout)["orders"] == (created, existing, 1)
        ((line, code, reason),) = rejected(Path("orders.rejected.csv"))
        assert (line, code) == (6, "AMBIGUOUS_SKU")
        assert "see lines 2 and 3 of the products" in reason
    assert (counters.stats().orders, counters.stats().cents) == (4, 2500)


def test_addresses_are_compared_by_the_api(crm: ApiServer, files: Path) -> None:
    rows = "Upper,ANN@example.com,,2024-01-01\nPlus,ann+shop@example.com,,2024-01-01\n"
    write(files, customers=CUSTOMERS + rows)
    imports(crm, files)
    assert [(line, code) for line, code, _ in rejected(Path("customers.rejected.csv"))] == [(3, "DUPLICATE_IN_FILE")]
    found = customers.find_all_by_email(["ann@example.com", "ann+shop@example.com"]).values()
    assert sorted(row.name for row in found) == ["Ann", "Plus"]


def test_a_row_is_accepted_if_the_first_of_its_key_is_not(crm: ApiServer, files: Path) -> None:
    write(files, customers=CUSTOMERS, products="sku,name,price,stock\nTEA,Tea,0,1\nTEA,Tea,2,1\n", orders=ORDERS)
    result = imports(crm, files)
    assert counts(result.stdout)["products"] == (1, 0, 1)
    assert [(line, code) for line, code, _ in rejected(Path("products.rejected.csv"))] == [(2, "INVALID_PRICE")]


@pytest.mark.usefixtures("files")
def test_look_alikes_never_run_at_the_same_time(
    api: FakeApi, files: Path, run_import: RunImport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        importer.KINDS,
        "products",
        importer.RowKind(**(_fields(importer.KINDS["products"]) | {"records_per_request": 2})),
    )
    skus = ["A", "B", "C", "D", "a", "b", "A", "B"]
    rows = "".join(f"{sku},Name {number},1,1\n" for number, sku in enumerate(skus))
    write(files, products=f"sku,name,price,stock\n{rows}")
    api.request_seconds = 0.05
    run_import("--workers", "4")
    sent = [[row["sku"] for row in batch] for batch in api.inputs("bulkCreateProducts")]
    assert sorted(sent[:2]) == [["A", "B"], ["C", "D"]]
    assert sent[2:] == [["a", "b"], ["A", "B"]]


def _fields(kind: importer.RowKind) -> dict[str, Any]:
    return {name: getattr(kind, name) for name in importer.RowKind.__slots__}


def test_the_row_that_the_api_created_is_kept_also_if_it_is_answered_last() -> None:
    with Workspace() as workspace:
        tally = Tally("products", workspace, lambda _: None)
        first, second = (Record({"sku": sku, "name": sku}, (line,), sku) for line, sku in ((2, "M2"), (3, "M²")))
        tally.add([RowResult(first, "prd_1"), RowResult(second, "prd_1", created=True)])
        assert (tally.created, tally.existing, tally.rejected) == (1, 0, 1)
        assert workspace.query("SELECT line, code FROM rejects") == [(2, "DUPLICATE_IN_FILE")]

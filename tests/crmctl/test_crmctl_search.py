"""`crmctl search` and `crmctl check-search-index`."""

import json

import click
import pytest
from click.testing import CliRunner

from chalicelib.crm import deleted_customers, imported_orders, products, search, search_index
from crmctl.cli import main
from tests.builders import a_customer, a_past_order, a_product
from tests.crmctl.api_server import ApiServer
from tests.crmctl.fake_api import FakeApi, responds


def test_customers_products_and_orders_are_one_table(crm: ApiServer) -> None:
    ann = a_customer("Ann Evans", "ann@example.com", phone="+49 30 123456")
    desk, old = a_product("Evans desk", sku="EV-1"), a_product("Evans lamp")
    order, _ = imported_orders.record(a_past_order(ann, (desk, 2, "1.50"), (old, 1, "1"), reference="Evans-7"))
    products.delete(old.id)
    lines = [line.split("  ") for line in crm.crmctl("search", "evans").stdout.splitlines()[2:]]
    found = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert found == [
        ["order", "Evans-7, Ann Evans", "2025-03-01, 4.00, placed", order.id],
        ["product", "Evans desk", "EV-1, 12.50, 5 in stock", desk.id],
        ["customer", "Ann Evans", "ann@example.com, +49 30 123456", ann.id],
    ]
    assert "Evans lamp" in crm.crmctl("search", old.id).stdout
    assert "archived" in crm.crmctl("search", old.id).stdout
    deleted_customers.delete(ann.id)
    assert "(deleted)" in crm.crmctl("search", "evans", "7").stdout


def test_kinds_limits_and_json(crm: ApiServer) -> None:
    rows = [a_customer("Ann Evans") for _ in range(25)]
    a_product("Ann's desk")
    shown = crm.crmctl("search", "ann", "evans", "--kind", "customer", "--limit", "22", "--json")
    assert [row["id"] for row in json.loads(shown.stdout)] == sorted(row.id for row in rows)[:22]
    assert shown.stderr == "There are more rows. Use --limit to show them.\n"
    assert crm.crmctl("search", "ann", "--kind", "order").stdout == "Nothing matches.\n"


def test_a_partial_search_says_so(crm: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MAX_INDEX_ROWS", 3)
    monkeypatch.setattr(search, "MAX_ROWS_BEFORE_CUSTOMERS", 1)
    for _ in range(4):
        a_customer("Ann Evans")
    shown = crm.crmctl("search", "ann", "--kind", "customer")
    assert len(shown.stdout.splitlines()) == 4
    assert shown.stderr == "More rows match than one search reads. Add a word, or choose a --kind.\n"


def test_the_index_is_completed(crm: ApiServer) -> None:
    ann = a_customer("Ann Evans", "ann@example.com")
    search_index.discard(ann)
    assert crm.crmctl("search", "evans").stdout == "Nothing matches.\n"
    assert crm.crmctl("check-search-index").stdout == ("Checked 3 rows. Missing index rows: 2. Left over: 0.\n")
    assert ann.id in crm.crmctl("search", "evans").stdout


def test_a_table_fits_80_columns_however_long_the_names_are(api: FakeApi) -> None:
    customer = {
        "__typename": "Customer", "id": "cus_" + "0" * 26, "name": "A very long name, " * 8, "email": "a@b.example", "phone": None,
    }  # fmt: skip
    page = {"edges": [{"node": customer}], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    api.faults.append(responds(200, json.dumps({"data": {"list": page}})))
    terminal = {"FORCE_COLOR": "1", "COLUMNS": "80"}
    result = CliRunner(env=terminal).invoke(main, ["search", "a", "--url", api.url])
    assert result.exit_code == 0, result.output
    assert max(len(click.unstyle(line)) for line in result.stdout.splitlines()) <= 80
    assert result.stdout.count(str(customer["id"])) == 1

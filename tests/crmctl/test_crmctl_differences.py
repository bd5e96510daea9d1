"""Importing again: rows that differ are named, and changed only on request."""

from pathlib import Path
from typing import Any

import pytest

from chalicelib.crm import customers, orders, products
from crmctl import import_command, import_updates
from tests.crmctl.api_server import ApiServer
from tests.crmctl.fake_api import FakeApi, refuses
from tests.crmctl.import_files import CUSTOMERS, PRODUCTS, RunImport, all_counts, rejected, write


@pytest.fixture
def imported(crm: ApiServer, files: Path) -> ApiServer:
    """The files are imported, and then changed: a name, a phone, a price and a stock."""
    assert crm.crmctl("import", str(files)).exit_code == 0
    changed = CUSTOMERS.replace("Alice,", "Alice Lee,").replace("bob@example.com,,", "bob@example.com,+1 555 000 1111,")
    write(files, customers=changed, products=PRODUCTS.replace("4.50,12", "5.00,50"))
    return crm


def found() -> dict[str, Any]:
    people = customers.find_all_by_email(["alice@example.com", "bob@example.com"])
    (tea,) = products.find_all_by_sku(["TEA"]).values()
    return {**{row.name: row.phone for row in people.values()}, "tea": (tea.cents, tea.stock)}


def test_rows_that_differ_are_listed_and_left_alone(imported: ApiServer, files: Path) -> None:
    before = found()
    result = imported.crmctl("import", str(files))

    assert result.exit_code == 1
    assert all_counts(result.stdout) == {
        "customers": (0, 0, 0, 2, 0),
        "products": (0, 1, 0, 1, 0),
        "orders": (0, 2, 0, 0, 0),
    }
    assert [line for line in result.stdout.splitlines() if "→" in line] == [
        "customers.csv line 2 differs: name Alice → Alice Lee",
        "customers.csv line 3 differs: phone (empty) → +1 555 000 1111",
        "products.csv line 2 differs: price 4.50 → 5.00",
    ]
    assert found() == before


def test_update_writes_the_differences_but_not_the_stock(imported: ApiServer, files: Path) -> None:
    result = imported.crmctl("import", str(files), "--update")
    assert result.exit_code == 0, result.output
    assert all_counts(result.stdout) == {
        "customers": (0, 0, 2, 0, 0),
        "products": (0, 1, 1, 0, 0),
        "orders": (0, 2, 0, 0, 0),
    }
    assert found() == {"Alice Lee": "+1 555 123 4567", "Bob": "+1 555 000 1111", "tea": (500, 12)}
    assert all_counts(imported.crmctl("import", str(files)).stdout)["customers"] == (0, 2, 0, 0, 0)


def test_set_stock_writes_only_the_stock(imported: ApiServer, files: Path) -> None:
    result = imported.crmctl("import", str(files), "--set-stock")
    assert result.exit_code == 1
    assert all_counts(result.stdout)["products"] == (0, 1, 0, 1, 0)
    assert "products.csv line 2 differs: price 4.50 → 5.00" in result.stdout
    assert found()["tea"] == (450, 50)


def test_set_stock_undoes_no_sale_that_comes_between(
    imported: ApiServer, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sell_and_send(*arguments: Any, **options: Any) -> None:
        (tea,) = products.find_all_by_sku(["TEA"]).values()
        if arguments[1] == "products":
            orders.place(customers.find_all_by_email(["bob@example.com"])["bob@example.com"].id, {tea.id: 3})
        import_updates.send_updates(*arguments, **options)

    monkeypatch.setattr(import_command, "send_updates", sell_and_send)
    result = imported.crmctl("import", str(files), "--set-stock", "--update")
    assert result.exit_code == 1
    assert rejected(Path("products.rejected.csv")) == [(2, "NOT_UPDATED", "The stock is 9, not 12")]
    assert found()["tea"] == (450, 9)


def test_an_update_overwrites_no_edit_that_comes_between(
    imported: ApiServer, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def edit_and_send(*arguments: Any, **options: Any) -> None:
        if arguments[1] == "customers":
            bob = customers.find_all_by_email(["bob@example.com"])["bob@example.com"]
            customers.update(bob.id, {"phone": "+1 555 000 2222"})
        import_updates.send_updates(*arguments, **options)

    monkeypatch.setattr(import_command, "send_updates", edit_and_send)
    assert imported.crmctl("import", str(files), "--update").exit_code == 1
    ((line, code, reason),) = rejected(Path("customers.rejected.csv"))
    assert (line, code) == (3, "NOT_UPDATED")
    assert reason.startswith(
        "Somebody has changed it since. It has now name Bob, email bob@example.com, phone +1 555 0"
    )
    assert (found()["Alice Lee"], found()["Bob"]) == ("+1 555 123 4567", "+1 555 000 2222")


def test_an_empty_cell_takes_nothing_away(crm: ApiServer, files: Path) -> None:
    crm.crmctl("import", str(files))
    write(files, customers=CUSTOMERS.replace("+1 555 123 4567", ""))
    result = crm.crmctl("import", str(files), "--update")
    assert result.exit_code == 0
    assert found()["Alice"] == "+1 555 123 4567"


def test_an_update_that_the_api_refuses_is_a_rejected_row(api: FakeApi, files: Path, run_import: RunImport) -> None:
    run_import()
    write(files, products=PRODUCTS.replace("4.50", "5.00"))
    api.faults.extend(
        [None, None, None, refuses("The product is archived", "INVALID_INPUT", data={"updateProduct": None})]
    )
    result = run_import("--update")
    assert result.exit_code == 1
    assert all_counts(result.stdout)["products"] == (0, 1, 0, 0, 1)
    assert rejected(Path("products.rejected.csv")) == [(2, "NOT_UPDATED", "The product is archived")]

"""The whole product: `chalice local`, real HTTP, and the imported books of a real company.

By default every twelfth order is imported, with all customers, and of a catalog of thousands only what was sold;
CRM_FULL_SIZE=1 imports all.
"""

import csv
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import DATA, ROOT
from tests.localdev.crm_server import Served
from tests.localdev.servers import Place

pytestmark = [
    pytest.mark.no_database,
    pytest.mark.skipif(not DATA.exists(), reason="not beside this checkout: the companies' books"),
]
STATS = "{ crmStats { customers orders revenue newCustomers } }"
LOW = "mutation { updateLowStockProducts { products { name stock } } }"
PREVIEW = "mutation ($name: String!, $cap: Int) { runJob(name: $name, cap: $cap, dryRun: true) { preview { summary lines more } } }"
ALFKI = '{ customer(email: "ALFKI@northwind.example") { id name orders { edges { node { totalAmount } } } } }'
BOOKS = {"northwind": (91, 830, Decimal("1354458.59")), "chinook": (59, 412, Decimal("2328.60"))}
"""Customers, orders, revenue."""
SHARE = 1 if os.environ.get("CRM_FULL_SIZE") else 12
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Start a server with Northwind's books. Jobs run only when a test starts them."""
    place = Place(tmp_path_factory.mktemp("served"), {"CRM_JOBS": "asked"})
    server = Served(place)
    try:
        load(server, "northwind")
        yield server
    finally:
        server.end()
        place.clear()


@pytest.fixture(scope="module")
def both(served: Served) -> Served:
    """Import Chinook's books, too."""
    load(served, "chinook")
    return served


def load(server: Served, books: str) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        for kind in ("customers", "products", "orders"):
            write(Path(scratch) / f"{kind}.csv", rows(books, kind))
        command = [sys.executable, "-m", "crmctl", "import", scratch, "--url", server.url]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def write(file: Path, content: Rows) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        written = csv.DictWriter(out, content[0])
        written.writeheader()
        written.writerows(content)


@cache
def rows(books: str, kind: str) -> Rows:
    """Return the rows that are imported."""
    found = all_rows(books, kind)
    if SHARE == 1 or kind == "customers":
        return found
    if kind == "orders":
        chosen = set(references(found)[::SHARE])
        return [row for row in found if row["order_ref"] in chosen]
    sold = {row["sku"] for row in rows(books, "orders")}
    return [row for row in found if row["sku"] in sold or row["stock"]]


def all_rows(books: str, kind: str) -> Rows:
    with (DATA / books / f"{kind}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def references(lines: Rows) -> list[str]:
    return list(dict.fromkeys(row["order_ref"] for row in lines))


def sums(customers: Rows, lines: Rows) -> tuple[int, int, Decimal]:
    return len(customers), len(references(lines)), revenue(lines)


def totals(*books: str) -> dict[str, object]:
    imported = [sums(rows(book, "customers"), rows(book, "orders")) for book in books]
    customers, orders, revenue = (sum(amounts) for amounts in zip(*imported, strict=True))
    return {"customers": customers, "orders": orders, "revenue": str(revenue), "newCustomers": customers}


@pytest.mark.parametrize("books", BOOKS)
def test_the_sums_of_whole_books_are_known(books: str) -> None:
    assert sums(all_rows(books, "customers"), all_rows(books, "orders")) == BOOKS[books]


def test_a_companys_books_are_imported_once_and_exact_to_the_cent(served: Served) -> None:
    assert served.ask(STATS) == {"crmStats": totals("northwind")}
    summary = load(served, "northwind")
    created, already_there, *_ = summary.split("orders")[1].split()
    assert (created, already_there) == ("0", str(len(references(rows("northwind", "orders")))))
    assert served.ask(STATS) == {"crmStats": totals("northwind")}

    year = served.ask('{ crmStats(from: "1997-01-01", to: "1997-12-31") { orders revenue } }')["crmStats"]
    lines = [row for row in rows("northwind", "orders") if row["order_date"].startswith("1997")]
    assert year == {"orders": len(references(lines)), "revenue": str(revenue(lines))}
    customer = served.ask(ALFKI)["customer"]
    assert customer["name"] == "Alfreds Futterkiste"
    own = [row for row in rows("northwind", "orders") if row["customer_email"] == "alfki@northwind.example"]
    assert len(customer["orders"]["edges"]) == len(references(own)) > 0


def test_low_stock_restocks_once_and_keeps_its_log_lines(served: Served) -> None:
    low = {row["name"]: int(row["stock"]) for row in rows("northwind", "products") if int(row["stock"]) < 10}
    preview = served.ask(PREVIEW, name="low_stock")["runJob"]["preview"]
    assert (len(low), len(preview["lines"])) == (12, 12)
    run = served.run("low_stock")
    told = [re.fullmatch(r"\[[\d/]+-[\d:]+\] Product: (.+), New Stock: (\d+)", line) for line in run["lines"]]
    assert {line[1]: int(line[2]) for line in told if line} == {name: stock + 10 for name, stock in low.items()}
    assert served.ask(LOW)["updateLowStockProducts"]["products"] == []
    assert served.run("low_stock")["lines"] == []


def test_the_report_matches_the_totals_of_the_books(served: Served) -> None:
    (line,) = served.run("weekly_report")["lines"]
    lines = rows("northwind", "orders")
    orders = len(references(lines))
    assert line.endswith(f" Report: 91 customers, {orders} orders, ${revenue(lines)} revenue")
    (report,) = served.ask("{ reports { edges { node { totals { customers orders revenue } } } } }")["reports"]["edges"]
    assert report["node"]["totals"] == {"customers": 91, "orders": orders, "revenue": str(revenue(lines))}


def test_a_second_companys_books_are_added(both: Served) -> None:
    assert both.ask(STATS) == {"crmStats": totals("northwind", "chinook")}


def test_the_cleanup_takes_nobody_who_was_just_imported(both: Served) -> None:
    """Their last orders are years old, but they are new in this system."""
    before = both.ask(STATS)
    preview = both.ask(PREVIEW, name="customer_cleanup")["runJob"]["preview"]
    assert preview["summary"] == "0 customers would be deleted"
    run = both.run("customer_cleanup")
    assert run["lines"][0].endswith(" Deleted 0 inactive customers")
    assert both.ask(STATS) == before


def test_a_deleted_customer_comes_back_with_everything_and_the_books_never_change(both: Served) -> None:
    before = both.ask(STATS)["crmStats"]
    alfki = both.ask(ALFKI)["customer"]
    both.ask("mutation ($id: ID!) { deleteCustomer(id: $id) { customer { id } } }", id=alfki["id"])
    after = both.ask(STATS)["crmStats"]
    assert (after["orders"], after["revenue"]) == (before["orders"], before["revenue"])
    assert after["customers"] == before["customers"] - 1
    assert both.ask(ALFKI) == {"customer": None}

    both.ask("mutation ($id: ID!) { restoreCustomer(id: $id) { customer { id } } }", id=alfki["id"])
    assert both.ask(ALFKI)["customer"] == alfki


def revenue(lines: list[dict[str, str]]) -> Decimal:
    return sum((int(row["quantity"]) * Decimal(row["unit_price"]) for row in lines), Decimal(0))

"""Customers whose e-mail address changes in the source system between two imports stay one customer."""

import re
import sqlite3
from pathlib import Path

import pytest

from chalicelib.crm import counters, customer_references, customers, orders
from tests.crmctl.api_server import ApiServer
from tests.crmctl.django_crm import write_database
from tests.crmctl.import_files import all_counts, write

REFERENCE = "django:customer:7"


@pytest.fixture
def moved(crm: ApiServer, tmp_path: Path) -> Path:
    """A Django CRM that was imported; then Ann's address changed, and she ordered something."""
    path = tmp_path / "db.sqlite3"
    write_database(path)
    assert crm.crmctl("import", str(path)).exit_code == 0
    with sqlite3.connect(path) as database:
        database.execute("UPDATE crm_customer SET email = 'new@example.com' WHERE id = 7")
        database.execute("INSERT INTO crm_order VALUES (30, '2025-03-09 08:00:00', 1.10, 7)")
        database.execute("INSERT INTO crm_order_products (order_id, product_id) VALUES (30, 4)")
    database.close()
    return path


def ann() -> customers.Customer:
    found = customer_references.find(REFERENCE)
    assert found is not None
    return found


def test_another_address_is_a_difference_and_no_second_customer(crm: ApiServer, moved: Path) -> None:
    said = {}
    for options in (("--dry-run",), ()):
        result = crm.crmctl("import", str(moved), *options)
        assert result.exit_code == 1, result.output
        assert all_counts(result.stdout) == {
            "customers": (0, 1, 0, 1, 0),
            "products": (0, 2, 0, 0, 0),
            "orders": (1, 3, 0, 0, 0),
        }
        said[options] = re.findall(r"line 1 differs: .*", result.stdout)
    assert said[()] == said["--dry-run",] == ["line 1 differs: email ann@example.com → new@example.com"]
    assert counters.stats().customers == 2
    assert ann().email == "ann@example.com"
    assert ann().orders == 2


def test_update_changes_the_address(crm: ApiServer, moved: Path) -> None:
    dry = crm.crmctl("import", str(moved), "--update", "--dry-run")
    assert "would change: email ann@example.com → new@example.com" in dry.stdout
    result = crm.crmctl("import", str(moved), "--update")
    assert result.exit_code == 0, result.output
    assert all_counts(result.stdout)["customers"] == all_counts(dry.stdout)["customers"] == (0, 1, 1, 0, 0)
    assert all_counts(result.stdout)["orders"] == all_counts(dry.stdout)["orders"] == (1, 3, 0, 0, 0)
    assert (ann().email, ann().orders, counters.stats().customers) == ("new@example.com", 2, 2)
    again = crm.crmctl("import", str(moved))
    assert again.exit_code == 0, again.output
    assert (orders.find("x"), ann().orders) == (None, 2)


def test_an_address_that_somebody_else_has_is_refused_and_the_orders_are_booked(crm: ApiServer, moved: Path) -> None:
    customers.create("Eve", "new@example.com")
    result = crm.crmctl("import", str(moved), "--update")
    assert result.exit_code == 1
    assert all_counts(result.stdout)["customers"] == (0, 1, 0, 0, 1)
    assert "NOT_UPDATED,Email already exists" in Path("customers.rejected.csv").read_text()
    assert (ann().email, ann().orders) == ("ann@example.com", 2)


def test_two_customers_of_a_file_may_swap_their_addresses(crm: ApiServer, files: Path) -> None:
    for name in ("products.csv", "orders.csv"):
        (files / name).unlink()
    text = "name,email,reference\nAnn,a@example.com,s:1\nBob,b@example.com,s:2\n"
    write(files, customers=text)
    assert crm.crmctl("import", str(files)).exit_code == 0
    write(files, customers=text.replace("s:1", "s:3").replace("s:2", "s:1").replace("s:3", "s:2"))
    result = crm.crmctl("import", str(files))
    assert all_counts(result.stdout)["customers"] == (0, 0, 0, 2, 0), result.output
    assert counters.stats().customers == 2

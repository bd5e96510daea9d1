"""A customer who was deleted and is imported again keeps the old orders."""

from pathlib import Path

from chalicelib.crm import customers, deleted_customers
from tests.crmctl.api_server import ApiServer
from tests.crmctl.import_files import counts


def test_an_import_restores_a_deleted_customer_and_says_so(crm: ApiServer, files: Path) -> None:
    assert crm.crmctl("import", str(files)).exit_code == 0
    alice = customers.find_by_email("alice@example.com")
    assert alice is not None
    deleted_customers.delete(alice.id)
    result = crm.crmctl("import", str(files))
    assert result.exit_code == 0, result.output
    assert counts(result.stdout) == {"customers": (0, 2, 0), "products": (0, 2, 0), "orders": (0, 2, 0)}
    assert "1 customer had been deleted, and is restored with all orders." in result.stdout
    found = customers.find_by_email("alice@example.com")
    assert found is not None
    assert (found.id, found.orders) == (alice.id, 1)

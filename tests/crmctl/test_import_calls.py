"""What an import costs the database: the calls for each order are counted."""

from pathlib import Path

from tests.crmctl.api_server import ApiServer
from tests.crmctl.import_files import CUSTOMERS, PRODUCTS, counts, write
from tests.metering import metered

ORDERS = 200
MAX_CALLS = 1.3
HEADER = "order_ref,customer_email,order_date,sku,quantity,unit_price,total,refund\n"


def rows(refund: str = "") -> str:
    return "".join(
        f"R-{number},alice@example.com,2025-03-01T10:00:00Z,TEA,2,4.50,9.00,{refund}\n" for number in range(ORDERS)
    )


def calls_of_orders(crm: ApiServer, files: Path, orders: str) -> float:
    """Return the calls for each order or refund that is created."""
    write(files, orders=HEADER + orders)
    for name in ("customers.csv", "products.csv"):
        (files / name).unlink(missing_ok=True)
    with metered() as meter:
        result = crm.crmctl("import", str(files))
    assert result.exit_code == 0, result.output
    created, _, _ = counts(result.stdout)["orders"]
    assert created == ORDERS
    return meter.total_calls / created


def test_an_order_takes_little_more_than_a_call_and_so_does_its_refund(crm: ApiServer, files: Path) -> None:
    write(files, customers=CUSTOMERS, products=PRODUCTS, orders=HEADER + rows().splitlines()[0] + "\n")
    (files / "orders.csv").unlink()
    assert crm.crmctl("import", str(files)).exit_code == 0
    assert calls_of_orders(crm, files, rows()) <= MAX_CALLS
    assert calls_of_orders(crm, files, rows("1.00")) <= MAX_CALLS, "although the orders are looked at once more"

"""Orders as shops export them: gifts, returns, two prices of a product, and lines booked minutes apart."""

from pathlib import Path

import pytest

from chalicelib.crm import counters
from tests.crmctl.api_server import ApiServer
from tests.crmctl.fake_api import FakeApi
from tests.crmctl.import_files import RunImport, counts, rejected, write

HEADER = "order_ref,customer_email,order_date,sku,quantity,unit_price\n"


def test_gifts_and_returns_are_imported_and_the_total_is_the_shops(crm: ApiServer, files: Path) -> None:
    write(
        files,
        products="sku,name,price,stock\nMUG,Mug,16.00,5\nFREE,Sticker,0.01,5\n",
        orders=HEADER
        + "G-1,alice@example.com,2024-03-31,MUG,2,16.00\nG-1,alice@example.com,2024-03-31,FREE,1,0.00\n"
        + "G-2,alice@example.com,2024-03-31,MUG,3,16.00\nG-2,alice@example.com,2024-03-31,MUG,1,0.00\n"
        + "G-3,alice@example.com,2024-04-02,MUG,-1,16.00\n",
    )
    for expected in ((3, 0, 0), (0, 3, 0)):
        result = crm.crmctl("import", str(files))
        assert result.exit_code == 0, result.output
        assert counts(result.stdout)["orders"] == expected
    assert (counters.stats().orders, counters.stats().cents) == (3, 6400)


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (["2024-04-01T10:05:00Z", "2024-04-01T10:00:00Z", "2024-04-01T10:00:00.5Z"], "2024-04-01T10:00:00Z"),
        (["2024-04-01T10:00:00.250Z", "2024-04-01T10:00:01Z"], "2024-04-01T10:00:00.250000Z"),
        (["2024-04-01T00:30:00+01:00", "2024-04-01T01:30:00+01:00"], "2024-03-31T23:30:00Z"),
        (["2024-04-01", "2024-04-01T09:00:00"], "2024-04-01"),
    ],
)
def test_the_earliest_time_of_a_day_counts(
    api: FakeApi, files: Path, run_import: RunImport, dates: list[str], expected: str
) -> None:
    write(files, orders=HEADER + "".join(f"T-1,alice@example.com,{date},TEA,1,1\n" for date in dates))
    assert run_import().exit_code == 0
    assert api.rows["orders"]["T-1"]["orderDate"] == expected


def test_two_days_are_two_orders(files: Path, run_import: RunImport) -> None:
    days = ("2024-04-01T23:59:00Z", "2024-04-02T00:01:00Z")
    write(files, orders=HEADER + "".join(f"T-1,alice@example.com,{date},TEA,1,1\n" for date in days))
    assert run_import().exit_code == 1
    assert [code for _, code, _ in rejected(Path("orders.rejected.csv"))] == ["INCONSISTENT_ORDER"] * 2

"""Books that add up: adjustments, refunds, walk-in customers, and the totals of the file."""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib.crm import counters
from crmctl.order_amounts import add_up
from tests.crmctl.api_server import ApiServer
from tests.crmctl.fake_api import FakeApi, Handler, responds
from tests.crmctl.import_files import RunImport, counts, rejected, write

HEADER = "order_ref,customer_email,order_date,sku,quantity,unit_price,total,discount,shipping,tax,refund,refund_date\n"
SHOP = """S-1,alice@example.com,2024-05-01,TEA,2,16.00,56.29,5.00,6.00,3.29,10.00,2024-05-09
S-1,,,PEN,1,20.00,,,,,,
S-2,alice@example.com,2024-05-02,TEA,1,10.00,10.00,0,0,1.60,,
S-3,alice@example.com,2024-05-03,TEA,1,9.00,9.00,-1.00,,,,
"""


def warnings() -> str:
    return Path("orders.warnings.csv").read_text()


def test_totals_are_those_of_the_shop_and_refunds_count_on_their_day(crm: ApiServer, files: Path) -> None:
    write(files, orders=HEADER + SHOP)
    for created, existing in ((4, 0), (0, 4)):
        result = crm.crmctl("import", str(files))
        assert result.exit_code == 0, result.output
        assert counts(result.stdout)["orders"] == (created, existing, 0)
        assert "3 orders and 1 refund, 65.29 here, 65.29 in the file" in result.stdout
    assert counters.stats().cents == 6529
    days = [counters.stats(day, day).cents for day in (_day(1), _day(2), _day(3), _day(9))]
    assert days == [5629, 1000, 900, -1000]


def _day(number: int) -> date:

    return date(2024, 5, number)


def test_a_total_that_differs_is_named_and_may_be_rounded(api: FakeApi, files: Path, run_import: RunImport) -> None:
    write(files, orders=HEADER + "S-1,alice@example.com,2024-05-01,TEA,3,3.33,10.00,,,,,\n")
    result = run_import()
    assert result.exit_code == 0
    assert "1 order, 9.99 here, 10.00 in the file" in result.stdout
    assert '2,"total 10.00 in the file, but its lines and adjustments are 9.99"' in warnings()
    api.rows["orders"].clear()
    assert "1 order, 10.00 here, 10.00 in the file" in run_import("--add-rounding").stdout
    assert api.rows["orders"]["S-1"]["adjustments"] == [{"kind": "ROUNDING", "amount": "0.01"}]


def test_rounded_quantities_keep_the_amount(api: FakeApi, files: Path, run_import: RunImport) -> None:
    write(files, orders=HEADER + "S-1,alice@example.com,2024-05-01,TEA,1.5,16.00,24.00,,,,,\n")
    result = run_import("--round-quantities")
    assert "1 order, 24.00 here, 24.00 in the file" in result.stdout
    order = api.rows["orders"]["S-1"]
    assert order["lines"] == [{"sku": "TEA", "quantity": 2, "unitPrice": "16.00"}]
    assert order["adjustments"] == [{"kind": "ROUNDING", "amount": "-8.00"}]


def test_orders_without_an_address_are_booked_to_a_walk_in_customer(
    api: FakeApi, files: Path, run_import: RunImport
) -> None:
    write(files, orders=HEADER + "P-1,,2024-05-01,TEA,1,4.00,4.00,,,,,\nP-2,,2024-05-01,TEA,1,4.00,4.00,,,,,\n")
    assert run_import().exit_code == 1
    assert [code for _, code, _ in rejected(Path("orders.rejected.csv"))] == ["MISSING_CUSTOMER"] * 2
    for _ in range(2):
        result = run_import("--walk-in", "walkin@example.com")
        assert result.exit_code == 0, result.output
    assert api.rows["customers"]["walkin@example.com"]["name"] == "Walk-in"
    assert "is not an e-mail address" in run_import("--walk-in", "counter").stderr
    api.rows["customers"]["walkin@example.com"]["name"] = "Counter"
    assert run_import("--walk-in", "walkin@example.com").exit_code == 0, "the name that was given later counts"
    (files / "customers.csv").unlink()
    assert counts(run_import("--walk-in", "walkin@example.com").stdout)["customers"] == (0, 1, 0)


def test_a_refund_alone_is_an_order_without_lines(api: FakeApi, files: Path, run_import: RunImport) -> None:
    write(files, orders=HEADER + "CN-1,alice@example.com,2024-05-01,,,,,,,,12.50,\n")
    result = run_import()
    assert result.exit_code == 0, result.output
    assert "0 orders and 1 refund, -12.50 here, -12.50 by the lines of the file" in result.stdout
    (order,) = api.rows["orders"].values()
    assert (order["lines"], order["adjustments"]) == ([], [{"kind": "REFUND", "amount": "-12.50"}])


def test_an_order_with_only_a_total_counts_beside_its_refund(api: FakeApi, files: Path, run_import: RunImport) -> None:
    write(files, orders=HEADER + "T-1,alice@example.com,2024-05-01,,,,40.00,,,,12.50,\n")
    assert "1 order and 1 refund, 27.50 here, 27.50 in the file" in run_import("--add-rounding").stdout
    assert api.rows["orders"]["T-1"]["adjustments"] == [{"kind": "ROUNDING", "amount": "40.00"}]


def test_orders_that_cannot_be_read_are_counted(files: Path, run_import: RunImport) -> None:
    lines = "S-1,alice@example.com,2024-05-01,TEA,many,1,9.00,,,,,\nS-2,alice@example.com,2024-05-01,,1,1,9.00,,,,,\n"
    write(files, orders=HEADER + lines)
    assert "0 orders, 0.00 here, 0.00 by the lines of the file, without 2 that cannot be read" in run_import().stdout
    assert [code for _, code, _ in rejected(Path("orders.rejected.csv"))] == ["INVALID_NUMBER", "MISSING_SKU"]


def test_orders_that_are_refused_are_missing_here(files: Path, run_import: RunImport) -> None:
    write(files, orders=HEADER + SHOP.replace("S-2,alice@", "S-2,nobody@"))
    assert "2 orders and 1 refund, 55.29 here, 65.29 in the file" in run_import().stdout


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_a_refund_is_refused_with_its_order_and_booked_with_it(
    crm: ApiServer, files: Path, options: tuple[str, ...]
) -> None:
    write(files, orders=HEADER + SHOP.replace("S-1,alice@", "S-1,nobody@"))
    result = crm.crmctl("import", str(files), *options)
    assert result.exit_code == 1
    assert counts(result.stdout)["orders"] == (2, 0, 2), "the order and its refund"
    if options:
        assert "Its refund S-1-refund was not booked, because line 2 was rejected" in result.stdout
        return
    assert counters.stats().cents == 1900
    with Path("orders.rejected.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["line"], row["code"], row["because"]) for row in rows] == [
        (line, "INVALID_CUSTOMER_ID", "Its refund S-1-refund was not booked, because line 2 was rejected")
        for line in ("2", "3")
    ]
    repaired = Path("repaired.csv")
    repaired.write_text(Path("orders.rejected.csv").read_text().replace("nobody@", "alice@"))
    for created, existing in ((2, 0), (0, 2)):
        again = crm.crmctl("import", str(repaired))
        assert counts(again.stdout)["orders"] == (created, existing, 0), again.output
        assert counters.stats().cents == 6529


def test_an_import_that_ends_before_the_refunds_books_each_once_when_it_is_repeated(
    api: FakeApi, files: Path, run_import: RunImport
) -> None:
    write(files, orders=HEADER + SHOP)

    def ends_at_refunds(handler: Handler) -> bool:
        api.faults.appendleft(ends_at_refunds)
        is_refund = "REFUND" in str(handler.body["variables"])
        return is_refund and responds(404)(handler)

    api.faults.append(ends_at_refunds)
    ended = run_import()
    assert ended.exit_code == 2
    assert set(api.rows["orders"]) == {"S-1", "S-2", "S-3"}
    api.faults.clear()
    again = run_import()
    assert again.exit_code == 0, again.output
    assert counts(again.stdout)["orders"] == (1, 3, 0)
    assert "S-1-refund" in api.rows["orders"]


LINES = [{"quantity": 2, "unitPrice": "10.00"}]


@pytest.mark.no_database
@pytest.mark.parametrize(
    ("given", "kinds", "total"),
    [
        ({"discount": "3", "shipping": "4", "tax": "2", "total": "23"}, "DISCOUNT SHIPPING TAX", "23"),
        ({"discount": "3", "shipping": "4", "tax": "2", "total": "21"}, "DISCOUNT SHIPPING", "21"),
        ({"discount": "3", "shipping": "4", "tax": "2", "total": "26"}, "SHIPPING TAX", "26"),
        ({"discount": "3", "shipping": "4", "tax": "2", "total": "24"}, "SHIPPING", "24"),
        ({"discount": "3", "tax": "2", "total": "99"}, "DISCOUNT TAX", "19"),
        ({"discount": "3", "tax": "2"}, "DISCOUNT TAX", "19"),
        ({"discount": "-3"}, "DISCOUNT", "17"),
        ({"rounding": "0.01", "total": "20.01"}, "ROUNDING", "20.01"),
        ({"shipping": "0", "total": "20.00"}, "", "20"),
    ],
)
def test_the_total_shows_what_the_prices_contain(given: dict[str, str], kinds: str, total: str) -> None:
    amounts = {name: Decimal(text) for name, text in given.items()}
    found = add_up(LINES, amounts, rounding=Decimal(0), adds_rounding=False)
    assert " ".join(each["kind"] for each in found.adjustments) == kinds
    assert found.total == Decimal(total)
    assert found.agrees is (given.get("total") in {None, total} or Decimal(given["total"]) == found.total)

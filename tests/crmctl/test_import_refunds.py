"""Orders of WooCommerce whose lines lack the refunded pieces: they are imported, the money is exact, and later refunds are, too."""

from pathlib import Path

import pytest

from chalicelib.crm import counters, imported_orders
from tests.crmctl.api_server import ApiServer
from tests.crmctl.import_files import CUSTOMERS, PRODUCTS, counts, write

NET = "Order Number,Order Status,Order Date,Email (Billing),SKU,Item Name,Quantity (- Refund),Item Cost,Order Refund Amount,Order Total Amount"
GROSS = NET.replace("Quantity (- Refund)", "Quantity,Quantity (- Refund)")


def line(sku: str, quantity: str, price: str, refund: str, total: str = "17.00") -> str:
    return f"7,Completed,2025-03-01 10:00,alice@example.com,{sku},{sku},{quantity},{price},{refund},{total}\n"


@pytest.fixture
def shop(files: Path) -> Path:
    write(files, customers=CUSTOMERS, products=PRODUCTS)
    (files / "orders.csv").unlink()
    return files


def imported(crm: ApiServer, shop: Path, header: str, *lines: str, options: tuple[str, ...] = ()) -> str:
    (shop / "orders-export.csv").write_text(f"{header}\n{''.join(lines)}")
    result = crm.crmctl("import", str(shop), *options)
    assert result.exit_code == 0, result.output + "".join(path.read_text() for path in Path().glob("orders.*.csv"))
    return result.stdout


def lines_of(reference: str) -> list[tuple[int, int]]:
    found = imported_orders.find_by_reference(reference)
    assert found is not None
    return [(each.quantity, each.cents) for each in found.lines]


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_a_line_without_pieces_costs_no_order(crm: ApiServer, shop: Path, options: tuple[str, ...]) -> None:
    shown = imported(
        crm, shop, NET, line("TEA", "0", "6.00", "12.00"), line("PEN", "5", "1.00", "12.00"), options=options
    )
    assert "1 order and 1 refund, 5.00 here, 5.00 in the file" in shown
    assert counts(shown)["orders"] == (2, 0, 0)
    if options:
        return
    assert lines_of("7") == [(5, 100)]
    assert counters.stats().cents == 500
    assert "12.00 of the total is kept as an adjustment" in Path("orders.warnings.csv").read_text()


def test_an_order_that_is_refunded_in_full_is_one_with_its_refund(crm: ApiServer, shop: Path) -> None:
    for created, existing in ((2, 0), (0, 2)):
        shown = imported(crm, shop, NET, line("TEA", "0", "6.00", "12.00", "12.00"))
        assert counts(shown)["orders"] == (created, existing, 0)
        assert "1 order and 1 refund, 0.00 here, 0.00 in the file" in shown
    assert counters.stats().cents == 0
    assert lines_of("7") == []


def test_a_later_refund_does_not_conflict(crm: ApiServer, shop: Path) -> None:
    imported(crm, shop, NET, line("TEA", "2", "6.00", "0"), line("PEN", "5", "1.00", "0"))
    after = (line("TEA", "1", "6.00", "6.00"), line("PEN", "5", "1.00", "6.00"))
    dry = imported(crm, shop, NET, *after, options=("--dry-run",))
    for number in range(2):
        shown = imported(crm, shop, NET, *after)
        assert counts(shown)["orders"] == ((0, 2, 0) if number else (1, 1, 0))
        assert number or counts(dry)["orders"] == counts(shown)["orders"]
    assert counters.stats().cents == 1100
    assert lines_of("7") == [(2, 600), (5, 100)], "as it was placed"


def test_an_order_with_another_total_still_conflicts(crm: ApiServer, shop: Path) -> None:
    imported(crm, shop, NET, line("TEA", "2", "6.00", "0", "12.00"))
    (shop / "orders-export.csv").write_text(f"{NET}\n{line('TEA', '3', '6.00', '0', '18.00')}")
    for options in ((), ("--dry-run",)):
        result = crm.crmctl("import", str(shop), *options)
        assert result.exit_code == 1
        assert counts(result.stdout)["orders"] == (0, 0, 1)
    assert "REFERENCE_CONFLICT, The order exists already, with other content (reference)" in result.stdout
    assert "REFERENCE_CONFLICT" in Path("orders.rejected.csv").read_text()


def test_the_original_quantity_comes_first(crm: ApiServer, shop: Path) -> None:
    before, after = (line("TEA", f"2,{left}", "6.00", refund, "12.00") for left, refund in (("2", "0"), ("0", "12.00")))
    imported(crm, shop, GROSS, before)
    shown = imported(crm, shop, GROSS, after)
    assert counts(shown)["orders"] == (1, 1, 0)
    assert lines_of("7") == [(2, 600)]
    assert counters.stats().cents == 0


def test_a_total_without_refunds_is_completed(crm: ApiServer, shop: Path) -> None:
    header = NET.replace("Order Total Amount", "Order Total Amount (- Refund)")
    shown = imported(crm, shop, header, line("TEA", "1", "6.00", "6.00", "6.00"))
    assert "1 order and 1 refund, 6.00 here, 6.00 in the file" in shown
    assert counters.stats().cents == 600


def refunded(amount: str) -> str:
    return line("TEA", "2", "6.00", amount, "12.00")


def refunds_of(reference: str) -> list[int]:
    names = [f"{reference}-refund", *(f"{reference}-refund-{number}" for number in range(2, 5))]
    return [found.cents for name in names if (found := imported_orders.find_by_reference(name))]


def test_what_a_refund_has_grown_by_is_booked_once(crm: ApiServer, shop: Path) -> None:
    gross = NET.replace("Quantity (- Refund)", "Quantity")
    for amount, parts in (("2.00", [-200]), ("5.50", [-200, -350]), ("12.00", [-200, -350, -650])):
        dry = imported(crm, shop, gross, refunded(amount), options=("--dry-run",))
        shown = imported(crm, shop, gross, refunded(amount))
        assert refunds_of("7") == parts
        assert counts(dry)["orders"] == counts(shown)["orders"]
        again = imported(crm, shop, gross, refunded(amount))
        assert counts(again)["orders"] == (0, 2, 0)
        assert refunds_of("7") == parts
        left = f"{12 - float(amount):.2f}"
        assert f"1 order and 1 refund, {left} here, {left} in the file" in again
    assert counters.stats().cents == 0


def test_a_refund_that_has_become_smaller_is_refused_with_what_to_do(crm: ApiServer, shop: Path) -> None:
    gross = NET.replace("Quantity (- Refund)", "Quantity")
    imported(crm, shop, gross, refunded("5.00"))
    (shop / "orders-export.csv").write_text(f"{gross}\n{refunded('4.00')}")
    for options in ((), ("--dry-run",)):
        result = crm.crmctl("import", str(shop), *options)
        assert counts(result.stdout)["orders"] == (0, 1, 1)
        said = result.stdout if options else Path("orders.rejected.csv").read_text()
        assert "what is booked as its refund is more than the file says" in " ".join(said.split())
    assert refunds_of("7") == [-500]

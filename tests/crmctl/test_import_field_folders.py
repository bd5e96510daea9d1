"""Every folder of the field report is imported fully, or refuses rows that are named, with the remedy.

The folders are read where they are, beside the project, and are not part of it.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.crmctl.api_server import ApiServer
from tests.crmctl.import_files import counts

FIELD = ROOT.parent / "shared" / "field"
pytestmark = pytest.mark.skipif(not FIELD.is_dir(), reason="not beside this checkout: the field report")
Counts = tuple[int, int, int]
ONE = (1, 0, 0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """(created, already there, rejected) of each kind, and what is rejected."""

    customers: Counts = ONE
    products: Counts | None = ONE
    orders: Counts | None = ONE
    rejected: Sequence[str] = ()
    """Kind, line, code, and a part of the reason with the remedy."""
    total: str = ""
    """What the summary says of the orders."""
    remedies: Sequence[str] = ()
    """Options with which some of the rejected rows are taken, too."""
    left: Sequence[str] = ()
    """Kind and line of the rows that are still rejected then."""


FOLDERS = {
    **{name: Outcome() for name in ("bomcrlf", "cr", "emptyrow", "nbsp", "semi", "sep", "tab", "trail")},
    "onlyc": Outcome(products=None, orders=None),
    "case": Outcome(
        (5, 0, 2),
        (3, 0, 3),
        (0, 0, 5),
        [
            "customers 6 DUPLICATE_IN_FILE this is the email of line 2",
            "customers 8 DUPLICATE_IN_FILE this is the email of line 7",
            "products 3 DUPLICATE_IN_FILE this is the sku of line 2",
            "products 5 DUPLICATE_IN_FILE this is the sku of line 4",
            "products 7 DUPLICATE_IN_FILE this is the sku of line 6",
            *(f"orders {line} AMBIGUOUS_SKU see lines 4 and 5 of the products" for line in (2, 3, 4, 5)),
            "orders 6 AMBIGUOUS_SKU see lines 2 and 3 of the products",
        ],
    ),
    "gift": Outcome(
        ONE,
        (2, 0, 0),
        (3, 0, 1),
        ["orders 7 MISSING_CUSTOMER use --walk-in"],
        "3 orders, 64.00 here",
        ["--walk-in", "till@example.com"],
    ),
    "shopify": Outcome(
        (2, 0, 0),
        ONE,
        (0, 0, 1),
        [f"orders {line} INVALID_PRODUCT_IDS no product 'TOTE-1' (sku); use --create-missing" for line in (2, 3)],
        "0 orders, 0.00 here, 56.29 in the file",
        ["--create-missing"],
    ),
    "shopify2": Outcome(
        (7, 0, 1),
        (4, 0, 8),
        (5, 0, 5),
        [
            "customers 5 INVALID_EMAIL Use name@example.com",
            "products 4 MISSING_SKU a repeated import would create the product again",
            "products 5 INVALID_PRICE Price must be positive",
            "products 6 INVALID_NUMBER set --decimal ,",
            "products 7 INVALID_NUMBER set --thousands and --decimal",
            "products 8 INVALID_NUMBER set --currency '$'",
            "products 11 DUPLICATE_IN_FILE this is the sku of line 10",
            "products 12 INVALID_NUMBER price (empty) is not a number",
            "products 13 INVALID_NUMBER write 1 or 1995, or set --decimal",
            "orders 6 INVALID_INPUT Quantity cannot be 0",
            "orders 8 MISSING_SKU every line needs a product",
            "orders 9 MISSING_CUSTOMER use --walk-in",
            "orders 11 FRACTIONAL_QUANTITY use --round-quantities",
            "orders 14 INVALID_PRODUCT_IDS use --create-missing",
        ],
        "5 orders, 97.00 here",
        ["--walk-in", "till@example.com", "--round-quantities", "--create-missing", "--currency", "$"],
        ["customers 5", *(f"products {line}" for line in (4, 5, 6, 7, 11, 12, 13)), "orders 6", "orders 8"],
    ),
    "thou": Outcome(
        ONE,
        (0, 0, 2),
        (0, 0, 1),
        [
            "products 2 INVALID_NUMBER write 1 or 1000, or set --decimal",
            "products 3 INVALID_NUMBER write 12 or 12500, or set --decimal",
            "orders 2 INVALID_NUMBER write 1 or 1000, or set --decimal",
        ],
        remedies=["--decimal", "."],
    ),
}


def rejected(directory: Path) -> list[tuple[str, str]]:
    """Return (kind and line, code and reason) of each row, in the order in which the kinds are imported."""
    found = []
    for kind in ("customers", "products", "orders"):
        path = directory / f"{kind}.rejected.csv"
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                found += [(f"{kind} {row['line']}", f"{row['code']} {row['reason']}") for row in csv.DictReader(file)]
    return found


def test_every_folder_is_in_the_table() -> None:
    assert {path.name for path in FIELD.iterdir() if path.is_dir()} == FOLDERS.keys()


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_is_imported_or_refuses_rows_with_the_remedy(crm: ApiServer, tmp_path: Path, name: str) -> None:
    wanted = FOLDERS[name]
    words = ["import", str(FIELD / name), "--rejects", str(tmp_path)]
    result = crm.crmctl(*words)
    assert result.exit_code == (1 if wanted.rejected else 0), result.output
    found = counts(result.stdout)
    assert [found.get(kind) for kind in ("customers", "products", "orders")] == [
        wanted.customers,
        wanted.products,
        wanted.orders,
    ]
    assert wanted.total in result.stdout
    rows = rejected(tmp_path)
    assert [place for place, _ in rows] == [" ".join(each.split()[:2]) for each in wanted.rejected]
    for (place, text), each in zip(rows, wanted.rejected, strict=True):
        _, _, code, remedy = each.split(" ", 3)
        assert text.startswith(code), place
        assert remedy in text, place
    if wanted.remedies:
        again = crm.crmctl(*words, *wanted.remedies)
        assert [place for place, _ in rejected(tmp_path)] == [*wanted.left], again.output

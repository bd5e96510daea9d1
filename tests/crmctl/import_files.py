"""Three small CSV files, the command that imports them, and functions that read its output."""

import csv
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from tests.crmctl.fake_api import FakeApi

ROOT = Path(__file__).parents[2]

CUSTOMERS = """name,email,phone,created_at
Alice,alice@example.com,+1 555 123 4567,2025-01-31
Bob,bob@example.com,,2025-02-01T12:30:00+02:00
"""
PRODUCTS = """sku,name,price,stock
TEA,Tea,4.50,12
PEN,"Pen, blue",1.20,
"""
ORDERS = """order_ref,customer_email,order_date,sku,quantity,unit_price
A-1,alice@example.com,2025-03-01,TEA,2,4.50
A-2,bob@example.com,2025-03-02,PEN,1,1.20
A-1,alice@example.com,2025-03-01,PEN,3,1.00
"""

RunImport = Callable[..., Result]


def write(directory: Path, **texts: str) -> None:
    """Write each text to the file of its kind."""
    for kind, text in texts.items():
        (directory / f"{kind}.csv").write_text(text, encoding="utf-8")


def counts(output: str) -> dict[str, tuple[int, ...]]:
    """Return {kind: (created, already there, rejected)}."""
    return {
        kind: (created, existing, rejects) for kind, (created, existing, _, _, rejects) in all_counts(output).items()
    }


def all_counts(output: str) -> dict[str, tuple[int, ...]]:
    """Return {kind: (created, already there, updated, differs, rejected)}."""
    rows = re.findall(r"(customers|products|orders)" + r" +(\d+)" * 5, output)
    return {kind: tuple(int(number) for number in numbers) for kind, *numbers in rows}


def rejected(path: Path) -> list[tuple[int, str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [(int(row["line"]), row["code"], row["reason"]) for row in csv.DictReader(file)]


def many_customers(count: int) -> str:
    return "name,email,phone,created_at\n" + "".join(f"N{n},n{n}@example.com,,2025-01-01\n" for n in range(count))


def command(api: FakeApi, files: Path, *options: str) -> list[str]:
    os.environ.pop("FORCE_COLOR", None)
    return [sys.executable, "-W", "error", "-m", "crmctl", "import", str(files), "--url", api.url, *options]

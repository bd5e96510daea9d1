"""The product as it is used: `chalice local`, real HTTP, a real company's books imported and asked for again."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import DATA, ROOT
from tests.localdev.servers import Place, free_port, wait_for

pytestmark = [
    pytest.mark.no_database,
    pytest.mark.skipif(not DATA.exists(), reason="the companies' books are not beside this checkout"),
]
STATS = "{ crmStats { customers orders revenue newCustomers } }"
BOOKS = {"northwind": (91, 830, Decimal("1354458.59")), "chinook": (59, 412, Decimal("2328.60"))}
"""Customers, orders, revenue."""


class Served:
    """The checkout under `chalice local`, with a cache of its own and no demo data."""

    def __init__(self, place: Place) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/graphql"
        self._place = place
        self._log = place.root / "served.log"
        with self._log.open("wb") as log:
            chalice = str(Path(sys.executable).with_name("chalice"))
            self.process = subprocess.Popen(
                [chalice, "local", "--no-autoreload", "--port", str(port)],
                cwd=ROOT,
                env=place.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_for(self._is_up, "the server")

    def _is_up(self) -> bool | None:
        assert self.process.poll() is None, self._log.read_text()
        try:
            return self.ask("{ hello }") == {"hello": "Hello, GraphQL!"}
        except requests.ConnectionError:
            return None

    def ask(self, document: str, **variables: object) -> dict[str, Any]:
        body = {"query": document, "variables": variables}
        answer = requests.post(self.url, json=body, timeout=120).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    def load(self, books: str) -> str:
        command = [sys.executable, "-m", "crmctl", "import", str(DATA / books), "--url", self.url]
        result = subprocess.run(
            command, cwd=ROOT, env=self._place.environment(), capture_output=True, text=True, check=False, timeout=300
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def end(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    place = Place(tmp_path_factory.mktemp("served"))
    server = Served(place)
    try:
        yield server
    finally:
        server.end()
        place.clear()


def totals(*books: str) -> dict[str, object]:
    customers, orders, revenue = (sum(amounts) for amounts in zip(*(BOOKS[book] for book in books), strict=True))
    return {"customers": customers, "orders": orders, "revenue": str(revenue), "newCustomers": customers}


def test_a_companys_books_come_back_to_the_cent_and_once(served: Served) -> None:
    served.load("northwind")
    assert served.ask(STATS) == {"crmStats": totals("northwind")}
    summary = served.load("northwind")
    assert summary.split("orders")[1].split()[1:6:2] == ["0", "830", "0"]
    assert served.ask(STATS) == {"crmStats": totals("northwind")}

    restocked = served.ask("mutation { updateLowStockProducts { products { name stock } } }")
    assert len(restocked["updateLowStockProducts"]["products"]) == 12
    again = served.ask("mutation { updateLowStockProducts { products { name stock } } }")
    assert again["updateLowStockProducts"]["products"] == []

    served.load("chinook")
    assert served.ask(STATS) == {"crmStats": totals("northwind", "chinook")}

    year = served.ask('{ crmStats(from: "1997-01-01", to: "1997-12-31") { orders revenue } }')["crmStats"]
    assert year == books_of_1997()
    customer = served.ask('{ customer(email: "ALFKI@northwind.example") { name orders { edges { node { id } } } } }')
    assert customer["customer"]["name"] == "Alfreds Futterkiste"
    assert len(customer["customer"]["orders"]["edges"]) == 6


def books_of_1997() -> dict[str, object]:
    lines = [line.split(",") for line in (DATA / "northwind" / "orders.csv").read_text("utf-8").splitlines()[1:]]
    lines = [line for line in lines if line[2].startswith("1997")]
    revenue = sum((int(line[4]) * Decimal(line[5]) for line in lines), Decimal(0))
    return {"orders": len({line[0] for line in lines}), "revenue": str(revenue)}

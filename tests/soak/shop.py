"""The shop of the soak: the customers and products that all clerks share."""

import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.soak.client import Client
from tests.soak.journal import Journal

CUSTOMERS, PRODUCTS, STOCK = 160, 60, 150
ROWS = 20
"""Of each request that imports."""
FIRST_NAMES = [
    "Ann",
    "Ben",
    "Carla",
    "Dilan",
    "Eva",
    "Femi",
    "Grace",
    "Hugo",
    "Ines",
    "Jan",
    "Kim",
    "Lena",
    "Marek",
    "Nora",
    "Omar",
    "Pia",
    "Quinn",
    "Rosa",
    "Sven",
    "Tara",
]
LAST_NAMES = [
    "Adler",
    "Brown",
    "Cruz",
    "Dubois",
    "Evans",
    "Fischer",
    "García",
    "Haddad",
    "Ito",
    "Jensen",
    "Kowalski",
    "Lee",
    "Müller",
    "Novák",
    "Okoye",
]
THINGS = ["Lamp", "Chair", "Desk", "Shelf", "Rug", "Clock", "Mirror", "Vase", "Stool", "Bench"]
CUSTOMERS_DOCUMENT = """mutation ($rows: [BulkCreateCustomersInput]!) { bulkCreateCustomers(input: $rows) {
  results { id created error { code } customer { id name email createdAt } } } }"""
PRODUCTS_DOCUMENT = """mutation ($rows: [CreateProductInput]!) { bulkCreateProducts(input: $rows) {
  results { id created error { code } product { id sku stock } } } }"""


@dataclass(frozen=True)
class SharedCustomer:
    id: str
    email: str


@dataclass
class Shop:
    """The lists only grow, so all threads may read and extend them."""

    customers: list[SharedCustomer] = field(default_factory=list)
    products: list[str] = field(default_factory=list)
    skus: list[str] = field(default_factory=list)

    def open(self, client: Client, journal: Journal, *, customers: int = CUSTOMERS, products: int = PRODUCTS) -> None:
        dice = random.Random(0)
        people = [a_customer(dice, f"shop{number}") for number in range(customers)]
        for start in range(0, customers, ROWS):
            self.import_customers(client, journal, people[start : start + ROWS])
        things = [a_product(dice, f"shop{number}") for number in range(products)]
        for start in range(0, products, ROWS):
            self.import_products(client, journal, things[start : start + ROWS])

    def import_customers(self, client: Client, journal: Journal, rows: list[dict[str, Any]]) -> None:
        data = client.change("import customers", CUSTOMERS_DOCUMENT, rows=rows)
        for result in rows_of(client, data, "bulkCreateCustomers"):
            journal.add_customer(result["customer"])
            self.customers.append(SharedCustomer(result["id"], result["customer"]["email"]))

    def import_products(self, client: Client, journal: Journal, rows: list[dict[str, Any]]) -> None:
        data = client.change("import products", PRODUCTS_DOCUMENT, rows=rows)
        for result in rows_of(client, data, "bulkCreateProducts"):
            journal.stock[result["id"]] += result["product"]["stock"]
            self.products.append(result["id"])
            self.skus.append(result["product"]["sku"])


def rows_of(
    client: Client, data: dict[str, Any] | None, mutation: str, expected: frozenset[str] = frozenset()
) -> list[dict[str, Any]]:
    """Return the results without an error. Errors other than those expected are recorded."""
    results: list[dict[str, Any]] = data[mutation]["results"] if data else []
    for result in results:
        code = result["error"] and result["error"]["code"]
        if code in expected:
            client.codes[f"a row of {mutation}: {code}"] += 1
        elif code:
            client.faults.append(f"a row of {mutation}: {result}")
    return [result for result in results if not result["error"]]


def a_customer(dice: random.Random, mark: str) -> dict[str, Any]:
    name = f"{dice.choice(FIRST_NAMES)} {dice.choice(LAST_NAMES)}"
    return {"name": name, "email": f"{mark}@soak.example", "phone": f"+49 30 {dice.randrange(10**6, 10**7)}"}


def a_product(dice: random.Random, mark: str) -> dict[str, Any]:
    name, price = f"{dice.choice(THINGS)} {mark}", Decimal(dice.randrange(100, 20_000)) / 100
    return {"name": name, "sku": f"SOAK-{mark}", "price": str(price), "stock": STOCK}

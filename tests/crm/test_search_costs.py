"""What a search costs: the same in a company of any size. CRM_FULL_SIZE=1 gives the larger one 200,000 customers."""

import json
from collections.abc import Iterator
from dataclasses import astuple, fields
from functools import lru_cache
from itertools import islice, product
from typing import TypeAlias

import pytest

from benchmarks.metering import Usage, metered
from benchmarks.rows import IS_FULL
from chalicelib.crm import customers, orders, products, search, search_index
from chalicelib.store import read_budget, reads, tables
from chalicelib.store.read_budget import ReadBudget
from tests.conftest import in_memory
from tests.faults.memory import Memory

pytestmark = pytest.mark.no_database
SMALL, LARGE = 1000, 200_000 if IS_FULL else 8000
FIRST_NAMES = ("Ann", "Maria", "José", "Łukasz", "Дмитрий", "Jean-Luc", "Fatima", "Olga", "Wei", "Kim")
LAST_NAMES = tuple(
    f"{start}{end}" for start in ("Ev", "Garc", "Now", "Sm", "Lind") for end in ("ans", "ia", "ak", "ith", "berg")
)
TEXTS = {
    "a name": "jean nowak",
    "a whole name and the beginning of a number": "ann evans 030 1000",
    "a letter": "a",
    "a common name": "ann",
    "an e-mail address": "somebody700@example.com",
    "a number": "030 10",
    "a number that may be a word": "+49 (0)30 1",
    "a reference": "INV-000",
    "an SKU": "SKU-00000070",
    "nothing": "xyzzy",
}


Row: TypeAlias = customers.Customer | products.Product | orders.Order


def company(size: int) -> Iterator[Row]:
    """Customers, with a product and an imported order for each ten."""
    names = (f"{first} {last}" for _ in range(size) for first, last in product(FIRST_NAMES, LAST_NAMES))
    for number, name in enumerate(islice(names, size)):
        key = f"{number:026d}"
        yield customers.Customer(
            id=f"cus_{key}", name=name, email=f"somebody{number}@example.com", phone=f"+49 30 {10**6 + number}",
            created_at="2026-01-01", last_order=None, orders=0, token=key,
            updated_at="2026-01-01",
        )  # fmt: skip
        if number % 10 == 0:
            yield products.Product(
                id=f"prd_{key}", sku=f"SKU-{number:08d}", name=f"{name} desk", cents=1, stock=1, archived_at=None, sold=0,
                token=key, updated_at="2026-01-01",
            )  # fmt: skip
            line = (orders.OrderLine(f"prd_{key}", "desk", 1, 1),)
            yield orders.new_order(f"ord_{key}", f"cus_{key}", "2026-01-01", line, f"INV-{number:08d}")


def stored(row: Row) -> tuple[str, reads.Item]:
    """Return the table and the item of a row, without what only lists need."""
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    texts = {name: value for name, value in values.items() if isinstance(value, str)}
    numbers = {name: str(int(value)) for name, value in values.items() if isinstance(value, int)}
    item = {name: {"S": text} for name, text in texts.items()} | {name: {"N": text} for name, text in numbers.items()}
    table = {"cus": tables.Customer, "prd": tables.Product, "ord": tables.Order}[row.id[:3]]
    if isinstance(row, orders.Order):
        item["lines"] = {"S": json.dumps([astuple(line)[:4] for line in row.lines])}
    return reads.table_name(table), item


@lru_cache(maxsize=1)
def filled(size: int) -> Memory:
    memory, index = Memory(), reads.table_name(tables.AuxRow)
    for row in company(size):
        for name, item in [(index, item) for item in search_index.items_of(row)] + [stored(row)]:
            memory.answer("PutItem", {"TableName": name, "Item": item})
    return memory


def costs(size: int) -> dict[str, tuple[Usage, int, bool]]:
    """Return what each search uses, how many rows its first page has, and whether it is partial."""
    found = {}
    with in_memory(filled(size)):
        for name, typed in TEXTS.items():
            budget = ReadBudget(rows=10**6, calls=10**6)
            with metered() as usage, read_budget.spend(budget):
                page = search.find(typed, search_index.KINDS)
            found[name] = usage, len(page.edges), budget.is_partial
    return found


def test_a_first_page_takes_6_calls_and_30_read_units_at_any_size() -> None:
    large, small = costs(LARGE), costs(SMALL)  # the next test needs the small one again
    for name in TEXTS:
        print(f"{name}: {small[name]} {large[name]}")
        for usage, _, _ in (small[name], large[name]):
            assert usage.calls <= 6, name
            assert usage.read_units <= 30, name
            assert usage.scans == 0, name
    assert [name for name, (_, hits, _) in large.items() if not hits] == ["nothing"]
    assert (large["a letter"][1:], large["an e-mail address"][1:]) == ((20, True), (1, False))


def test_the_longest_word_is_read_so_a_common_one_beside_it_costs_nothing() -> None:
    with in_memory(filled(SMALL)), metered() as usage:
        page = search.find("z somebody77", search_index.KINDS)
    assert page.edges == []
    assert usage.read_units < 5

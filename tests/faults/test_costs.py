"""What a run costs depends on what it changes, not on how many rows there are.

The larger company has 5,000 rows of each kind; CRM_FULL_SIZE=1 gives it 100,000, which takes minutes to load.
"""

import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice

import pytest
from pynamodb.models import Model

from chalicelib.api.schema import execute
from chalicelib.crm import counters, customers, database, ids, moments, orders, products, tables
from chalicelib.crm.transaction import Transaction
from chalicelib.jobs import catalog, runs, slots
from chalicelib.jobs.runner import Runner
from tests.builders import time_is
from tests.faults.company import SLOTS
from tests.metering import Meter, metered

pytestmark = pytest.mark.ministack

FULL = bool(os.environ.get("CRM_FULL_SIZE"))
SMALL, LARGE = 1000, 100_000 if FULL else 5000
AFFECTED = 40
JOBS = (catalog.CUSTOMER_CLEANUP, catalog.ORDER_REMINDERS, catalog.LOW_STOCK)
NOW = SLOTS[catalog.CUSTOMER_CLEANUP]


def _id(kind: str, number: int) -> str:
    return f"{kind}_{number:026d}"


def _product(number: int) -> products.Product:
    stock = 3 if number < AFFECTED else 50
    return products.Product(_id(ids.PRODUCT, number), None, f"Product {number}", 1250, stock, None, 0, "t")


def _customer(number: int) -> customers.Customer:
    created = NOW - timedelta(days=400 if number < AFFECTED else 30)
    email = f"somebody{number}@example.com"
    return customers.Customer(
        _id(ids.CUSTOMER, number), f"Name {number}", email, None, moments.to_text(created), None, 0, "t"
    )


def _order(number: int) -> orders.Order:
    date = NOW - timedelta(days=2 if number < AFFECTED else 30, seconds=number)
    line = orders.OrderLine(_id(ids.PRODUCT, 999), "Product 999", 1, 1250)
    customer = _id(ids.CUSTOMER, AFFECTED + number % 100)
    return orders.new_order(_id(ids.ORDER, number), customer, moments.to_text(date), (line,))


def _load(table: type[Model], rows: Iterable[Model]) -> None:
    """Directly, as DynamoDB has them: the API would take an hour."""

    def put(batch: tuple[Model, ...]) -> None:
        requests = [{"PutRequest": {"Item": row.serialize()}} for row in batch]
        answer = database.client().batch_write_item(RequestItems={table.Meta.table_name: requests})
        assert not answer["UnprocessedItems"]

    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(put, _by_25(rows)):
            pass


def _by_25(rows: Iterable[Model]) -> Iterator[tuple[Model, ...]]:
    rows = iter(rows)
    while batch := tuple(islice(rows, 25)):
        yield batch


def _company(size: int) -> None:
    began = time.perf_counter()
    _load(tables.Product, (products._row(_product(number)) for number in range(size)))
    _load(tables.Customer, (customers._row(_customer(number)) for number in range(size)))
    _load(tables.Op, (tables.Op("email", _customer(n).email, owner=_customer(n).id) for n in range(AFFECTED)))
    _load(tables.Order, (orders._row(_order(number)) for number in range(size)))
    write = Transaction(proof=lambda: False)
    counters.add(write, "2026-01-01", "x", customers=size)
    write.commit()
    print(f"{size} rows of each kind loaded in {time.perf_counter() - began:.0f} s")


@contextmanager
def _afterwards_empty() -> Iterator[None]:
    """Deleting the tables is faster than deleting their rows."""
    try:
        yield
    finally:
        for table in database.TABLES:
            database.client().delete_table(TableName=table.Meta.table_name)
        database.create_tables()


def _costs(size: int) -> dict[str, Meter]:
    found = {}
    with _afterwards_empty():
        _company(size)
        for job in JOBS:
            slot = SLOTS[job]
            began = time.perf_counter()
            with time_is(slot.isoformat()[:19]), metered() as found[job.name]:
                Runner(execute, lambda: 300).fire(job, slot)
            run = runs.find(job.name, slots.of(slot))
            assert run
            assert (run.status, max(run.counts.values())) == ("SUCCEEDED", AFFECTED)
            meter = found[job.name]
            print(
                f"{job.name} of {size}: {meter.total_calls} calls {dict(meter.calls)}, {meter.read_units} read units, "
                f"{meter.write_units} write units, {time.perf_counter() - began:.1f} s"
            )
    return found


def test_a_run_costs_what_it_changes_however_many_rows_there_are() -> None:
    small, large = _costs(SMALL), _costs(LARGE)
    for name, meter in large.items():
        assert "Scan" not in meter.calls
        assert meter.total_calls <= small[name].total_calls * 1.2
        assert 0 < meter.read_units <= small[name].read_units * 1.2
        assert 0 < meter.write_units <= small[name].write_units * 1.2
        assert meter.write_units > AFFECTED or name == catalog.ORDER_REMINDERS.name

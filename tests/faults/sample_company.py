"""A small company with work for every job, and the data that must be the same after any fault."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from benchmarks.rows import IS_FULL
from chalicelib.crm import cancellation, deleted_customers, orders
from chalicelib.jobs import catalog, customer_cleanup, job_state, low_stock, order_reminders, weekly_report
from chalicelib.settings import settings
from chalicelib.store import change_marks, ids, index_keys
from tests.builders import Rows, a_customer, a_product, moment
from tests.faults.environment import Environment, FakeAws, fake_aws
from tests.faults.memory import Memory
from tests.faults.search_rows import without_left_overs
from tests.jobs.job_runs import with_page_size

START = moment("2026-11-22T01:30:00")
"""A Sunday."""
SLOTS = {
    catalog.HEARTBEAT: moment("2026-11-22T01:55:00"),
    catalog.CUSTOMER_CLEANUP: moment("2026-11-22T02:00:00"),
    catalog.ORDER_REMINDERS: moment("2026-11-22T08:00:00"),
    catalog.LOW_STOCK: moment("2026-11-22T12:00:00"),
    catalog.WEEKLY_REPORT: moment("2026-11-23T06:00:00"),
}
ROWS, PAGE_SIZE = (7, 3) if IS_FULL else (5, 2)
"""How many rows each job has to change. They are three pages: the first one, one in the middle, and a last one with a single
row; so there is a fault before, in and after each kind of page, and between two rows of a page."""
_STAMP = re.compile(r"^(\[[^]]*\]|\d\d/\d\d/\d{4}-[\d:]+)")
_VARYING_ATTRIBUTES = (
    *("token", "owner", "lease_until", "attempts", "tries", "pages", "state", "trigger", "actor"),
    *("created_at", "started_at", "finished_at", "error", "failures", "reason", "ttl"),
)


@contextmanager
def small_pages(size: int = PAGE_SIZE) -> Iterator[None]:
    """Use small pages and few shards, so that a few rows need several pages."""
    before = {name: getattr(settings, name) for name in ("activity_shards", "counter_shards", "stock_shards")}
    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (low_stock, "SELECT"),
            (customer_cleanup, "SELECT"),
            (order_reminders, "SELECT"),
            (weekly_report, "ORDERS"),
        ):
            patch.setattr(module, name, with_page_size(getattr(module, name), size))
        for name in before:
            object.__setattr__(settings, name, 2)
        object.__setattr__(settings, "api_url", "http://127.0.0.1:9/graphql")
        try:
            yield
        finally:
            for name, value in {**before, "api_url": ""}.items():
                object.__setattr__(settings, name, value)


@contextmanager
def numbered_ids() -> Iterator[None]:
    """Number the ids. They decide the shards, so the same seed then always does the same."""
    numbers = count(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids, "new_id", lambda kind: f"{kind}_{next(numbers):026d}")
        yield


@contextmanager
def sample_company(memory: Memory | None = None) -> Iterator[tuple[FakeAws, Memory]]:
    """Yield the fake AWS, and its data before anything happens, which `memory` keeps."""
    with small_pages(), fake_aws() as built:
        memory = memory or Memory()
        with built.run(Environment(memory, START)), numbered_ids():
            create_sample_data()
        yield built, memory


def create_sample_data() -> None:
    for number in range(ROWS):
        a_product(f"Low {number}", stock=number)
    goods = [a_product(f"Good {number}", price=f"{number + 1}.25", stock=50) for number in range(2)]
    for number in range(ROWS):
        a_customer(f"Gone {number}", created_at=START - timedelta(days=400 + number))
    buyers = [a_customer(f"Buyer {number}", created_at=START - timedelta(days=500)) for number in range(2)]
    for number in range(ROWS + 1):
        days = number if number < ROWS else 7  # the last is older than the report's week
        when = START - timedelta(days=days, hours=1)
        order = orders.place(buyers[number % 2].id, {goods[number % 2].id: 1 + number}, when).order
        if number == 3:
            cancellation.cancel(order.id)


def comparable_data(memory: Memory) -> dict[str, Rows]:
    """Return all tables without what depends on the faults: tokens, leases, attempts and times."""
    stored = memory.rows()
    stored["AuxRow"] = without_left_overs(stored)
    for run in stored["Run"].values():
        for name in _VARYING_ATTRIBUTES:
            run.pop(name, None)
        run["counts"] = json.loads(run["counts"]["S"])
        run["counts"].pop("latency_ms", None)
    for report in stored["Report"].values():
        del report["made_at"], report["token"]
    for product in stored["Product"].values():
        if "restock_slot" in product:
            product["restock_slot"] = {"S": product["restock_slot"]["S"].partition(index_keys.SEPARATOR)[0]}
    rows = {key: _op(key[0], key[1], row) for key, row in stored["AuxRow"].items() if key[0] != "secret"}
    stored["AuxRow"] = _with_numbered_changes(rows)
    return stored


def _with_numbered_changes(rows: Rows) -> Rows:
    """Replace the keys of change rows, which depend on the time, by the place of each among the changes of its subject."""
    found: Rows = {}
    numbers = Counter[str]()
    for key, row in sorted(rows.items(), key=lambda item: item[0]):
        if key[0].startswith(change_marks.PREFIX):
            numbers[key[0]] += 1
            found[key[0], str(numbers[key[0]])] = {**row, "sk": None}
        else:
            found[key] = row
    return found


def _op(pk: str, sk: str, row: dict[str, Any]) -> dict[str, Any]:
    row.pop("ttl", None)
    content = json.loads(row["content"]["S"]) if "content" in row else {}
    if pk.startswith(change_marks.PREFIX):
        del content["at"]
    if pk == deleted_customers.PARTITION:
        del content["deleted_at"]
    if pk == job_state.PARTITION:
        row.pop("token", None), row.pop("watched", None), row.pop("schedule", None), row.pop("requested", None)
    if pk.startswith("run"):
        content["lines"] = [_STAMP.sub("[]", line) for line in content["lines"]]
    if pk.startswith("mail"):
        row.pop("token"), row.pop("owner", None)
    return {**row, "content": content} if pk != "alert" else {**row, "content": sk}

"""The demo shop's first start: four weeks of sales and runs, complete also if the start is interrupted."""

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest

from app import app
from chalicelib.crm import customers, products
from chalicelib.crm.counters import stats
from chalicelib.jobs import run_records
from chalicelib.jobs.run_records import Status
from localdev import demo, demo_history
from localdev.demo import SeedMarker
from localdev.demo_history import CREATE_ORDER, FAILURE, LOSSES, MISSED
from localdev.demo_rows import DemoRows, make_demo_rows

TABLE = "crm-test-localdev"


@pytest.fixture
def marker(backend: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SeedMarker]:
    assert backend
    client = boto3.client("dynamodb", "us-east-1")  # the database in memory has no tables but the product's own
    made = SeedMarker(client, TABLE)
    monkeypatch.setattr(SeedMarker, "of_settings", lambda: made)
    yield made
    client.delete_table(TableName=TABLE)


class Interrupted(BaseException):
    """As Ctrl-C does."""


def interrupt_at_sale(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    execute, begun = demo.execute, 0

    def until_then(document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        nonlocal begun
        result = execute(document, variables)
        begun += document == CREATE_ORDER
        if begun == number:
            raise Interrupted
        return result

    monkeypatch.setattr(demo, "execute", until_then)


def start() -> None:
    demo.create_demo_data()
    demo_history.create(app)


def rows(marker: SeedMarker) -> DemoRows:
    seed = marker.read()
    assert seed
    return make_demo_rows(seed.day)


def test_the_first_start_brings_four_weeks_also_if_it_is_interrupted(
    marker: SeedMarker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        interrupt_at_sale(20, patched)
        with pytest.raises(Interrupted):
            start()
    start()
    shop = rows(marker)
    placed = stats().orders - len(shop.orders)
    assert len(shop.sales) - 3 <= placed <= len(shop.sales)  # a sale of nothing but what is not in stock is none

    statuses = {job: [run.status for run in run_records.latest(job, 100)] for job in ("low_stock", "order_reminders")}
    for job, ended, text in (("low_stock", Status.FAILED, FAILURE), ("order_reminders", Status.MISSED, MISSED)):
        assert set(statuses[job]) == {Status.SUCCEEDED, ended}
        assert statuses[job].count(ended) == 1
        (run,) = (run for run in run_records.latest(job, 3) if run.status is ended)
        assert text in (run.error, run.reason)
    assert [run.status for run in run_records.latest("weekly_report", 9)] == [Status.SUCCEEDED] * 4
    assert [run.counts["deleted"] for run in run_records.latest("customer_cleanup", 9)][-1] == 8

    low = products.find_all_by_sku(sku for sku, _, _ in LOSSES)
    assert {row.sku: row.stock for row in low.values()} == {sku: left for sku, left, _ in LOSSES}
    newcomers = customers.find_all_by_email(row["email"] for row in shop.newcomers)
    assert {row.created_at[:16] for row in newcomers.values()} == {row["createdAt"][:16] for row in shop.newcomers}

    before = stats()
    start()
    assert stats() == before

"""What a step leaves may be larger than a row of DynamoDB, but not without end."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.crm import reports
from chalicelib.jobs import catalog, ledger, run_records, step_rows, weekly_report
from chalicelib.jobs.job import StepResult
from chalicelib.jobs.run_records import Status
from chalicelib.jobs.runner import Runner
from chalicelib.store import tables
from tests.as_operator import execute
from tests.builders import rows_of
from tests.jobs.job_runs import SLOT, Clock, Consumer, find_run, make_job, make_runner, one_page, use_jobs

JOB = make_job(one_page)
LARGEST_ROW = 400 * 1024


def kept(result: StepResult) -> list[tuple[list[str], object]]:
    """Store a step, and read it together with a small one after it."""
    run = ledger.claim(JOB, SLOT)
    assert run
    ledger.finish(ledger.checkpoint(run, result), StepResult(None, ("last",), content="last"))
    return [(record.lines, record.content) for record in run_records.step_records(JOB.name, SLOT)]


@pytest.mark.parametrize(
    "content",
    [
        {f"prd_{number:026d}": [number, 1] for number in range(30_000)},
        '"\\' * 200_000,
        "ü" * 100_000,
        ["x"] * 90_000,
    ],
    ids=["sums", "escapes", "umlauts", "list"],
)
def test_a_large_record_is_stored_in_several_rows_and_read_as_it_was(content: object) -> None:
    lines = tuple(f'line {number} "ä"' for number in range(2000))
    assert kept(StepResult({"page": 2}, lines, content=content)) == [(list(lines), content), (["last"], "last")]
    rows = {key: row for key, row in rows_of(tables.AuxRow).items() if key[0] == run_records.partition(JOB.name, SLOT)}
    assert len(rows) > 2
    assert all(len(row["content"]["S"].encode()) <= step_rows.MAX_ROW_BYTES + 2 < LARGEST_ROW for row in rows.values())
    assert len({row["ttl"]["N"] for row in rows.values()}) == 1


def test_a_small_record_stays_one_row() -> None:
    kept(StepResult({"page": 2}, ("line",), content=[1]))
    keys = [key for key in rows_of(tables.AuxRow) if key[0] == run_records.partition(JOB.name, SLOT)]
    assert sorted(sort for _, sort in keys) == ["000001", "000002"]


TOO_LARGE = {
    "record": (
        StepResult(None, content="x" * 4_000_000),
        "Step 1 left 4,000,080 bytes of lines and data, and a step may leave at most 3,000,000",
    ),
    "state": (
        StepResult({"ids": "x" * 400_000}),
        "Step 1 left a state of 400,011 bytes, and a state may have at most 350,000 bytes",
    ),
}


@pytest.mark.parametrize(("result", "error"), TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_what_is_too_large_is_refused_at_the_first_attempt_with_its_size(
    result: StepResult, error: str, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(lambda _: result)
    use_jobs(monkeypatch, job)
    make_runner().fire(job, time.now)
    run = find_run("tally")
    assert (run.status, run.attempts) == (Status.FAILED, 1)
    assert run.error == error


def test_the_largest_record_fits_into_a_transaction() -> None:
    text = "x" * (step_rows.MAX_RECORD_BYTES - 300)
    assert kept(StepResult({"page": 2}, content=text))[0] == ([], text)


def test_a_week_with_ten_thousand_products_on_a_page_gets_its_report(time: Clock) -> None:
    """A page of 100 orders, each with 97 products that no other order has."""
    time.at("2026-11-23T06:00:00")
    orders = [_order(number) for number in range(100)]
    page = {"edges": [{"node": order} for order in orders], "pageInfo": {"hasNextPage": False, "endCursor": None}}

    def run_operation(document: str, variables: Mapping[str, object]) -> Mapping[str, Any]:
        if "query WeekOrders" in document:  # whatever the size of the page
            return {"data": {"allOrders": page}}
        if document == weekly_report.TOTALS.document:
            figures = {"customers": 0, "newCustomers": 0, "orders": 100, "revenue": "9700.00"}
            return {"data": dict.fromkeys(("all", "week", "before"), figures)}
        return execute(document, variables)

    runner = Runner(lambda _actor: run_operation, lambda: 300.0)
    runner.fire(catalog.WEEKLY_REPORT, time.now)
    consumer = Consumer(runner)
    consumer.deliver_all()
    assert consumer.errors == []
    made = reports.find(weekly_report.KIND, "2026-W47")
    assert made
    assert (made.content["week"]["orders"], made.content["week"]["cents"]) == (100, 100 * 97 * 100)
    assert len(json.dumps(made.content)) < step_rows.MAX_ROW_BYTES


def _order(number: int) -> dict[str, Any]:
    lines = [{"productId": f"prd_{number:013d}{line:013d}", "quantity": 1, "lineTotal": "1.00"} for line in range(97)]
    return {"customerId": f"cus_{number:026d}", "totalAmount": "97.00", "lines": lines}

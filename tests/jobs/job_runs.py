"""Shared by the tests of the jobs: a clock that tests set, the consumer of the queue, and sample jobs."""

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypedDict

import pytest
from pynamodb.models import Model

from chalicelib import aws, clock
from chalicelib.access.authorization import Caller
from chalicelib.api.graphql import execution
from chalicelib.api.resolvers import health
from chalicelib.crm import products
from chalicelib.crm.orders import Order
from chalicelib.jobs import backoff, catalog, operator_actions, queue, run_records, runner
from chalicelib.jobs.job import CatchUp, Job, Overlap, Preview, StepContext, StepResult
from chalicelib.jobs.operations import Answer, SavedOperation
from chalicelib.jobs.run_arguments import RunArguments
from chalicelib.jobs.run_records import Run
from chalicelib.jobs.runner import Runner
from chalicelib.jobs.schedule import Schedule
from chalicelib.jobs.slots import Slot
from chalicelib.settings import settings
from chalicelib.store import connection, tables, timestamps
from chalicelib.store.index_keys import shard, sort_key
from tests.as_operator import execute
from tests.builders import Rows, a_product, moment, rows_of

NOON = "2026-11-22T12:00:00"
"""A Sunday."""
SLOT = Slot(f"{NOON}Z")
HOUR = timedelta(hours=1)


@dataclass
class Clock:
    now: datetime

    def later(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now

    def at(self, text: str) -> datetime:
        self.now = moment(text)
        return self.now


@contextmanager
def manual_clock(text: str = NOON) -> Iterator[Clock]:
    moving = Clock(moment(text))
    clock.set_source(lambda: moving.now)
    try:
        yield moving
    finally:
        clock.set_source(None)


@contextmanager
def without_retry_delay() -> Iterator[None]:
    """Attempt failed runs again at once, and deliver messages that could not be handled again at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "REDELIVERY_DELAY", 0)
        patch.setattr(backoff, "DELAYS", [timedelta()] * len(backoff.DELAYS))
        yield


def make_runner(seconds_left: Callable[[], float] = lambda: 300.0) -> Runner:
    return Runner(lambda actor: execution.execute_as(Caller.system(actor)), seconds_left)


@dataclass
class Consumer:
    """Consumes the queue as Lambda does: it deletes handled messages and leaves failed ones in the queue."""

    runner: Runner = field(default_factory=make_runner)
    errors: list[Exception] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)

    def deliver_all(self, max_runs: int = 60) -> None:
        for _ in range(max_runs):
            message = receive(queue.NAME)
            if message is None:
                return
            self.delivered.append(message["Body"])
            try:
                self.runner.deliver(message["Body"], message["ReceiptHandle"])
            except Exception as error:  # noqa: BLE001 - as Lambda takes it, whatever it is
                self.errors.append(error)
            else:
                where = queue._url(queue.NAME)
                aws.client("sqs").delete_message(QueueUrl=where, ReceiptHandle=message["ReceiptHandle"])
        raise AssertionError("the queue is never empty")


def receive(name: str) -> dict[str, Any] | None:
    answer = aws.client("sqs").receive_message(QueueUrl=queue._url(name), WaitTimeSeconds=0)
    messages = answer.get("Messages", [])
    return messages[0] if messages else None


def send_body(body: str, name: str = queue.NAME) -> None:
    aws.client("sqs").send_message(QueueUrl=queue._url(name), MessageBody=body)


def take_messages() -> list[tuple[str, str]]:
    """Take all messages from the queue and return (job, slot) of each."""
    found = []
    while message := receive(queue.NAME):
        content = json.loads(message["Body"])
        found.append((content["job"], content["slot"]))
    return found


def make_job(step: Callable[[StepContext], StepResult], name: str = "tally", **more: Any) -> Job:
    policy: dict[str, Any] = {
        "schedule": Schedule("0 * * * *"),
        "description": "A job of the tests",
        "preview": lambda *_: Preview("nothing", ()),
        "catch_up": CatchUp.LATEST,
        "overlap": Overlap.WAIT,
        "grace": HOUR,
        "max_runs": 6,
        "window": HOUR,
    }
    return Job(name=name, step=step, **policy | more)


class PageState(TypedDict, total=False):
    page: int


def with_page_size(operation: SavedOperation[Answer], size: int) -> SavedOperation[Answer]:
    """Return the operation with smaller pages, so that few rows need several steps."""
    return replace(operation, document=operation.document.replace("first: 100", f"first: {size}"))


def three_pages(work: StepContext) -> StepResult:
    """Take three steps; each counts a page and stores a line and a content."""
    number = work.state_as(PageState).get("page", 1)
    return StepResult({"page": number + 1} if number < 3 else None, (f"page {number}",), {"pages": 1}, number)


def one_page(_work: StepContext) -> StepResult:
    return StepResult(None, ("done",), {"done": 1})


def use_jobs(patch: pytest.MonkeyPatch, *jobs: Job) -> None:
    """Replace the catalog by these jobs."""
    patch.setattr(catalog, "JOBS", {job.name: job for job in jobs})


def preview_of(job: Job, arguments: RunArguments | None = None) -> Preview:
    """Return what an operator's run of the job would do now."""
    return operator_actions.preview(job, execute, arguments or {})


def find_run(job: str, slot: str = SLOT) -> Run:
    run = run_records.find(job, Slot(slot))
    assert run is not None
    return run


def stored_lines(job: str, slot: str = SLOT) -> list[str]:
    return [line for page in run_records.step_records(job, Slot(slot)) for line in page.lines]


def dump() -> dict[str, Rows]:
    return {table.__name__: rows_of(table) for table in connection.TABLES}


def copy_rows(table: type[Model], row_id: str, changes: Iterable[dict[str, str | int]]) -> None:
    """Write copies of a row with other values, which is faster than creating each row."""
    item = rows_of(table)[row_id,]
    rows = [item | {name: _attribute(value) for name, value in values.items()} for values in changes]
    for start in range(0, len(rows), 25):
        puts = [{"PutRequest": {"Item": row}} for row in rows[start : start + 25]]
        connection.client().batch_write_item(RequestItems={table.Meta.table_name: puts})


def _attribute(value: str | int) -> dict[str, str]:
    return {"N" if isinstance(value, int) else "S": str(value)}


def many_products(count: int, stock: Callable[[int], int]) -> list[str]:
    """Create products P000, P001, ... and return their ids."""
    like = a_product("P", stock=0)
    made = [f"prd_{number:026d}" for number in range(count)]
    copy_rows(
        tables.Product,
        like.id,
        (
            {
                "id": key,
                "name": f"P{number:03d}",
                "name_k": sort_key(f"p{number:03d}", key),
                "stock": stock(number),
                "stock_s": shard("k", key, settings.stock_shards),
            }
            for number, key in enumerate(made)
        ),
    )
    products.delete(like.id)
    return made


def many_orders(like: Order, count: int) -> list[str]:
    """Copy an order, each copy one minute later, and return the ids. The totals do not count the copies."""
    made = [f"ord_{number:026d}" for number in range(count)]
    dates = [timestamps.to_text(timestamps.from_text(like.date) + timedelta(minutes=n + 1)) for n in range(count)]
    copy_rows(
        tables.Order,
        like.id,
        ({"id": key, "date": date, "date_k": sort_key(date, key)} for key, date in zip(made, dates, strict=True)),
    )
    return made


def info_messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the messages logged at level INFO."""
    return [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]


def warning_messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


NOWHERE = "http://127.0.0.1:9"
"""No server listens there."""


@contextmanager
def queue_down() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_SQS", NOWHERE)
        aws.client.cache_clear()
        health.check_again()
        try:
            yield
        finally:
            aws.client.cache_clear()
            health.check_again()


@contextmanager
def database_down() -> Iterator[None]:
    shared = connection.connection
    before = shared.host, shared._client
    shared.host, shared._client = NOWHERE, None
    health.check_again()
    try:
        yield
    finally:
        shared.host, shared._client = before
        health.check_again()

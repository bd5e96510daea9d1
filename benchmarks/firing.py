"""Fires a job at a chosen time, and delivers the message that it sends to the queue."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache

from chalicelib import aws, clock
from chalicelib.access.authorization import Caller
from chalicelib.api.graphql.execution import execute_as
from chalicelib.jobs import queue, run_records, slots
from chalicelib.jobs.job import Job
from chalicelib.jobs.run_records import Run
from chalicelib.jobs.runner import Runner

_moments: list[datetime] = []


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    _moments.append(moment)
    clock.set_source(lambda: _moments[-1])
    try:
        yield
    finally:
        _moments.pop()
        if not _moments:
            clock.set_source(None)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fire(job: Job, slot: datetime) -> None:
    """Fire the job for `slot`, with as much time as it needs."""
    runner = Runner(lambda _actor: execute_as(Caller.system("benchmark")), lambda: 300)
    with at(slot + timedelta(seconds=5)):
        runner.fire(job, slot)
        if job.queued:
            _deliver(runner)


def _deliver(runner: Runner) -> None:
    sqs = aws.client("sqs")
    for message in sqs.receive_message(QueueUrl=queue_url())["Messages"]:
        runner.deliver(message["Body"], message["ReceiptHandle"])
        sqs.delete_message(QueueUrl=queue_url(), ReceiptHandle=message["ReceiptHandle"])


@cache
def queue_url() -> str:
    url: str = aws.client("sqs").get_queue_url(QueueName=queue.NAME)["QueueUrl"]
    return url


def succeeded(job: Job, slot: datetime, rows: int) -> Run:
    """Return the run, or end the process if it did not change exactly that many rows."""
    run = run_records.find(job.name, slots.of(slot))
    if run is None or run.status != "SUCCEEDED" or (run.counts and max(run.counts.values()) != rows):
        raise SystemExit(f"{job.name} of {rows} rows became {run}")
    return run

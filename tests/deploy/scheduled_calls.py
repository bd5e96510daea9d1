"""Every handler of app.py set off as AWS would, again and again, through every path that calls AWS."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest

import app
from chalicelib import aws, clock
from chalicelib.crm import email_suppressions
from chalicelib.jobs import (
    backoff,
    catalog,
    customer_cleanup,
    deliveries,
    email,
    erasure,
    heartbeat,
    order_reminders,
    queue,
    ses_events,
    topic,
)
from chalicelib.jobs.queue import BadMessage
from chalicelib.jobs.runner import RunFailed
from chalicelib.settings import settings
from chalicelib.store import connection
from deploy import service_models
from tests.builders import a_customer, a_product, time_is
from tests.deploy.recording import Recording, Use, recorded

WHEN = {
    "heartbeat": "2026-11-23T23:50:00",
    "low_stock": "2026-11-23T12:00:00",
    "order_reminders": "2026-11-23T08:00:00",
    "customer_cleanup": "2026-11-22T02:00:00",
    "weekly_report": "2026-11-23T06:00:00",
}
SENDER = "crm@example.com"


@dataclass(slots=True)
class Context:
    """Lambda's; `time` are the answers to how many seconds are left, the last one stands."""

    time: list[float]
    aws_request_id: str = "request"
    function_name: str = "crm"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn"

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self.time.pop(0) if len(self.time) > 1 else self.time[0]))


def fire(job: str, when: str, *time: float) -> None:
    event = {
        "version": "0",
        "account": "123456789012",
        "region": "us-east-1",
        "detail": {},
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "time": when + "Z",
        "id": "1",
        "resources": [],
    }
    with time_is(when):
        getattr(app, job)(event, Context(list(time) or [300]))


def deliver(body: str, receipt: str, when: str, *time: float) -> None:
    record = {"body": body, "receiptHandle": receipt, "messageId": "1", "attributes": {}, "eventSource": "aws:sqs"}
    with time_is(when):
        app.work({"Records": [record]}, Context(list(time) or [300]))


def report_of_ses(body: str) -> None:
    record = {"body": body, "receiptHandle": "1", "messageId": "1", "attributes": {}, "eventSource": "aws:sqs"}
    app.email_events({"Records": [record]}, Context([60]))


def messages() -> Iterator[tuple[str, str]]:
    """(body, receipt) of what is on the queue, as Lambda reads it: not through the product's own client."""
    sqs = boto3.client("sqs", region_name="us-east-1")
    url = sqs.get_queue_url(QueueName=queue.NAME)["QueueUrl"]
    while found := sqs.receive_message(QueueUrl=url, VisibilityTimeout=600).get("Messages"):
        for message in found:
            yield message["Body"], message["ReceiptHandle"]
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def work_off(when: str, *time: float) -> int:
    """What is on the queue goes through the consumer; how many messages failed."""
    failed = 0
    for body, receipt in messages():
        try:
            deliver(body, receipt, when, *time)
        except (RuntimeError, BadMessage, RunFailed):
            failed += 1
    return failed


def name_in_dead_letters(name: str) -> None:
    sqs = boto3.client("sqs", region_name="us-east-1")
    for dead in (queue.DEAD, ses_events.DEAD):
        sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=dead)["QueueUrl"], MessageBody=f"to {name}")
        sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=dead)["QueueUrl"], MessageBody="to somebody else")


def ask(document: str, *, headers: dict[str, str] | None = None, method: str = "POST", **body: Any) -> Any:
    sent = {"content-type": "application/json", **(headers or {})}
    event = {
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": json.dumps({"query": document, **body}),
        "isBase64Encoded": False,
        "requestContext": {"resourcePath": "/graphql", "httpMethod": method},
    }
    answer = app.app(event, Context([29]))
    return json.loads(answer["body"])


def prepare() -> None:
    """Something for each job to do, and a sender and a topic to do it with."""
    aws.client("sns").create_topic(Name=f"crm-{settings.stage}-alerts")
    aws.client("sesv2", tries=1).create_email_identity(EmailIdentity=SENDER)
    with time_is("2025-01-01T10:00:00"):
        a_customer("Old")
        product = a_product(stock=3, sku="LAMP")
        a_product(stock=2)
    with time_is("2026-11-20T10:00:00"):
        customer = a_customer("Ann")
        email_suppressions.suppress("gone@example.com", email_suppressions.Reason.BOUNCE, clock.now())
        ordered = ask(
            "mutation($c: ID!, $p: ID!) { createOrder(input: {customerId: $c, lines: [{productId: $p, quantity: 1}]})"
            " { order { id } } }",
            variables={"c": customer.id, "p": product.id},
        )
        assert ordered["data"]["createOrder"]["order"], ordered


@contextmanager
def fully_set() -> Iterator[None]:
    """With a topic and a sender of mails, an API that answers, and a clean-up that has to count all customers."""
    arn = f"arn:aws:sns:us-east-1:123456789012:crm-{settings.stage}-alerts"
    url = "https://crm.example/graphql"
    chosen = replace(
        settings,
        topic_arn=arn,
        api_url=url,
        mail_sender=SENDER,
        mail_configuration_set="crm-test",
        cleanup_floor=0,
        cleanup_percent=100,
    )
    with pytest.MonkeyPatch.context() as patch:
        for module in (topic, email, deliveries, order_reminders, customer_cleanup):
            patch.setattr(module, "settings", chosen)
        patch.setattr(erasure, "INDEX_LAG", 0.0)
        patch.setattr(heartbeat, "check", lambda: heartbeat.Check(None, 5))
        yield


@contextmanager
def failing(job: str, *, for_good: bool = False) -> Iterator[None]:
    """With `for_good`, it is not attempted again."""

    def fail(_work: Any) -> Any:
        raise RuntimeError("on purpose")

    known = catalog.JOBS[job]
    broken = replace(known, step=fail)
    with pytest.MonkeyPatch.context() as patch:
        if for_good:
            patch.setattr(backoff, "MAX_ATTEMPTS_WITHOUT_PROGRESS", 0)
        patch.setattr(catalog, job.upper(), broken)
        patch.setitem(catalog.JOBS, job, broken)
        yield


@contextmanager
def sender_refused() -> Iterator[None]:
    """SES does not know the sender, and the e-mails that are claimed have to be released."""
    ses = boto3.client("sesv2", region_name="us-east-1")
    ses.delete_email_identity(EmailIdentity=SENDER)
    try:
        yield
    finally:
        ses.create_email_identity(EmailIdentity=SENDER)


def uses(play: Callable[[Recording], None]) -> set[Use]:
    """What a play uses, on a good day and when the answers to its writes get lost."""
    found: set[Use] = set()
    for lossy in (False, True):
        empty()
        with ExitStack() as stack:
            stack.enter_context(fully_set())
            prepare()
            recording = stack.enter_context(recorded(lossy=lossy))
            play(recording)
            found |= recording.uses
            packaged = {(service, name) for service, names in service_models.operations().items() for name in names}
            assert recording.operations - packaged == set(), "calls that the models in the package lack"
    return found


def empty() -> None:
    for table in connection.TABLES:
        with table.batch_write() as batch:
            for row in table.scan():
                batch.delete(row)

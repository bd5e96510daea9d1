"""Alerts: operators get one message when a problem begins, and one when it is over.

A row `(alert, job#kind)` of `ops` stands for each open alert. The message is sent before the row is written, so a crash in
between sends it twice rather than never.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib import aws, clock, telemetry
from chalicelib.errors import TopicUnavailable, Unavailable
from chalicelib.jobs import error_text
from chalicelib.jobs.log_text import log_text
from chalicelib.settings import settings
from chalicelib.store import reads, tables, timestamps
from chalicelib.store.retries import is_transient

LATE, FAILING, DOWN, UNDELIVERED, TOO_FREQUENT = "LATE", "FAILING", "DOWN", "UNDELIVERED", "TOO_FREQUENT"
_PARTITION = "alert"
_RECOVERED = "RECOVERED"


def open_alerts() -> set[tuple[str, str]]:
    """Return (job, kind) of each open alert."""
    items = reads.query(
        TableName=reads.table_name(tables.AuxRow),
        KeyConditionExpression="pk = :alert",
        ExpressionAttributeValues={":alert": {"S": _PARTITION}},
        ConsistentRead=True,
    )
    return {(job, kind) for job, _, kind in (item["sk"]["S"].partition("#") for item in items)}


def begin(job: str, kind: str, text: str) -> None:
    """Raise an alert. Raises Unavailable; the next check then tries again."""
    _publish(job, kind, text)
    content = {"text": error_text.shorten(text), "since": timestamps.to_text(clock.now())}
    with _unavailable():
        tables.AuxRow(_PARTITION, f"{job}#{kind}", content=content).save()


def end(job: str, kind: str, why: str = "") -> None:
    """Clear an alert. Raises Unavailable; the next check then tries again."""
    _publish(job, _RECOVERED, f"no longer {kind.replace('_', ' ').lower()}{f': {why}' if why else ''}")
    with _unavailable():
        tables.AuxRow(_PARTITION, f"{job}#{kind}").delete()


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise (Unavailable if is_transient(error) else error) from error


def _publish(job: str, kind: str, text: str) -> None:
    message = error_text.shorten(f"{kind}: {job}: {text}")
    telemetry.warn(log_text(message), job=job, kind=kind)
    telemetry.count(f"Job{kind.title().replace('_', '')}", total=True, job=job)
    if not settings.topic_arn:
        return
    try:
        aws.client("sns").publish(TopicArn=settings.topic_arn, Subject=f"{kind}: {job}"[:100], Message=message)
    except (BotoCoreError, ClientError) as error:
        raise TopicUnavailable(f"{TopicUnavailable.__doc__}: {error}") from error

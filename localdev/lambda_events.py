"""The events and contexts that Lambda passes to functions."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypedDict

from chalice.local import LambdaContext

ACCOUNT = "000000000000"
TIME_LIMIT = 300
"""Seconds. A sixth of the queue's visibility time-out, as in production. Longer functions are not stopped."""


class QueueMessage(TypedDict):
    """A message as SQS returns it."""

    MessageId: str
    ReceiptHandle: str
    Body: str
    MD5OfBody: str
    Attributes: dict[str, str]


class ChaliceApp(Protocol):
    """What localdev needs of a Chalice app: its event sources and its functions, by name."""

    @property
    def event_sources(self) -> Sequence[Any]: ...

    @property
    def handler_map(self) -> Mapping[str, Callable[[Any, Any], Any]]: ...


def call_function(app: ChaliceApp, name: str, event: Mapping[str, Any]) -> None:
    """Call a function of the app as Lambda does. Raises what the function raises."""
    app.handler_map[name](event, LambdaContext(name, memory_size=256, max_runtime_ms=TIME_LIMIT * 1000))


def schedule_event(name: str, slot: datetime, region: str) -> dict[str, Any]:
    """Return the event of a schedule that fires at `slot`."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": f"{slot:%Y-%m-%dT%H:%M:%SZ}",
        "region": region,
        "resources": [f"arn:aws:events:{region}:{ACCOUNT}:rule/{name}"],
        "detail": {},
    }


def queue_event(message: QueueMessage, queue: str, region: str) -> dict[str, Any]:
    """Return the event for a message that ReceiveMessage returned."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "messageAttributes": {},
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{region}:{ACCOUNT}:{queue}",
                "awsRegion": region,
            }
        ]
    }

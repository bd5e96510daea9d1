"""What does AWS hand to a function: which event, which context?"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalice.local import LambdaContext

ACCOUNT = "000000000000"
TIME_LIMIT = 300
"""Seconds; a sixth of the queue's visibility, as in production. Nothing ends a function that takes longer."""


def call(app: Any, name: str, event: Mapping[str, Any]) -> None:
    """Call a function of the app as Lambda does. Raises what it raises."""
    app.handler_map[name](event, LambdaContext(name, memory_size=256, max_runtime_ms=TIME_LIMIT * 1000))


def scheduled(name: str, slot: datetime, region: str) -> dict[str, Any]:
    """The event of a schedule that fires at `slot`."""
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


def queued(message: Mapping[str, Any], queue: str, region: str) -> dict[str, Any]:
    """The event of a message as ReceiveMessage gives it."""
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

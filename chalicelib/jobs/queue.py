"""The queue: runs that are asked for, handed over or tried again, and the dead letters of those that failed.

A message names a run, {"job", "slot"}; what is to be done stands in the ledger. So a message may come twice, late or
never (the watch sends it again) without harm.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import aws
from chalicelib.errors import CrmError, Unavailable
from chalicelib.jobs import catalog, run_records, slots
from chalicelib.settings import settings
from chalicelib.store import timestamps

NAME = f"crm-{settings.stage}-jobs"
DEAD = f"{NAME}-dead"
MAX_RECEIVES = 5
VISIBILITY = 1800
"""Seconds; six times the consumer's time limit, as AWS advises, so that a message does not come again while it is worked on."""
_BATCH_SIZE = 10
_WAIT = 1
"""Seconds. Without any, SQS asks only some of its servers, and may find nothing where there is something."""
_MAX_LISTED = 100


class BadMessage(CrmError):
    """Not a message of ours"""

    code = "BAD_MESSAGE"


@dataclass(frozen=True, slots=True)
class Message:
    job: str
    slot: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    id: str
    body: str
    sent_at: str
    receipt: str
    message: Message | None
    reason: str


def send(job: str, slot: str, delay: int = 0) -> None:
    """Raises Unavailable."""
    body = json.dumps({"job": job, "slot": slot})
    _call("send_message", QueueUrl=_url(NAME), MessageBody=body, DelaySeconds=delay)


def read(body: str) -> Message:
    """Raises BadMessage."""
    try:
        content = json.loads(body)
        message = Message(content["job"], content["slot"])
        catalog.find(message.job)
        fits = slots.of(slots.moment_of(message.slot)) == message.slot
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError, CrmError) as error:
        raise BadMessage(f"Not a message of ours: {error}") from error
    if not fits:
        raise BadMessage(f"Not a message of ours: {message.slot!r} is no slot")
    return message


def postpone(receipt: str, seconds: int) -> None:
    """Have a message that failed come again after so long. If that does not work, it comes after VISIBILITY."""
    try:
        _call("change_message_visibility", QueueUrl=_url(NAME), ReceiptHandle=receipt, VisibilityTimeout=seconds)
    except Unavailable:
        return


def is_reachable() -> bool:
    try:
        _call("get_queue_attributes", QueueUrl=_url(NAME), AttributeNames=["ApproximateNumberOfMessages"])
    except Unavailable:
        return False
    return True


def depth() -> dict[str, int]:
    """How many messages wait, are being worked on, and are dead; SQS counts approximately."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    waiting, working = (int(_attributes(NAME, names)[name]) for name in names)
    return {"waiting": waiting, "working": working, "dead": int(_attributes(DEAD, names[:1])[names[0]])}


def dead_letters() -> list[DeadLetter]:
    """At most 100, the oldest first. They stay where they are."""
    letters = list(_receive())
    make_visible(letters)
    return sorted(letters, key=lambda letter: letter.sent_at)


def take_dead_letters() -> Iterator[DeadLetter]:
    """Each is ours for a minute: `remove` it once it has been sent again, or it comes back."""
    return _receive(seconds=60)


def remove(letter: DeadLetter) -> None:
    _call("delete_message", QueueUrl=_url(DEAD), ReceiptHandle=letter.receipt)


def create() -> None:
    """Create what is missing, and set what has changed. Safe to repeat."""
    sqs = aws.client("sqs")
    dead = sqs.create_queue(QueueName=DEAD)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"MessageRetentionPeriod": "1209600"})
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES})
    url = sqs.create_queue(QueueName=NAME)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(VISIBILITY), "RedrivePolicy": policy})


def _receive(seconds: int = 20) -> Iterator[DeadLetter]:
    """Hidden from others for `seconds`, so that none comes twice while all are read."""
    seen: set[str] = set()
    while len(seen) < _MAX_LISTED:
        answer = _call(
            "receive_message",
            QueueUrl=_url(DEAD),
            MaxNumberOfMessages=_BATCH_SIZE,
            VisibilityTimeout=seconds,
            WaitTimeSeconds=_WAIT,
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        fresh = [message for message in answer.get("Messages", ()) if message["MessageId"] not in seen]
        if not fresh:
            return
        seen.update(message["MessageId"] for message in fresh)
        yield from map(_letter, fresh)


def _letter(message: dict[str, Any]) -> DeadLetter:
    sent = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
    body = message["Body"]
    known: Message | None = None
    try:
        known = read(body)
        reason = _why(known)
    except BadMessage as error:
        reason = error.message
    return DeadLetter(message["MessageId"], body, timestamps.to_text(sent), message["ReceiptHandle"], known, reason)


def _why(message: Message) -> str:
    run = run_records.find(message.job, message.slot)
    if run is None:
        return "The ledger has no such run"
    return run.error or f"The run has the state {run.status}"


def make_visible(letters: list[DeadLetter]) -> None:
    """At once, not only after the time that they were taken for."""
    for start in range(0, len(letters), _BATCH_SIZE):
        entries = [
            {"Id": str(number), "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0}
            for number, letter in enumerate(letters[start : start + _BATCH_SIZE])
        ]
        _call("change_message_visibility_batch", QueueUrl=_url(DEAD), Entries=entries)


def _attributes(name: str, names: list[str]) -> dict[str, str]:
    found: dict[str, str] = _call("get_queue_attributes", QueueUrl=_url(name), AttributeNames=names)["Attributes"]
    return found


def _url(name: str) -> str:
    return _known_url(name, aws.client("sqs").meta.endpoint_url)


@cache
def _known_url(name: str, _endpoint: str) -> str:
    return str(_call("get_queue_url", QueueName=name)["QueueUrl"])


def _call(operation: str, **request: Any) -> Any:
    try:
        return getattr(aws.client("sqs"), operation)(**request)
    except (BotoCoreError, ClientError) as error:
        raise Unavailable from error

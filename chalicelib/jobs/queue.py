"""The jobs' SQS queue: messages that start runs or deliver notifications, and its dead letters.

A message only names a run: {"job", "slot"}. What there is to do is in the ledger, so it does no harm if a message
arrives twice, late or never (the watchdog sends it again). Likewise {"delivery"} names one of a notification.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from math import ceil
from typing import Any, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import aws
from chalicelib.crm import text
from chalicelib.errors import CrmError, QueueUnavailable, Unavailable
from chalicelib.jobs import catalog, run_records, slots
from chalicelib.jobs.run_records import Run
from chalicelib.jobs.slots import Slot
from chalicelib.settings import settings
from chalicelib.store import timestamps

NAME = f"crm-{settings.stage}-jobs"
DEAD = f"{NAME}-dead"
MAX_RECEIVES = 5
VISIBILITY = 1800
"""Seconds. AWS advises six times the consumer's time limit, so that a message does not return while it is worked on."""
MAX_DELAY = timedelta(minutes=15)
"""The longest time for which SQS holds a message back."""
_BATCH_SIZE = 10
_WAIT = 1
"""Seconds. Without waiting, SQS asks only some of its servers and may miss messages."""
_MAX_LISTED = 100
_MAX_RECEIVED = 1000
"""Dead letters looked through in one request."""


class BadMessage(CrmError):
    """The message names no run"""

    code = "BAD_MESSAGE"


@dataclass(frozen=True, slots=True)
class Message:
    job: str
    slot: Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    id: str
    body: str
    sent_at: str
    receipt: str
    message: Message | None
    """None if the body names no run."""
    reason: str
    """Why it is a dead letter. Of letters that name a run, only lists say it."""

    @property
    def schedule(self) -> str | None:
        """The schedule of the run. Two schedules may have a run at one instant."""
        return slots.schedule_of(self.message.slot) or slots.built_in_id(self.message.job) if self.message else None


class _Received(TypedDict):
    """A message as SQS returns it."""

    MessageId: str
    Body: str
    ReceiptHandle: str
    Attributes: dict[str, str]


def send(job: str, slot: Slot, delay: timedelta = timedelta()) -> None:
    """Send a message for a run, to be delivered after `delay`, at most MAX_DELAY. Raises Unavailable."""
    _send({"job": job, "slot": slot}, delay)


def send_delivery(delivery_id: str, delay: timedelta = timedelta()) -> None:
    """Send a message for a notification's delivery, see `deliveries`. Raises Unavailable."""
    _send({"delivery": delivery_id}, delay)


def delivery_in(body: str) -> str | None:
    """Return the id of the delivery that a message names, or None if it names none."""
    try:
        found = json.loads(body)["delivery"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return found if isinstance(found, str) and text.fits_key(found) else None


def read(body: str) -> Message:
    """Parse a message. Raises BadMessage."""
    try:
        content = json.loads(body)
        message = Message(content["job"], content["slot"])
        catalog.find_any(message.job)
        is_slot = slots.is_slot(message.slot)
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError, CrmError) as error:
        raise BadMessage(f"The message names no run: {error}") from error
    if not is_slot:
        raise BadMessage(f"The message names no run: {message.slot!r} is not a slot")
    return message


def postpone(receipt: str, seconds: int) -> None:
    """Have a message delivered again after so many seconds. If that fails, it is delivered after VISIBILITY."""
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
    """Count the messages that wait, are being worked on, and are dead letters. SQS counts approximately.

    Dead letters that somebody is looking at count, too.
    """
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    waiting, working = (int(_attributes(NAME, names)[name]) for name in names)
    dead = sum(int(_attributes(DEAD, names)[name]) for name in names)
    return {"waiting": waiting, "working": working, "dead": dead}


def dead_letters() -> list[DeadLetter]:
    """Return up to 100 dead letters, oldest first. They stay in their queue.

    If there are more, those that name a run come before those that do not.
    """
    letters = [letter for batch in _receive() for letter in batch]
    make_visible(letters)
    shown = sorted(letters, key=lambda letter: (letter.message is None, letter.sent_at))[:_MAX_LISTED]
    return sorted(_with_reasons(shown), key=lambda letter: letter.sent_at)


def take_dead_letters() -> Iterator[list[DeadLetter]]:
    """Receive dead letters for one minute, a batch at a time. `remove` each one that was dealt with.

    The others return after the minute, or at once with `make_visible`.
    """
    return _receive(seconds=60)


def receive_from(name: str, seconds: int) -> Iterator[list[DeadLetter]]:
    """Receive what is in any queue of dead letters, and hide it for `seconds`."""
    return _receive(seconds, name)


def hidden_count(name: str) -> int:
    """Return about how many messages of a queue somebody is looking at."""
    attribute = "ApproximateNumberOfMessagesNotVisible"
    return int(_attributes(name, [attribute])[attribute])


def remove(letter: DeadLetter, name: str = DEAD) -> None:
    _call("delete_message", QueueUrl=_url(name), ReceiptHandle=letter.receipt)


def create() -> None:
    """Create or update both queues."""
    create_pair(NAME, DEAD, VISIBILITY, MAX_RECEIVES)


def create_pair(name: str, dead_name: str, visibility: int, max_receives: int) -> None:
    """Create or update a queue, and the queue for its dead letters."""
    sqs = aws.client("sqs")
    dead = sqs.create_queue(QueueName=dead_name)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"MessageRetentionPeriod": "1209600"})
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": max_receives})
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(visibility), "RedrivePolicy": policy})


def _receive(seconds: int = 20, name: str = DEAD) -> Iterator[list[DeadLetter]]:
    """Read dead letters. They are hidden for `seconds`, so that none is read twice."""
    seen: set[str] = set()
    while len(seen) < _MAX_RECEIVED:
        answer = _call(
            "receive_message",
            QueueUrl=_url(name),
            MaxNumberOfMessages=_BATCH_SIZE,
            VisibilityTimeout=seconds,
            WaitTimeSeconds=_WAIT,
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        fresh = [message for message in answer.get("Messages", ()) if message["MessageId"] not in seen]
        if not fresh:
            return
        seen.update(message["MessageId"] for message in fresh)
        yield [_letter(message) for message in fresh]


def _letter(received: _Received) -> DeadLetter:
    sent = datetime.fromtimestamp(int(received["Attributes"]["SentTimestamp"]) / 1000, UTC)
    body = received["Body"]
    message, reason = None, ""
    try:
        message = read(body)
    except BadMessage as error:
        reason = error.message
    return DeadLetter(
        id=received["MessageId"],
        body=body,
        sent_at=timestamps.to_text(sent),
        receipt=received["ReceiptHandle"],
        message=message,
        reason=reason,
    )


def _with_reasons(letters: list[DeadLetter]) -> Iterator[DeadLetter]:
    """Yield the letters; those that name a run with what became of it."""
    named: dict[str, list[Slot]] = {}
    for letter in letters:
        if letter.message:
            named.setdefault(letter.message.job, []).append(letter.message.slot)
    runs = {job: run_records.find_all(job, set(slots_)) for job, slots_ in named.items()}
    for letter in letters:
        message = letter.message
        yield replace(letter, reason=_reason(runs[message.job].get(message.slot))) if message else letter


def _reason(run: Run | None) -> str:
    if run is None:
        return "The ledger has no such run"
    return run.error or f"The run has the state {run.status}"


def make_visible(letters: list[DeadLetter], name: str = DEAD) -> None:
    """Return letters to their queue at once."""
    for start in range(0, len(letters), _BATCH_SIZE):
        entries = [
            {"Id": str(number), "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0}
            for number, letter in enumerate(letters[start : start + _BATCH_SIZE])
        ]
        _call("change_message_visibility_batch", QueueUrl=_url(name), Entries=entries)


def _send(message: Mapping[str, str], delay: timedelta) -> None:
    _call(
        "send_message",
        QueueUrl=_url(NAME),
        MessageBody=json.dumps(message),
        DelaySeconds=ceil(delay.total_seconds()),
    )


def _attributes(name: str, names: list[str]) -> dict[str, str]:
    found: dict[str, str] = _call("get_queue_attributes", QueueUrl=_url(name), AttributeNames=names)["Attributes"]
    return found


def _url(name: str) -> str:
    return _known_url(name, aws.client("sqs").meta.endpoint_url)


@cache
def _known_url(name: str, _endpoint: str) -> str:
    return str(_call("get_queue_url", QueueName=name)["QueueUrl"])


def _call(operation: str, **request: object) -> dict[str, Any]:
    """Call SQS. Raises QueueUnavailable."""
    try:
        answer: dict[str, Any] = getattr(aws.client("sqs"), operation)(**request)
    except (BotoCoreError, ClientError) as error:
        raise QueueUnavailable from error
    return answer

"""How a notification gets to its channel: through the queue, again and again until it succeeds or is a day old.

    stored --take--> taken for two minutes --> delivered, or given up: the row is deleted
      ^                |
      +---postpone-----+ 30 s, 2 min, 10 min, 1 h, then every 4 h

A worker that dies leaves its row, which the watchdog finds due after two minutes. If it died between the answer and the
deletion, the notification goes out twice: receivers know it by its id. E-mails are claimed, see `email`, and go out once.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from pynamodb.exceptions import PynamoDBException

from chalicelib import clock, telemetry
from chalicelib.crm import email_suppressions
from chalicelib.errors import Conflict, Unavailable
from chalicelib.jobs import (
    backoff,
    email,
    error_text,
    notification_channels,
    notification_formats,
    notifications,
    queue,
    topic,
    webhooks,
)
from chalicelib.jobs.email import SendingRefused
from chalicelib.jobs.notification_channels import DELIVERY, PARTITION, TOPIC_ID, Channel, ChannelKind, Event
from chalicelib.jobs.notifications import Delivery, Notification
from chalicelib.jobs.webhooks import NotDelivered
from chalicelib.settings import settings
from chalicelib.store import reads, tables, timestamps
from chalicelib.store.transaction import Stale, Transaction

TAKEN_FOR = timedelta(minutes=2)
"""Longer than any attempt takes."""
MAX_MESSAGES = 100
"""Messages that one check sends again."""
_MAX_ROWS = 1000
"""Deliveries that one check looks at, the oldest first."""
_STATUS_KEPT = timedelta(days=90)
_EARLY = timedelta(seconds=2)
"""How much earlier than due a message may arrive: the clocks of two machines differ."""


class GivenUp(NotDelivered):
    """Another attempt would not help"""


def deliver(delivery_id: str) -> None:
    """Attempt a delivery for which a message has arrived. Never fails: what is not delivered is attempted again."""
    try:
        _attempt(delivery_id)
    except (Conflict, Unavailable) as error:
        telemetry.warn("a notification waits for the database", delivery=delivery_id, reason=error.message)
    except Exception as error:  # noqa: BLE001 - as the docstring says; its text could quote a secret, so it is left out
        telemetry.error("a notification could not be attempted", delivery=delivery_id, reason=type(error).__name__)


def send_messages_again(now: datetime) -> None:
    """Send a message for each delivery that is due and whose message may be lost. Raises Unavailable.

    A check sends a bounded number, because the watchdog has other things to do. The next one continues.
    """
    items = reads.query(
        TableName=reads.table_name(tables.AuxRow),
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={":pk": {"S": PARTITION}, ":prefix": {"S": DELIVERY}},
    )
    due = (item for item in islice(items, _MAX_ROWS) if (reads.text(item, "since") or "") <= timestamps.to_text(now))
    for item in islice(due, MAX_MESSAGES):
        queue.send_delivery(item["sk"]["S"].removeprefix(DELIVERY))


def _attempt(delivery_id: str) -> None:
    delivery = notifications.find_delivery(delivery_id)
    now = clock.now()
    if delivery is None or timestamps.from_text(delivery.due_at) > now + _EARLY:
        return  # it is delivered, another worker has it, or its next attempt is later
    channel = notification_channels.find(delivery.channel)
    if channel is None and delivery.channel == TOPIC_ID:
        channel = notification_channels.STAGE_TOPIC
    is_test = delivery.notification.event is Event.TEST
    if channel is None or not (channel.enabled or is_test):
        _end(delivery)
        return
    try:
        taken = _store(delivery, notifications.postponed(delivery, now + TAKEN_FOR))
    except Stale:
        return  # another worker was faster
    problem = _problem_of_sending(channel, taken)
    _record_status(channel, problem)
    if problem is None:
        _end(taken)
    else:
        _postpone_or_give_up(channel, taken, problem)


def _problem_of_sending(channel: Channel, delivery: Delivery) -> NotDelivered | None:
    try:
        _send(channel, delivery.notification)
    except NotDelivered as problem:
        return problem
    except SendingRefused as refused:
        return NotDelivered(str(refused))
    except Unavailable as unavailable:
        return NotDelivered(unavailable.message)
    except Exception as error:  # noqa: BLE001 - whatever the cause, it is attempted again; its text could quote a secret
        return NotDelivered(f"an unexpected error: {type(error).__name__}")
    return None


def _send(channel: Channel, notification: Notification) -> None:
    """Raises NotDelivered, SendingRefused, Unavailable."""
    match channel.kind:
        case ChannelKind.TOPIC:
            if not topic.is_set():
                raise NotDelivered("CRM_TOPIC_ARN is not set: the stage has no topic")
            topic.publish(notification.title, notification_formats.as_message(notification))
        case ChannelKind.EMAIL:
            _send_email(channel, notification)
        case ChannelKind.WEBHOOK:
            body, timestamp = notification_formats.as_json(notification), str(int(clock.now().timestamp()))
            headers = {"X-CRM-Notification": notification.id, "X-CRM-Timestamp": timestamp}
            headers["X-CRM-Signature"] = webhooks.signature(channel.secret or "", timestamp, body)
            webhooks.post(channel.url or "", body, headers)
        case ChannelKind.CHAT:
            webhooks.post(channel.url or "", notification_formats.as_chat(notification), {})


def _send_email(channel: Channel, notification: Notification) -> None:
    if not settings.mail_sender:
        raise NotDelivered("CRM_MAIL_SENDER is not set: the stage sends no e-mails")
    suppression = email_suppressions.find(channel.email or "")
    if suppression:
        raise GivenUp(f"the address gets no e-mails: {suppression.reason}")
    sent = email.send_once(
        "notification",
        f"{notification.id}#{channel.id}",
        notification_formats.as_email(notification, channel.email or ""),
    )
    if sent == email.FAILED:
        raise GivenUp("SES refuses this e-mail, for example because of the address")
    if sent == email.DOUBTFUL:
        raise GivenUp("SES gave no answer, so the e-mail may have been sent. It is not sent again")


def _postpone_or_give_up(channel: Channel, delivery: Delivery, problem: NotDelivered) -> None:
    number = delivery.attempts + 1
    next_at = clock.now() + backoff.DELAYS[min(number, len(backoff.DELAYS)) - 1]
    keys: dict[str, Any] = {"channel": channel.id, "delivery": delivery.id, "attempt": number, "reason": str(problem)}
    if isinstance(problem, GivenUp) or delivery.is_over_at(next_at):
        telemetry.error("a notification could not be delivered", **keys)
        _end(delivery)
        return
    telemetry.warn("a notification was not delivered, and is attempted again", **keys)
    postponed = notifications.postponed(delivery, next_at)
    _store(delivery, replace(postponed, attempts=number))
    delay = max(next_at - clock.now(), timedelta())
    if delay <= queue.MAX_DELAY:  # the watchdog sends the message of a later one
        queue.send_delivery(delivery.id, delay)


def _store(old: Delivery, new: Delivery) -> Delivery:
    """Replace `old` by `new`. Raises Stale, Conflict, Unavailable."""
    write = Transaction(was_applied=lambda: notifications.was_written(new))
    write.put(notifications.to_row(new), tables.AuxRow.token == old.token)
    write.commit()
    return new


def _end(delivery: Delivery) -> None:
    """Delete the row, unless it stands for a newer notification by now."""
    write = Transaction(was_applied=lambda: notifications.find_delivery(delivery.id) is None)
    write.delete(notifications.key(delivery.id), tables.AuxRow.token == delivery.token)
    with suppress(Stale):
        write.commit()


def _record_status(channel: Channel, problem: NotDelivered | None) -> None:
    """Note in the channel's status how the attempt went. A failure to do so is ignored."""
    if channel.id == TOPIC_ID:
        return
    row, now = tables.AuxRow, clock.now()
    if problem is None:
        changes = [row.used_at.set(timestamps.to_text(now))]
    else:
        changes = [row.since.set(timestamps.to_text(now)), row.reason.set(error_text.shorten(str(problem)))]
    with suppress(PynamoDBException):
        notification_channels.status_key(channel.id).update([*changes, row.ttl.set(now + _STATUS_KEPT)])

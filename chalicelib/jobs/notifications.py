"""Notifications, and the delivery rows that are stored together with what they tell of.

A notification becomes one row `(notification, delivery#...)` of `ops` for each channel that wants it, in the same transaction
as what it tells of: the alert that begins or ends, the run that has succeeded. So it is told once, whatever dies. After the
transaction, a message for each delivery goes into the queue, see `deliveries`. If that fails, the watchdog sends it.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib import clock
from chalicelib.errors import Unavailable
from chalicelib.jobs import catalog, error_text, notification_channels, queue, slots
from chalicelib.jobs.log_escaping import escape_phrases
from chalicelib.jobs.notification_channels import DELIVERY, PARTITION, Channel, Event
from chalicelib.jobs.run_records import Run
from chalicelib.store import ids, reads, tables, timestamps
from chalicelib.store.transaction import Transaction, new_token

KIND = "ntf"
LIFETIME = timedelta(hours=24)
"""A notification that is older is of no use, and is given up."""
_LIFETIME_OF_SUCCESS = timedelta(hours=1)
"""There may be one a minute, and a receiver that is gone must not make them pile up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    id: str
    event: Event
    kind: str
    """What has happened, such as FAILING, RECOVERED or SUCCEEDED."""
    job: str | None
    text: str
    at: str

    @property
    def title(self) -> str:
        return f"{self.kind}: {self.job}" if self.job else self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A notification on its way to a channel. A worker that takes it moves `due_at` on, so that no other does."""

    id: str
    channel: str
    notification: Notification
    due_at: str
    attempts: int = 0
    token: str

    def is_over_at(self, moment: datetime) -> bool:
        lifetime = _LIFETIME_OF_SUCCESS if self.notification.event is Event.SUCCESS else LIFETIME
        return moment - timestamps.from_text(self.notification.at) > lifetime


def new(event: Event, kind: str, job: str | None, text: str) -> Notification:
    return Notification(
        id=ids.new_id(KIND),
        event=event,
        kind=kind,
        job=job,
        text=error_text.shorten(text),
        at=timestamps.to_text(clock.now()),
    )


def to_channels(notification: Notification, channels: Iterable[Channel]) -> list[Delivery]:
    """Return one delivery for each of the channels that wants the notification."""
    return [
        new_delivery(notification, channel)
        for channel in channels
        if channel.wants(notification.event, notification.job)
    ]


def new_delivery(notification: Notification, channel: Channel, delivery_id: str | None = None) -> Delivery:
    return Delivery(
        id=delivery_id or f"{notification.id}#{channel.id}",
        channel=channel.id,
        notification=notification,
        due_at=notification.at,
        token=new_token(),
    )


def add_success(write: Transaction, run: Run) -> list[Delivery]:
    """Let the transaction that ends a successful run tell of it. Raises Unavailable.

    The heartbeat runs too often for that; who wants to know whether it is well hears of problems.
    """
    job = catalog.known_jobs().get(run.job)
    if job is None or job.has_fixed_schedule:
        return []
    channels = notification_channels.find_all()
    text = (
        f"the run of {slots.instant_of(run.slot)} succeeded{_counts_of(run)}{f': {run.reason}' if run.reason else ''}"
    )
    deliveries = to_channels(new(Event.SUCCESS, "SUCCEEDED", run.job, escape_phrases(text)), channels)
    add_to(write, deliveries)
    return deliveries


def add_to(write: Transaction, deliveries: Iterable[Delivery]) -> None:
    for delivery in deliveries:
        write.put(to_row(delivery))


def send_messages(deliveries: Iterable[Delivery]) -> None:
    """Send the messages of deliveries that are stored. Never fails: the watchdog sends those that are missing."""
    for delivery in deliveries:
        with suppress(Unavailable):
            queue.send_delivery(delivery.id)


def to_row(delivery: Delivery) -> tables.AuxRow:
    notification = delivery.notification
    content = {"channel": delivery.channel, "attempts": delivery.attempts, "notification": asdict(notification)}
    return tables.AuxRow(
        pk=PARTITION,
        sk=DELIVERY + delivery.id,
        content=content,
        since=delivery.due_at,
        token=delivery.token,
        ttl=timestamps.from_text(notification.at) + 2 * LIFETIME,
    )


def key(delivery_id: str) -> tables.AuxRow:
    """Return the row with nothing but its key, for deletions."""
    return tables.AuxRow(pk=PARTITION, sk=DELIVERY + delivery_id)


def find_delivery(delivery_id: str) -> Delivery | None:
    item = reads.get_op(PARTITION, DELIVERY + delivery_id)
    return load_delivery(item) if item else None


def was_written(delivery: Delivery) -> bool:
    return reads.has_token(tables.AuxRow, delivery.token, pk=PARTITION, sk=DELIVERY + delivery.id)


def load_delivery(item: reads.Item) -> Delivery:
    content: Mapping[str, Any] = reads.json_of(item, "content")
    notification = content["notification"]
    return Delivery(
        id=item["sk"]["S"].removeprefix(DELIVERY),
        channel=content["channel"],
        notification=Notification(**{**notification, "event": Event(notification["event"])}),
        due_at=item["since"]["S"],
        attempts=content["attempts"],
        token=item["token"]["S"],
    )


def postponed(delivery: Delivery, until: datetime) -> Delivery:
    """Return the delivery as a worker has it that takes or returns it: nobody else attempts it before `until`."""
    return replace(delivery, due_at=timestamps.to_text(until), token=new_token())


def _counts_of(run: Run) -> str:
    counts = ", ".join(f"{name} {value}" for name, value in run.counts.items())
    return f" ({counts})" if counts else ""

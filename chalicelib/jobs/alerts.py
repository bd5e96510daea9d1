"""Alerts: operators get one message when a problem begins, and one when it is over.

A row `(alert, job#kind)` of `ops` stands for each open alert. The transaction that writes or deletes it also stores what
channels are told, see `notifications`, so each hears of it once. As long as no channel is a topic, the stage's topic gets every
message before that, whatever else is out of order: a crash in between sends it twice rather than never.
"""

from collections.abc import Iterable

from chalicelib import clock, telemetry
from chalicelib.errors import TopicUnavailable
from chalicelib.jobs import error_text, notification_channels, notifications, topic
from chalicelib.jobs.job import DOWN, UNDELIVERED
from chalicelib.jobs.log_escaping import escape_phrases
from chalicelib.jobs.notification_channels import STAGE_TOPIC, ChannelKind, Event
from chalicelib.jobs.notifications import Delivery
from chalicelib.store import reads, tables, timestamps
from chalicelib.store.transaction import Stale, Transaction, new_token

LATE, SLOW, FAILING, TOO_FREQUENT, PAUSED = "LATE", "SLOW", "FAILING", "TOO_FREQUENT", "PAUSED"
KINDS = (LATE, SLOW, FAILING, DOWN, UNDELIVERED, TOO_FREQUENT, PAUSED)
PARTITION = "alert"
_RECOVERED = "RECOVERED"


def open_alerts() -> set[tuple[str, str]]:
    """Return (job, kind) of each open alert."""
    items = reads.query(
        TableName=reads.table_name(tables.AuxRow),
        KeyConditionExpression="pk = :alert",
        ExpressionAttributeValues={":alert": {"S": PARTITION}},
        ConsistentRead=True,
    )
    return {(job, kind) for job, _, kind in (item["sk"]["S"].partition("#") for item in items)}


def begin(job: str, kind: str, text: str) -> None:
    """Raise an alert. Raises Unavailable; the next check then tries again."""
    deliveries = _notify(Event.PROBLEM, job, kind, text)
    content = {"text": error_text.shorten(text), "since": timestamps.to_text(clock.now())}
    row = tables.AuxRow(PARTITION, f"{job}#{kind}", content=content, token=new_token())

    def was_applied() -> bool:
        stored = reads.get_op(row.pk, row.sk)
        return stored is not None and reads.text(stored, "token") == row.token

    write = Transaction(was_applied)
    write.put(row, tables.AuxRow.pk.does_not_exist())
    _commit(write, deliveries)


def end(job: str, kind: str, why: str = "") -> None:
    """Clear an alert. Raises Unavailable; the next check then tries again."""
    text = f"no longer {kind.replace('_', ' ').lower()}{f': {why}' if why else ''}"
    deliveries = _notify(Event.RECOVERY, job, _RECOVERED, text)
    row = tables.AuxRow(PARTITION, f"{job}#{kind}")
    write = Transaction(was_applied=lambda: reads.get_op(row.pk, row.sk) is None)
    write.delete(row, tables.AuxRow.pk.exists())
    _commit(write, deliveries)


def _notify(event: Event, job: str, kind: str, text: str) -> list[Delivery]:
    """Log, count and publish a message. Return what has to be stored for the channels that hear of it, too."""
    channels = notification_channels.find_all()
    message = error_text.shorten(f"{kind}: {job}: {text}")
    telemetry.warn(escape_phrases(message), job=job, kind=kind)
    telemetry.count(f"Job{kind.title().replace('_', '')}", total=True, job=job)
    if not any(channel.kind is ChannelKind.TOPIC for channel in channels):
        try:
            topic.publish(f"{kind}: {job}", message)
        except TopicUnavailable as error:
            telemetry.error(
                "an alert could not be published; the queue tries again", job=job, kind=kind, exc_info=error
            )
            channels.append(STAGE_TOPIC)
    return notifications.to_channels(notifications.new(event, kind, job, text), channels)


def _commit(write: Transaction, deliveries: Iterable[Delivery]) -> None:
    notifications.add_to(write, deliveries)
    try:
        write.commit()
    except Stale:
        return  # another check has met this one, and has told everybody
    notifications.send_messages(deliveries)

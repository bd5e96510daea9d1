"""The weekly digest: how the runs of the last seven days ended, what is wrong, and what is paused.

The watchdog sends it to the channels on Mondays at 07:00 UTC; it is no job of its own.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from chalicelib.jobs import alerts, catalog, job_state, notification_channels, notifications, slots
from chalicelib.jobs.notification_channels import PARTITION, Channel, Event
from chalicelib.jobs.schedule import Schedule
from chalicelib.store import reads, tables, timestamps
from chalicelib.store.transaction import Stale, Transaction, new_token

SCHEDULE = Schedule("0 7 * * 1")
"""After the weekly report has been made."""
WEEK = timedelta(days=7)
_MARK = "digest"
"""The row that says which digest was sent last."""


def send_if_due(now: datetime) -> None:
    """Send the digest of the week, once, to channels that are older than it. Raises Unavailable."""
    due = SCHEDULE.until(now)
    channels = [
        channel
        for channel in notification_channels.find_all()
        if channel.wants(Event.WEEKLY_DIGEST, None) and _is_older(channel, due)
    ]
    if not channels or _last_sent() >= timestamps.to_text(due):
        return
    text = "\n".join(_lines(due, now))
    deliveries = notifications.to_channels(
        notifications.new(Event.WEEKLY_DIGEST, "WEEKLY_DIGEST", None, text), channels
    )
    row = tables.AuxRow(PARTITION, _MARK, since=timestamps.to_text(due), token=new_token())
    write = Transaction(was_applied=lambda: _token() == row.token)
    write.put(row, tables.AuxRow.pk.does_not_exist() | (tables.AuxRow.since < row.since))
    notifications.add_to(write, deliveries)
    try:
        write.commit()
    except Stale:
        return  # another check has met this one
    notifications.send_messages(deliveries)


def _is_older(channel: Channel, due: datetime) -> bool:
    """Return whether the channel was as it is when the digest was due."""
    return (channel.updated_at or channel.created_at or "") <= timestamps.to_text(due)


def _last_sent() -> str:
    item = reads.get_op(PARTITION, _MARK)
    return item["since"]["S"] if item else ""


def _token() -> str | None:
    item = reads.get_op(PARTITION, _MARK)
    return reads.text(item, "token") if item else None


def _lines(due: datetime, now: datetime) -> Iterator[str]:
    yield f"The runs from {slots.of(due - WEEK)} to {slots.of(due)}:"
    for job in catalog.known_jobs():
        counts = Counter(_statuses(job, due))
        words = ", ".join(f"{count:,} {status.lower()}" for status, count in sorted(counts.items()))
        if words or job in catalog.JOBS:
            yield f"{job}: {words or 'none'}"
    problems = sorted(alerts.open_alerts())
    yield "Problems now: " + (", ".join(f"{job} is {kind}" for job, kind in problems) or "none")
    pauses = ((job, job_state.find(job).paused_at(now)) for job in catalog.JOBS)
    paused = [f"{job} is {pause.text}" for job, pause in pauses if pause]
    if paused:
        yield "Paused: " + "; ".join(paused)


def _statuses(job: str, due: datetime) -> Iterator[str]:
    """Yield the status of each run that was due in the week."""
    items = reads.query(
        TableName=reads.table_name(tables.Run),
        KeyConditionExpression="job = :job AND slot >= :first",
        ExpressionAttributeValues={":job": {"S": job}, ":first": {"S": slots.of(due - WEEK)}},
    )
    return (item["status"]["S"] for item in items if item["slot"]["S"] < slots.of(due))

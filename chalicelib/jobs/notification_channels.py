"""Channels: where notifications are sent, and which events each of them gets.

They are rows `(notification, channel#id)` of `ops`, at most 20.

The URL of a webhook and its secret can be written, not read: whoever has them can post, or sign, in our name. What people
see of a URL is its host. A second row `(notification, status#id)` says how the latest deliveries went.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from chalicelib import telemetry
from chalicelib.store import reads, tables

PARTITION = "notification"
CHANNEL, STATUS, DELIVERY = "channel#", "status#", "delivery#"
MAX_CHANNELS = 20
TOPIC_ID = "topic"
"""Stands for the stage's topic, as long as there is no channel of that kind."""


class ChannelKind(StrEnum):
    TOPIC = "TOPIC"
    EMAIL = "EMAIL"
    WEBHOOK = "WEBHOOK"
    CHAT = "CHAT"


class Event(StrEnum):
    PROBLEM = "PROBLEM"
    RECOVERY = "RECOVERY"
    SUCCESS = "SUCCESS"
    WEEKLY_DIGEST = "WEEKLY_DIGEST"
    TEST = "TEST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    id: str
    name: str
    kind: ChannelKind
    events: tuple[Event, ...]
    jobs: tuple[str, ...] = ()
    """Only what concerns these jobs. Empty: all."""
    email: str | None = None
    url: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    enabled: bool = True
    created_at: str | None = None
    created_by: str | None = None
    updated_at: str | None = None
    updated_by: str | None = None
    last_delivered_at: str | None = None
    last_failed_at: str | None = None
    last_error: str | None = None
    token: str = ""

    @property
    def target(self) -> str:
        """Return where it goes, without what must stay secret."""
        if self.url:
            parts = urlsplit(self.url)
            return f"{parts.scheme}://{parts.netloc}/***"
        return self.email or "the SNS topic of the stage"

    def wants(self, event: Event, job: str | None) -> bool:
        return self.enabled and event in self.events and (job is None or not self.jobs or job in self.jobs)


_OF_STATUS = ("last_delivered_at", "last_failed_at", "last_error")
STAGE_TOPIC = Channel(
    id=TOPIC_ID, name="the topic of the stage", kind=ChannelKind.TOPIC, events=(Event.PROBLEM, Event.RECOVERY)
)


def find_all() -> list[Channel]:
    """Return all channels, as they are now, in the order in which they were made.

    One that cannot be read, for example after a rollback, is left out: the others hear of problems all the same.
    """
    found = []
    for item in _query(CHANNEL):
        try:
            found.append(_load(item))
        except (LookupError, TypeError, ValueError) as error:
            telemetry.error("a channel could not be read", channel=item["sk"]["S"], reason=type(error).__name__)
    return found


def find(channel_id: str) -> Channel | None:
    item = reads.get_op(PARTITION, CHANNEL + channel_id)
    return _load(item) if item else None


def find_all_with_status() -> list[Channel]:
    """Return all channels, each with how its latest deliveries went."""
    stored = {item["sk"]["S"].removeprefix(STATUS): item for item in _query(STATUS)}
    return [_with_status(channel, stored.get(channel.id)) for channel in find_all()]


def find_with_status(channel_id: str) -> Channel | None:
    channel = find(channel_id)
    return _with_status(channel, reads.get_op(PARTITION, STATUS + channel_id)) if channel else None


def to_change_row(channel: Channel) -> dict[str, object]:
    """Return what change rows say of a channel: what people may see."""
    return {
        "name": channel.name,
        "kind": channel.kind,
        "events": channel.events,
        "jobs": channel.jobs,
        "target": channel.target,
        "enabled": channel.enabled,
    }


def to_row(channel: Channel) -> tables.AuxRow:
    content = {name: value for name, value in asdict(channel).items() if name not in {"id", "token", *_OF_STATUS}}
    return tables.AuxRow(pk=PARTITION, sk=CHANNEL + channel.id, content=content, token=channel.token)


def key(channel_id: str) -> tables.AuxRow:
    """Return the row with nothing but its key, for deletions."""
    return tables.AuxRow(pk=PARTITION, sk=CHANNEL + channel_id)


def status_key(channel_id: str) -> tables.AuxRow:
    return tables.AuxRow(pk=PARTITION, sk=STATUS + channel_id)


def was_written(channel: Channel) -> bool:
    """Return whether the row is as this write made it."""
    return reads.has_token(tables.AuxRow, channel.token, pk=PARTITION, sk=CHANNEL + channel.id)


def _query(prefix: str) -> Iterable[reads.Item]:
    return reads.query(
        TableName=reads.table_name(tables.AuxRow),
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={":pk": {"S": PARTITION}, ":prefix": {"S": prefix}},
        ConsistentRead=True,
    )


def _load(item: reads.Item) -> Channel:
    content: Mapping[str, Any] = reads.json_of(item, "content")
    return Channel(
        id=item["sk"]["S"].removeprefix(CHANNEL),
        token=item["token"]["S"],
        **{
            **content,
            "kind": ChannelKind(content["kind"]),
            "events": tuple(map(Event, content["events"])),
            "jobs": tuple(content["jobs"]),
        },
    )


def _with_status(channel: Channel, status: reads.Item | None) -> Channel:
    if status is None:
        return channel
    return replace(
        channel,
        last_delivered_at=reads.text(status, "used_at"),
        last_failed_at=reads.text(status, "since"),
        last_error=reads.text(status, "reason"),
    )

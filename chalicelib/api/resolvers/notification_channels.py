"""Resolvers of the channels of notifications: list, create, change, delete and test them."""

from dataclasses import dataclass
from typing import TypedDict, Unpack

from chalicelib.api.graphql.loaders import Info, context_of
from chalicelib.api.resolvers.arguments import ExpectedVersion, seen_version
from chalicelib.errors import InvalidInput
from chalicelib.jobs import channel_changes, notification_channels
from chalicelib.jobs.channel_changes import ChannelChanges
from chalicelib.jobs.notification_channels import Channel, ChannelKind


class ChannelInput(TypedDict, total=False):
    name: str | None
    kind: str | None
    events: list[str] | None
    jobs: list[str] | None
    email: str | None
    url: str | None
    secret: str | None
    enabled: bool | None


@dataclass(frozen=True, slots=True)
class NotificationChannelPayload:
    channel: Channel


@dataclass(frozen=True, slots=True)
class DeleteNotificationChannelPayload:
    id: str


def all_channels(_root: object, _info: Info) -> list[Channel]:
    return notification_channels.find_all_with_status()


def create_channel(_root: object, info: Info, input: ChannelInput) -> NotificationChannelPayload:  # noqa: A002 - the argument's name, here and below
    kind = input.get("kind")
    if kind is None:
        raise InvalidInput("Give the kind of the channel", field="kind")
    made = channel_changes.create(ChannelKind(kind), _changes(input), context_of(info).caller.name)
    return NotificationChannelPayload(made)


def update_channel(
    _root: object,
    info: Info,
    id: str,  # noqa: A002
    input: ChannelInput,  # noqa: A002
    **expected: Unpack[ExpectedVersion],
) -> NotificationChannelPayload:
    actor = context_of(info).caller.name
    return NotificationChannelPayload(channel_changes.update(id, _changes(input), actor, seen_version(expected)))


def delete_channel(_root: object, _info: Info, id: str) -> DeleteNotificationChannelPayload:  # noqa: A002
    return DeleteNotificationChannelPayload(channel_changes.delete(id))


def send_test(_root: object, info: Info, id: str) -> NotificationChannelPayload:  # noqa: A002
    return NotificationChannelPayload(channel_changes.send_test(id, context_of(info).caller.name))


def _changes(given: ChannelInput) -> ChannelChanges:
    """Return what is given for the domain: without the kind, and without nulls, which change nothing."""
    changes: ChannelChanges = {}
    for name in ("name", "events", "email", "url", "secret", "enabled"):
        if given.get(name) is not None:
            changes[name] = given[name]
    if "jobs" in given:
        changes["jobs"] = given["jobs"]
    return changes

"""What operators change about channels: create, update and delete them, and send a test to one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypedDict

from chalicelib.crm import text
from chalicelib.errors import Conflict, InvalidInput, NotFound
from chalicelib.jobs import (
    catalog,
    concurrent_additions,
    notification_channels,
    notifications,
    seen_versions,
    webhook_addresses,
)
from chalicelib.jobs.notification_channels import MAX_CHANNELS, Channel, ChannelKind, Event
from chalicelib.jobs.seen_versions import SeenVersion
from chalicelib.store import change_marks, ids, tables, timestamps
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale, Transaction, new_token

KIND = "chn"
MAX_NAME = 100
MIN_SECRET, MAX_SECRET = 16, 200
_BELONGS_TO = {
    "email": {ChannelKind.EMAIL},
    "url": {ChannelKind.WEBHOOK, ChannelKind.CHAT},
    "secret": {ChannelKind.WEBHOOK},
}


class ChannelChanges(TypedDict, total=False):
    """What is given of a channel."""

    name: str | None
    events: Sequence[str] | None
    jobs: Sequence[str] | None
    email: str | None
    url: str | None
    secret: str | None
    enabled: bool | None


def create(kind: ChannelKind, changes: ChannelChanges, actor: str) -> Channel:
    """Add a channel. Raises InvalidInput, Conflict."""
    channel_id = ids.new_id(KIND)
    if change_marks.is_done(channel_id):
        return require(channel_id)
    created_at = timestamps.to_text(change_marks.moment())
    blank = Channel(id=channel_id, name="", kind=kind, events=(), created_at=created_at, created_by=actor)
    made = replace(_with_changes(blank, changes), token=new_token())
    for _ in retry_delays():
        write = Transaction(
            was_applied=lambda: notification_channels.was_written(made),
            subject=channel_id,
            after=notification_channels.to_change_row(made),
        )
        _take_room(write, kind)
        write.put(notification_channels.to_row(made), tables.AuxRow.pk.does_not_exist())
        try:
            write.commit()
        except Stale:
            continue
        return made
    raise Conflict


def _take_room(write: Transaction, kind: ChannelKind) -> None:
    """Refuse the new channel of `write` if there are too many, or is one for the topic already. Raises InvalidInput."""
    concurrent_additions.make_conflict(write, "channel")
    others = notification_channels.find_all()
    if len(others) >= MAX_CHANNELS:
        raise InvalidInput(f"There are {MAX_CHANNELS} channels already. Delete one first")
    if kind is ChannelKind.TOPIC and any(each.kind is kind for each in others):
        raise InvalidInput("There is a channel for the topic already", field="kind")


def update(channel_id: str, changes: ChannelChanges, actor: str, seen: SeenVersion | None = None) -> Channel:
    """Change a channel. What is not given stays as it is. Raises NotFound, InvalidInput, RowChanged, Conflict."""
    for _ in retry_delays():
        old = require(channel_id)
        if change_marks.is_done(channel_id):
            return old
        seen_versions.check(seen, old.updated_at, notification_channels.to_change_row(old))
        updated_at = timestamps.to_text(change_marks.moment())
        new = replace(_with_changes(old, changes), updated_at=updated_at, updated_by=actor, token=new_token())
        if _replace(old, new):
            return new
    raise Conflict


def delete(channel_id: str) -> str:
    """Delete a channel, and return its id. What is on its way to it is not delivered. Raises NotFound, Conflict."""
    for _ in retry_delays():
        if change_marks.is_done(channel_id):
            return channel_id
        old = require(channel_id)
        write = Transaction(
            was_applied=lambda: notification_channels.find(channel_id) is None,
            subject=channel_id,
            before=notification_channels.to_change_row(old),
        )
        write.delete(notification_channels.key(channel_id), tables.AuxRow.token == old.token)
        write.delete(notification_channels.status_key(channel_id))
        try:
            write.commit()
        except Stale:
            continue
        return channel_id
    raise Conflict


def send_test(channel_id: str, actor: str) -> Channel:
    """Send a test to a channel, also if it is disabled. `last_delivered_at` or `last_error` tells how it went.

    A test that is on its way already is replaced. Raises NotFound.
    """
    channel = require(channel_id)
    delivery_id = f"test#{channel_id}"
    if not change_marks.is_done(channel_id):
        notification = notifications.new(
            Event.TEST, "TEST", None, f"A test of the channel {channel.name}, sent by {actor}"
        )
        delivery = notifications.new_delivery(notification, channel, delivery_id)
        write = Transaction(
            was_applied=lambda: notifications.was_written(delivery), subject=channel_id, after={"test": "requested"}
        )
        notifications.add_to(write, [delivery])
        write.commit()
    pending = notifications.find_delivery(delivery_id)
    notifications.send_messages([pending] if pending else [])  # also on a replay: that attempt may have died before it
    return channel


def require(channel_id: str) -> Channel:
    """Return a channel with how its latest deliveries went. Raises NotFound."""
    found = notification_channels.find_with_status(channel_id) if text.fits_key(channel_id) else None
    if found is None:
        raise NotFound(f"There is no channel {channel_id[:40]!r}", field="id")
    return found


def _replace(old: Channel, new: Channel) -> bool:
    """Return False if another request has changed the channel first."""
    before, after = change_marks.differences(
        notification_channels.to_change_row(old), notification_channels.to_change_row(new)
    )
    for name in ("url", "secret"):  # the log says that they were changed, and not to what
        after |= {name: "changed"} if getattr(old, name) != getattr(new, name) else {}
    write = Transaction(
        was_applied=lambda: notification_channels.was_written(new), subject=old.id, before=before, after=after
    )
    write.put(notification_channels.to_row(new), tables.AuxRow.token == old.token)
    try:
        write.commit()
    except Stale:
        return False
    return True


def _with_changes(old: Channel, changes: ChannelChanges) -> Channel:
    """Return the channel with the changes. Raises InvalidInput."""
    _refuse_what_belongs_to_others(old.kind, changes)
    new = old
    if changes.get("name") is not None or not old.name:
        new = replace(new, name=text.checked_line(changes.get("name") or "", "name", MAX_NAME))
    if "events" in changes:
        new = replace(new, events=_checked_events(changes["events"] or ()))
    if "jobs" in changes:
        new = replace(new, jobs=_checked_jobs(changes["jobs"] or ()))
    email, url, secret = changes.get("email"), changes.get("url"), changes.get("secret")
    if email:
        new = replace(new, email=text.checked_email(email))
    if url:
        new = replace(new, url=webhook_addresses.checked(url))
    if secret:
        new = replace(new, secret=_checked_secret(secret))
    enabled = changes.get("enabled")
    new = new if enabled is None else replace(new, enabled=enabled)
    _check_complete(new)
    return new


def _refuse_what_belongs_to_others(kind: ChannelKind, changes: ChannelChanges) -> None:
    for name, kinds in _BELONGS_TO.items():
        if changes.get(name) and kind not in kinds:
            raise InvalidInput(f"A channel of the kind {kind} has no {name}", field=name)


def _check_complete(channel: Channel) -> None:
    for name, kinds in _BELONGS_TO.items():
        if channel.kind in kinds and not getattr(channel, name):
            raise InvalidInput(f"A channel of the kind {channel.kind} needs {name}", field=name)
    if not channel.events:
        raise InvalidInput("Give at least one event", field="events")


def _checked_events(events: Sequence[str]) -> tuple[Event, ...]:
    return tuple(dict.fromkeys(Event(event) for event in events))


def _checked_jobs(jobs: Sequence[str]) -> tuple[str, ...]:
    known = catalog.known_jobs()
    for job in jobs:
        if job not in known:
            raise InvalidInput(f"There is no job {job[:40]!r}. The jobs are: {', '.join(known)}", field="jobs")
    return tuple(dict.fromkeys(jobs))


def _checked_secret(secret: str) -> str:
    """Return the secret, unchanged: receivers compute with the same text. Raises InvalidInput, which does not quote it."""
    if not MIN_SECRET <= len(secret) <= MAX_SECRET or not secret.isascii() or not secret.isprintable():
        raise InvalidInput(
            f"The secret must have {MIN_SECRET} to {MAX_SECRET} printable ASCII characters", field="secret"
        )
    return secret

"""Replays of the mutations that change the channels of notifications."""

from chalicelib.jobs import channel_changes, deliveries, notification_channels, notifications
from chalicelib.jobs.channel_changes import ChannelChanges
from chalicelib.jobs.notification_channels import ChannelKind
from chalicelib.jobs.notifications import Delivery
from tests.api.replay_scenario import Ids, Scenario, nothing


def a_channel() -> Ids:
    values: ChannelChanges = {"name": "Ops", "email": "a@example.com", "events": ["PROBLEM"]}
    return {"id": channel_changes.create(ChannelKind.EMAIL, values, "test").id}


def pending_test(ids: Ids) -> Delivery | None:
    return notifications.find_delivery(f"test#{ids['id']}")


def forget_pending_test(ids: Ids) -> None:
    """It is delivered."""
    found = pending_test(ids)
    if found:
        deliveries._end(found)


SCENARIOS = {
    "createNotificationChannel": Scenario(
        document="""mutation { createNotificationChannel(input: {
          kind: EMAIL, name: "first", email: "a@example.com", events: [PROBLEM]}) { channel { id } } }""",
        prepare=nothing,
        was_made=lambda _: bool(notification_channels.find_all()),
        meddle=lambda _: [
            channel_changes.update(each.id, {"name": "meddled"}, "test") for each in notification_channels.find_all()
        ],
        is_right=lambda _, made, reply: (
            [each.name for each in notification_channels.find_all()] == ["meddled" if made else "first"]
            and reply.data["createNotificationChannel"]["channel"]["id"] == notification_channels.find_all()[0].id
        ),
    ),
    "updateNotificationChannel": Scenario(
        document="""mutation ($id: ID!) {
          updateNotificationChannel(id: $id, input: {name: "changed"}) { channel { id } } }""",
        prepare=a_channel,
        was_made=lambda ids: channel_changes.require(ids["id"]).name == "changed",
        meddle=lambda ids: channel_changes.update(ids["id"], {"name": "meddled"}, "test"),
        is_right=lambda ids, made, reply: (
            reply.data["updateNotificationChannel"]["channel"]["id"] == ids["id"]
            and channel_changes.require(ids["id"]).name == ("meddled" if made else "changed")
        ),
    ),
    "deleteNotificationChannel": Scenario(
        document="mutation ($id: ID!) { deleteNotificationChannel(id: $id) { id } }",
        prepare=a_channel,
        was_made=lambda ids: notification_channels.find(ids["id"]) is None,
        is_right=lambda ids, _, reply: (
            reply.data["deleteNotificationChannel"]["id"] == ids["id"] and notification_channels.find_all() == []
        ),
    ),
    "sendTestNotification": Scenario(
        document="mutation ($id: ID!) { sendTestNotification(id: $id) { channel { id } } }",
        prepare=a_channel,
        was_made=lambda ids: pending_test(ids) is not None,
        meddle=forget_pending_test,
        is_right=lambda ids, made, reply: (
            reply.data["sendTestNotification"]["channel"]["id"] == ids["id"] and (pending_test(ids) is None) == made
        ),
    ),
}

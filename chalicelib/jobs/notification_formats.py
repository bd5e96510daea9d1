"""How a notification is written for each kind of channel: as an e-mail, as JSON for programs, as a line for a chat."""

import json

from chalicelib.jobs.email import Email
from chalicelib.jobs.notifications import Notification
from chalicelib.settings import settings

_BREAK = "\u200b"
"""A space without width. After an @, it keeps chats from calling people whom a text only names."""


def as_email(notification: Notification, to: str) -> Email:
    subject = f"[crm {settings.stage}] {notification.title}"
    text = f"{notification.text}\n\nStage: {settings.stage}\nTime: {notification.at}\n"
    return Email((to,), subject, text)


def as_message(notification: Notification) -> str:
    """Return the text that SNS and the log have, at most as long as both take."""
    return f"{notification.title}: {notification.text}"


def as_json(notification: Notification) -> bytes:
    content = {
        "id": notification.id,
        "event": notification.event,
        "kind": notification.kind,
        "job": notification.job,
        "stage": settings.stage,
        "at": notification.at,
        "text": notification.text,
    }
    return json.dumps(content, ensure_ascii=False).encode()


def as_chat(notification: Notification) -> bytes:
    """Return the JSON that Slack, Teams and Mattermost take. What is markup to them is spelled out."""
    text = f"[{settings.stage}] {as_message(notification)}"
    for character, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("@", f"@{_BREAK}")):
        text = text.replace(character, written)
    return json.dumps({"text": text}, ensure_ascii=False).encode()

"""The page about notifications: its code accepts what a receiver gets from us over TLS, and nothing else."""

import json
import time
from typing import Any

from chalicelib.jobs import channel_changes
from chalicelib.jobs.notification_channels import ChannelKind, Event
from tests.conftest import ROOT
from tests.jobs.job_runs import Consumer
from tests.jobs.webhook_receiver import receiving
from tests.markdown import Page

PAGE = Page(ROOT / "docs" / "notifications.md")
SECRET = "a secret of the receiver"


def is_genuine(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Run the code of the page."""
    (code,) = PAGE.blocks("python")
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - it is our own page
    return bool(names["is_genuine"](secret, headers, body))


def test_the_code_of_the_page_accepts_our_requests_and_no_others() -> None:
    with receiving() as receiver:
        values: channel_changes.ChannelChanges = {
            "name": "Pager", "events": ["PROBLEM"], "url": receiver.url, "secret": SECRET,
        }  # fmt: skip
        channel = channel_changes.create(ChannelKind.WEBHOOK, values, "ann")
        channel_changes.send_test(channel.id, "ann")
        Consumer().deliver_all()
    (request,) = receiver.requests
    headers, body = request.headers, request.body
    assert is_genuine(SECRET, headers, body)
    assert not is_genuine("another secret of 24", headers, body)
    assert not is_genuine(SECRET, headers, body.replace(b"TEST", b"BEST"))
    assert not is_genuine(SECRET, headers | {"X-CRM-Timestamp": str(int(headers["X-CRM-Timestamp"]) - 1)}, body)
    old = str(int(time.time()) - 301)
    assert not is_genuine(SECRET, headers | {"X-CRM-Timestamp": old}, body)
    assert json.loads(body)["id"] == headers["X-CRM-Notification"]


def test_the_body_of_the_page_has_the_fields_of_a_real_one() -> None:
    with receiving() as receiver:
        values: channel_changes.ChannelChanges = {
            "name": "Pager", "events": ["PROBLEM"], "url": receiver.url, "secret": SECRET,
        }  # fmt: skip
        channel_changes.send_test(channel_changes.create(ChannelKind.WEBHOOK, values, "ann").id, "ann")
        Consumer().deliver_all()
    (example,) = PAGE.blocks("json")
    assert json.loads(example).keys() == json.loads(receiver.requests[0].body).keys()


def test_the_page_names_every_event() -> None:
    for event in Event:
        assert f"`{event}`" in PAGE.text

"""Channels whose receivers are lists, and a job that has failed: for the tests of notifications."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import cast

import pytest

from chalicelib.jobs import (
    backoff,
    channel_changes,
    deliveries,
    email,
    notification_channels,
    topic,
    watchdog,
    webhooks,
)
from chalicelib.jobs.channel_changes import ChannelChanges
from chalicelib.jobs.email import Email
from chalicelib.jobs.job import RunRefused, StepContext, StepResult
from chalicelib.jobs.notification_channels import Channel, ChannelKind
from chalicelib.settings import settings
from chalicelib.store import tables
from tests.builders import rows_of
from tests.jobs.job_runs import Clock, Consumer, make_job, make_runner, one_page, use_jobs

URL, SECRET = "https://hooks.example.com/T0KEN", "S3CRET of the receiver"
DELAYS = backoff.DELAYS
ALL = ["PROBLEM", "RECOVERY", "SUCCESS"]


@dataclass
class World:
    """What left the stage: (where, text) of each, in order. `problem` makes all attempts fail but those of the topic."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    problem: Exception | None = None

    def take(self) -> list[tuple[str, str]]:
        found, self.sent = self.sent, []
        return found

    def note(self, where: str, text: str) -> None:
        if self.problem and where != "topic":
            raise self.problem
        self.sent.append((where, text))


@pytest.fixture(name="world")
def make_world(monkeypatch: pytest.MonkeyPatch) -> World:
    found = World()

    def post(url: str, body: bytes, headers: dict[str, str]) -> None:
        found.headers.append(dict(headers))
        found.note(url.split("/")[2], json.loads(body)["text"])

    def request(message: Email) -> None:
        found.note(message.to[0], message.subject)

    monkeypatch.setattr(backoff, "DELAYS", DELAYS)
    monkeypatch.setattr(webhooks, "post", post)
    monkeypatch.setattr(email, "_request", request)
    for module in (email, deliveries):
        monkeypatch.setattr(module, "settings", replace(settings, mail_sender="crm@example.com"))
    monkeypatch.setattr(topic, "publish", lambda subject, _message: found.note("topic", subject))
    monkeypatch.setattr(topic, "is_set", lambda: True)
    return found


def a_channel(kind: ChannelKind = ChannelKind.CHAT, events: list[str] = ALL, **more: object) -> Channel:
    values: dict[ChannelKind, ChannelChanges] = {
        ChannelKind.TOPIC: {},
        ChannelKind.EMAIL: {"email": "ops@example.com"},
        ChannelKind.WEBHOOK: {"url": "https://pager.example.com/T0KEN", "secret": SECRET},
        ChannelKind.CHAT: {"url": URL},
    }
    given = cast("ChannelChanges", {"name": kind.title(), "events": events, **values[kind], **more})
    return channel_changes.create(kind, given, "ann")


def refuse(_work: StepContext) -> StepResult:
    raise RunRefused("no <disk> @all")


def deliver() -> None:
    """Deliver what is in the queue."""
    Consumer().deliver_all()


@pytest.fixture(name="failing")
def make_failing(monkeypatch: pytest.MonkeyPatch, time: Clock) -> Callable[[], None]:
    """A job that has failed. Call it to let its next run succeed."""
    broken, repaired = make_job(refuse), make_job(one_page)
    use_jobs(monkeypatch, repaired)
    watchdog.run_checks()
    make_runner().fire(broken, time.now)
    return lambda: make_runner().fire(repaired, time.later(hours=1))


def pending() -> list[str]:
    return [row[1] for row in rows_of(tables.AuxRow) if row[1].startswith(notification_channels.DELIVERY)]

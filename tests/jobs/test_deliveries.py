"""Deliveries: whatever dies or is out of order, each channel hears once, nobody waits for it, and no secret gets out."""

import logging
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.crm import email_suppressions
from chalicelib.jobs import (
    alerts,
    channel_changes,
    deliveries,
    notification_channels,
    notifications,
    queue,
    watchdog,
    weekly_digest,
)
from chalicelib.jobs.notification_channels import ChannelKind, Event
from chalicelib.jobs.webhooks import NotDelivered
from chalicelib.store import tables
from tests.builders import moment, rows_of
from tests.database import empty_tables
from tests.jobs.channel_receivers import (  # noqa: F401 - two are fixtures
    SECRET,
    URL,
    World,
    a_channel,
    deliver,
    make_failing,
    make_world,
    pending,
    refuse,
)
from tests.jobs.job_runs import Clock, Consumer, make_job, make_runner, one_page, use_jobs
from tests.sudden_death import Killed, dying_after

pytestmark = pytest.mark.usefixtures("world")


@pytest.mark.usefixtures("failing")
def test_what_cannot_be_delivered_is_attempted_again_and_holds_nobody_up(
    world: World, time: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    channel = a_channel(events=["PROBLEM"])
    world.problem = NotDelivered("HTTP status 500")
    watchdog.run_checks()
    assert world.take() == [("topic", "FAILING: tally")]
    assert alerts.open_alerts() == {("tally", "FAILING")}
    consumer = Consumer()
    consumer.deliver_all()
    assert (consumer.errors, world.take()) == ([], [])
    found = notification_channels.find_with_status(channel.id)
    assert found
    assert (found.last_error, found.last_delivered_at) == ("HTTP status 500", None)
    attempted = []
    deliver_now = deliveries._send

    def send(*given: Any) -> None:
        attempted.append(time.now)
        deliver_now(*given)

    start = time.now
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deliveries, "_send", send)
        while pending() and time.now - start < 2 * notifications.LIFETIME:
            deliveries.send_messages_again(time.later(minutes=5))
            deliver()
    minutes = [(attempt - start).total_seconds() / 60 for attempt in attempted]
    assert minutes == [5, 10, 20, 80, 320, 560, 800, 1040, 1280]
    assert pending() == [], "after a day it is given up"
    assert "a notification could not be delivered" in caplog.messages
    world.problem = None
    channel_changes.send_test(channel.id, "ann")
    deliver()
    assert len(world.take()) == 1


@pytest.mark.usefixtures("failing")
def test_the_watchdog_sends_messages_that_were_lost(world: World, time: Clock) -> None:
    a_channel()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue, "send_delivery", lambda *_: None)
        watchdog.run_checks()
    deliver()
    assert [where for where, _ in world.take()] == ["topic"]
    time.later(minutes=5)
    watchdog.run_checks()
    watchdog.run_checks()
    deliver()
    assert [where for where, _ in world.take()] == ["hooks.example.com"], "two messages, one notification"


@pytest.mark.parametrize("of", ["check", "run"])
def test_wherever_the_process_dies_each_channel_hears_exactly_once(
    world: World, monkeypatch: pytest.MonkeyPatch, time: Clock, of: str
) -> None:
    job = make_job(refuse if of == "check" else one_page)
    use_jobs(monkeypatch, job)
    for call in range(1, 40):
        empty_tables()
        a_channel()
        due = moment(f"2026-11-{22 + call // 24}T{call % 24:02d}:00:00")
        time.now = due - timedelta(minutes=1)
        watchdog.run_checks()
        time.now = due
        died = False
        if of == "check":
            make_runner().fire(job, time.now)
        with dying_after(call):
            try:
                watchdog.run_checks() if of == "check" else make_runner().fire(job, time.now)
            except Killed:
                died = True
        for _ in range(3):
            time.later(minutes=7)
            watchdog.run_checks()
            deliver()
        kind = "FAILING" if of == "check" else "SUCCEEDED"
        told = [text for where, text in world.take() if where != "topic" and kind in text]
        assert len(told) == 1, (call, told)
        if not died:
            assert call > 8, "the loop must meet every call"
            return
    raise AssertionError("the process always dies")


@pytest.mark.usefixtures("failing")
def test_rows_that_cannot_be_read_hold_up_nobody(world: World, time: Clock, caplog: pytest.LogCaptureFixture) -> None:
    a_channel()
    for broken in ("channel#broken", "delivery#broken"):
        tables.AuxRow(notification_channels.PARTITION, broken, since="x", token="x", content={"kind": "FAX"}).save()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue, "send_delivery", lambda *_: None)
        watchdog.run_checks()
    assert "a channel could not be read" in caplog.messages
    time.later(minutes=5)
    watchdog.run_checks()
    deliver()
    assert [where for where, _ in world.take()] == ["topic", "hooks.example.com"]


@pytest.mark.usefixtures("failing")
def test_the_watchdog_goes_on_whatever_is_wrong_with_notifications(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_now: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(deliveries, "send_messages_again", fail)
    monkeypatch.setattr(weekly_digest, "send_if_due", fail)
    watchdog.run_checks()
    assert alerts.open_alerts() == {("tally", "FAILING")}
    assert caplog.messages.count("notifications could not be sent") == 2


@pytest.mark.usefixtures("failing")
def test_a_channel_that_fails_in_any_way_keeps_no_secret_in_logs_and_rows(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="crm")
    channels = [a_channel(ChannelKind.WEBHOOK), a_channel()]
    world.problem = RuntimeError(f"cannot reach {URL} with {SECRET}")
    watchdog.run_checks()
    deliver()
    channel_changes.update(channels[0].id, {"url": URL + "2", "secret": SECRET + "2"}, "ann")
    rows = {key: str(row) for key, row in rows_of(tables.AuxRow).items() if not key[1].startswith("channel#")}
    assert len(rows) > 4
    shown = "\n".join(
        [*rows.values(), caplog.text, *map(repr, channels), str(notification_channels.to_change_row(channels[0]))]
    )
    assert "an unexpected error: RuntimeError" in shown
    assert "T0KEN" not in shown
    assert "S3CRET" not in shown


@pytest.mark.usefixtures("failing")
def test_an_email_goes_out_once_even_if_its_worker_dies_after_sending(world: World, time: Clock) -> None:
    a_channel(ChannelKind.EMAIL, ["PROBLEM"])
    watchdog.run_checks()
    world.take()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deliveries, "_end", lambda _: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            deliver()
    for _ in range(2):
        time.later(minutes=35)  # the message returns, too
        watchdog.run_checks()
        deliver()
    assert world.take() == [("ops@example.com", "[crm test] FAILING: tally")]
    assert pending() == []


@pytest.mark.usefixtures("failing")
def test_no_email_goes_to_a_suppressed_address(world: World, time: Clock) -> None:
    email_suppressions.suppress("ops@example.com", email_suppressions.Reason.COMPLAINT, time.now)
    channel = a_channel(ChannelKind.EMAIL)
    watchdog.run_checks()
    deliver()
    assert [where for where, _ in world.take()] == ["topic"]
    found = notification_channels.find_with_status(channel.id)
    assert found
    assert found.last_error == "the address gets no e-mails: COMPLAINT"
    assert pending() == []


def test_the_success_of_a_run_is_given_up_after_an_hour(time: Clock, world: World) -> None:
    channel = a_channel()
    world.problem = NotDelivered("HTTP status 500")
    told = notifications.new(Event.SUCCESS, "SUCCEEDED", "tally", "x")
    delivery = notifications.new_delivery(told, channel)
    notifications.to_row(delivery).save()
    for _ in range(15):
        deliveries.send_messages_again(time.later(minutes=5))
        deliver()
    assert pending() == []


def test_a_check_sends_a_bounded_number_of_messages(time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that is gone while runs succeed every minute must not keep the watchdog from its work."""
    told = notifications.new(Event.SUCCESS, "SUCCEEDED", "tally", "x")
    channel = a_channel()
    for number in range(deliveries.MAX_MESSAGES + 5):
        notifications.to_row(notifications.new_delivery(told, channel, f"{number:03d}")).save()
    sent: list[str] = []
    monkeypatch.setattr(queue, "send_delivery", sent.append)
    deliveries.send_messages_again(time.now)
    assert sent == [f"{number:03d}" for number in range(deliveries.MAX_MESSAGES)]

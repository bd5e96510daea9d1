"""Notifications: each channel hears once of what it wants."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.jobs import (
    alerts,
    channel_changes,
    ledger,
    watchdog,
)
from chalicelib.jobs.job import Job, StepResult
from chalicelib.jobs.notification_channels import ChannelKind
from chalicelib.jobs.run_records import Status, Trigger
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
from tests.jobs.job_runs import SLOT, Clock, make_job, one_page, use_jobs

pytestmark = pytest.mark.usefixtures("world")


def test_every_kind_of_channel_hears_once_of_a_problem_and_of_its_end(
    world: World, failing: Callable[[], None]
) -> None:
    for kind in ChannelKind:
        a_channel(kind, ["PROBLEM", "RECOVERY"])
    for _ in range(3):
        watchdog.run_checks()
        deliver()
    text = f"the run of {SLOT} failed: no <disk> @all"
    assert sorted(world.take()) == [
        ("hooks.example.com", f"[test] FAILING: tally: the run of {SLOT} failed: no &lt;disk&gt; @\u200ball"),
        ("ops@example.com", "[crm test] FAILING: tally"),
        ("pager.example.com", text),
        ("topic", "FAILING: tally"),
    ]
    failing()
    for _ in range(3):
        watchdog.run_checks()
        deliver()
    assert {(where, text.partition(": no longer")[0]) for where, text in world.take()} == {
        ("hooks.example.com", "[test] RECOVERED: tally"),
        ("ops@example.com", "[crm test] RECOVERED: tally"),
        ("pager.example.com", "no longer failing"),
        ("topic", "RECOVERED: tally"),
    }
    assert pending() == []


def test_channels_hear_of_their_events_and_their_jobs_only(
    world: World, failing: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    a_channel(events=["RECOVERY"])
    a_channel(ChannelKind.EMAIL, jobs=["tally"])
    use_jobs(monkeypatch, make_job(one_page), make_job(one_page, "other"))
    a_channel(ChannelKind.WEBHOOK, jobs=["other"])
    watchdog.run_checks()
    failing()
    watchdog.run_checks()
    deliver()
    said = [(where, text) for where, text in world.take() if where != "topic"]
    assert sorted(said) == [
        ("hooks.example.com", "[test] RECOVERED: tally: no longer failing"),
        ("ops@example.com", "[crm test] FAILING: tally"),
        ("ops@example.com", "[crm test] RECOVERED: tally"),
        ("ops@example.com", "[crm test] SUCCEEDED: tally"),
    ]


def test_without_a_channel_for_it_the_topic_hears_of_everything_and_with_one_of_what_it_wants(
    world: World, failing: Callable[[], None]
) -> None:
    watchdog.run_checks()
    assert world.take() == [("topic", "FAILING: tally")]
    a_channel(ChannelKind.TOPIC, ["SUCCESS"])
    failing()
    watchdog.run_checks()
    deliver()
    assert world.take() == [("topic", "SUCCEEDED: tally")]


@pytest.mark.usefixtures("failing")
def test_a_signed_request_has_what_receivers_check(world: World, time: Clock) -> None:
    a_channel(ChannelKind.WEBHOOK)
    watchdog.run_checks()
    deliver()
    (headers,) = world.headers
    assert headers["X-CRM-Timestamp"] == str(int(time.now.timestamp()))
    assert headers["X-CRM-Signature"].startswith("sha256=")
    assert headers["X-CRM-Notification"].startswith("ntf_")


@pytest.mark.usefixtures("failing")
def test_two_checks_that_meet_tell_once(world: World) -> None:
    a_channel()
    alerts.begin("tally", alerts.FAILING, "no disk")
    alerts.begin("tally", alerts.FAILING, "no disk")
    alerts.end("tally", alerts.FAILING)
    alerts.end("tally", alerts.FAILING)
    deliver()
    assert [text for where, text in world.take() if where != "topic"] == [
        "[test] FAILING: tally: no disk",
        "[test] RECOVERED: tally: no longer failing",
    ]


def test_a_disabled_or_deleted_channel_gets_nothing_but_tests(world: World, failing: Callable[[], None]) -> None:
    disabled, deleted = a_channel(), a_channel(ChannelKind.EMAIL)
    watchdog.run_checks()
    channel_changes.update(disabled.id, {"enabled": False}, "ann")
    channel_changes.delete(deleted.id)
    failing()
    watchdog.run_checks()
    deliver()
    assert {where for where, _ in world.take()} == {"topic"}
    assert pending() == []
    channel_changes.send_test(disabled.id, "ann")
    deliver()
    assert world.take() == [("hooks.example.com", "[test] TEST: A test of the channel Chat, sent by ann")]


@pytest.mark.usefixtures("time")
def test_the_heartbeat_tells_of_no_success(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    a_channel()
    job: Job = replace(make_job(one_page, "heartbeat"), has_fixed_schedule=True)
    use_jobs(monkeypatch, job)
    run = ledger.claim(job, SLOT, Trigger.SCHEDULE)
    assert run
    assert ledger.finish(run, StepResult(None)).status is Status.SUCCEEDED
    deliver()
    assert world.take() == []

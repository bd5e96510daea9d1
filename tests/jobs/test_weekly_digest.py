"""The weekly digest: once a week, on Mondays at 07:00, to channels that existed then."""

import pytest

from chalicelib.jobs import alerts, channel_changes, job_state, ledger, run_records, webhooks, weekly_digest
from chalicelib.jobs.notification_channels import ChannelKind
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from tests.jobs.job_runs import Clock, Consumer, make_job, one_page, use_jobs


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The bodies that the channel gets. There are two jobs: tally and quiet."""
    found: list[str] = []
    monkeypatch.setattr(webhooks, "post", lambda _url, body, _headers: found.append(body.decode()))
    use_jobs(monkeypatch, make_job(one_page), make_job(one_page, "quiet"))
    return found


def a_channel() -> str:
    url = "https://hooks.example.com/x"
    return channel_changes.create(ChannelKind.CHAT, {"name": "Boss", "url": url, "events": ["WEEKLY_DIGEST"]}, "ann").id


def look(time: Clock) -> None:
    for _ in range(2):
        weekly_digest.send_if_due(time.now)
        Consumer().deliver_all()


def test_it_says_how_the_runs_of_the_week_ended_and_what_is_wrong(sent: list[str], time: Clock) -> None:
    a_channel()
    time.at("2026-11-23T06:59:59")
    for slot, status in (
        ("2026-11-16T06:59:59Z", Status.FAILED),  # of the week before
        ("2026-11-16T07:00:00Z", Status.SKIPPED),
        ("2026-11-20T07:00:00Z@sch_1", Status.FAILED),
        ("2026-11-23T06:00:00Z", Status.FAILED),
    ):
        ledger.end(run_records.new("tally", Slot(slot), Trigger.SCHEDULE), status, error="x")
    alerts.begin("tally", alerts.FAILING, "x")
    job_state.pause("quiet", "stock-taking", "ann")
    look(time)
    assert sent == []
    time.at("2026-11-23T07:00:00")
    look(time)
    assert len(sent) == 1
    assert (
        "The runs from 2026-11-16T07:00:00Z to 2026-11-23T07:00:00Z:\\n"
        "tally: 2 failed, 1 skipped\\n"
        "quiet: none\\n"
        "Problems now: tally is FAILING\\n"
        "Paused: quiet is paused by ann: stock-taking"
    ) in sent[0]


def test_it_is_sent_once_a_week_also_late_and_not_to_a_channel_that_came_after(sent: list[str], time: Clock) -> None:
    a_channel()
    time.at("2026-11-23T23:00:00")  # the watchdog was down
    look(time)
    assert len(sent) == 1
    for day in (24, 27, 29):
        time.at(f"2026-11-{day}T12:00:00")
        look(time)
    assert len(sent) == 1
    time.at("2026-11-30T07:00:00")
    a_channel()
    time.later(seconds=1)
    look(time)
    assert len(sent) == 3, "the second one was made in time"
    a_channel()
    look(time)
    assert len(sent) == 3

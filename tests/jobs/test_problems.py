"""Is anything wrong? What counts, for how long, and that the answer costs the same whatever the history."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from chalicelib import clock
from chalicelib.crm import customer_merges, merge_records, merge_steps, orders
from chalicelib.jobs import (
    catalog,
    job_state,
    ledger,
    notification_channels,
    overview,
    problems,
    run_records,
    slots,
    timeline,
)
from chalicelib.jobs.notification_channels import Channel, ChannelKind, Event
from chalicelib.jobs.problems import Findings, Problem, ProblemKind
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.slots import Slot
from tests.builders import a_customer, a_product, moment, time_is
from tests.jobs.job_runs import queue_down
from tests.jobs.schedule_runs import create
from tests.jobs.test_run_lists import store
from tests.metering import Meter, metered

NOW = "2026-11-27T12:00:00"


def found() -> Findings:
    return problems.find(overview.load_all(), clock.now())


def kinds() -> list[tuple[str, str | None]]:
    return [(problem.kind, problem.job) for problem in found().problems]


def lose(job: str, slot: str, status: Status = Status.FAILED, **why: str) -> None:
    ledger.end(run_records.new(job, Slot(slot), Trigger.SCHEDULE), status, **why)


def heartbeats(count: int, every: timedelta = timedelta(minutes=1)) -> list[Run]:
    """Return the latest heartbeats. Every tenth of them failed."""
    begin = moment(NOW) - timedelta(minutes=1)
    made = (run_records.new("heartbeat", slots.of(begin - n * every), Trigger.SCHEDULE) for n in range(count))
    return [
        replace(run, status=Status.SUCCEEDED if n % 10 else Status.FAILED, counts={"up": 1})
        for n, run in enumerate(made)
    ]


def test_a_lost_run_counts_for_a_day_whatever_succeeds_later() -> None:
    with time_is(NOW):
        lose("low_stock", "2026-11-26T12:00:00Z", error="no disk")
        lose("low_stock", "2026-11-26T11:59:59Z", error="a second earlier")
        lose("weekly_report", "2026-11-27T08:00:00Z", Status.MISSED, reason="nothing began it")
        lose("low_stock", "2026-11-27T00:00:00Z", Status.SUCCEEDED)
        assert found().problems == [
            Problem(
                kind=ProblemKind.FAILED,
                text="no disk",
                job="low_stock",
                slot=Slot("2026-11-26T12:00:00Z"),
                schedule="low_stock.default",
            ),
            Problem(
                kind=ProblemKind.MISSED,
                text="nothing began it",
                job="weekly_report",
                slot=Slot("2026-11-27T08:00:00Z"),
                schedule="weekly_report.default",
            ),
        ]
    with time_is("2026-11-28T12:00:00"):
        texts = [problem.text for problem in found().problems if problem.job == "weekly_report"]
        assert texts == ["the run of 2026-11-27T08:00:00Z was missed: nothing began it"], "it was the last one"


def test_a_lost_run_that_was_repeated_is_no_longer_wrong() -> None:
    with time_is(NOW):
        lose("low_stock", "2026-11-27T00:00:00Z", error="no disk")
        (run,) = run_records.latest("low_stock", 1)
        ledger.end(run, Status.SUCCEEDED)
        assert found() == Findings([], more=False)


def test_a_pause_counts_after_a_day() -> None:
    with time_is("2026-11-25T13:00:00"):
        job_state.pause("low_stock", "stock-taking", "ann")
        job_state.pause("weekly_report", "holiday", "bob", moment("2026-12-24T08:00:00"))
    with time_is("2026-11-26T13:00:00"):
        assert kinds() == []
    with time_is(NOW):
        assert [problem.text for problem in found().problems] == [
            "paused for 1 day, without an end, by ann: stock-taking",
            "paused for 1 day, until 2026-12-24T08:00:00Z, by bob: holiday",
        ]


@pytest.mark.parametrize("is_undone", [False, True])
def test_a_merge_with_which_nobody_goes_on_counts_until_somebody_does(
    monkeypatch: pytest.MonkeyPatch, *, is_undone: bool
) -> None:
    monkeypatch.setattr(merge_steps, "MAX_ORDERS", 1)
    with time_is("2026-11-27T11:00:00"):
        kept, absorbed, lamp = a_customer("Ann").id, a_customer("Bob").id, a_product(stock=20).id
        for _ in range(6):
            orders.place(absorbed, {lamp: 1})
        customer_merges.merge(kept, absorbed)
        if is_undone:
            customer_merges.merge(kept, absorbed)
            customer_merges.undo(absorbed)
    with time_is("2026-11-27T11:10:00"):
        assert kinds() == []
    with time_is("2026-11-27T11:10:01"):
        (problem,) = found().problems
        what, done = ("undoing of the merge", "5 orders back") if is_undone else ("merge", "5 orders moved")
        text = f"the {what} of {absorbed} into {kept} has stopped, with {done}: repeat it to complete it"
        assert problem == Problem(kind=ProblemKind.MERGE, text=text, kept_id=kept, absorbed_id=absorbed)
        (customer_merges.undo if is_undone else partial(customer_merges.merge, kept))(absorbed)
    with time_is(NOW):
        assert kinds() == []
        assert merge_records.find_unfinished() == []


def test_a_queue_that_does_not_answer_is_an_alert() -> None:
    with time_is(NOW), queue_down():
        assert kinds() == [(ProblemKind.ALERT, None)]


@pytest.mark.parametrize(
    ("delivered", "failed", "enabled", "count"),
    [
        (None, "2026-11-27T11:00:00.000000Z", True, 1),
        ("2026-11-27T11:05:00.000000Z", "2026-11-27T11:00:00.000000Z", True, 0),
        (None, "2026-11-25T11:00:00.000000Z", True, 0),
        (None, "2026-11-27T11:00:00.000000Z", False, 0),
    ],
)
def test_notifications_that_fail_are_an_alert(delivered: str | None, failed: str, count: int, *, enabled: bool) -> None:
    channel = Channel(
        id="chn_1", name="Pager", kind=ChannelKind.TOPIC, events=(Event.PROBLEM,), enabled=enabled, token="t"
    )
    notification_channels.to_row(channel).save()
    status = notification_channels.status_key(channel.id)
    status.used_at, status.since, status.reason = delivered, failed, "no answer"
    status.save()
    with time_is(NOW):
        texts = [problem.text for problem in found().problems]
    assert texts == ["notifications to Pager fail: no answer"] * count


def _look_with(count: int) -> Meter:
    store(*heartbeats(count, timedelta(minutes=5)))
    with metered() as meter:
        state = overview.load_all()
        findings = problems.find(state, clock.now())
        timeline.past(clock.now())
        timeline.coming(state, clock.now())
    assert findings.count == min(count, 24 * 12 + 2) // 10
    return meter


def test_it_costs_the_same_calls_whatever_the_history() -> None:
    with time_is(NOW):
        few = _look_with(30)
        many = _look_with(3000)
        assert found().more is False
    assert dict(few.calls) == dict(many.calls)
    assert few.total_calls <= 30


def test_of_many_lost_runs_the_latest_are_listed_and_all_are_counted() -> None:
    with time_is(NOW):
        store(*(replace(run, status=Status.FAILED) for run in heartbeats(1200)))
        findings = found()
    listed = [problem for problem in findings.problems if problem.kind is ProblemKind.FAILED]
    assert [problem.slot for problem in listed[:2]] == ["2026-11-27T11:59:00Z", "2026-11-27T11:58:00Z"]
    assert (len(listed), listed[-1].text) == (problems.MAX_LISTED + 1, "980 more")
    assert sum(problem.count for problem in listed) == 1000
    assert findings.more


def test_a_schedule_of_every_minute_hides_no_older_hour() -> None:
    with time_is(NOW):
        store(*(replace(run, status=Status.SUCCEEDED) for run in heartbeats(1440)))
        lose("weekly_report", "2026-11-26T12:30:00Z", Status.SUCCEEDED)
        hours = timeline.past(clock.now())
    assert sum(each.count for hour in hours for each in hour.counts) == 1441
    assert ("weekly_report", "2026-11-26T12:00:00Z") in {(hour.job, hour.hour) for hour in hours}


def test_the_day_shows_each_hour_with_its_worst_run() -> None:
    with time_is(NOW):
        lose("low_stock", "2026-11-27T08:00:00Z", Status.SUCCEEDED)
        lose("low_stock", "2026-11-27T08:30:00Z", error="no disk")
        lose("low_stock", "2026-11-26T11:00:00Z", error="too long ago")
        ledger.record(run_records.new("low_stock", Slot("2026-11-27T20:00:00.000001Z"), Trigger.OPERATOR))
        hours = timeline.past(clock.now())
    assert [(hour.job, hour.hour, hour.status) for hour in hours] == [
        ("low_stock", "2026-11-27T08:00:00Z", Status.FAILED),
        ("low_stock", "2026-11-27T20:00:00Z", Status.WAITING),
    ]
    assert [(each.status, each.count) for each in hours[0].counts] == [(Status.FAILED, 1), (Status.SUCCEEDED, 1)]


def test_the_coming_day_has_the_hours_of_all_schedules_but_those_in_a_pause() -> None:
    with time_is(NOW):
        (heartbeat, low_stock) = (catalog.JOBS[name] for name in ("heartbeat", "low_stock"))
        create(low_stock, "15,45 14 * * *")
        jobs = [overview.load(heartbeat), overview.load(low_stock)]
        hours = timeline.coming(jobs, clock.now())
        job_state.pause("low_stock", "stock-taking", "ann", moment("2026-11-28T00:00:00"))
        paused = timeline.coming([overview.load(low_stock)], clock.now())
        job_state.pause("low_stock", "stock-taking", "ann")
        assert timeline.coming([overview.load(low_stock)], clock.now()) == []
    due = [(hour.hour[8:13], hour.due[11:16]) for hour in hours if hour.job == "low_stock"]
    assert due == [("27T14", "14:15"), ("28T00", "00:00"), ("28T12", "12:00")]
    assert len([hour for hour in hours if hour.job == "heartbeat"]) == 25
    assert [hour.due for hour in paused] == ["2026-11-28T00:00:00Z", "2026-11-28T12:00:00Z"]

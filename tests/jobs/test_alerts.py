"""What an operator is told: once when it begins, once when it is over, by log, metric and topic."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib import aws, telemetry
from chalicelib.errors import Unavailable
from chalicelib.jobs import alerts, job_state, ledger, queue, run_records, watchdog
from chalicelib.jobs.job import CatchUp, Job, RunRefused, StepContext, StepResult
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.settings import settings
from tests.jobs.job_runs import SLOT, Clock, Consumer, a_job, a_runner, known, one_page, receive, the_run, warned

ALL_WELL: list[str] = []


class Told:
    """Looks, and says what is new in the log."""

    def __init__(self, log: pytest.LogCaptureFixture) -> None:
        self._log = log

    def __call__(self, looks: int = 3) -> list[str]:
        self._log.clear()
        for _ in range(looks):
            watchdog.run_checks()
        return [text for text in warned(self._log) if text != "an attempt of a run failed"]


@pytest.fixture
def news(log: pytest.LogCaptureFixture) -> Told:
    return Told(log)


def _refuse(_work: StepContext) -> StepResult:
    raise RunRefused("Set the thing")


def a_failing_job(patch: pytest.MonkeyPatch, name: str = "tally") -> tuple[Job, Job]:
    """The job as it fails, and as it is repaired."""
    broken, repaired = a_job(_refuse, name), a_job(one_page, name)
    known(patch, repaired)
    return broken, repaired


def test_a_failing_job_is_told_of_once_and_its_recovery_too(
    monkeypatch: pytest.MonkeyPatch, news: Told, time: Clock
) -> None:
    broken, repaired = a_failing_job(monkeypatch)
    assert news() == ALL_WELL
    a_runner().fire(broken, time.now)
    assert news() == [f"FAILING: tally: the run of {SLOT} failed: Set the thing"]
    a_runner().fire(broken, time.later(hours=1))
    assert news() == ALL_WELL, "known already"
    a_runner().fire(repaired, time.later(hours=1))
    assert news() == ["RECOVERED: tally: no longer failing"]
    assert news() == ALL_WELL
    a_runner().fire(broken, time.later(hours=1))
    assert news() == ["FAILING: tally: the run of 2026-11-22T15:00:00Z failed: Set the thing"]


def test_a_run_that_is_not_finished_in_time_is_late_until_it_is(
    monkeypatch: pytest.MonkeyPatch, news: Told, time: Clock
) -> None:
    known(monkeypatch, a_job(one_page))
    ledger.record(run_records.new("tally", SLOT, Trigger.SCHEDULE))
    time.later(hours=1)
    assert news() == ALL_WELL
    time.later(seconds=1)
    assert news() == [f"LATE: tally: the run of {SLOT} has not finished 1:00:00 after it was due"]
    Consumer().pump()
    assert news() == ["RECOVERED: tally: no longer late"]


def test_a_late_run_that_then_fails_has_not_recovered(monkeypatch: pytest.MonkeyPatch, news: Told, time: Clock) -> None:
    broken, repaired = a_failing_job(monkeypatch)
    known(monkeypatch, broken)
    ledger.record(run_records.new("tally", SLOT, Trigger.SCHEDULE))
    time.later(hours=1, minutes=1)
    assert [text.split(":")[0] for text in news()] == ["LATE"]
    Consumer().pump()
    assert [text.split(":")[0] for text in news()] == ["FAILING"]
    known(monkeypatch, repaired)
    a_runner().fire(repaired, time.later(minutes=59))
    assert news() == ["RECOVERED: tally: no longer late", "RECOVERED: tally: no longer failing"]


def test_a_missed_slot_is_late_until_a_run_succeeds(monkeypatch: pytest.MonkeyPatch, news: Told, time: Clock) -> None:
    job = a_job(one_page, catch_up=CatchUp.NONE)
    known(monkeypatch, job)
    assert news() == ALL_WELL
    time.later(hours=1, minutes=10)
    (text,) = news()
    assert text.startswith("LATE: tally: the run of 2026-11-22T13:00:00Z was missed: did not start on time")
    a_runner().fire(job, time.later(minutes=50))
    assert news() == ["RECOVERED: tally: no longer late"]


class Pulse:
    """A heartbeat's like: up, down, or broken."""

    def __init__(self) -> None:
        self.state = "up"

    def step(self, _work: StepContext) -> StepResult:
        if self.state == "broken":
            raise RunRefused("broken")
        return StepResult(None, (), {"up": int(self.state == "up")})

    def job(self) -> Job:
        return a_job(self.step, alarm=lambda counts: None if counts["up"] else "no answer")


def test_an_api_that_is_down_is_told_of_until_it_is_known_to_be_up(
    monkeypatch: pytest.MonkeyPatch, news: Told, time: Clock
) -> None:
    pulse = Pulse()
    job = pulse.job()
    known(monkeypatch, job)
    told = []
    for state in ("up", "down", "down", "broken", "up", "up"):
        pulse.state = state
        a_runner().fire(job, time.now)
        told.append([text.rpartition(": ")[0] if text.startswith("FAILING") else text for text in news()])
        time.later(hours=1)
    failing = "FAILING: tally: the run of 2026-11-22T15:00:00Z failed"
    recovered = ["RECOVERED: tally: no longer failing", "RECOVERED: tally: no longer down"]
    assert told == [[], ["DOWN: tally: no answer"], [], [failing], recovered, []]


def test_too_many_runs_are_told_of_until_there_are_fewer(
    monkeypatch: pytest.MonkeyPatch, news: Told, time: Clock
) -> None:
    job = a_job(one_page, max_runs=2)
    known(monkeypatch, job)
    for _ in range(2):
        assert ledger.claim(job, Slot(f"2026-11-22T12:{time.now.minute:02d}:01Z"))
        _end_all()
        time.later(minutes=10)
    assert news() == ALL_WELL
    assert ledger.claim(job, Slot("2026-11-22T12:20:01Z"))
    _end_all()
    assert news() == ["TOO_FREQUENT: tally: 3 runs within 1:00:00, more than 2"]
    time.later(minutes=40)
    assert news() == ["RECOVERED: tally: no longer too frequent"]


def _end_all() -> None:
    for run in run_records.unfinished():
        ledger.finish(run, StepResult(None))


def test_a_paused_job_is_no_alarm(monkeypatch: pytest.MonkeyPatch, news: Told, time: Clock) -> None:
    job = a_job(one_page)
    known(monkeypatch, job)
    assert news() == ALL_WELL
    job_state.pause("tally", "stock-taking", "ann")
    for _ in range(3):
        a_runner().fire(job, time.later(hours=1))
        time.later(minutes=30)
        assert news() == ALL_WELL
        time.later(minutes=-30)
    time.later(hours=6, minutes=11)
    assert news() == ALL_WELL
    assert {run.status for run in run_records.latest("tally", 20)} == {Status.SKIPPED}


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A topic that the dead letters' queue has subscribed to: it is empty otherwise."""
    arn: str = aws.client("sns").create_topic(Name="alerts")["TopicArn"]
    inbox = queue._attributes(queue.DEAD, ["QueueArn"])["QueueArn"]
    link = aws.client("sns").subscribe(TopicArn=arn, Protocol="sqs", Endpoint=inbox)["SubscriptionArn"]
    monkeypatch.setattr(alerts, "settings", replace(settings, topic_arn=arn))
    yield arn
    aws.client("sns").unsubscribe(SubscriptionArn=link)
    aws.client("sns").delete_topic(TopicArn=arn)


def published() -> list[tuple[str, str]]:
    """(subject, message)"""
    found = []
    while message := receive(queue.DEAD):
        content = json.loads(message["Body"])
        found.append((content["Subject"], content["Message"]))
    return found


@pytest.mark.usefixtures("topic")
def test_a_topic_is_told_what_the_log_is_told(monkeypatch: pytest.MonkeyPatch, news: Told, time: Clock) -> None:
    broken, repaired = a_failing_job(monkeypatch)
    a_runner().fire(broken, time.now)
    (text,) = news()
    assert published() == [("FAILING: tally", text)]
    a_runner().fire(repaired, time.later(hours=1))
    (text,) = news()
    assert published() == [("RECOVERED: tally", text)]


def test_a_broken_topic_keeps_the_watch_from_nothing_else(
    monkeypatch: pytest.MonkeyPatch, topic: str, time: Clock
) -> None:
    broken, _ = a_failing_job(monkeypatch)
    other = a_job(one_page, name="other", catch_up=CatchUp.ALL)
    known(monkeypatch, broken, other)
    watchdog.run_checks()
    a_runner().fire(broken, time.now)
    monkeypatch.setattr(alerts, "settings", replace(settings, topic_arn=topic + "-gone"))
    time.later(hours=1, minutes=12)
    with pytest.raises(Unavailable):
        watchdog.run_checks()
    assert the_run("other", "2026-11-22T13:00:00Z").trigger is Trigger.CATCH_UP
    monkeypatch.setattr(alerts, "settings", replace(settings, topic_arn=topic))
    watchdog.run_checks()
    assert [subject for subject, _ in published()] == ["FAILING: tally"], "it is told once there is a way to"


def test_on_lambda_alerts_are_metrics(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], time: Clock
) -> None:
    broken, _ = a_failing_job(monkeypatch)
    a_runner().fire(broken, time.now)
    monkeypatch.setattr(telemetry, "settings", replace(settings, on_lambda=True))
    watchdog.run_checks()
    watchdog.run_checks()
    (metric,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert metric["JobFailing"] == [1.0]
    assert (metric["job"], metric["stage"]) == ("tally", "test")

"""Alerts: one message when a problem begins and one when it is over, in the log, as a metric and on the topic."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib import aws, telemetry
from chalicelib.jobs import alerts, job_state, ledger, queue, run_records, topic, watchdog
from chalicelib.jobs.job import CatchUp, Job, RunRefused, StepContext, StepResult
from chalicelib.jobs.notification_channels import Event
from chalicelib.jobs.notifications import Delivery
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.settings import settings
from tests.jobs.job_runs import (
    SLOT,
    Clock,
    Consumer,
    find_run,
    make_job,
    make_runner,
    one_page,
    receive,
    use_jobs,
    warning_messages,
)

ALL_WELL: list[str] = []


class NewWarnings:
    """Runs the checks and returns the new warnings."""

    def __init__(self, log: pytest.LogCaptureFixture) -> None:
        self._log = log

    def __call__(self, looks: int = 3) -> list[str]:
        self._log.clear()
        for _ in range(looks):
            watchdog.run_checks()
        return [text for text in warning_messages(self._log) if text != "an attempt of a run failed"]


@pytest.fixture
def new_warnings(log: pytest.LogCaptureFixture) -> NewWarnings:
    return NewWarnings(log)


def _refuse(_work: StepContext) -> StepResult:
    raise RunRefused("Set the thing")


def a_failing_job(patch: pytest.MonkeyPatch, name: str = "tally") -> tuple[Job, Job]:
    """The job while it is broken, and after its repair."""
    broken, repaired = make_job(_refuse, name), make_job(one_page, name)
    use_jobs(patch, repaired)
    return broken, repaired


def test_a_failing_job_raises_one_alert_and_one_recovery(
    monkeypatch: pytest.MonkeyPatch, new_warnings: NewWarnings, time: Clock
) -> None:
    broken, repaired = a_failing_job(monkeypatch)
    assert new_warnings() == ALL_WELL
    make_runner().fire(broken, time.now)
    assert new_warnings() == [f"FAILING: tally: the run of {SLOT} failed: Set the thing"]
    make_runner().fire(broken, time.later(hours=1))
    assert new_warnings() == ALL_WELL, "the alert is open already"
    make_runner().fire(repaired, time.later(hours=1))
    assert new_warnings() == ["RECOVERED: tally: no longer failing"]
    assert new_warnings() == ALL_WELL
    make_runner().fire(broken, time.later(hours=1))
    assert new_warnings() == ["FAILING: tally: the run of 2026-11-22T15:00:00Z failed: Set the thing"]


def test_a_run_is_late_until_it_starts(monkeypatch: pytest.MonkeyPatch, new_warnings: NewWarnings, time: Clock) -> None:
    use_jobs(monkeypatch, make_job(one_page))
    ledger.record(run_records.new("tally", SLOT, Trigger.SCHEDULE))
    time.later(hours=1)
    assert new_warnings() == ALL_WELL
    time.later(seconds=1)
    assert new_warnings() == [f"LATE: tally: the run of {SLOT} has not started 1:00:00 after it was due"]
    Consumer().deliver_all()
    assert new_warnings() == ["RECOVERED: tally: no longer late"]


def test_a_late_run_that_then_fails_has_not_recovered(
    monkeypatch: pytest.MonkeyPatch, new_warnings: NewWarnings, time: Clock
) -> None:
    broken, repaired = a_failing_job(monkeypatch)
    use_jobs(monkeypatch, broken)
    ledger.record(run_records.new("tally", SLOT, Trigger.SCHEDULE))
    time.later(hours=1, minutes=1)
    assert [text.split(":")[0] for text in new_warnings()] == ["LATE"]
    Consumer().deliver_all()
    assert [text.split(":")[0] for text in new_warnings()] == ["FAILING"]
    use_jobs(monkeypatch, repaired)
    make_runner().fire(repaired, time.later(minutes=59))
    assert new_warnings() == ["RECOVERED: tally: no longer late", "RECOVERED: tally: no longer failing"]


def test_a_missed_slot_is_late_until_a_run_succeeds(
    monkeypatch: pytest.MonkeyPatch, new_warnings: NewWarnings, time: Clock
) -> None:
    job = make_job(one_page, catch_up=CatchUp.NONE)
    use_jobs(monkeypatch, job)
    assert new_warnings() == ALL_WELL
    time.later(hours=1, minutes=10)
    (text,) = new_warnings()
    assert text.startswith("LATE: tally: the run of 2026-11-22T13:00:00Z was missed: did not start on time")
    make_runner().fire(job, time.later(minutes=50))
    assert new_warnings() == ["RECOVERED: tally: no longer late"]


class Pulse:
    """A job like the heartbeat: up, down, or broken."""

    def __init__(self) -> None:
        self.state = "up"

    def step(self, _work: StepContext) -> StepResult:
        if self.state == "broken":
            raise RunRefused("broken")
        return StepResult(None, (), {"up": int(self.state == "up")})

    def job(self) -> Job:
        return make_job(self.step, alarm=lambda counts: None if counts["up"] else "no answer")


def test_an_api_that_is_down_keeps_its_alert_until_it_answers(
    monkeypatch: pytest.MonkeyPatch, new_warnings: NewWarnings, time: Clock
) -> None:
    pulse = Pulse()
    job = pulse.job()
    use_jobs(monkeypatch, job)
    seen = []
    for state in ("up", "down", "down", "broken", "up", "up"):
        pulse.state = state
        make_runner().fire(job, time.now)
        seen.append([text.rpartition(": ")[0] if text.startswith("FAILING") else text for text in new_warnings()])
        time.later(hours=1)
    failing = "FAILING: tally: the run of 2026-11-22T15:00:00Z failed"
    recovered = ["RECOVERED: tally: no longer failing", "RECOVERED: tally: no longer down"]
    assert seen == [[], ["DOWN: tally: no answer"], [], [failing], recovered, []]


def test_too_many_runs_raise_an_alert_until_there_are_fewer(
    monkeypatch: pytest.MonkeyPatch, new_warnings: NewWarnings, time: Clock
) -> None:
    job = make_job(one_page, max_runs=2)
    use_jobs(monkeypatch, job)
    for _ in range(2):
        assert ledger.claim(job, Slot(f"2026-11-22T12:{time.now.minute:02d}:00Z"))
        _end_all()
        time.later(minutes=10)
    assert new_warnings() == ALL_WELL
    assert ledger.claim(job, Slot("2026-11-22T12:20:00Z"))
    _end_all()
    assert new_warnings() == ["TOO_FREQUENT: tally: 3 runs within 1:00:00, more than 2"]
    time.later(minutes=40)
    assert new_warnings() == ["RECOVERED: tally: no longer too frequent"]


def _end_all() -> None:
    for run in run_records.unfinished():
        ledger.finish(run, StepResult(None))


def test_a_paused_job_raises_no_alert(monkeypatch: pytest.MonkeyPatch, new_warnings: NewWarnings, time: Clock) -> None:
    job = make_job(one_page)
    use_jobs(monkeypatch, job)
    assert new_warnings() == ALL_WELL
    job_state.pause("tally", "stock-taking", "ann")
    for _ in range(3):
        make_runner().fire(job, time.later(hours=1))
        time.later(minutes=30)
        assert new_warnings() == ALL_WELL
        time.later(minutes=-30)
    time.later(hours=6, minutes=11)
    assert new_warnings() == ALL_WELL
    assert {run.status for run in run_records.latest("tally", 20)} == {Status.SKIPPED}


@pytest.fixture
def topic_arn(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A topic that delivers to the dead letters' queue, which is otherwise empty."""
    arn: str = aws.client("sns").create_topic(Name="alerts")["TopicArn"]
    inbox = queue._attributes(queue.DEAD, ["QueueArn"])["QueueArn"]
    link = aws.client("sns").subscribe(TopicArn=arn, Protocol="sqs", Endpoint=inbox)["SubscriptionArn"]
    monkeypatch.setattr(topic, "settings", replace(settings, topic_arn=arn))
    yield arn
    aws.client("sns").unsubscribe(SubscriptionArn=link)
    aws.client("sns").delete_topic(TopicArn=arn)


def published() -> list[tuple[str, str]]:
    """Return (subject, message) of each."""
    found = []
    while message := receive(queue.DEAD):
        content = json.loads(message["Body"])
        found.append((content["Subject"], content["Message"]))
    return found


@pytest.mark.usefixtures("topic_arn")
def test_alerts_are_published_to_the_topic_as_they_are_logged(
    monkeypatch: pytest.MonkeyPatch, new_warnings: NewWarnings, time: Clock
) -> None:
    broken, repaired = a_failing_job(monkeypatch)
    make_runner().fire(broken, time.now)
    (text,) = new_warnings()
    assert published() == [("FAILING: tally", text)]
    make_runner().fire(repaired, time.later(hours=1))
    (text,) = new_warnings()
    assert published() == [("RECOVERED: tally", text)]


def test_a_broken_topic_does_not_stop_the_other_checks(
    monkeypatch: pytest.MonkeyPatch, topic_arn: str, time: Clock, log: pytest.LogCaptureFixture
) -> None:
    broken, _ = a_failing_job(monkeypatch)
    other = make_job(one_page, name="other", catch_up=CatchUp.ALL)
    use_jobs(monkeypatch, broken, other)
    watchdog.run_checks()
    make_runner().fire(broken, time.now)
    monkeypatch.setattr(topic, "settings", replace(settings, topic_arn=topic_arn + "-gone"))
    time.later(hours=1, minutes=12)
    log.clear()
    watchdog.run_checks()
    assert "an alert could not be published; the queue tries again" in log.messages
    assert find_run("other", "2026-11-22T13:00:00Z").trigger is Trigger.CATCH_UP
    monkeypatch.setattr(topic, "settings", replace(settings, topic_arn=topic_arn))
    for _ in range(2):
        watchdog.run_checks()
        Consumer().deliver_all()
    assert [subject for subject, _ in published()] == ["FAILING: tally"], "the queue publishes it when the topic works"


def test_an_alert_that_cannot_be_sent_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, topic_arn: str, time: Clock, log: pytest.LogCaptureFixture
) -> None:
    """Whatever the cause: here the first alert of the check fails with an error that is nobody's own."""
    assert topic_arn
    broken = [make_job(_refuse, name) for name in ("first", "second")]
    use_jobs(monkeypatch, *broken)
    for job in broken:
        make_runner().fire(job, time.now)
    notify = alerts._notify

    def notify_but_one(event: Event, job: str, kind: str, text: str) -> list[Delivery]:
        if job == "first":
            raise RuntimeError("unexpected")
        return notify(event, job, kind, text)

    with monkeypatch.context() as failing:
        failing.setattr(alerts, "_notify", notify_but_one)
        watchdog.run_checks()
    assert "an alert could not be sent" in log.messages
    assert [subject for subject, _ in published()] == ["FAILING: second"]
    watchdog.run_checks()
    assert [subject for subject, _ in published()] == ["FAILING: first"]


@pytest.mark.usefixtures("topic_arn")
def test_the_alert_of_a_huge_error_is_cut_and_published(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    def refuse(_work: StepContext) -> StepResult:
        raise RunRefused("Set " + "the thing " * 100_000)

    job = make_job(refuse)
    use_jobs(monkeypatch, job)
    make_runner().fire(job, time.now)
    watchdog.run_checks()
    ((subject, message),) = published()
    assert subject == "FAILING: tally"
    assert message.startswith(f"FAILING: tally: the run of {SLOT} failed: Set the thing")
    assert len(message) == 2000
    watchdog.run_checks()
    assert published() == []


def test_on_lambda_alerts_are_metrics(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], time: Clock
) -> None:
    broken, _ = a_failing_job(monkeypatch)
    make_runner().fire(broken, time.now)
    monkeypatch.setattr(telemetry, "settings", replace(settings, on_lambda=True))
    watchdog.run_checks()
    watchdog.run_checks()
    (metric,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert metric["JobFailing"] == [1.0]
    assert (metric["job"], metric["stage"]) == ("tally", "test")

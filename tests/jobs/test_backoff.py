"""Retries back off: the delays between attempts, what ends them, and that no message brings an attempt forward."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from chalicelib import clock
from chalicelib.errors import Unavailable
from chalicelib.jobs import backoff, ledger, operator_actions, queue, watchdog
from chalicelib.jobs.job import CatchUp, Job, StepContext, StepResult
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.schedule import Schedule
from chalicelib.jobs.slots import Slot
from chalicelib.store import timestamps
from tests.builders import moment
from tests.faults.environment import MINUTE, Environment, FakeAws, fake_aws
from tests.faults.memory import Memory
from tests.jobs.job_runs import HOUR, NOON, SLOT, find_run, make_job, use_jobs

pytestmark = pytest.mark.no_database
DUE = moment(NOON)
DELAYS = backoff.DELAYS
DAILY = Schedule("0 12 * * *")
HOURLY = Schedule("0 * * * *")


@pytest.fixture(scope="module")
def aws() -> Iterator[FakeAws]:
    with fake_aws() as built:
        yield built


@pytest.fixture
def environment(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Environment]:
    """The real delays, without jitter."""
    monkeypatch.setattr(backoff, "DELAYS", DELAYS)
    monkeypatch.setattr(backoff, "_JITTER", 0)
    with aws.run(Environment(Memory(), DUE)) as made:
        yield made


@dataclass
class Flaky:
    """A step that fails until a moment."""

    until: datetime
    attempts: list[datetime] = field(default_factory=list)

    def __call__(self, _work: StepContext) -> StepResult:
        self.attempts.append(clock.now())
        if clock.now() < self.until:
            raise ConnectionError("the printer is off")
        return StepResult(None, ("done",))

    def minutes(self) -> list[float]:
        """Return when each attempt was made, in minutes after the slot."""
        return [(at - DUE) / MINUTE for at in self.attempts]


def a_flaky_job(patch: pytest.MonkeyPatch, hours: float, schedule: Schedule = DAILY) -> tuple[Flaky, Job]:
    step = Flaky(DUE + timedelta(hours=hours))
    job = make_job(step, schedule=schedule)
    use_jobs(patch, job)
    return step, job


def pass_hours(environment: Environment, hours: float) -> None:
    """Let time pass in steps of 30 seconds, with the queue at each and the watchdog every five minutes."""
    end = environment.now + timedelta(hours=hours)
    while environment.now < end:
        environment.now += MINUTE / 2
        environment.deliver_messages()
        if not environment.now.minute % 5 and not environment.now.second:
            environment.run_checks()
            environment.deliver_messages()


def test_an_outage_of_three_hours_only_delays_a_daily_run(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, job = a_flaky_job(monkeypatch, hours=3)
    environment.fire(job, DUE)
    pass_hours(environment, 8)
    assert step.minutes() == [0, 0.5, 2.5, 12.5, 75, 315]  # beyond 15 minutes, the watchdog's next check
    run = find_run("tally")
    assert (run.status, run.attempts, run.next_attempt_at, run.error) == (Status.SUCCEEDED, 6, None, None)
    assert environment.messages.dead == []


def test_after_the_last_delay_the_run_fails_and_its_message_is_a_dead_letter(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, job = a_flaky_job(monkeypatch, hours=20)
    environment.fire(job, DUE)
    pass_hours(environment, 10)
    assert len(step.attempts) == 6
    run = find_run("tally")
    assert (run.status, run.error, run.next_attempt_at) == (
        Status.FAILED,
        "ConnectionError: the printer is off",
        None,
    )
    assert len(environment.messages.dead) == 1


def test_retries_end_when_the_next_slot_is_due(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    step, job = a_flaky_job(monkeypatch, hours=20, schedule=HOURLY)
    environment.fire(job, DUE)
    pass_hours(environment, 0.5)
    assert step.minutes() == [0, 0.5, 2.5, 12.5]
    assert find_run("tally").status is Status.FAILED


def test_the_run_of_an_operator_may_be_retried_until_the_next_slot_from_then_on() -> None:
    job = make_job(lambda _: StepResult(None), schedule=HOURLY)
    long_ago = Run("tally", Slot("2026-11-20T12:00:00Z"), Trigger.OPERATOR, NOON + "Z", attempts_since_progress=1)
    at = backoff.next_attempt_at(job, long_ago, DUE)
    assert at is not None
    assert at < DUE + HOUR
    assert backoff.next_attempt_at(job, long_ago, DUE + HOUR) is None


def test_a_job_without_catch_up_is_never_retried(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """The heartbeat: what it would find later is of no use."""
    step = Flaky(DUE + timedelta(hours=1))
    job = make_job(step, catch_up=CatchUp.NONE)
    use_jobs(monkeypatch, job)
    environment.fire(job, DUE)
    run = find_run("tally")
    assert (run.status, run.error) == (Status.FAILED, "ConnectionError: the printer is off")
    assert environment.messages.waiting == []


def test_delays_are_longer_by_a_random_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "DELAYS", DELAYS)
    job = make_job(lambda _: StepResult(None), schedule=DAILY)
    for number, delay in enumerate(DELAYS, 1):
        run = Run("tally", SLOT, Trigger.SCHEDULE, NOON + "Z", attempts_since_progress=number)
        found = {backoff.next_attempt_at(job, run, DUE) for _ in range(50)}
        assert len(found) > 10
        assert all(at and DUE + delay <= at <= DUE + 1.2 * delay for at in found)


def test_a_message_that_comes_early_brings_no_attempt_forward(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, job = a_flaky_job(monkeypatch, hours=1)
    environment.fire(job, DUE)
    waiting = find_run("tally")
    for _ in range(10):
        queue.send("tally", SLOT)
        environment.deliver_messages()
    assert find_run("tally") == waiting
    assert len(step.attempts) == 1
    assert waiting.next_attempt_at == timestamps.to_text(DUE + timedelta(seconds=30))


def test_without_the_queue_the_watchdog_starts_the_next_attempt(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Unavailable

    step, job = a_flaky_job(monkeypatch, hours=0.05)
    with monkeypatch.context() as broken:
        broken.setattr(queue, "send", refuse)
        assert environment.fire(job, DUE)
    assert find_run("tally").status is Status.WAITING
    pass_hours(environment, 0.2)
    assert step.minutes() == [0, 5]
    assert find_run("tally").status is Status.SUCCEEDED


def test_the_watchdog_sends_nothing_before_the_next_attempt_is_due(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, job = a_flaky_job(monkeypatch, hours=20)
    run = ledger.claim(job, SLOT)
    assert run
    for _ in range(3):
        ledger.retry_or_fail(job, run, "broken", "")
        environment.now += timedelta(minutes=11)
        run = ledger.claim(job, SLOT)
        assert run
    assert ledger.retry_or_fail(job, run, "broken", "").next_attempt_at == timestamps.to_text(clock.now() + HOUR)
    environment.now += timedelta(minutes=59)
    watchdog.run_checks()
    assert environment.messages.waiting == []
    environment.now += MINUTE
    watchdog.run_checks()
    assert len(environment.messages.waiting) == 1


def test_an_operator_can_have_the_next_attempt_at_once(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, job = a_flaky_job(monkeypatch, hours=0.1)
    environment.fire(job, DUE)
    pass_hours(environment, 0.1)
    assert len(step.attempts) == 3
    again = operator_actions.run_again(job, SLOT, "ann")
    assert (again.status, again.next_attempt_at, again.actor) == (Status.WAITING, None, "ann")
    environment.deliver_messages()
    assert find_run("tally").status is Status.SUCCEEDED


def test_progress_starts_the_delays_anew(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    def step(work: StepContext) -> StepResult:
        if len(failures) < 2 * (1 + work.pages):
            failures.append(clock.now())
            raise ConnectionError
        return StepResult({} if work.pages < 2 else None)

    failures: list[datetime] = []
    job = make_job(step, schedule=DAILY)
    use_jobs(monkeypatch, job)
    environment.fire(job, DUE)
    pass_hours(environment, 0.5)
    assert [(at - DUE).total_seconds() for at in failures] == [0, 30, 150, 180, 300, 330]
    assert find_run("tally").status is Status.SUCCEEDED

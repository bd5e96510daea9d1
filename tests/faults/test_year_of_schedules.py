"""A year of twelve schedules in six time zones and an operator who changes them: every slot has one answer or its reason.

By default it is a few weeks, among them those in which clocks change; CRM_FULL_SIZE=1 makes it a whole year.
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from chalicelib.errors import CrmError
from chalicelib.jobs import (
    alerts,
    backfills,
    catalog,
    job_state,
    one_off_runs,
    operator_actions,
    operator_schedules,
    run_records,
    schedule_changes,
    slots,
)
from chalicelib.jobs.job import CatchUp, Job, StepContext, StepResult
from chalicelib.jobs.run_records import Status
from chalicelib.jobs.schedule import Schedule
from chalicelib.store import tables, timestamps
from tests.builders import moment
from tests.faults.environment import Environment, fake_aws
from tests.faults.memory import Memory
from tests.faults.schedule_book import ScheduleBook
from tests.jobs.job_runs import make_job

pytestmark = pytest.mark.no_database

FULL = bool(os.environ.get("CRM_FULL_SIZE"))
BEGIN = moment("2026-01-01T00:00:17" if FULL else "2026-10-20T00:00:17")
END = BEGIN + timedelta(days=365 if FULL else 16)
"""Clocks change in Berlin on October 25 and in New York on November 1."""
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "America/Sao_Paulo",
)
CRONTABS = ("30 2 * * *", "0 17 * * FRI", "15 */6 * * *", "0 0 L * *", "45 1 * * MON-FRI", "5 3,15 * * *", "@daily")
OWN = "0 6 * * *"
DEFAULT = slots.built_in_id("tally")


@dataclass
class Year:
    environment: Environment
    job: Job
    dice: random.Random = field(default_factory=lambda: random.Random(11))
    book: ScheduleBook = field(default_factory=ScheduleBook)
    deck: list[Callable[[], None]] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    false_alarms: list[str] = field(default_factory=list)

    def begin(self) -> None:
        self.environment.run_checks()
        self.book.begin(DEFAULT, OWN, self.environment.now)
        for number in range(12):
            self.create(ZONES[number % 6])

    def live(self, until: datetime) -> None:
        """Go from one moment at which something happens to the next."""
        environment = self.environment
        action = look = environment.now
        while environment.now < until:
            environment.now = min(self._next_moment(), action, look)
            if self.job.schedule.until(environment.now) == environment.now.replace(second=0):
                environment.fire(self.job, environment.now)
            environment.dispatch()
            environment.deliver_messages()
            if environment.now >= action:
                self.act()
                action = environment.now + timedelta(hours=self.dice.randint(1, 20), seconds=7)
            if environment.now >= look:
                environment.run_checks()
                environment.deliver_messages()
                self.false_alarms += [f"{environment.now}: {alert}" for alert in alerts.open_alerts()]
                look = environment.now + timedelta(minutes=self.dice.choice((5, 60, 1000)))

    def _next_moment(self) -> datetime:
        """Return when the next slot is due or the next message arrives, to the minute."""
        due = [timestamps.from_text(row.next_at) for row in operator_schedules.find_all() if row.next_at]
        messages = [message.visible_at for message in self.environment.messages.waiting]
        first = min([*due, *messages, self.job.schedule.after(self.environment.now)])
        return max(first, self.environment.now) + timedelta(seconds=1)

    def act(self) -> None:
        """Do each thing in turn, in another order each time."""
        if not self.deck:
            self.deck = [self.change, self.change, self.replace, self.pause, self.cancel, self.once, self.now]
            self.deck += [self.pause, self.default, self.backfill]
            self.dice.shuffle(self.deck)
        action = self.deck.pop()
        with suppress(CrmError):
            action()
            self.done[action.__name__] += 1

    def create(self, zone: str) -> None:
        crontab, spread = self.dice.choice(CRONTABS), self.dice.choice((0, 0, 10))
        wanted = {"crontab": crontab, "time_zone": zone, "spread": spread}
        made = schedule_changes.create(self.job, wanted, "ann")  # type: ignore[arg-type]
        self.book.begin(made.id, crontab, self.environment.now, zone)

    def change(self) -> None:
        row = self.dice.choice(operator_schedules.find_all())
        crontab, zone = self.dice.choice(CRONTABS), self.dice.choice(ZONES)
        enabled = self.dice.random() < 0.8
        schedule_changes.update(row.id, {"crontab": crontab, "time_zone": zone, "enabled": enabled}, "bob")
        self.book.end(row.id, self.environment.now)
        if enabled:
            self.book.begin(row.id, crontab, self.environment.now, zone)

    def replace(self) -> None:
        row = self.dice.choice([row for row in operator_schedules.find_all() if not row.is_built_in])
        schedule_changes.delete(row.id, "bob")
        self.book.end(row.id, self.environment.now)
        self.create(row.time_zone)

    def default(self) -> None:
        """Change the schedule of the job itself, or give it back."""
        if operator_schedules.find_changed("tally"):
            schedule_changes.reset(self.job)
            self.book.begin(DEFAULT, OWN, self.environment.now)
        else:
            zone = self.dice.choice(ZONES)
            schedule_changes.update(DEFAULT, {"crontab": "0 7 * * *", "time_zone": zone}, "bob")
            self.book.begin(DEFAULT, "0 7 * * *", self.environment.now, zone)

    def pause(self) -> None:
        if job_state.find("tally").pause:
            job_state.resume("tally")
        else:
            job_state.pause("tally", "stock-taking", "bob", self.environment.now + timedelta(hours=20))

    def once(self) -> None:
        at = self.environment.now + timedelta(hours=self.dice.randint(1, 90))
        self.book.requested.add(one_off_runs.request(self.job, at, "ann", {}).slot)

    def now(self) -> None:
        self.book.requested.add(operator_actions.run_now(self.job, "ann", {}).slot)

    def cancel(self) -> None:
        waiting = run_records.unfinished()
        if waiting:
            operator_actions.cancel_run(self.job, self.dice.choice(waiting).slot, "bob", "enough")

    def backfill(self) -> None:
        now = self.environment.now
        self.book.requested |= set(backfills.request(self.job, now - timedelta(days=4), now, "ann"))


@pytest.fixture(scope="module")
def worked() -> Counter[str]:
    """Count how often the work of each slot was done."""
    return Counter()


@pytest.fixture(scope="module")
def year(worked: Counter[str]) -> Iterator[Year]:
    def step(context: StepContext) -> StepResult:
        worked[context.slot] += 1
        return StepResult(None, ("done",))

    job = make_job(step, schedule=Schedule(OWN), catch_up=CatchUp.ALL, max_runs=50)
    with pytest.MonkeyPatch.context() as patch, fake_aws() as built:
        patch.setattr(catalog, "JOBS", {"tally": job})
        with built.run(Environment(Memory(), BEGIN)) as environment:
            lived = Year(environment, job)
            lived.begin()
            lived.live(END)
            print(f"{dict(lived.done)}, {len(worked)} runs")
            yield lived


def test_each_slot_is_run_once_or_has_its_reason(year: Year, worked: Counter[str]) -> None:
    stored = {key[1]: run_records.load(row) for key, row in year.environment.memory.rows_of(tables.Run).items()}
    until = year.environment.now
    later = {slot for slot in year.book.requested if slots.moment_of(slot) > until}
    assert {slot for slot in stored if slot not in later} == year.book.expected(until) - later
    ended = {slot: run for slot, run in stored.items() if run.finished}
    assert stored.keys() - ended.keys() <= later | {slot for slot, run in stored.items() if run.next_attempt_at}
    assert {slot for slot, run in ended.items() if run.status is Status.SUCCEEDED} == worked.keys()
    assert set(worked.values()) == {1}
    assert [slot for slot, run in ended.items() if run.status is not Status.SUCCEEDED and not run.reason] == []
    statuses = Counter(run.status for run in ended.values())
    print(dict(statuses))
    assert statuses.keys() == {Status.SUCCEEDED, Status.SKIPPED, Status.CANCELLED}


def test_there_was_no_false_alarm(year: Year) -> None:
    assert year.false_alarms == []


def test_the_operator_has_done_everything(year: Year) -> None:
    assert {"change", "replace", "pause", "once", "now", "default", "backfill"} <= year.done.keys()
    assert len(operator_schedules.find_all()) >= 12

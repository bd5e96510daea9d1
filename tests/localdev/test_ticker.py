"""The ticker: the slots it fires over a day with reloads, and retries of a failing function."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from chalice.app import Cron, ScheduledEventConfig

from app import app
from chalicelib import clock
from chalicelib.jobs import catalog, run_records, slots
from localdev import lambda_events
from localdev.ticker import OVERLAP, Ticker

SUNDAY = datetime(2026, 11, 22, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class FailingApp:
    """An app whose scheduled functions fail the given number of times."""

    failures: int = 0
    called: list[tuple[Mapping[str, Any], Any]] = field(default_factory=list)

    @property
    def event_sources(self) -> list[ScheduledEventConfig]:
        return [
            ScheduledEventConfig(job.name, "", Cron(*job.schedule.eventbridge), "") for job in catalog.JOBS.values()
        ]

    @property
    def handler_map(self) -> dict[str, Any]:
        return dict.fromkeys(catalog.JOBS, self._call)

    def _call(self, event: Mapping[str, Any], context: Any) -> None:
        self.called.append((event, context))
        if len(self.called) <= self.failures:
            raise RuntimeError("expected failure")


@pytest.fixture
def time() -> Iterator[SimpleNamespace]:
    moving = SimpleNamespace(now=SUNDAY)
    clock.set_source(lambda: moving.now)
    yield moving
    clock.set_source(None)


@pytest.mark.no_database
def test_day_with_reloads_loses_no_slot_and_repeats_only_those_around_a_reload(time: SimpleNamespace) -> None:
    rng = random.Random(7)
    ticker = Ticker(FailingApp())
    starts = [time.now]
    fired: Counter[tuple[str, datetime]] = Counter()
    while time.now < SUNDAY + DAY:
        time.now += timedelta(seconds=rng.uniform(0.5, 20))
        if rng.random() < 0.05:
            time.now += timedelta(seconds=rng.uniform(1, 90))
            ticker = Ticker(FailingApp())
            starts.append(time.now)
        fired.update(ticker.take_due())
    expected = {
        (job.name, slot) for job in catalog.JOBS.values() for slot in job.schedule.between(SUNDAY - OVERLAP, time.now)
    }
    assert set(fired) == expected
    twice = {slot for (_, slot), count in fired.items() if count > 1}
    assert twice
    assert all(any(start - OVERLAP < slot <= start for start in starts) for slot in twice)


@pytest.mark.no_database
def test_slots_missed_during_sleep_are_left_to_the_watchdog(time: SimpleNamespace) -> None:
    ticker = Ticker(FailingApp())
    ticker.take_due()
    time.now += timedelta(hours=8, seconds=10)
    assert ticker.take_due() == [
        ("heartbeat", SUNDAY + timedelta(hours=8)),
        ("order_reminders", SUNDAY + timedelta(hours=8)),
    ]


@pytest.mark.no_database
def test_jobs_go_on_after_the_clock_was_set_back(time: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    time.now = SUNDAY + timedelta(hours=15, seconds=30)
    ticker = Ticker(FailingApp())
    ticker.take_due()
    time.now -= timedelta(hours=1)
    assert ticker.take_due() == []
    assert "The clock was set back from 2026-11-22 15:00:30 to 2026-11-22 14:00:30 UTC." in "".join(capsys.readouterr())
    time.now += timedelta(minutes=5)
    assert ticker.take_due() == [("heartbeat", SUNDAY + timedelta(hours=14, minutes=5))]


@pytest.mark.no_database
def test_clock_that_is_corrected_by_seconds_repeats_no_slot(time: SimpleNamespace) -> None:
    time.now = SUNDAY + timedelta(minutes=5)
    ticker = Ticker(FailingApp())
    assert ticker.take_due() == [("heartbeat", SUNDAY + timedelta(minutes=5))]
    time.now -= timedelta(seconds=1)
    assert ticker.take_due() == []
    time.now += timedelta(seconds=2)
    assert ticker.take_due() == []


@pytest.mark.usefixtures("time")
def test_slot_fired_twice_has_one_run() -> None:
    ticker = Ticker(app)
    for _ in range(2):
        ticker.fire("low_stock", SUNDAY)
    run = run_records.find("low_stock", slots.of(SUNDAY))
    assert run is not None
    assert (run.status, run.attempts) == ("SUCCEEDED", 1)


@pytest.mark.no_database
@pytest.mark.parametrize(("failures", "calls", "pauses"), [(0, 1, []), (1, 2, [60]), (9, 3, [60, 120])])
def test_failing_function_is_retried_twice(failures: int, calls: int, pauses: list[int]) -> None:
    slept: list[float] = []
    functions = FailingApp(failures)
    Ticker(functions, slept.append).fire("low_stock", SUNDAY)
    assert (len(functions.called), slept) == (calls, pauses)
    event, context = functions.called[0]
    assert (event["time"], event["detail-type"]) == ("2026-11-22T00:00:00Z", "Scheduled Event")
    assert context.function_name == "low_stock"
    assert 0 < context.get_remaining_time_in_millis() <= lambda_events.TIME_LIMIT * 1000
    assert len({event["id"] for event, _ in functions.called}) == 1

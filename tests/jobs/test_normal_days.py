"""A normal day raises no alerts, and a job that stops raises one alert in time.

On the database in memory of the fault tests: five jobs and a watch every five minutes are some ten thousand calls.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import requests

from chalicelib.crm import orders
from chalicelib.jobs import catalog, heartbeat, run_records
from chalicelib.jobs.catalog import JOBS
from chalicelib.jobs.job import Job
from chalicelib.jobs.run_records import Status
from chalicelib.jobs.slots import Slot
from chalicelib.settings import settings
from tests.builders import a_customer, a_product, moment
from tests.faults.environment import Environment, FakeAws, fake_aws
from tests.faults.memory import Memory
from tests.jobs.job_runs import info_messages, warning_messages

pytestmark = pytest.mark.no_database
FIVE = timedelta(minutes=5)


@pytest.fixture(scope="module")
def aws() -> Iterator[FakeAws]:
    with fake_aws() as built, pytest.MonkeyPatch.context() as patch:
        patch.setattr(heartbeat, "settings", replace(settings, api_url="http://127.0.0.1:9/graphql"))
        yield built


def advance(environment: Environment, until: datetime, without: str = "") -> None:
    """Advance in steps of five minutes. `without` names a job that neither its schedule nor the queue starts."""
    while environment.now < until:
        for job in JOBS.values():
            if job.name != without and job.schedule.until(environment.now) == environment.now:
                assert environment.fire(job, environment.now)
        if not without:
            environment.deliver_messages()
        assert environment.run_checks()
        environment.now += FIVE


def test_a_normal_day_raises_no_alerts(aws: FakeAws, log: pytest.LogCaptureFixture) -> None:
    """From Sunday's clean-up to Monday's report and reminders."""
    with aws.run(Environment(Memory(), moment("2026-11-22T00:00:00"))) as environment:
        lamp = a_product("Lamp", stock=25)
        orders.place(a_customer("Ann", "ann@example.com").id, {lamp.id: 20})
        advance(environment, moment("2026-11-23T08:05:00"))
        assert warning_messages(log) == []
        ended = {name: run_records.latest(name, 500) for name in JOBS}
    assert {name: len(found) for name, found in ended.items()} == {
        "heartbeat": 32 * 12 + 1,
        "low_stock": 3,
        "order_reminders": 2,
        "customer_cleanup": 1,
        "weekly_report": 1,
    }
    assert {(run.status, run.attempts) for found in ended.values() for run in found} == {(Status.SUCCEEDED, 1)}
    lines = [text for text in info_messages(log) if " SUCCEEDED" not in text]
    assert lines.count("[22/11/2026-00:00:00] Product: Lamp, New Stock: 15") == 1
    assert len(lines) == len(set(lines)) == 385 + 1 + 2 + 1 + 1


DUE = {
    "heartbeat": "2026-11-22T12:00:00",
    "low_stock": "2026-11-22T12:00:00",
    "order_reminders": "2026-11-22T08:00:00",
    "customer_cleanup": "2026-11-22T02:00:00",
    "weekly_report": "2026-11-23T06:00:00",
}


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS.keys())
def test_a_job_that_stops_raises_one_alert_in_time_and_one_recovery(
    job: Job, aws: FakeAws, log: pytest.LogCaptureFixture
) -> None:
    """The alert comes at most ten minutes after the grace period."""
    due = moment(DUE[job.name])
    with aws.run(Environment(Memory(), due - 2 * FIVE)) as environment:
        advance(environment, due)
        advance(environment, due + job.grace, job.name)
        assert warning_messages(log) == []
        advance(environment, due + job.grace + 2 * FIVE, job.name)
        (alert,) = warning_messages(log)
        assert alert.startswith(f"LATE: {job.name}: the run of {DUE[job.name]}Z ")
        advance(environment, environment.now + 3 * FIVE)
        assert warning_messages(log)[1:] == [f"RECOVERED: {job.name}: no longer late"]
        missed = run_records.find(job.name, Slot(f"{DUE[job.name]}Z"))
    assert missed
    assert missed.status is (Status.MISSED if job is catalog.HEARTBEAT else Status.SUCCEEDED)


def _no_answer(*_: object, **__: object) -> None:
    raise requests.ConnectionError


def test_an_api_that_is_down_raises_an_alert_at_its_second_heartbeat(
    aws: FakeAws, log: pytest.LogCaptureFixture
) -> None:
    begin = moment("2026-11-22T12:00:00")
    with aws.run(Environment(Memory(), begin)) as environment:
        advance(environment, begin + 2 * FIVE)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("requests.adapters.HTTPAdapter.send", _no_answer)
            advance(environment, begin + 6 * FIVE)
        assert [text.split(": ")[:2] for text in warning_messages(log)] == [["DOWN", "heartbeat"]]
        advance(environment, begin + 9 * FIVE)
        assert warning_messages(log)[1:] == ["RECOVERED: heartbeat: no longer down"]


def test_after_a_night_of_outage_every_slot_is_recorded_or_caught_up(
    aws: FakeAws, log: pytest.LogCaptureFixture
) -> None:
    """Nothing runs from Saturday evening to Monday noon, not even the watchdog."""
    with aws.run(Environment(Memory(), moment("2026-11-21T20:00:00"))) as environment:
        advance(environment, moment("2026-11-21T20:10:00"))
        environment.now = moment("2026-11-23T12:30:00")
        advance(environment, moment("2026-11-23T12:50:00"))
        found = {
            name: [(run.slot[8:13], run.status.value) for run in reversed(run_records.latest(name, 9))]
            for name in JOBS
            if name != "heartbeat"
        }
        beats = [run.status for run in run_records.latest("heartbeat", 600)]
        assert environment.unfinished() == []
    assert found == {
        "low_stock": [(slot, "MISSED") for slot in ("22T00", "22T12", "23T00")] + [("23T12", "SUCCEEDED")],
        "order_reminders": [("22T08", "MISSED"), ("23T08", "SUCCEEDED")],
        "customer_cleanup": [("22T02", "SUCCEEDED")],
        "weekly_report": [("23T06", "SUCCEEDED")],
    }
    assert len(beats) == 12 * 40 + 10
    assert beats.count(Status.SUCCEEDED) == 2 + 4
    assert [text.split(": ")[:2] for text in warning_messages(log)].count(["LATE", "low_stock"]) == 1
    assert [text.split(": ")[:2] for text in warning_messages(log)].count(["RECOVERED", "low_stock"]) == 1

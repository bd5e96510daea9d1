"""What operators' schedules mean for the health of a job, for repeated attempts, and for each other."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from chalicelib.errors import InvalidInput
from chalicelib.jobs import (
    backoff,
    crontab,
    dispatcher,
    job_state,
    ledger,
    operator_schedules,
    overview,
    run_records,
    schedule_cap,
    schedule_changes,
    schedule_input,
    slots,
    watchdog,
)
from chalicelib.jobs.job import Job
from chalicelib.jobs.operator_schedules import OperatorSchedule
from chalicelib.jobs.run_records import Status, Trigger
from chalicelib.store import tables, timestamps
from chalicelib.store.put_request import to_item
from tests.builders import moment
from tests.jobs.job_runs import (
    Clock,
    Consumer,
    find_run,
    make_job,
    make_runner,
    one_page,
    use_jobs,
)
from tests.jobs.schedule_runs import DEFAULT, create, runs, update


def test_a_frequent_schedule_raises_no_alarm(job: Job, time: Clock) -> None:
    create(job, "*/5 * * * *")
    for _ in range(12):
        time.later(minutes=5)
        dispatcher.serve()
        Consumer().deliver_all()
    assert len(runs()) == 12
    assert overview.load(job).problems == []


def test_a_slot_that_nobody_answers_makes_the_job_late(job: Job, time: Clock) -> None:
    made = create(job, "30 12 * * *")
    time.at("2026-11-22T13:31:00")
    assert (
        overview.load(job).problems[0]
        == f"the run of 2026-11-22T12:30:00Z@{made.id} has not started 1:00:00 after it was due"
    )
    dispatcher.serve()
    Consumer().deliver_all()
    watchdog.run_checks()
    make_runner().fire(job, moment("2026-11-22T13:00:00"))
    assert overview.load(job).problems == []


def test_a_changed_job_shows_its_schedule_and_next_run(job: Job) -> None:
    update(DEFAULT, crontab="45 9 * * *", time_zone="Asia/Tokyo")
    create(job, "0 3 * * *")
    now = overview.load(job)
    assert (now.schedule, now.schedule_text) == ("45 9 * * *", "At 09:45 every day, Asia/Tokyo")
    assert now.next_run == "2026-11-23T00:45:00Z"
    update(DEFAULT, enabled=False)
    assert overview.load(job).next_run == "2026-11-23T03:00:00Z"


@pytest.mark.parametrize(("crontab", "expected"), [("*/5 * * * *", Status.FAILED), ("0 13 * * *", Status.WAITING)])
def test_attempts_end_with_the_next_slot_of_the_schedule_that_was_due(
    crontab: str, expected: Status, job: Job, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "DELAYS", [timedelta(minutes=3)] * 5)
    run = ledger.record(run_records.new("tally", slots.of(time.now, create(job, crontab).id), Trigger.SCHEDULE))
    for _ in range(2):
        claimed = ledger.claim(job, run.slot)
        assert claimed
        failed = ledger.retry_or_fail(job, claimed, "lost", "trace")
        if failed.next_attempt_at:
            time.now = timestamps.from_text(failed.next_attempt_at)
    assert find_run("tally", run.slot).status is expected


def test_a_broken_schedule_does_not_hold_up_the_others(job: Job, time: Clock, log: pytest.LogCaptureFixture) -> None:
    good = create(job)
    broken = OperatorSchedule(id="sch_0", job="tally", crontab="0 0 30 2 *", next_at="2026-11-22T12:10:00Z", token="t")
    operator_schedules.to_row(broken).save()
    time.at("2026-11-22T12:30:00")
    dispatcher.serve()
    assert run_records.find("tally", slots.of(time.now, good.id))
    assert [record.getMessage() for record in log.records if record.levelname == "ERROR"] == [
        "a schedule could not be served"
    ]


def test_schedules_of_a_removed_job_run_nothing(job: Job, time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    made = create(job)
    use_jobs(monkeypatch, make_job(one_page, name="other"))
    time.at("2026-11-22T12:30:00")
    dispatcher.serve()
    run = run_records.find("tally", slots.of(time.now, made.id))
    assert run
    assert (run.status, run.reason) == (Status.SKIPPED, "this job no longer exists")
    schedule_changes.delete(made.id, "ann")
    assert operator_schedules.find_all() == []


def test_there_are_at_most_100_schedules(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule_cap, "MAX_SCHEDULES", 3)
    for _ in range(3):
        create(job)
    with pytest.raises(InvalidInput, match="There are 3 schedules already"):
        create(job)


def test_a_row_is_small(job: Job) -> None:
    made = create(
        job, ",".join(map(str, range(60))) + " * * * *", note="ü" * 200, time_zone="America/Argentina/ComodRivadavia"
    )
    assert len(str(to_item(operator_schedules.to_row(made)))) < 3000
    assert tables.AuxRow.count(operator_schedules.PARTITION) == 1


@pytest.fixture
def broken(job: Job, monkeypatch: pytest.MonkeyPatch) -> OperatorSchedule:
    """A schedule in a zone that a new version of tzdata no longer has."""
    create(job)
    made = create(job, time_zone="Europe/Berlin")
    find = crontab.zone_of

    def zone_of(name: str) -> ZoneInfo:
        if name == "Europe/Berlin":
            raise crontab.BadCrontab("'Europe/Berlin' is not a time zone")
        return find(name)

    monkeypatch.setattr(crontab, "zone_of", zone_of)
    monkeypatch.setattr(schedule_input, "zone_of", zone_of)
    crontab.parsed.cache_clear()
    return made


def test_a_schedule_without_its_zone_does_not_hide_the_others(job: Job, time: Clock, broken: OperatorSchedule) -> None:
    listed = {row.id: (row.words, row.next_runs(1)) for row in schedule_changes.list_all()}
    assert len(listed) == 3
    assert listed[broken.id] == ("30 * * * * ('Europe/Berlin' is not a time zone)", [])
    assert f"{broken.id} cannot be served: 'Europe/Berlin' is not a time zone" in overview.load(job).problems
    job_state.pause("tally", "stock-taking", "ann", time.now + timedelta(hours=2))
    assert overview.load(job).next_run == "2026-11-22T14:00:00Z"
    job_state.resume("tally")
    time.at("2026-11-22T12:30:00")
    dispatcher.serve()
    Consumer().deliver_all()
    assert [run.status for run in runs().values()] == [Status.SUCCEEDED]
    run = run_records.new("tally", slots.of(time.now, broken.id), Trigger.SCHEDULE)
    assert backoff.next_attempt_at(job, run, time.now) is not None


def test_a_schedule_without_its_zone_can_be_repaired(job: Job, time: Clock, broken: OperatorSchedule) -> None:
    assert job.name
    time.at("2026-11-22T13:31:00")
    repaired = update(broken.id, time_zone="UTC")
    assert repaired.next_at == "2026-11-22T14:30:00Z"
    run = find_run("tally", slots.of(moment("2026-11-22T12:30:00"), broken.id))
    assert (run.status, run.reason) == (Status.SKIPPED, "'Europe/Berlin' is not a time zone")


def test_a_schedule_without_its_zone_can_be_deleted(time: Clock, broken: OperatorSchedule) -> None:
    time.at("2026-11-22T13:31:00")
    schedule_changes.delete(broken.id, "ann")
    assert broken.id not in {row.id for row in operator_schedules.find_all()}

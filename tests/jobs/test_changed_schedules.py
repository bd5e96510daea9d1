"""The schedule of a job itself, changed and reset by operators: its rule still fires, and no slot gets lost."""

import pytest

from chalicelib.errors import InvalidInput
from chalicelib.jobs import (
    dispatcher,
    job_state,
    operator_schedules,
    schedule_changes,
    slots,
    watchdog,
)
from chalicelib.jobs.job import Job
from tests.builders import moment
from tests.jobs.job_runs import (
    Clock,
    info_messages,
    make_runner,
)
from tests.jobs.schedule_runs import DEFAULT, create, runs, statuses, update


def test_a_changed_default_takes_the_place_of_the_rule(job: Job, time: Clock, log: pytest.LogCaptureFixture) -> None:
    time.at("2026-11-22T12:20:00")
    changed = update(DEFAULT, crontab="30 * * * *")
    assert (changed.id, changed.since, changed.next_at) == (DEFAULT, "2026-11-22T12:20:00Z", "2026-11-22T12:30:00Z")
    log.clear()
    time.at("2026-11-22T13:00:00")
    make_runner().fire(job, time.now)  # its rule still fires
    assert info_messages(log) == []
    dispatcher.serve()
    time.at("2026-11-22T15:00:00")
    dispatcher.serve()
    for _ in range(3):
        watchdog.run_checks()
    assert statuses() == {"12:30:00": "WAITING", "13:30:00": "MISSED", "14:30:00": "WAITING"}
    assert slots.of(moment("2026-11-22T14:30:00")) == runs()["14:30:00"].slot


def test_a_slot_before_the_change_is_accounted_for(job: Job, time: Clock) -> None:
    time.at("2026-11-22T13:00:30")
    update(DEFAULT, crontab="30 12 * * *")
    make_runner().fire(job, time.now)  # late, but this was a slot
    assert statuses() == {"13:00:00": "SUCCEEDED"}


@pytest.mark.usefixtures("job")
def test_a_missed_slot_before_the_change_is_caught_up(time: Clock) -> None:
    time.at("2026-11-22T13:05:00")
    update(DEFAULT, crontab="30 12 * * *")
    time.at("2026-11-22T14:20:00")
    watchdog.run_checks()
    assert statuses() == {"13:00:00": "WAITING"}
    assert job_state.find("tally").checked_until == "2026-11-22T13:00:00Z"


def test_a_reset_default_counts_by_its_rule_again(job: Job, time: Clock) -> None:
    time.at("2026-11-22T12:20:00")
    update(DEFAULT, crontab="30 * * * *")
    time.at("2026-11-22T14:40:00")
    restored = schedule_changes.reset(job)
    assert (restored.crontab, restored.next_at, restored.token) == ("0 * * * *", "2026-11-22T15:00:00Z", "")
    assert operator_schedules.find_all() == []
    assert statuses() == {"12:30:00": "MISSED", "13:30:00": "MISSED", "14:30:00": "WAITING"}
    time.at("2026-11-22T15:00:01")
    make_runner().fire(job, time.now)
    time.at("2026-11-22T16:20:00")
    watchdog.run_checks()
    found = statuses()
    assert {slot: found[slot] for slot in list(found)[3:]} == {"15:00:00": "SUCCEEDED", "16:00:00": "WAITING"}
    assert schedule_changes.reset(job).next_at == "2026-11-22T17:00:00Z"  # once more changes nothing


def test_a_slot_missed_before_the_change_survives_a_reset(job: Job, time: Clock) -> None:
    time.at("2026-11-22T13:00:30")
    update(DEFAULT, crontab="30 23 * * *")
    time.at("2026-11-22T13:02:00")
    schedule_changes.reset(job)
    time.at("2026-11-22T13:30:00")
    watchdog.run_checks()
    assert statuses() == {"13:00:00": "WAITING"}


def test_a_default_cannot_be_deleted_or_due_once(job: Job) -> None:
    with pytest.raises(InvalidInput, match="cannot be deleted"):
        schedule_changes.delete(DEFAULT, "ann")
    with pytest.raises(InvalidInput, match="cannot be a single time"):
        update(DEFAULT, at=moment("2026-12-24T00:00:00"))
    assert job.name == "tally"


def test_the_schedule_of_the_heartbeat_is_fixed(time: Clock) -> None:
    from chalicelib.jobs.catalog import HEARTBEAT  # noqa: PLC0415

    with pytest.raises(InvalidInput, match="is fixed: the watchdog runs with it"):
        create(HEARTBEAT)
    with pytest.raises(InvalidInput, match="is fixed: the watchdog runs with it"):
        update("heartbeat.default", crontab="0 * * * *")
    assert time.now

"""The state of a job: its pause, the run that holds it, and up to where its slots were checked."""

from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.jobs import job_state, ledger
from chalicelib.jobs.job_state import JobState, Pause
from chalicelib.jobs.slots import Slot
from chalicelib.store.transaction import Stale
from tests.builders import moment, time_is
from tests.jobs.job_runs import NOON, SLOT, make_job, one_page

pytestmark = pytest.mark.usefixtures("time")


def test_a_job_without_a_row_has_an_empty_state() -> None:
    assert job_state.find("tally") == JobState("tally")


def test_a_pause_stores_actor_reason_start_and_end() -> None:
    until = clock.now() + timedelta(hours=2)
    found = job_state.pause("tally", "stock-taking", "ann", until)
    assert found == job_state.find("tally")
    assert found.pause == Pause("stock-taking", "ann", "2026-11-22T12:00:00.000000Z", "2026-11-22T14:00:00.000000Z")
    assert found.paused_at(clock.now()) == found.pause
    assert found.paused_at(until - timedelta(microseconds=1)) == found.pause
    assert found.paused_at(until) is None


def test_a_later_pause_replaces_the_earlier_one() -> None:
    job_state.pause("tally", "stock-taking", "ann", clock.now() + timedelta(hours=2))
    with time_is("2026-11-22T13:00:00"):
        found = job_state.pause("tally", "moving", "bob")
    assert found.pause == Pause("moving", "bob", "2026-11-22T13:00:00.000000Z", None)
    assert found.paused_at(clock.now() + timedelta(days=4000)) == found.pause


def test_resuming_ends_the_pause_and_is_repeatable() -> None:
    job_state.pause("tally", "stock-taking", "ann")
    assert job_state.resume("tally").pause is None
    assert job_state.resume("tally").pause is None
    assert job_state.resume("other").pause is None


def test_a_pause_leaves_the_rest_of_the_state_unchanged() -> None:
    job_state.set_checked_until("tally", "0 * * * *", SLOT, None)
    ledger.claim(make_job(one_page), SLOT)
    paused = job_state.pause("tally", "stock-taking", "ann")
    assert (paused.current, paused.checked_until) == (SLOT, SLOT)
    assert job_state.find("other").pause is None


def test_only_one_of_two_checks_at_once_advances() -> None:
    job_state.set_checked_until("tally", "0 * * * *", Slot("2026-11-22T12:00:00Z"), None)
    job_state.set_checked_until("tally", "0 * * * *", Slot("2026-11-22T13:00:00Z"), Slot("2026-11-22T12:00:00Z"))
    for seen in (None, Slot("2026-11-22T12:00:00Z")):
        with pytest.raises(Stale):
            job_state.set_checked_until("tally", "0 * * * *", Slot("2026-11-22T12:30:00Z"), seen)
    assert job_state.find("tally").checked_until == Slot("2026-11-22T13:00:00Z")
    assert moment(NOON) == clock.now()

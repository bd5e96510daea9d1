"""What is true of a job now: paused by whom, held by which run, watched up to where."""

from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.jobs import job_state, ledger
from chalicelib.jobs.job_state import JobState, Pause
from chalicelib.jobs.slots import Slot
from chalicelib.store.transaction import Stale
from tests.builders import moment, time_is
from tests.jobs.job_runs import NOON, SLOT, a_job, one_page

pytestmark = pytest.mark.usefixtures("time")


def test_of_a_job_that_nobody_has_touched_nothing_is_true() -> None:
    assert job_state.find("tally") == JobState("tally")


def test_a_pause_says_who_why_since_and_until_when() -> None:
    until = clock.now() + timedelta(hours=2)
    found = job_state.pause("tally", "stock-taking", "ann", until)
    assert found == job_state.find("tally")
    assert found.pause == Pause("stock-taking", "ann", "2026-11-22T12:00:00.000000Z", "2026-11-22T14:00:00.000000Z")
    assert found.paused_at(clock.now()) == found.pause
    assert found.paused_at(until - timedelta(microseconds=1)) == found.pause
    assert found.paused_at(until) is None


def test_a_later_pause_takes_the_place_of_the_earlier_one() -> None:
    job_state.pause("tally", "stock-taking", "ann", clock.now() + timedelta(hours=2))
    with time_is("2026-11-22T13:00:00"):
        found = job_state.pause("tally", "moving", "bob")
    assert found.pause == Pause("moving", "bob", "2026-11-22T13:00:00.000000Z", None)
    assert found.paused_at(clock.now() + timedelta(days=4000)) == found.pause


def test_resuming_ends_a_pause_and_may_be_repeated() -> None:
    job_state.pause("tally", "stock-taking", "ann")
    assert job_state.resume("tally").pause is None
    assert job_state.resume("tally").pause is None
    assert job_state.resume("other").pause is None


def test_a_pause_changes_nothing_else() -> None:
    job_state.set_checked_until("tally", SLOT, None)
    ledger.claim(a_job(one_page), SLOT)
    paused = job_state.pause("tally", "stock-taking", "ann")
    assert (paused.current, paused.checked_until) == (SLOT, SLOT)
    assert job_state.find("other").pause is None


def test_only_one_of_two_watches_goes_ahead() -> None:
    job_state.set_checked_until("tally", Slot("2026-11-22T12:00:00Z"), None)
    job_state.set_checked_until("tally", Slot("2026-11-22T13:00:00Z"), Slot("2026-11-22T12:00:00Z"))
    for seen in (None, Slot("2026-11-22T12:00:00Z")):
        with pytest.raises(Stale):
            job_state.set_checked_until("tally", Slot("2026-11-22T12:30:00Z"), seen)
    assert job_state.find("tally").checked_until == Slot("2026-11-22T13:00:00Z")
    assert moment(NOON) == clock.now()

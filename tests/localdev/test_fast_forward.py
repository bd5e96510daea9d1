"""Fast-forward in this process: it also fires the dispatcher, at the minutes in which operators' schedules are due."""

from datetime import timedelta

from app import app
from chalicelib import clock
from chalicelib.jobs import catalog, operator_schedules, run_records, schedule_changes
from chalicelib.jobs.run_records import Status, Trigger
from localdev.fast_forward import run_past
from tests.builders import time_is


def test_the_schedules_of_operators_are_served_at_their_times() -> None:
    before = clock.now() - timedelta(hours=5)
    with time_is(before.isoformat()):
        made = schedule_changes.create(catalog.LOW_STOCK, {"crontab": "7 * * * *"}, "ann")
        once = schedule_changes.create(catalog.LOW_STOCK, {"at": before + timedelta(minutes=30)}, "ann")
    run_past(app, 1, heartbeat=False, verbose=False)
    runs = [run for run in run_records.latest("low_stock", 20) if run.schedule == made.id]
    assert len(runs) == 5
    assert {(run.status, run.trigger) for run in runs} == {(Status.SUCCEEDED, Trigger.SCHEDULE)}
    assert all(run.started_at and run.slot[:16] == run.started_at[:16] for run in runs)
    assert [run.status for run in run_records.latest("low_stock", 20) if run.schedule == once.id] == [Status.SUCCEEDED]
    assert [row.id for row in operator_schedules.find_all()] == [made.id]
    run_past(app, 1, heartbeat=False, verbose=False)
    assert len([run for run in run_records.latest("low_stock", 20) if run.schedule == made.id]) == 5

"""Fast-forward in this process: it has every heartbeat of a day, and fires the dispatcher when operators' schedules are due.

`test_jobs_served.py` has it beside a server, without the heartbeats.
"""

from datetime import timedelta

import pytest

from app import app
from chalicelib import clock
from chalicelib.jobs import catalog, operator_schedules, run_records, schedule_changes
from chalicelib.jobs.run_records import Status, Trigger
from localdev.fast_forward import run_past
from tests.builders import a_product, time_is
from tests.jobs.loopback import serving


def test_the_schedules_of_operators_are_served_at_their_times(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    a_product("Tea", stock=2)
    before = clock.now() - timedelta(hours=5)
    minute = (before.minute + 20) % 60  # far from now, so that none becomes due meanwhile
    with time_is(before.isoformat()):
        made = schedule_changes.create(catalog.LOW_STOCK, {"crontab": f"{minute} * * * *"}, "ann")
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
    assert "restocked 1" in capsys.readouterr().out
    assert "Product: Tea" not in caplog.text, "log lines come with --verbose only"


def test_a_day_has_288_heartbeats_that_check_the_api_and_are_all_in_the_summary(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with serving() as api:
        run_past(app, 1, heartbeat=True, verbose=True)
        assert len(api.requests) == 288
    assert sum("CRM is alive" in message for message in caplog.messages) == 288
    (summary,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("  heartbeat"))
    assert summary == "  heartbeat           288 runs: 288 succeeded, 0 failed, 0 skipped; up 288"

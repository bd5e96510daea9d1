"""The five jobs as data, and as app.py schedules them."""

import json
import os
import subprocess
import sys

import pytest

from chalicelib.errors import UnknownJob
from chalicelib.jobs import catalog, health, missed_slots, queue, ses_events
from chalicelib.jobs.job import CatchUp, Job, Overlap
from tests.builders import moment
from tests.conftest import ROOT

pytestmark = pytest.mark.no_database


def test_each_job_is_found_by_its_name() -> None:
    assert list(catalog.JOBS) == ["heartbeat", "low_stock", "order_reminders", "customer_cleanup", "weekly_report"]
    assert all(catalog.find(name) is job and job.name == name for name, job in catalog.JOBS.items())


@pytest.mark.parametrize("name", ["", "Heartbeat", "heartbeat ", "drop_tables"])
def test_an_unknown_job_is_an_error_that_lists_the_jobs(name: str) -> None:
    with pytest.raises(UnknownJob, match=r"The jobs are: heartbeat, .*weekly_report") as unknown:
        catalog.find(name)
    assert unknown.value.field == "name"


def test_catch_up_policies_of_the_jobs() -> None:
    assert {name: job.catch_up for name, job in catalog.JOBS.items()} == {
        "heartbeat": CatchUp.NONE,
        "low_stock": CatchUp.LATEST,
        "order_reminders": CatchUp.LATEST,
        "customer_cleanup": CatchUp.LATEST,
        "weekly_report": CatchUp.ALL,
    }
    assert [name for name, job in catalog.JOBS.items() if job.overlap is Overlap.SKIP] == ["heartbeat"]


@pytest.mark.parametrize("job", catalog.JOBS.values(), ids=catalog.JOBS.keys())
def test_limits_leave_room_for_normal_running(job: Job) -> None:
    assert job.grace >= missed_slots.MISSED_AFTER, "a slot would be late before it is recorded"
    monday = moment("2026-11-23T05:59:59")
    assert len(list(job.schedule.between(monday, monday + job.window))) < job.max_runs
    assert health.recent_count(job) > job.max_runs


def test_app_deploys_the_schedules_of_the_catalog() -> None:
    """Import app.py as on Lambda, without a developer's environment."""
    code = (
        "import json, app\n"
        "from chalice.app import Chalice\n"
        "events = [h for h in app.app.event_sources]\n"
        "print(json.dumps([[h.name, getattr(h, 'schedule_expression', None) and h.schedule_expression.to_string(),"
        " getattr(h, 'queue', None), getattr(h, 'batch_size', None)] for h in events]))\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CRM_")}
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment | {"PYTHONDONTWRITEBYTECODE": "1", "CRM_STAGE": "test"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    rules = [[name, f"cron({' '.join(job.schedule.eventbridge)})", None, None] for name, job in catalog.JOBS.items()]
    dispatch = ["dispatch", "cron(* * * * ? *)", None, None]
    consumers = [["work", None, queue.NAME, 1], ["email_events", None, ses_events.NAME, 1]]
    assert found == [*rules, dispatch, *consumers]

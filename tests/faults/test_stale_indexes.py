"""Random schedules of faults over indexes that are up to five seconds old, as they may be on AWS."""

import os
from collections.abc import Iterator

import pytest

from tests.faults.sample_company import sample_company
from tests.faults.schedules import ScheduleRunner, all_due_at_once, new_seeds, run_schedules
from tests.faults.stale_memory import StaleMemory

pytestmark = pytest.mark.no_database
FRESH = 500 if os.environ.get("CRM_FULL_SIZE") else 20


@pytest.fixture(scope="module")
def schedule_runner() -> Iterator[ScheduleRunner]:
    with sample_company(StaleMemory()) as (fake_aws, memory), all_due_at_once() as jobs:
        yield ScheduleRunner(fake_aws, memory, jobs)


def test_jobs_over_stale_indexes_end_with_the_right_data(schedule_runner: ScheduleRunner) -> None:
    assert run_schedules(schedule_runner, new_seeds(FRESH)) == ([], [])

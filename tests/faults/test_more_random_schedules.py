"""More random schedules, in a second module so that they run in parallel. See `test_random_schedules.py`."""

import os

import pytest

from tests.faults.sample_company import sample_company
from tests.faults.schedules import ScheduleRunner, all_due_at_once, new_seeds, run_schedules

pytestmark = pytest.mark.no_database

FRESH = 500 if os.environ.get("CRM_FULL_SIZE") else 25


def test_more_new_schedules_end_with_the_right_data() -> None:
    with sample_company() as (fake_aws, memory), all_due_at_once() as jobs:
        assert run_schedules(ScheduleRunner(fake_aws, memory, jobs), new_seeds(FRESH)) == ([], [])

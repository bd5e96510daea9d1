"""More random schedules, in a second module so that they run in parallel. See `test_random_schedules.py`."""

import os

import pytest

from tests.faults.sample_company import company
from tests.faults.schedules import Player, all_due_at_once, fresh, judge

pytestmark = pytest.mark.no_database

FRESH = 500 if os.environ.get("CRM_FULL_SIZE") else 150


def test_more_new_schedules_end_with_the_right_data() -> None:
    with company() as (stage, memory), all_due_at_once() as jobs:
        assert judge(Player(stage, memory, jobs), fresh(FRESH)) == ([], [])

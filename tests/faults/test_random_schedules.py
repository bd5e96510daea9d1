"""Random schedules of faults over all jobs: twenty fixed ones, and new ones in each session.

Sixty of them, and with CRM_FULL_SIZE=1 a thousand. Some of them are in `test_more_random_schedules.py`, so that two
workers share them. 35 more, and at full size another thousand, in which operators change several schedules meanwhile, are
in `test_operator_schedules.py`.
"""

import os
from collections.abc import Iterator

import pytest

from tests.faults.sample_company import sample_company
from tests.faults.schedules import ScheduleRunner, all_due_at_once, new_seeds, run_schedules, without_guards

pytestmark = pytest.mark.no_database

FIXED = range(20)
FRESH, CONTROL = (480, range(100)) if os.environ.get("CRM_FULL_SIZE") else (15, range(50))


@pytest.fixture(scope="module")
def schedule_runner() -> Iterator[ScheduleRunner]:
    with sample_company() as (fake_aws, memory), all_due_at_once() as jobs:
        yield ScheduleRunner(fake_aws, memory, jobs)


def test_twenty_fixed_schedules_end_with_the_right_data(schedule_runner: ScheduleRunner) -> None:
    assert run_schedules(schedule_runner, FIXED) == ([], [])


def test_new_schedules_end_with_the_right_data(schedule_runner: ScheduleRunner) -> None:
    assert run_schedules(schedule_runner, new_seeds(FRESH)) == ([], [])


def test_without_the_guards_some_schedules_end_with_wrong_data(schedule_runner: ScheduleRunner) -> None:
    with without_guards():
        wrong, _ = run_schedules(schedule_runner, CONTROL)
    print(f"{len(wrong)} of {len(CONTROL)} go wrong")
    assert wrong

"""Random schedules of faults over all jobs: twenty fixed ones, and new ones in each session.

300 of them, and with CRM_FULL_SIZE=1 a thousand. Half of them are in `test_more_random_schedules.py`, so that two workers share them.
"""

import os
from collections.abc import Iterator

import pytest

from tests.faults.sample_company import company
from tests.faults.schedules import Player, all_due_at_once, fresh, judge, unguarded

pytestmark = pytest.mark.no_database

FIXED = range(20)
FRESH = 480 if os.environ.get("CRM_FULL_SIZE") else 130
CONTROL = range(100)


@pytest.fixture(scope="module")
def player() -> Iterator[Player]:
    with company() as (stage, memory), all_due_at_once() as jobs:
        yield Player(stage, memory, jobs)


def test_twenty_fixed_schedules_end_with_the_right_data(player: Player) -> None:
    assert judge(player, FIXED) == ([], [])


def test_new_schedules_end_with_the_right_data(player: Player) -> None:
    assert judge(player, fresh(FRESH)) == ([], [])


def test_without_the_guards_many_schedules_end_with_wrong_data(player: Player) -> None:
    with unguarded():
        wrong, _ = judge(player, CONTROL)
    print(f"{len(wrong)} of {len(CONTROL)} go wrong")
    assert len(wrong) > len(CONTROL) * 0.05

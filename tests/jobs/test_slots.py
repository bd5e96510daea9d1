"""Slots are instants as text that sorts by time."""

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest

from chalicelib.jobs import slots
from tests.builders import moment

pytestmark = pytest.mark.no_database


def test_scheduled_slots_have_seconds_and_operators_slots_microseconds() -> None:
    assert slots.of(moment("2026-11-22T08:00:00")) == "2026-11-22T08:00:00Z"
    assert slots.of_request(moment("2026-11-22T08:00:00.25")) == "2026-11-22T08:00:00.250000Z"


def test_an_operators_slot_never_equals_a_scheduled_one() -> None:
    assert slots.of_request(moment("2026-11-22T08:00:00")) == "2026-11-22T08:00:00.000001Z"


def test_slots_are_in_utc_whatever_zone_the_datetime_has() -> None:
    there = datetime(2026, 11, 22, 10, tzinfo=timezone(timedelta(hours=2)))
    assert slots.of(there) == "2026-11-22T08:00:00Z"
    assert slots.moment_of(slots.of(there)) == there
    assert slots.moment_of(slots.Slot("2026-11-22T08:00:00.250000Z")) == moment("2026-11-22T08:00:00.25")


def test_slots_sort_by_time() -> None:
    chance = random.Random(7)
    begin = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    moments = [begin + timedelta(seconds=number, microseconds=chance.choice([0, 1, 999_999])) for number in range(90)]
    texts = [slots.of(one) for one in moments]
    assert texts == sorted(texts)

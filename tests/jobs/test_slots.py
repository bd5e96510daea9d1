"""Slots: instants as texts whose order is that of time."""

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest

from chalicelib.jobs import slots
from tests.builders import moment

pytestmark = pytest.mark.no_database


def test_a_scheduled_slot_is_the_instant_to_the_second_and_a_requested_one_to_the_microsecond() -> None:
    assert slots.of(moment("2026-11-22T08:00:00")) == "2026-11-22T08:00:00Z"
    assert slots.of_request(moment("2026-11-22T08:00:00.25")) == "2026-11-22T08:00:00.250000Z"


def test_a_request_never_has_the_slot_of_a_firing() -> None:
    assert slots.of_request(moment("2026-11-22T08:00:00")) == "2026-11-22T08:00:00.000001Z"


def test_a_slot_says_its_instant_whatever_the_zone_it_came_from() -> None:
    there = datetime(2026, 11, 22, 10, tzinfo=timezone(timedelta(hours=2)))
    assert slots.of(there) == "2026-11-22T08:00:00Z"
    assert slots.moment_of(slots.of(there)) == there
    assert slots.moment_of(slots.Slot("2026-11-22T08:00:00.250000Z")) == moment("2026-11-22T08:00:00.25")


def test_slots_of_different_seconds_are_in_the_order_of_time() -> None:
    chance = random.Random(7)
    begin = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    moments = [begin + timedelta(seconds=number, microseconds=chance.choice([0, 1, 999_999])) for number in range(90)]
    texts = [slots.of(one) for one in moments]
    assert texts == sorted(texts)

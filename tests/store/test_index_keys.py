"""Index keys sort like their values, and rows stay in their shards."""

import pytest

from chalicelib.store.index_keys import SEPARATOR, shard, shards, sort_key

pytestmark = pytest.mark.no_database


def test_a_name_sorts_before_the_longer_name_that_begins_with_it() -> None:
    names = ["ann", "ann lee", "ann-marie", "anna"]
    keys = [sort_key(name, f"cus_{number}") for number, name in enumerate(reversed(names))]
    assert [key.split(SEPARATOR)[0] for key in sorted(keys)] == names


def test_a_row_has_the_same_shard_on_every_machine() -> None:
    assert [shard("a", f"cus_{number}", 16) for number in range(4)] == ["a8", "a11", "a15", "a0"]


def test_rows_are_spread_over_all_shards() -> None:
    assert {shard("a", f"cus_{number}", 16) for number in range(400)} == set(shards("a", 16))

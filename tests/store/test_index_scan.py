"""Walks over partitions: bounds, directions, and the ends of a walk among rows with the same number."""

from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.crm import products
from chalicelib.settings import settings
from chalicelib.store import index_keys, tables
from chalicelib.store.cursors import Position
from chalicelib.store.index_scan import IndexRange, IndexScan, count, end_of_prefix, end_of_value
from tests.metering import metered

LANES = tuple(index_keys.shards("k", settings.stock_shards))
STOCK = IndexRange(tables.Product, "by_stock", "stock_s", "stock", LANES, numeric=True)


@pytest.fixture
def positions() -> list[Position]:
    """Ascending: two numbers, each in several partitions and several times in one."""
    for number in range(24):
        products.create(f"Product {number}", Decimal(1), 3 + 97 * (number % 2))  # as text, 100 sorts before 3
    return list(IndexScan(STOCK, up=True).positions())


def test_numbers_are_ordered_as_numbers_and_ties_by_partition(positions: list[Position]) -> None:
    assert [position.key for position in positions] == ["3"] * 12 + ["100"] * 12
    assert positions == sorted(positions, key=STOCK.order)
    assert len({position.row_id for position in positions}) == 24
    assert len({position.shard for position in positions[:12]}) > 1


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_down_is_the_exact_reverse_of_up_however_much_is_read_at_a_time(positions: list[Position], batch: int) -> None:
    assert list(IndexScan(STOCK, up=False, batch=batch).positions()) == positions[::-1]


def test_between_any_two_positions_lies_what_lies_between_them(positions: list[Position]) -> None:
    for start in range(0, 24, 3):
        for stop in range(0, 24, 2):
            up = IndexScan(STOCK, up=True, start=positions[start], stop=positions[stop])
            assert list(up.positions()) == positions[start + 1 : stop]
            down = IndexScan(STOCK, up=False, start=positions[stop], stop=positions[start])
            assert list(down.positions()) == positions[start + 1 : stop][::-1]


def test_a_walk_ends_at_its_stop_even_when_the_row_there_is_gone(positions: list[Position]) -> None:
    products.delete(positions[5].row_id)
    assert list(IndexScan(STOCK, up=True, stop=positions[5]).positions()) == positions[:5]


def test_a_path_without_partitions_or_room_asks_nothing() -> None:
    nowhere = IndexRange(tables.Line, None, "product_id", "date_k", (), id_name=None)
    narrow = IndexRange(tables.Product, "by_stock", "stock_s", "stock", LANES, numeric=True, low="10", high="9")
    with metered() as meter:
        assert list(IndexScan(nowhere, up=True).positions()) == list(IndexScan(narrow, up=False).positions()) == []
    assert meter.total_calls == 0


def test_a_walk_asks_each_partition_once_for_what_fits_into_one_answer(positions: list[Position]) -> None:
    with metered() as meter:
        assert len(list(IndexScan(STOCK, up=True).positions())) == len(positions)
    assert meter.calls == {"Query": len(LANES)}


def test_counting_takes_in_what_a_walk_does_and_reads_no_rows(positions: list[Position]) -> None:
    with metered() as meter:
        assert count(STOCK) == len(positions)
    assert meter.calls == {"Query": len(LANES)}
    assert count(replace(STOCK, low="4")) == count(replace(STOCK, high="3")) == 12
    assert count(replace(STOCK, low="3", high="100")) == 24
    assert count(replace(STOCK, low="4", high="99")) == 0


def test_what_has_no_lanes_is_counted_without_asking() -> None:
    with metered() as meter:
        assert count(IndexRange(tables.Line, None, "product_id", "date_k", (), id_name=None)) == 0
    assert meter.total_calls == 0


def test_bounds_take_in_every_key_that_begins_with_them_and_no_other() -> None:
    assert index_keys.sort_key("ann", "cus_zzz") < end_of_value("ann") < index_keys.sort_key("ann lee", "cus_0")
    assert index_keys.sort_key("555\U0010fffe", "cus_z") < end_of_prefix("555") < index_keys.sort_key("556", "cus_0")

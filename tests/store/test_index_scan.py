"""Index scans: bounds, directions, and the ends of a scan among rows with the same number."""

from dataclasses import replace
from decimal import Decimal

import pytest

from chalicelib.crm import products
from chalicelib.settings import settings
from chalicelib.store import index_keys, tables
from chalicelib.store.cursors import Position
from chalicelib.store.index_scan import IndexRange, IndexScan, count, end_of_prefix, end_of_value
from tests.metering import metered

SHARDS = tuple(index_keys.shards("k", settings.stock_shards))
STOCK = IndexRange(tables.Product, "by_stock", "stock_s", "stock", SHARDS, numeric=True)


@pytest.fixture
def positions() -> list[Position]:
    """Ascending: two numbers, each in several partitions and several times in one."""
    for number in range(24):
        products.create(f"Product {number}", Decimal(1), 3 + 97 * (number % 2))  # as text, 100 sorts before 3
    return list(IndexScan(STOCK, up=True).positions())


def test_numbers_sort_as_numbers_and_ties_by_shard(positions: list[Position]) -> None:
    assert [position.key for position in positions] == ["3"] * 12 + ["100"] * 12
    assert positions == sorted(positions, key=STOCK.order)
    assert len({position.row_id for position in positions}) == 24
    assert len({position.shard for position in positions[:12]}) > 1


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_scanning_down_is_the_exact_reverse_of_up_for_any_batch_size(positions: list[Position], batch: int) -> None:
    assert list(IndexScan(STOCK, up=False, batch=batch).positions()) == positions[::-1]


def test_start_and_stop_limit_a_scan_in_both_directions(positions: list[Position]) -> None:
    for start in range(0, 24, 3):
        for stop in range(0, 24, 2):
            up = IndexScan(STOCK, up=True, start=positions[start], stop=positions[stop])
            assert list(up.positions()) == positions[start + 1 : stop]
            down = IndexScan(STOCK, up=False, start=positions[stop], stop=positions[start])
            assert list(down.positions()) == positions[start + 1 : stop][::-1]


def test_a_scan_ends_at_its_stop_even_if_that_row_is_deleted(positions: list[Position]) -> None:
    products.delete(positions[5].row_id)
    assert list(IndexScan(STOCK, up=True, stop=positions[5]).positions()) == positions[:5]


def test_a_range_without_shards_or_rows_sends_no_query() -> None:
    nowhere = IndexRange(tables.Line, None, "product_id", "date_k", (), id_name=None)
    narrow = IndexRange(tables.Product, "by_stock", "stock_s", "stock", SHARDS, numeric=True, low="10", high="9")
    with metered() as meter:
        assert list(IndexScan(nowhere, up=True).positions()) == list(IndexScan(narrow, up=False).positions()) == []
    assert meter.total_calls == 0


def test_a_scan_sends_one_query_per_shard_if_the_rows_fit(positions: list[Position]) -> None:
    with metered() as meter:
        assert len(list(IndexScan(STOCK, up=True).positions())) == len(positions)
    assert meter.calls == {"Query": len(SHARDS)}


def test_counting_includes_the_same_rows_as_a_scan(positions: list[Position]) -> None:
    with metered() as meter:
        assert count(STOCK) == len(positions)
    assert meter.calls == {"Query": len(SHARDS)}
    assert count(replace(STOCK, low="4")) == count(replace(STOCK, high="3")) == 12
    assert count(replace(STOCK, low="3", high="100")) == 24
    assert count(replace(STOCK, low="4", high="99")) == 0


def test_counting_a_range_without_shards_sends_no_query() -> None:
    with metered() as meter:
        assert count(IndexRange(tables.Line, None, "product_id", "date_k", (), id_name=None)) == 0
    assert meter.total_calls == 0


def test_bounds_include_exactly_the_keys_that_begin_with_them() -> None:
    assert index_keys.sort_key("ann", "cus_zzz") < end_of_value("ann") < index_keys.sort_key("ann lee", "cus_0")
    assert index_keys.sort_key("555\U0010fffe", "cus_z") < end_of_prefix("555") < index_keys.sort_key("556", "cus_0")

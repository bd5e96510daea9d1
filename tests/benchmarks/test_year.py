"""The retailer's year of the benchmarks: its skew, the rows that it is put as, and counts that do not grow with the company."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.counted_memory import CountedMemory
from benchmarks.retailer import IMPORTED, MAX_LINES, OPENED, YEAR, Retailer, write_opening, write_year
from benchmarks.retailer_rows import put_retailer
from benchmarks.year import MAX_GROWTH, MAX_LIST_CALLS, MAX_SEARCH_CALLS, MAX_SEARCH_UNITS, grown, is_flat
from benchmarks.year_operations import Company, Measured
from tests.builders import Rows
from tests.faults.environment import Environment, FakeAws, fake_aws
from tests.faults.sample_company import numbered_ids
from tests.faults.shop_year import import_files

pytestmark = pytest.mark.no_database

SMALL, LARGE = 0.02, 0.04
COUNTED = ("calls", "read_units", "write_units")


@pytest.fixture(scope="module")
def aws() -> Iterator[FakeAws]:
    with fake_aws() as built:
        yield built


@contextmanager
def new_environment(aws: FakeAws) -> Iterator[tuple[Environment, CountedMemory]]:
    memory = CountedMemory()
    with aws.run(Environment(memory, OPENED)) as environment, numbered_ids():
        yield environment, memory


@pytest.fixture(scope="module")
def costs(aws: FakeAws) -> dict[float, dict[str, Measured]]:
    found = {}
    for scale in (SMALL, LARGE):
        with new_environment(aws) as (environment, memory):
            retailer = Retailer(YEAR.times(scale))
            put_retailer(environment, memory, retailer)
            found[scale] = Company(retailer, environment, memory).everything(weeks=2)
    return found


def test_the_retailer_has_the_skew_of_a_real_one() -> None:
    retailer = Retailer(YEAR.times(0.1))
    invoices = list(retailer.invoices())
    sizes = sorted(len(each.lines) for each in invoices)
    assert (len(invoices), sum(sizes), sizes[-1]) == (retailer.size.orders, retailer.size.lines, MAX_LINES)
    assert 13 <= sizes[len(sizes) // 2] <= 17
    sold = Counter(line.article.sku for each in invoices for line in each.lines)
    best = sum(lines for _, lines in sold.most_common(retailer.size.products // 10))
    assert 0.38 <= best / sum(sizes) <= 0.55
    bought = sorted(Counter(each.person.email for each in invoices).values())
    assert bought[len(bought) // 2] <= 3
    assert bought[-1] >= 50
    credits_ = [each for each in invoices if each.reference.startswith("C")]
    assert len(credits_) == round(len(invoices) / 50)
    assert all(line.quantity < 0 for each in credits_ for line in each.lines)
    days = Counter(each.at.weekday() for each in invoices)
    assert days[5] < days[6] < days[3]


def test_it_is_the_same_each_time_and_at_least_each_name_is_its_own() -> None:
    size = YEAR.times(0.01)
    one, other = Retailer(size), Retailer(size)
    assert list(one.invoices()) == list(other.invoices())
    assert len({each.email for each in one.people}) == size.customers
    assert len({each.sku for each in one.articles}) == size.products


def without_tokens(memory: CountedMemory) -> dict[str, Rows]:
    return {
        name: {key: {k: v for k, v in row.items() if k != "token"} for key, row in rows.items()}
        for name, rows in memory.rows().items()
    }


def test_its_rows_are_those_that_an_import_leaves(aws: FakeAws, tmp_path: Path) -> None:
    """Also: an order of 540 lines is imported."""
    retailer = Retailer(YEAR.times(0.01))
    write_opening(retailer, tmp_path / "opening")
    write_year(retailer, tmp_path / "year")
    with new_environment(aws) as (environment, memory):
        import_files(tmp_path / "opening")
        environment.now = IMPORTED
        import_files(tmp_path / "year")
        imported = without_tokens(memory)
    with new_environment(aws) as (environment, memory):
        put_retailer(environment, memory, retailer)
        put = without_tokens(memory)
    assert max(len(json.loads(row["lines"]["S"])) for row in imported["Order"].values()) == MAX_LINES
    for name, rows in imported.items():
        assert put[name].keys() == rows.keys(), name
        for key, row in rows.items():
            assert put[name][key] == row, name


def test_nothing_costs_more_for_each_row_in_a_larger_company(costs: dict[float, dict[str, Measured]]) -> None:
    flat = [(name, counted) for name in costs[LARGE] for counted in COUNTED if is_flat(name, counted)]
    ratios = {each: grown(costs[SMALL], costs[LARGE], *each) for each in flat}
    assert all(ratio is None or 0 < ratio <= MAX_GROWTH for ratio in ratios.values()), ratios
    assert len([ratio for ratio in ratios.values() if ratio is not None]) >= 30


def test_a_search_takes_six_calls_and_thirty_read_units_at_most(costs: dict[float, dict[str, Measured]]) -> None:
    searches = {name: each.usage for name, each in costs[LARGE].items() if name.startswith("search")}
    assert len(searches) >= 8
    for name, usage in searches.items():
        assert usage.calls <= MAX_SEARCH_CALLS, name
        assert 0 < usage.read_units <= MAX_SEARCH_UNITS, name


def test_a_list_without_lines_takes_four_calls_at_most(costs: dict[float, dict[str, Measured]]) -> None:
    lists = {name: each for name, each in costs[LARGE].items() if name.startswith("list") and "lines" not in name}
    assert len(lists) >= 5
    assert all(each.usage.calls <= MAX_LIST_CALLS for each in lists.values()), lists

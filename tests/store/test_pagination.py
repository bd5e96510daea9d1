"""Pages compared with a plain model of the same rows: no row is lost or repeated in any order or direction."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from chalicelib.crm.list_filters import CustomerFilter, OrderFilter, ProductFilter
from chalicelib.errors import InvalidCursor, InvalidInput
from chalicelib.settings import settings
from chalicelib.store import pagination
from chalicelib.store.pagination import Listing, PageArgs, read_page
from tests.conftest import for_many_tests
from tests.crm.crm_data import START, VALUES, Filter, SampleData, follow, ids_of, list_any, rows_of, sample_data

pytestmark = pytest.mark.no_database  # the sample data outlives a test

_DAYS = st.none() | st.integers(-1, 7).map(lambda days: (START + timedelta(days=days)).date())
_PARTS = st.none() | st.sampled_from(("an", "ANN  lee", "É", "ss", "z", "nobody", "", "😀"))
_CENTS = st.none() | st.sampled_from((-1, 0, 99, 100, 101, 300, 1000, 2000, 12345, 10**16))
_STOCKS = st.none() | st.sampled_from((-1, 0, 3, 9, 10, 11, 200, 10**9))
_CUSTOMERS = st.builds(
    CustomerFilter,
    name=_PARTS,
    email=st.none() | st.sampled_from(("x1", "Ä", "@")),
    created_from=_DAYS,
    created_to=_DAYS,
    phone_prefix=st.none() | st.sampled_from(("+49", "555", "(555) 123-45", "9", "+49 30", "030", "+1 555", "0")),
)
_PRODUCTS = st.builds(
    ProductFilter, name=_PARTS, cents_from=_CENTS, cents_to=_CENTS, stock_from=_STOCKS, stock_to=_STOCKS
)
_ORDER_FIELDS: dict[type, tuple[str, ...]] = {
    CustomerFilter: ("createdAt", "name", "email", "phone", "updatedAt"),
    ProductFilter: ("name", "price", "stock", "updatedAt"),
    OrderFilter: ("orderDate", "totalAmount", "updatedAt"),
}
_SIZES = st.sampled_from((100, 31, 20, 7, 4))
few = hypothesis_settings(max_examples=25 if os.environ.get("CRM_FULL_SIZE") else 12, derandomize=True)


@pytest.fixture(scope="module", params=[1, 3], ids=["one partition", "three partitions"])
def world(request: pytest.FixtureRequest) -> Iterator[SampleData]:
    with for_many_tests(request), sample_data(request.param) as made:
        yield made


def _orders(world: SampleData) -> st.SearchStrategy[Filter]:
    return st.builds(
        OrderFilter,
        cents_from=_CENTS,
        cents_to=_CENTS,
        date_from=_DAYS,
        date_to=_DAYS,
        customer_name=_PARTS,
        product_name=_PARTS,
        product_id=st.none() | st.sampled_from([*ids_of(world.products[:5]), "", "no id"]),
        customer_id=st.none() | st.sampled_from(ids_of(world.customers[:5])),
    )


def _question(data: st.DataObject, world: SampleData) -> tuple[Filter, str, bool]:
    """A filter, a field to order by, and whether that descends; half of the filters are answered by an index alone."""
    wanted = data.draw(st.one_of(_CUSTOMERS, _PRODUCTS, _orders(world), *map(st.just, _plain_filters())))
    return wanted, data.draw(st.sampled_from(_ORDER_FIELDS[type(wanted)])), data.draw(st.booleans())


def _plain_filters() -> list[Filter]:
    return [CustomerFilter(), ProductFilter(), OrderFilter()]


def _listing(question: tuple[Filter, str, bool]) -> Listing[Any]:
    wanted, field, descending = question
    return list_any(wanted, ["-" * descending + field])


def _check(found: list[Any], world: SampleData, question: tuple[Filter, str, bool]) -> None:
    wanted, field, descending = question
    expected = world.expected(wanted, field)[:: -1 if descending else 1]
    if field == "stock":  # the order among equals is the database's
        assert [row.stock for row in found] == [VALUES[field](row) for row in expected]
        assert sorted(ids_of(found)) == sorted(ids_of(expected))
    else:
        assert ids_of(found) == ids_of(expected)


@few
@given(data=st.data(), size=_SIZES)
def test_following_cursors_returns_every_row_once_and_in_order(
    world: SampleData, data: st.DataObject, size: int
) -> None:
    question = _question(data, world)
    pages = follow(_listing(question), size)
    assert all(len(page.edges) == size for page in pages[:-1])
    _check(rows_of(pages), world, question)


@few
@given(data=st.data(), size=_SIZES)
def test_paging_backwards_is_the_exact_reverse(world: SampleData, data: st.DataObject, size: int) -> None:
    question = _question(data, world)
    listed = _listing(question)
    backwards = rows_of(follow(listed, size, forward=False), forward=False)
    _check(backwards, world, question)
    assert ids_of(backwards) == ids_of(rows_of(follow(listed, 100)))


@few
@given(data=st.data(), size=_SIZES, offset=st.integers(0, 130))
def test_an_offset_skips_that_many_rows(world: SampleData, data: st.DataObject, size: int, offset: int) -> None:
    listed = _listing(_question(data, world))
    whole = ids_of(rows_of(follow(listed, 100)))
    page = read_page(listed, PageArgs(first=size, offset=offset))
    assert [edge.node.id for edge in page.edges] == whole[offset : offset + size]
    assert page.has_next == (len(whole) > offset + size)


@few
@given(data=st.data())
def test_every_cursor_works_as_after_and_as_before(world: SampleData, data: st.DataObject) -> None:
    listed = _listing(_question(data, world))
    edges = [edge for page in follow(listed, 100) for edge in page.edges]
    if not edges:
        return
    place = data.draw(st.integers(0, len(edges) - 1))
    cursor, ids = edges[place].cursor, [edge.node.id for edge in edges]
    following = read_page(listed, PageArgs(first=100, after=cursor))
    preceding = read_page(listed, PageArgs(last=100, before=cursor))
    assert [edge.node.id for edge in following.edges] == ids[place + 1 : place + 101]
    assert [edge.node.id for edge in preceding.edges] == ids[max(0, place - 100) : place]
    assert following.has_previous
    assert preceding.has_next


@few
@given(data=st.data(), size=_SIZES, forward=st.booleans())
def test_after_and_before_together_return_the_rows_between(
    world: SampleData, data: st.DataObject, size: int, *, forward: bool
) -> None:
    listed = _listing(_question(data, world))
    edges = [edge for page in follow(listed, 100) for edge in page.edges]
    if not edges:
        return
    one, other = (data.draw(st.integers(0, len(edges) - 1)) for _ in range(2))
    window = PageArgs(after=edges[one].cursor, before=edges[other].cursor)
    page = read_page(listed, replace(window, first=size) if forward else replace(window, last=size))
    between = edges[one + 1 : other]
    expected = between[:size] if forward else between[-size:]
    assert [edge.node.id for edge in page.edges] == [edge.node.id for edge in expected]
    assert (page.has_next if forward else page.has_previous) == (len(between) > size)


@few
@given(data=st.data(), size=_SIZES, forward=st.booleans())
def test_a_small_read_budget_shortens_pages_but_loses_no_row(
    world: SampleData, data: st.DataObject, size: int, *, forward: bool
) -> None:
    question = _question(data, world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pagination, "settings", replace(settings, read_budget=7))
        pages = follow(_listing(question), size, forward=forward)
    assert all(len(page.edges) <= min(size, 7) for page in pages)
    _check(rows_of(pages, forward=forward), world, question)


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    "wanted",
    [
        CustomerFilter(created_from=START.date(), created_to=START.date() - timedelta(days=1)),
        ProductFilter(cents_from=2, cents_to=1),
        ProductFilter(stock_from=10, stock_to=9),
        OrderFilter(cents_from=2, cents_to=1),
        OrderFilter(date_from=START.date(), date_to=START.date() - timedelta(days=1)),
    ],
)
def test_a_range_whose_low_bound_is_above_the_high_one_is_empty(wanted: Filter) -> None:
    for field in _ORDER_FIELDS[type(wanted)]:
        page = read_page(list_any(wanted, [field]), PageArgs())
        assert (page.edges, page.has_next, page.end_cursor) == ([], False, None)


@pytest.mark.usefixtures("world")
def test_a_page_without_rows_may_have_a_next_page_and_a_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "settings", replace(settings, read_budget=7))
    page = read_page(list_any(CustomerFilter(email="nobody"), ["name"]), PageArgs(first=5))
    assert (page.edges, page.has_next, page.start_cursor) == ([], True, None)
    assert page.end_cursor is not None
    page = read_page(list_any(CustomerFilter(email="nobody"), ["name"]), PageArgs(last=5))
    assert (page.edges, page.has_previous, page.end_cursor) == ([], True, None)
    assert page.start_cursor is not None


def test_an_offset_beyond_the_read_budget_is_an_error(world: SampleData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "settings", replace(settings, read_budget=7))
    listed = list_any(CustomerFilter(email="x1"), ["name"])
    with pytest.raises(InvalidInput, match="Use after"):
        read_page(listed, PageArgs(first=5, offset=len(world.customers)))


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("window", "field"),
    [
        (PageArgs(first=1, last=1), "last"),
        (PageArgs(first=-1), "first"),
        (PageArgs(first=101), "first"),
        (PageArgs(last=101), "last"),
        (PageArgs(offset=-1), "offset"),
        (PageArgs(offset=1001), "offset"),
        (PageArgs(last=1, offset=1), "offset"),
    ],
)
def test_contradictory_page_arguments_are_invalid(window: PageArgs, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_page(list_any(OrderFilter(), []), window)
    assert refused.value.field == field


@pytest.mark.usefixtures("world")
def test_a_page_may_have_size_zero() -> None:
    for wanted in (OrderFilter(), OrderFilter(product_name="a")):
        page = read_page(list_any(wanted, []), PageArgs(first=0))
        assert (page.edges, page.has_next, page.end_cursor) == ([], True, None)


@pytest.mark.usefixtures("world")
def test_a_cursor_belongs_to_its_filter_and_order() -> None:
    cursor = read_page(list_any(ProductFilter(), ["name"]), PageArgs(first=1)).end_cursor
    others: list[tuple[Filter, str]] = [
        (ProductFilter(), "-name"),
        (ProductFilter(name="a"), "name"),
        (CustomerFilter(), "name"),
    ]
    for wanted, order_by in others:
        for window in (PageArgs(after=cursor), PageArgs(before=cursor), PageArgs(after="")):
            with pytest.raises(InvalidCursor):
                read_page(list_any(wanted, [order_by]), window)


def _several(data: st.DataObject, world: SampleData) -> tuple[Filter, list[tuple[str, bool]]]:
    wanted, first, descending = _question(data, world)
    others = [field for field in _ORDER_FIELDS[type(wanted)] if field != first]
    chosen = data.draw(st.lists(st.sampled_from(others), min_size=1, unique=True))
    return wanted, [(first, descending), *((field, data.draw(st.booleans())) for field in chosen)]


@few
@given(data=st.data(), size=_SIZES, forward=st.booleans())
def test_further_fields_order_the_ties_of_the_first(
    world: SampleData, data: st.DataObject, size: int, *, forward: bool
) -> None:
    wanted, fields = _several(data, world)
    listed = list_any(wanted, ["-" * descending + field for field, descending in fields])
    expected = sorted(world.expected(wanted, fields[0][0]), key=lambda row: row.id)
    for field, descending in reversed(fields):
        expected.sort(key=VALUES[field], reverse=descending)
    assert ids_of(rows_of(follow(listed, size, forward=forward), forward=forward)) == ids_of(expected)
    edges = read_page(listed, PageArgs(first=100)).edges
    if edges:
        one, other = (data.draw(st.integers(0, len(edges) - 1)) for _ in range(2))
        page = read_page(listed, PageArgs(after=edges[one].cursor, before=edges[other].cursor))
        assert [edge.node.id for edge in page.edges] == ids_of(expected)[one + 1 : other]
    offset = read_page(listed, PageArgs(first=size, offset=5))
    assert [edge.node.id for edge in offset.edges] == ids_of(expected)[5 : 5 + size]


@pytest.mark.parametrize("forward", [True, False])
def test_customers_without_a_phone_tie_with_each_other(world: SampleData, *, forward: bool) -> None:
    pages = follow(list_any(CustomerFilter(), ["phone", "-createdAt"]), 4, forward=forward)
    expected = sorted(world.customers, key=lambda row: row.id)
    expected.sort(key=VALUES["createdAt"], reverse=True)
    expected.sort(key=VALUES["phone"])
    assert ids_of(rows_of(pages, forward=forward)) == ids_of(expected)


@pytest.mark.usefixtures("world")
def test_more_ties_than_the_read_budget_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "settings", replace(settings, read_budget=7))
    with pytest.raises(InvalidInput, match="Sort by that field only") as refused:
        follow(list_any(ProductFilter(), ["stock", "name"]), 20)
    assert refused.value.field == "order_by"


@pytest.mark.parametrize("forward", [True, False])
def test_ties_within_the_read_budget_are_read_to_the_end(
    world: SampleData, monkeypatch: pytest.MonkeyPatch, *, forward: bool
) -> None:
    listed = list_any(ProductFilter(name="an"), ["stock", "-name"])
    whole = rows_of(follow(listed, 100))
    largest = max(sum(row.stock == stock for row in world.products) for stock in range(201))
    monkeypatch.setattr(pagination, "settings", replace(settings, read_budget=largest))
    assert rows_of(follow(listed, 4, forward=forward), forward=forward) == whole

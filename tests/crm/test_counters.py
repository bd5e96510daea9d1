"""Totals: exact by day, both ends included, with what was deleted and cancelled taken off; and times as text."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.crm import cancellation, counters, deleted_customers, orders
from chalicelib.errors import InvalidInput
from chalicelib.settings import settings
from chalicelib.store import reads, timestamps
from tests.builders import a_customer, a_product, moment, time_is
from tests.metering import metered


@pytest.fixture
def _three_days() -> None:
    lamp = a_product(price="10.00", stock=100)
    with time_is("2026-03-01T00:00:00"):
        ann = a_customer()
        orders.place(ann.id, {lamp.id: 1})
    with time_is("2026-03-02T23:59:59"):
        bob = a_customer()
        orders.place(bob.id, {lamp.id: 2})
        cancelled = orders.place(bob.id, {lamp.id: 50}).order
    with time_is("2026-03-03T12:00:00"):
        cancellation.cancel(cancelled.id)
        orders.place(bob.id, {lamp.id: 1}, moment("2026-03-01T08:00:00"))
        deleted_customers.delete(ann.id)


@pytest.mark.usefixtures("_three_days")
@pytest.mark.parametrize(
    ("first", "last", "figures"),
    [
        (None, None, (1, 3, 4000, 2)),
        (1, 3, (1, 3, 4000, 2)),
        (1, 1, (1, 2, 2000, 1)),
        (2, 2, (2, 1, 2000, 1)),
        (3, 3, (1, 0, 0, 0)),
        (1, 2, (2, 3, 4000, 2)),
        (None, 1, (1, 2, 2000, 1)),
        (3, None, (1, 0, 0, 0)),
    ],
)
def test_totals_include_the_first_and_last_day(
    first: int | None, last: int | None, figures: tuple[int, int, int, int]
) -> None:
    """The figures are customers at the end, and orders, cents and new customers in between."""
    stats = counters.stats(date(2026, 3, first) if first else None, date(2026, 3, last) if last else None)
    assert (stats.customers, stats.orders, stats.cents, stats.new_customers) == figures
    assert stats.revenue == Decimal(figures[2]) / 100


def test_the_first_day_must_not_be_after_the_last() -> None:
    with pytest.raises(InvalidInput, match="from must not be after to"):
        counters.stats(date(2026, 3, 3), date(2026, 3, 1))


@pytest.mark.usefixtures("_three_days")
def test_days_before_the_first_are_read_for_the_number_of_customers_only(monkeypatch: pytest.MonkeyPatch) -> None:
    call, days = reads.call, list[str]()

    def noting(operation: str, *charged: int, **request: Any) -> reads.Response:
        answer = call(operation, *charged, **request)
        days.extend(item["sk"]["S"] for item in answer["Items"])
        return answer

    monkeypatch.setattr(reads, "call", noting)
    stats = counters.stats(date(2026, 3, 3))
    assert (stats.orders, stats.new_customers, {*days}) == (0, 0, {"2026-03-03"})
    assert (stats.customers, {*days}) == (1, {"2026-03-01", "2026-03-02", "2026-03-03"})


def test_days_that_need_several_responses_are_all_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    key = {"pk": {"S": "count#0"}, "sk": {"S": "2026-03-01"}}
    pages: list[dict[str, Any]] = [{"Items": [key | {"orders": {"N": "2"}}], "LastEvaluatedKey": key}]
    monkeypatch.setattr(reads, "call", lambda *_, **request: pages.pop() if pages else {"Items": _rest(request)})
    assert counters.stats().orders == 5


def _rest(request: dict[str, Any]) -> list[dict[str, Any]]:
    """What comes after the first page; nothing in the other shards."""
    return [{"sk": {"S": "2026-03-02"}, "orders": {"N": "3"}}] if "ExclusiveStartKey" in request else []


def test_without_orders_there_is_no_average() -> None:
    stats = counters.stats()
    assert (stats.orders, stats.revenue, stats.average_order) == (0, Decimal("0.00"), None)


def test_an_average_is_in_cents() -> None:
    assert counters.Stats(first=None, orders=3, cents=1000, new_customers=1, gained=1).average_order == Decimal("3.33")


def test_timestamps_sort_as_text() -> None:
    times = [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(999, 12, 31, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2))),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    ]
    texts = [timestamps.to_text(time) for time in times]
    assert texts == sorted(texts)
    assert [timestamps.from_text(text) for text in texts] == times
    assert texts[2] == "2025-12-31T22:00:00.000000Z"


@pytest.mark.usefixtures("_three_days")
def test_the_number_of_customers_is_read_once() -> None:
    stats = counters.stats(date(2026, 3, 3))
    with metered() as meter:
        assert {stats.customers for _ in range(15)} == {1}
    assert meter.calls == {"Query": settings.counter_shards}

"""Counters: exact totals of customers, orders and revenue per day, in rows `(count#shard, day)` of `ops`.

The transaction of a change also updates its counters. Orders and revenue count on the day of the order; a cancelled order
is subtracted from the same day. `created` counts customers on the day of their creation. `customers` is +1 on that day
and -1 on the day of a deletion. Reading totals costs one query per shard, in proportion to the days, not to the orders.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from chalicelib.crm import calendar_days, money
from chalicelib.errors import InvalidInput
from chalicelib.settings import settings
from chalicelib.store import reads
from chalicelib.store.index_keys import shard, shards
from chalicelib.store.tables import AuxRow
from chalicelib.store.transaction import Transaction

_PREFIX = "count#"
_ROWS_PER_UNIT = 40
"""A day has 100 bytes, and a read unit 4 kB: that many days are charged to a request as one row."""


@dataclass(frozen=True, kw_only=True)
class Stats:
    """Totals of some days, from `first` on, or from the beginning without `first`.

    `gained` is the number of new customers minus the number of deleted ones.
    """

    first: str | None
    orders: int
    cents: int
    new_customers: int
    gained: int

    @cached_property
    def customers(self) -> int:
        """The number of customers at the end of the last day. Only this needs the days before `first`, and reads them once."""
        if self.first is None:
            return self.gained
        return self.gained + _sums(" AND sk < :first", {":first": {"S": self.first}})["customers"]

    @property
    def revenue(self) -> Decimal:
        return money.from_cents(self.cents)

    @property
    def average_order(self) -> Decimal | None:
        return (self.revenue / self.orders).quantize(Decimal("0.01")) if self.orders else None


def add(write: Transaction, timestamp: str, row_id: str, **amounts: int) -> None:
    """Add `amounts` (orders, cents, customers, created) to the day of a stored timestamp, in the shard of `row_id`."""
    row = AuxRow(pk=shard(_PREFIX, row_id, settings.counter_shards), sk=calendar_days.day_of_text(timestamp))
    write.update(row, [getattr(AuxRow, name).add(amount) for name, amount in amounts.items()])


def stats(first: date | None = None, last: date | None = None) -> Stats:
    """Return the totals from the day `first` to the day `last`, both included. Raises InvalidInput."""
    if first and last and first > last:
        raise InvalidInput("from must not be after to", field="from")
    start = first.isoformat() if first else None
    end = last.isoformat() if last else "~"
    bounds = {":first": {"S": start}, ":last": {"S": end}} if start else {":last": {"S": end}}
    sums = _sums(" AND sk BETWEEN :first AND :last" if start else " AND sk <= :last", bounds)
    return Stats(
        first=start,
        orders=sums["orders"],
        cents=sums["cents"],
        new_customers=sums["created"],
        gained=sums["customers"],
    )


def is_empty() -> bool:
    """Return whether nothing was ever counted: no customer and no order."""
    ever = " AND sk <= :last", {":last": {"S": "~"}}
    return not any(True for partition in shards(_PREFIX, settings.counter_shards) for _ in _days(partition, *ever))


def _sums(days: str, bounds: reads.Item) -> dict[str, int]:
    sums = dict.fromkeys(("customers", "orders", "cents", "created"), 0)
    for partition in shards(_PREFIX, settings.counter_shards):
        for item in _days(partition, days, bounds):
            for name in sums:
                sums[name] += reads.number(item, name)
    return sums


def _days(shard: str, days: str, bounds: reads.Item) -> Iterator[reads.Item]:
    return reads.query(
        _ROWS_PER_UNIT,
        TableName=reads.table_name(AuxRow),
        KeyConditionExpression="pk = :shard" + days,
        ExpressionAttributeValues={":shard": {"S": shard}, **bounds},
    )

"""Exact totals by day: rows `(count#shard, day)` of `ops`, added to in the transaction of what they count.

Orders and revenue count on the day of the order, and a cancelled order is taken off that day again. `created` counts
customers on the day of their creation; `customers` is +1 there and -1 on the day of a deletion. A question costs a
query a shard, whatever the number of orders: O(days).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from chalicelib.crm import money
from chalicelib.errors import InvalidInput
from chalicelib.settings import settings
from chalicelib.store import reads
from chalicelib.store.index_keys import shard, shards
from chalicelib.store.tables import AuxRow
from chalicelib.store.transaction import Transaction

_PREFIX = "count#"


@dataclass(frozen=True)
class Stats:
    """What fell into the days that were asked for, from `first` on, or from the beginning without one.

    `gained` are the customers that came, less those that left.
    """

    first: str | None
    orders: int
    cents: int
    new_customers: int
    gained: int

    @cached_property
    def customers(self) -> int:
        """How many there were at the end of the last day. This alone takes the days before, which are read for it, once."""
        if self.first is None:
            return self.gained
        return self.gained + _sums(" AND sk < :first", {":first": {"S": self.first}})["customers"]

    @property
    def revenue(self) -> Decimal:
        return money.from_cents(self.cents)

    @property
    def average_order(self) -> Decimal | None:
        return (self.revenue / self.orders).quantize(Decimal("0.01")) if self.orders else None


def add(write: Transaction, day: str, row_id: str, **amounts: int) -> None:
    """Add `amounts` (orders, cents, customers, created) to `day` (YYYY-MM-DD), in the shard of `row_id`."""
    row = AuxRow(pk=shard(_PREFIX, row_id, settings.counter_shards), sk=day)
    write.update(row, [getattr(AuxRow, name).add(amount) for name, amount in amounts.items()])


def stats(first: date | None = None, last: date | None = None) -> Stats:
    """Totals from the day `first` to the day `last`, both included; without them, of all time. Raises InvalidInput."""
    if first and last and first > last:
        raise InvalidInput("from must not be after to", field="from")
    start = first.isoformat() if first else None
    end = last.isoformat() if last else "~"
    bounds = {":first": {"S": start}, ":last": {"S": end}} if start else {":last": {"S": end}}
    sums = _sums(" AND sk BETWEEN :first AND :last" if start else " AND sk <= :last", bounds)
    return Stats(start, sums["orders"], sums["cents"], sums["created"], sums["customers"])


def _sums(days: str, bounds: reads.Item) -> dict[str, int]:
    sums = dict.fromkeys(("customers", "orders", "cents", "created"), 0)
    for partition in shards(_PREFIX, settings.counter_shards):
        for item in _days(partition, days, bounds):
            for name in sums:
                sums[name] += reads.number(item, name)
    return sums


def _days(shard: str, days: str, bounds: reads.Item) -> Iterator[reads.Item]:
    return reads.query(
        TableName=reads.table_name(AuxRow),
        KeyConditionExpression="pk = :shard" + days,
        ExpressionAttributeValues={":shard": {"S": shard}, **bounds},
    )

"""What a weekly report consists of, and how it is added up from the week's orders. Amounts are integer cents."""

from collections.abc import Collection, Iterable
from decimal import Decimal
from heapq import nsmallest
from typing import NotRequired, TypeAlias, TypedDict

TOP = 5
Sums: TypeAlias = dict[str, list[int]]
"""{id: [cents, count]}. It holds every customer or product of the week's orders, so each entry must be small."""


class OrderLine(TypedDict):
    productId: str
    quantity: int
    lineTotal: str


class WeekOrder(TypedDict):
    customerId: str
    totalAmount: str
    lines: list[OrderLine]


class OrderSums(TypedDict):
    """What each step of a run stores: the sums of its page of orders."""

    customers: Sums
    """The count is the number of orders."""
    products: Sums
    """The count is the number of pieces."""
    walk: NotRequired[int]
    """The number of the reading that the page belongs to; the first one if it is left out."""


class WeekFigures(TypedDict):
    new_customers: int
    orders: int
    cents: int


class AllFigures(TypedDict):
    customers: int
    orders: int
    cents: int


class TopEntry(TypedDict):
    id: str
    name: str | None
    """The name when the report was made; None if the row was deleted."""
    cents: int
    count: int


# `from` is a keyword, so this type cannot be written as a class.
ReportContent = TypedDict(
    "ReportContent",
    {
        "from": str,
        "to": str,
        "totals": AllFigures,
        "week": WeekFigures,
        "before": WeekFigures,
        "top_customers": list[TopEntry],
        "top_products": list[TopEntry],
    },
)


def sum_orders(orders: Iterable[WeekOrder]) -> OrderSums:
    sums = OrderSums(customers={}, products={})
    for order in orders:
        _add(sums["customers"], order["customerId"], to_cents(order["totalAmount"]), 1)
        for line in order["lines"]:
            _add(sums["products"], line["productId"], to_cents(line["lineTotal"]), line["quantity"])
    return sums


def merge(parts: Iterable[OrderSums], walks: Collection[int]) -> OrderSums:
    """Add up the parts of these readings."""
    merged = OrderSums(customers={}, products={})
    for part in parts:
        if part.get("walk", 1) not in walks:
            continue
        for sums, added in ((merged["customers"], part["customers"]), (merged["products"], part["products"])):
            for key, (cents, count) in added.items():
                _add(sums, key, cents, count)
    return merged


def highest(sums: Sums) -> list[tuple[str, list[int]]]:
    """Return the five entries with the highest amounts."""
    return nsmallest(TOP, sums.items(), key=lambda entry: (-entry[1][0], entry[0]))


def to_cents(amount: str) -> int:
    return int(Decimal(amount) * 100)


def _add(sums: Sums, key: str, cents: int, count: int) -> None:
    total = sums.setdefault(key, [0, 0])
    total[0] += cents
    total[1] += count

"""Compare an order of a file with the order of the CRM that has its reference, as the API does when it imports."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from crmctl.import_records import Record
from crmctl.row_values import normalize

SELECTION = """
    id orderDate totalAmount customer { id email } lines { quantity unitPrice product { sku } } adjustments { kind amount }
"""
"""What to select of an order for the comparison."""
_ROUNDING = "ROUNDING"
_DAY_LENGTH = len("2025-03-31")
_FARTHEST_ZONE = timedelta(hours=14)


def has_same_content(existing: Mapping[str, Any], record: Record) -> bool:
    """Return whether the API would take the two for one order. Prices may differ where an adjustment ROUNDING makes up for it."""
    if not _is_of_same_customer_and_day(existing, record):
        return False
    wanted = record.input
    ours, theirs = existing["adjustments"], wanted.get("adjustments", ())
    if _amounts(ours) == _amounts(theirs) and _has_same_lines(existing, wanted, _with_price):
        return True
    is_rounded = any(each["kind"] == _ROUNDING for each in (*ours, *theirs))
    return (
        is_rounded
        and _has_same_total(existing, record)
        and _amounts(ours, without=_ROUNDING) == _amounts(theirs, without=_ROUNDING)
        and _has_same_lines(existing, wanted, _without_price)
    )


def was_refunded_since(existing: Mapping[str, Any], record: Record) -> bool:
    """Return whether the two can be one order whose lines have become fewer by refunds: all but the lines is the same."""
    return record.is_net and _is_of_same_customer_and_day(existing, record) and _has_same_total(existing, record)


def _is_of_same_customer_and_day(existing: Mapping[str, Any], record: Record) -> bool:
    if not _is_same_time(datetime.fromisoformat(existing["orderDate"]), record.input["orderDate"]):
        return False
    customer = existing["customer"]  # one who was deleted comes back under another id
    return customer is None or normalize(customer["email"]) == normalize(record.input["customerEmail"])


def _is_same_time(stored: datetime, text: str) -> bool:
    """Compare the time of an order. A day without a time begins at midnight where the company is, which the API knows."""
    wanted = datetime.fromisoformat(text)
    if len(text) == _DAY_LENGTH:
        return abs(stored - wanted.replace(tzinfo=UTC)) <= _FARTHEST_ZONE
    return stored == wanted


def _has_same_total(existing: Mapping[str, Any], record: Record) -> bool:
    return bool(Decimal(existing["totalAmount"]) * 100 == record.cents)


def _amounts(adjustments: Any, without: str = "") -> Counter[tuple[str, Decimal]]:
    return Counter((each["kind"], Decimal(each["amount"])) for each in adjustments if each["kind"] != without)


def _has_same_lines(
    existing: Mapping[str, Any], wanted: Mapping[str, Any], content: Callable[[Mapping[str, Any]], tuple[Any, ...]]
) -> bool:
    """Compare the lines. A product that was archived since has no SKU any more, and is not compared."""
    skus = [(line["product"] or {}).get("sku") for line in existing["lines"]]
    with_sku = all(skus)
    ours = Counter(
        (normalize(sku or "") if with_sku else "", content(line))
        for sku, line in zip(skus, existing["lines"], strict=True)
    )
    theirs = Counter((normalize(line["sku"]) if with_sku else "", content(line)) for line in wanted["lines"])
    return ours == theirs


def _with_price(line: Mapping[str, Any]) -> tuple[Any, ...]:
    return line["quantity"], Decimal(line["unitPrice"])


def _without_price(line: Mapping[str, Any]) -> tuple[Any, ...]:
    return (line["quantity"],)

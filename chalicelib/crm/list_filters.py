"""The filters of lists, and the fingerprint of a filter and an order, to which cursors are bound."""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime

from chalicelib.crm import phone_numbers, text


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFilter:
    name: str | None = None
    email: str | None = None
    created_from: date | None = None
    created_to: date | None = None
    created_since: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    """At this time or later, as in the other filters."""
    phone_prefix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFilter:
    """Amounts are in cents."""

    name: str | None = None
    cents_from: int | None = None
    cents_to: int | None = None
    stock_from: int | None = None
    stock_to: int | None = None
    updated_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """Amounts are in cents. Ranges include both ends, except `ordered_before`."""

    cents_from: int | None = None
    cents_to: int | None = None
    date_from: date | None = None
    date_to: date | None = None
    ordered_since: datetime | None = None
    ordered_before: datetime | None = None
    updated_after: datetime | None = None
    customer_name: str | None = None
    product_name: str | None = None
    product_id: str | None = None
    customer_id: str | None = None
    status: str | None = None
    is_fully_refunded: bool | None = None
    reference: str | None = None


def meaning(name: str, wanted: CustomerFilter | ProductFilter | OrderFilter, order: list[tuple[str, bool]]) -> str:
    """Return what cursors are bound to: the meaning of the filter and the order, however they are spelt."""
    conditions = {key: _value_of(key, value) for key, value in asdict(wanted).items() if value not in {None, ""}}
    return json.dumps([name, conditions, order], default=str, sort_keys=True)


def _value_of(key: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    if key in {"customer_id", "product_id", "status", "reference"}:
        return value
    return phone_numbers.parse(value) if key == "phone_prefix" else text.search_key(value)

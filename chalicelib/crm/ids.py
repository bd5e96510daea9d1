"""Opaque ids that tell their table and sort by time: `cus_…`, `prd_…`, `ord_…` and a ULID."""

import re

from ulid import ULID

from chalicelib import clock

CUSTOMER = "cus"
PRODUCT = "prd"
ORDER = "ord"
_ID = re.compile(r"(cus|prd|ord)_[0-9A-HJKMNP-TV-Z]{26}")


def new_id(kind: str) -> str:
    return f"{kind}_{ULID.from_datetime(clock.now())}"


def kind_of(row_id: str) -> str | None:
    """The kind that `row_id` names, None for what cannot be one of our ids."""
    match = _ID.fullmatch(row_id)
    return match[1] if match else None


def is_id(kind: str, row_id: str) -> bool:
    return kind_of(row_id) == kind

"""Refunds that have grown since an import booked them: what is missing is booked as one more credit note.

7-refund, 7-refund-2, 7-refund-3, ...   amount together to what the file says of order 7
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import takewhile
from typing import Any

from crmctl.client import Client
from crmctl.existing_rows import LOOKUPS, ROWS_PER_REQUEST, find_existing
from crmctl.import_records import Record
from crmctl.row_values import normalize

MAX_PARTS = ROWS_PER_REQUEST
"""As many as one request looks up."""


@dataclass(frozen=True, slots=True)
class BookedRefund:
    """What the CRM has of a refund, whose first part conflicts with the file."""

    first_id: str
    cents: int
    missing: Record | None
    """What is to be booked; None if it is all there."""


def find(client: Client, refund: Record) -> BookedRefund | None:
    """Return what is booked of a refund. None if it is not the refund of the file: then it cannot be completed."""
    reference = refund.input["reference"]
    references = [reference, *(f"{reference}-{number}" for number in range(2, MAX_PARTS + 1))]
    parts = list(takewhile(bool, find_existing(client, LOOKUPS["orders"], references)))
    if not parts or len(parts) == MAX_PARTS or not all(_is_part(part, refund) for part in parts if part):
        return None
    cents = sum(int(Decimal(part["totalAmount"]) * 100) for part in parts if part)
    if cents < refund.cents:  # both are negative
        return None
    first_id = str((parts[0] or {})["id"])
    if cents == refund.cents:
        return BookedRefund(first_id, cents, None)
    amount = Decimal(refund.cents - cents) / 100
    content = {
        **refund.input,
        "reference": references[len(parts)],
        "adjustments": [{"kind": "REFUND", "amount": str(amount)}],
    }
    missing = replace(refund, input=content, key=references[len(parts)], cents=refund.cents - cents)
    return BookedRefund(first_id, cents, missing)


def _is_part(order: dict[str, Any], refund: Record) -> bool:
    customer = order["customer"]  # one who was deleted comes back under another id
    is_same = customer is None or normalize(customer["email"]) == normalize(refund.input["customerEmail"])
    return is_same and not order["lines"] and [each["kind"] for each in order["adjustments"]] == ["REFUND"]

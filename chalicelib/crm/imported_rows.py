"""Orders and lines to import, as a client sends them: with e-mail addresses and SKUs in place of ids."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line as it stands in a file, with the SKU of its product."""

    sku: str
    quantity: int
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as it stands in a file, with the e-mail address of its customer."""

    reference: str
    customer_email: str
    date: datetime
    lines: tuple[LineRow, ...]
    adjustments: tuple[tuple[str, Decimal], ...] = ()
    """Kinds and amounts."""

"""What an import sends, and what it refuses to send."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Record:
    """One input of the API: a customer, a product, or an order with all its lines."""

    input: dict[str, Any]
    lines: tuple[int, ...]
    """The lines of the file that it comes from."""
    key: str
    """Equal keys may be one row to the API, so such records are never sent at the same time."""
    warnings: tuple[str, ...] = ()
    is_refund: bool = False
    """Whether it was made of the refund of an order, beside the order itself."""
    is_net: bool = False
    """Whether the lines of the order lack the pieces that were refunded, so that they change with each refund."""
    cents: int = 0
    """The total of an order."""
    stated_cents: int | None = None
    """The total of an order in the file."""

    @property
    def line(self) -> int:
        return self.lines[0]


@dataclass(frozen=True, slots=True)
class Reject:
    lines: tuple[int, ...]
    code: str
    reason: str
    because: str = ""
    """Why, if another row of the import is the cause."""

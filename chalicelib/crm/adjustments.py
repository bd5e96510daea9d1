"""Adjustments: what an imported order costs more or less than its lines, so that its total is that of its source."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.crm import money
from chalicelib.errors import InvalidInput

MAX_ADJUSTMENTS = 20
DISCOUNT = "DISCOUNT"
SHIPPING = "SHIPPING"
TAX = "TAX"
ROUNDING = "ROUNDING"
REFUND = "REFUND"
KINDS = (DISCOUNT, SHIPPING, TAX, ROUNDING, REFUND)
_NEVER_POSITIVE = frozenset({DISCOUNT, REFUND})
"""A positive discount would be a surcharge that nobody meant. The others may be taken back by a credit note."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    kind: str
    cents: int

    @property
    def amount(self) -> Decimal:
        return money.from_cents(self.cents)


def checked(adjustments: Sequence[tuple[str, Decimal]]) -> tuple[Adjustment, ...]:
    """Return the adjustments without those of zero. Raises InvalidInput."""
    if len(adjustments) > MAX_ADJUSTMENTS:
        raise InvalidInput(
            f"An order has at most {MAX_ADJUSTMENTS} adjustments, not {len(adjustments)}", field="adjustments"
        )
    made = (_checked(kind, amount) for kind, amount in adjustments)
    return tuple(each for each in made if each.cents)


def _checked(kind: str, amount: Decimal) -> Adjustment:
    if not amount.is_finite() or abs(amount) >= money.PRICE_LIMIT:
        raise InvalidInput(f"The amount must be below {money.PRICE_LIMIT}", field="adjustments")
    if amount > 0 and kind in _NEVER_POSITIVE:
        raise InvalidInput(f"A {kind} is a negative amount", field="adjustments")
    return Adjustment(kind, money.exact_cents(amount, "adjustments"))

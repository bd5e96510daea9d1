"""Add up an order: its lines, and the discount, shipping, tax and refund that its source states."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

AMOUNTS = {"discount": "DISCOUNT", "shipping": "SHIPPING", "tax": "TAX", "rounding": "ROUNDING"}
"""Field -> kind of adjustment."""
_MAYBE_INCLUDED = ((), ("tax",), ("discount",), ("tax", "discount"))
"""What the prices of the lines may contain already."""
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class OrderAmounts:
    adjustments: list[dict[str, str]]
    total: Decimal
    stated: Decimal | None
    """The total in the file."""
    kept: Decimal = Decimal(0)
    """What the total has of pieces that the lines no longer have, because they were refunded."""

    @property
    def agrees(self) -> bool:
        return self.stated is None or self.stated == self.total


def add_up(
    lines: Sequence[Mapping[str, Any]],
    given: Mapping[str, Decimal],
    *,
    rounding: Decimal,
    adds_rounding: bool,
    refunded: Decimal = Decimal(0),
) -> OrderAmounts:
    """Return the adjustments and the total.

    `given` has amounts by field, with the `total`. Tax and discount may be part of the prices: the total shows it.
    `rounding` is what rounded quantities have changed. With `adds_rounding`, what is missing becomes an adjustment, and so does
    what is missing because it was `refunded`.
    """
    net = sum((line["quantity"] * Decimal(line["unitPrice"]) for line in lines), Decimal(0))
    amounts = {field: given[field] for field in AMOUNTS if given.get(field)}
    if "discount" in amounts:
        amounts["discount"] = -abs(amounts["discount"])
    if rounding:
        amounts["rounding"] = amounts.get("rounding", Decimal(0)) + rounding
    stated, kept = given.get("total"), Decimal(0)
    if stated is not None:
        amounts = _without_included(amounts, stated - net)
        missing = stated - net - sum(amounts.values())
        kept = missing if 0 < missing <= refunded else kept
        if missing and (adds_rounding or kept):
            amounts["rounding"] = amounts.get("rounding", Decimal(0)) + missing
    adjustments = [{"kind": AMOUNTS[field], "amount": str(amount)} for field, amount in amounts.items() if amount]
    return OrderAmounts(adjustments, net + sum(amounts.values()), stated, kept)


def rounded_difference(exact: Decimal, quantity: int, unit_price: Decimal) -> Decimal:
    """Return what is missing, in whole cents, when `exact` pieces are counted as `quantity`."""
    return ((exact - quantity) * unit_price).quantize(_CENT, ROUND_HALF_UP)


def _without_included(amounts: dict[str, Decimal], wanted: Decimal) -> dict[str, Decimal]:
    """Return the amounts without those that are part of the prices, or all if no choice adds up."""
    for included in _MAYBE_INCLUDED:
        chosen = {field: amount for field, amount in amounts.items() if field not in included}
        if sum(chosen.values()) == wanted:
            return chosen
    return amounts

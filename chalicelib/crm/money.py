"""Money: whole cents in the tables, Decimal elsewhere, never float."""

from decimal import Decimal, InvalidOperation

from chalicelib.errors import InvalidInput, InvalidPrice

PRICE_LIMIT = 10**9
TOTAL_LIMIT = 10**12
"""In whole units. It keeps the cents of any order within the 14 digits of their sort key."""
_DIGITS = 14
_CENT = Decimal("0.01")


def to_cents(amount: Decimal, field: str = "price") -> int:
    """Convert a price. Raises InvalidPrice unless it is positive and below 10^9, InvalidInput for parts of a cent."""
    if not amount.is_finite() or amount <= 0:
        raise InvalidPrice(field=field)
    if amount >= PRICE_LIMIT:
        raise InvalidPrice(f"Price must be below {PRICE_LIMIT}", field=field)
    return exact_cents(amount, field)


def exact_cents(amount: Decimal, field: str) -> int:
    try:
        rounded = amount.quantize(_CENT)
    except InvalidOperation:
        raise InvalidInput("The amount has too many digits", field=field) from None
    if rounded != amount:
        raise InvalidInput("Amounts have at most two decimal places", field=field)
    return int(rounded.scaleb(2))


def from_cents(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def cents_key(cents: int) -> str:
    """Return a text that sorts like the number. Bounds outside the stored range are moved to its ends."""
    return f"{min(max(cents, 0), 10**_DIGITS - 1):0{_DIGITS}d}"

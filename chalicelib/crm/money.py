"""Money: whole cents in the tables, Decimal outside, never a float."""

from decimal import Decimal, InvalidOperation

from chalicelib.errors import InvalidInput, InvalidPrice

PRICE_LIMIT_CENTS = 10**11
"""Under a thousand million each, so that totals of any order stay within the 14 digits of their sort key."""
_DIGITS = 14


def to_cents(amount: Decimal, field: str = "price") -> int:
    """Raises InvalidPrice unless positive and below 10^9, InvalidInput for parts of a cent."""
    if not amount.is_finite() or amount <= 0:
        raise InvalidPrice(field=field)
    if amount * 100 >= PRICE_LIMIT_CENTS:
        raise InvalidPrice("Price must be below 1000000000", field=field)
    return exact_cents(amount, field)


def exact_cents(amount: Decimal, field: str) -> int:
    try:
        cents = amount.scaleb(2).to_integral_exact()
    except InvalidOperation:
        raise InvalidInput("The amount has too many digits", field=field) from None
    if cents != amount.scaleb(2):
        raise InvalidInput("Amounts have at most two decimal places", field=field)
    return int(cents)


def from_cents(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def cents_key(cents: int) -> str:
    """Sorts as the number does. Bounds may lie outside what is stored: they are moved to the nearest that is not."""
    return f"{min(max(cents, 0), 10**_DIGITS - 1):0{_DIGITS}d}"

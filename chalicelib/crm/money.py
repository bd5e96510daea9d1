"""Money: whole cents in the tables, Decimal elsewhere, never float."""

from decimal import Decimal, InvalidOperation
from functools import lru_cache

from chalicelib.errors import InvalidInput, InvalidPrice
from chalicelib.settings import settings

PRICE_LIMIT = 10**9
TOTAL_LIMIT = 10**12
"""In whole units, on either side of zero. It keeps the cents of any order within the 14 digits of their sort key."""
_DIGITS = 14
_CENT = Decimal("0.01")


def to_cents(amount: Decimal, field: str = "price", *, is_free_allowed: bool = False) -> int:
    """Convert a price. Raises InvalidPrice unless it is positive and below 10^9, InvalidInput for parts of a cent.

    With `is_free_allowed` the price may also be zero.
    """
    if not amount.is_finite() or (amount <= 0 and not is_free_allowed):
        raise InvalidPrice(field=field)
    if amount < 0:
        raise InvalidPrice("Price cannot be negative", field=field)
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


@lru_cache(maxsize=4096)  # the same prices come again and again
def from_cents(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def currency() -> str:
    """Return the code of the currency that all amounts are in, such as USD."""
    return settings.currency


def currency_mark() -> str:
    """Return what stands before an amount in texts: a dollar sign, or the code of another currency and a blank."""
    return "$" if settings.currency == "USD" else f"{settings.currency} "


def cents_key(cents: int) -> str:
    """Return a text that sorts like the number. Bounds outside the stored range are moved to its ends.

    Negative numbers start with a minus sign, which sorts before the digits. Their digits are counted up from the lowest
    number, because -2 comes before -1.
    """
    highest = 10**_DIGITS - 1
    if cents < 0:
        return f"-{max(highest + cents, 0):0{_DIGITS}d}"
    return f"{min(cents, highest):0{_DIGITS}d}"

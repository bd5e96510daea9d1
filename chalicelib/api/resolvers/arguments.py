"""Arguments that several resolvers check or convert."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from chalicelib.errors import InvalidInput
from chalicelib.store.pagination import MAX_PAGE_SIZE

_MAX_CENTS = 10**14


def exactly_one(**arguments: str | None) -> None:
    if sum(value is not None for value in arguments.values()) != 1:
        raise InvalidInput(f"Give exactly one of {' and '.join(arguments)}")


def at_most_a_page(ids: list[str]) -> list[str]:
    if len(ids) > MAX_PAGE_SIZE:
        raise InvalidInput(f"At most {MAX_PAGE_SIZE} ids at a time, not {len(ids)}", field="ids")
    return ids


def cents_from(amount: Decimal | None) -> int | None:
    return None if amount is None else _clamped(amount, ROUND_CEILING)


def cents_to(amount: Decimal | None) -> int | None:
    return None if amount is None else _clamped(amount, ROUND_FLOOR)


def _clamped(amount: Decimal, rounding: str) -> int:
    cents = min(max(amount, Decimal(-1)), Decimal(_MAX_CENTS)).scaleb(2)
    return int(cents.to_integral_value(rounding=rounding))

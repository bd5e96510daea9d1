"""Arguments that several resolvers read, check or convert."""

from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TypedDict

from chalicelib.errors import InvalidInput
from chalicelib.jobs.seen_versions import SeenVersion
from chalicelib.store.pagination import MAX_PAGE_SIZE, PageArgs

_MAX_CENTS = 10**14


class PageArguments(TypedDict, total=False):
    """The arguments of a connection field."""

    first: int | None
    last: int | None
    after: str | None
    before: str | None
    offset: int | None


class ExpectedVersion(TypedDict, total=False):
    """What a mutation of a row expects. null is another answer than none: nobody had changed the row."""

    expectedUpdatedAt: datetime | None


def seen_version(arguments: ExpectedVersion) -> SeenVersion | None:
    return SeenVersion(arguments["expectedUpdatedAt"]) if "expectedUpdatedAt" in arguments else None


def page_args(arguments: PageArguments) -> PageArgs:
    return PageArgs(
        first=arguments.get("first"),
        last=arguments.get("last"),
        after=arguments.get("after"),
        before=arguments.get("before"),
        offset=arguments.get("offset"),
    )


def check_exactly_one(**arguments: str | None) -> None:
    if sum(value is not None for value in arguments.values()) != 1:
        *others, last = arguments
        raise InvalidInput(f"Give exactly one of {', '.join(others)} and {last}")


def check_id_count(ids: list[str]) -> list[str]:
    if len(ids) > MAX_PAGE_SIZE:
        raise InvalidInput(f"At most {MAX_PAGE_SIZE} ids at a time, not {len(ids)}", field="ids")
    return ids


def cents_from(amount: Decimal | None) -> int | None:
    """Return a lower bound in cents: a fraction of a cent is rounded up."""
    return None if amount is None else _to_cents(amount, ROUND_CEILING)


def cents_to(amount: Decimal | None) -> int | None:
    """Return an upper bound in cents: a fraction of a cent is rounded down."""
    return None if amount is None else _to_cents(amount, ROUND_FLOOR)


def _to_cents(amount: Decimal, rounding: str) -> int:
    cents = min(max(amount, Decimal(-_MAX_CENTS)), Decimal(_MAX_CENTS)).scaleb(2)
    return int(cents.to_integral_value(rounding=rounding))

"""Parse and format the scalars Date, DateTime, Decimal and Count."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from graphql import (
    FloatValueNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLScalarType,
    IntValueNode,
    StringValueNode,
    ValueNode,
)

from chalicelib.crm import calendar_days

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
"""Python's own syntax also has digits of other scripts, and underscores: 1_000."""
_MAX_LENGTH = 40
"""Characters. Longer values cost time and have no use here."""


def parse_date(value: object) -> date:
    try:
        return date.fromisoformat(_text(value))
    except ValueError:
        raise GraphQLError(f"Date cannot represent {_shown(value)}: use YYYY-MM-DD.") from None


def parse_moment(value: object) -> datetime:
    """Parse a time. A day alone is the first instant of that calendar day."""
    try:
        text = _text(value)
        if (day := _day_alone(text)) is not None:
            return calendar_days.start_of(day)
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise GraphQLError(
            f"DateTime cannot represent {_shown(value)}: use ISO-8601, such as 2026-01-31T08:00:00Z."
        ) from None


def _day_alone(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def parse_decimal(value: object) -> Decimal:
    """Parse a decimal. A float is read in its shortest notation, so 999.99 is not the binary number next to it."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        written = _text(repr(value) if is_number else value).strip()
        number = Decimal(written) if _DECIMAL.fullmatch(written) else None
    except (ValueError, InvalidOperation):
        number = None
    if number is None:
        raise GraphQLError(f'Decimal cannot represent {_shown(value)}: use a number such as "12.50".')
    return number


def parse_count(value: object) -> int:
    try:
        return int(str(value)[:_MAX_LENGTH])
    except ValueError:
        raise GraphQLError(f"Count cannot represent {_shown(value)}: use a whole number.") from None


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MAX_LENGTH:
        raise ValueError
    return value


def _shown(value: object) -> str:
    return repr(value[:_MAX_LENGTH]) if isinstance(value, str) else "this value"


def show_moment(value: str) -> str:
    """Format a stored timestamp, which is text in UTC with microseconds."""
    return value.replace(".000000Z", "Z")


def show_decimal(value: Decimal) -> str:
    return f"{value:f}"


def _literal(parse: Callable[[str], object], *kinds: type[ValueNode]) -> Callable[..., object]:
    def parse_literal(node: ValueNode, _: Mapping[str, object] | None = None) -> object:
        if not isinstance(node, kinds):
            raise GraphQLError("The value has the wrong type.", node)
        return parse(node.value)  # type: ignore[attr-defined]  # all of the kinds passed in have a value

    return parse_literal


def bind_scalars(types: Mapping[str, GraphQLNamedType]) -> None:
    numbers = (StringValueNode, IntValueNode, FloatValueNode)
    for name, parse, show, kinds in (
        ("Date", parse_date, str, (StringValueNode,)),
        ("DateTime", parse_moment, show_moment, (StringValueNode,)),
        ("Decimal", parse_decimal, show_decimal, numbers),
        ("Count", parse_count, int, (IntValueNode,)),
    ):
        scalar = types[name]
        assert isinstance(scalar, GraphQLScalarType)  # noqa: S101 - the schema declares it so
        literal = _literal(parse, *kinds)
        # graphql-core 3.3 has new names for these and falls back to the old ones.
        scalar.coerce_output_value = show
        scalar.coerce_input_value = parse
        scalar.coerce_input_literal = literal

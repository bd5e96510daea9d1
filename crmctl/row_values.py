"""Read the values of a row: dates and numbers. What cannot be sent, or has two meanings, is refused with the remedy."""

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal

from crmctl.imports.date_format import AmbiguousDate, parse_moment
from crmctl.imports.number_format import NumberFormat
from crmctl.time_arguments import utc_text

MAX_SHOWN_CHARACTERS = 40
MAX_SKU_LENGTH = 64
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_INTEGER = re.compile(r"([+-]?\d{1,10})(\.0+)?", re.ASCII)  # spreadsheets and pandas write 39.0 for 39
_FRACTION = re.compile(r"[+-]?\d{1,10}\.\d+", re.ASCII)
_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}", re.ASCII)  # 1.000 is one in English, and a thousand in German
_GRAPHQL_INT = range(-(2**31), 2**31)  # a number outside of it would fail the whole request


class InvalidValue(Exception):
    """The value cannot be sent."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def parse_date(column: str, text: str, order: str | None = None) -> tuple[str, date]:
    """Return the time in UTC, and the day on which it was where it was written. Raises InvalidValue.

    A day without a time stays as it is: the API knows the time zone in which it is meant.
    """
    try:
        moment = parse_moment(text, order)
        if not isinstance(moment, datetime):
            return moment.isoformat(), moment
        return utc_text(moment), moment.date()
    except AmbiguousDate:
        remedy = "set --dates dmy if the day comes first, or --dates mdy"
        raise InvalidValue("AMBIGUOUS_DATE", f"{column} {quote(text)} has two meanings; {remedy}") from None
    except ValueError:
        expected = "expected 2025-03-31 or 2025-03-31T12:00:00Z"
        raise InvalidValue("INVALID_DATE", f"{column} {quote(text)} is not a date; {expected}") from None


def instant_of(text: str) -> datetime:
    """Return a time that `parse_date` has returned, to compare it. A day alone counts from midnight in UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _refuse_ambiguous(column: str, text: str, plain: str, numbers: NumberFormat) -> None:
    if not numbers.is_decimal_stated and _AMBIGUOUS.fullmatch(plain):
        whole, _, thousandths = plain.partition(".")
        either = f"{whole} or {whole}{thousandths}"
        raise InvalidValue("INVALID_NUMBER", f"{column} {quote(text)} is ambiguous; write {either}, or set --decimal")


def parse_decimal(column: str, text: str, numbers: NumberFormat) -> str:
    plain = numbers.plain(text)
    _refuse_ambiguous(column, text, plain, numbers)
    if not _DECIMAL.fullmatch(plain):
        expected = f"expected digits like 1234{numbers.decimal}50{numbers.hint(text)}"
        raise InvalidValue("INVALID_NUMBER", f"{column} {quote(text)} is not a number; {expected}")
    return plain


def parse_integer(column: str, text: str, numbers: NumberFormat) -> int:
    plain = numbers.plain(text)
    _refuse_ambiguous(column, text, plain, numbers)
    match = _INTEGER.fullmatch(plain)
    if not match or int(match[1]) not in _GRAPHQL_INT:
        expected = f"expected at most {_GRAPHQL_INT[-1]}{numbers.hint(text)}"
        raise InvalidValue("INVALID_NUMBER", f"{column} {quote(text)} is not a whole number; {expected}")
    return int(match[1])


def parse_fraction(column: str, text: str, numbers: NumberFormat) -> Decimal | None:
    """Return the number if it is not whole. Raises InvalidValue if it is ambiguous."""
    plain = numbers.plain(text)
    if not _FRACTION.fullmatch(plain) or _INTEGER.fullmatch(plain):
        return None
    _refuse_ambiguous(column, text, plain, numbers)
    return Decimal(plain)


def fit_sku(text: str) -> str:
    """Return an SKU that the API takes: a name that stands for a missing SKU may be long. The same text gives the same SKU."""
    if len(text) <= MAX_SKU_LENGTH:
        return text
    mark = 0x811C9DC5  # FNV-1a
    for byte in text.encode():
        mark = ((mark ^ byte) * 0x01000193) % 2**32
    return f"{text[: MAX_SKU_LENGTH - 9].rstrip()}~{mark:08x}"


def quote(text: str) -> str:
    return (
        repr(text if len(text) <= MAX_SHOWN_CHARACTERS else text[:MAX_SHOWN_CHARACTERS] + "...") if text else "(empty)"
    )


def normalize(text: str) -> str:
    """Return a key that is equal for texts that may be the same to the API."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())

"""Convert rows of a file to inputs of the API, and reject rows that cannot be sent.

Rejected here are only values that GraphQL cannot carry (text in a number column), rows that are not safe to repeat (a
product without SKU), and lines of one order that contradict each other. The API checks everything else. It also decides
which e-mail addresses and SKUs are the same.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from crmctl.imports.date_format import AmbiguousDate, parse_moment
from crmctl.imports.formats import Formats
from crmctl.imports.number_format import NumberFormat
from crmctl.imports.phone_text import clean_phone
from crmctl.imports.workspace import StoredRow
from crmctl.time_arguments import utc_text

MAX_SHOWN_CHARACTERS = 40
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_INTEGER = re.compile(r"([+-]?\d{1,10})(\.0+)?", re.ASCII)  # spreadsheets and pandas write 39.0 for 39
_FRACTION = re.compile(r"[+-]?\d{1,10}\.\d+", re.ASCII)
_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}", re.ASCII)  # 1.000 is one in English, and a thousand in German
_GRAPHQL_INT = range(-(2**31), 2**31)  # a number outside of it would fail the whole request
_HALF = 0.5


class InvalidValue(Exception):
    """The value cannot be sent."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Record:
    """One input of the API: a customer, a product, or an order with all its lines."""

    input: dict[str, Any]
    lines: tuple[int, ...]
    """The lines of the file that it comes from."""
    key: str
    """Equal keys may be one row to the API, so such records are never sent at the same time."""
    warnings: tuple[str, ...] = ()

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


@dataclass(slots=True)
class Converter:
    """Turns the rows of one file into records. `to_record` raises InvalidValue."""

    formats: Formats = field(default_factory=Formats)
    rounds_quantities: bool = False
    _warnings: list[str] = field(default_factory=list)

    def to_record(self, kind: str, rows: Sequence[StoredRow]) -> Record:
        self._warnings = []
        if kind == "orders":
            content = self._order(rows)
            key = content["reference"]
        else:
            content = self._customer(rows[0].values) if kind == "customers" else self._product(rows[0].values)
            key = normalize(content["email" if kind == "customers" else "sku"])
        return Record(content, tuple(row.line for row in rows), key, tuple(self._warnings))

    def _customer(self, values: dict[str, str]) -> dict[str, Any]:
        phone, warning = clean_phone(values.get("phone", ""))
        self._warnings += [warning] if warning else []
        customer: dict[str, Any] = {"name": values["name"], "email": values["email"], "phone": phone}
        if values.get("created_at"):
            customer["createdAt"], _ = parse_date("created_at", values["created_at"], self.formats.dates)
        return customer

    def _product(self, values: dict[str, str]) -> dict[str, Any]:
        if not values["sku"]:
            raise InvalidValue(
                "MISSING_SKU", "sku is empty; without an SKU a repeated import would create the product again"
            )
        price = parse_decimal("price", values["price"], self.formats.numbers)
        product: dict[str, Any] = {"sku": values["sku"], "name": values["name"], "price": price}
        if values.get("stock"):
            product["stock"] = self._stock(values["stock"])
        return product

    def _stock(self, text: str) -> int:
        stock = parse_integer("stock", text, self.formats.numbers)
        if stock < 0:  # shops that sell more than they have write it so
            self._warnings.append(f"stock {stock} is taken as 0")
        return max(stock, 0)

    def _order(self, rows: Sequence[StoredRow]) -> dict[str, Any]:
        reference = rows[0].values["order_ref"]
        if not reference:
            raise InvalidValue("MISSING_REFERENCE", "order_ref is empty")
        lines: list[dict[str, Any]] = []
        dates: list[tuple[StoredRow, tuple[str, date]]] = []
        for row in rows:
            try:
                lines.append(self._line(row.values))
                dates += self._dates_of(row, is_needed=not dates and row is rows[-1])
            except InvalidValue as error:
                raise InvalidValue(error.code, f"Line {row.line}: {error}") from None
        emails = [(row, row.values["customer_email"]) for row in rows if row.values["customer_email"]]
        _check_same("customer", [(row, normalize(email)) for row, email in emails])
        _check_same("date", [(row, day) for row, (_, day) in dates])
        # Some shops book the lines of one order minutes apart. The order was made when the first of them was.
        first = min((moment for _, (moment, _) in dates), key=datetime.fromisoformat)
        email = emails[0][1] if emails else ""
        return {"reference": reference, "customerEmail": email, "orderDate": first, "lines": lines}

    def _dates_of(self, row: StoredRow, *, is_needed: bool) -> list[tuple[StoredRow, tuple[str, date]]]:
        """Return the date of the row. Shops write the date, like the e-mail address, only in the first row of an order."""
        text = row.values["order_date"]
        return [(row, parse_date("order_date", text, self.formats.dates))] if text or is_needed else []

    def _line(self, values: dict[str, str]) -> dict[str, Any]:
        return {
            "sku": values["sku"],
            "quantity": self._quantity(values["quantity"]),
            "unitPrice": parse_decimal("unit_price", values["unit_price"], self.formats.numbers),
        }

    def _quantity(self, text: str) -> int:
        plain = self.formats.numbers.plain(text)
        if not _FRACTION.fullmatch(plain) or _INTEGER.fullmatch(plain):
            return parse_integer("quantity", text, self.formats.numbers)
        _refuse_ambiguous("quantity", text, plain, self.formats.numbers)
        if not self.rounds_quantities:
            raise InvalidValue(
                "FRACTIONAL_QUANTITY", f"quantity {_quote(text)} is not a whole number; use --round-quantities"
            )
        quantity = int(float(plain) + _HALF) if float(plain) > 0 else -int(-float(plain) + _HALF)
        rounded = quantity or (1 if float(plain) > 0 else -1)
        self._warnings.append(f"quantity {text} was rounded to {rounded}")
        return rounded


def _check_same(what: str, values: Sequence[tuple[StoredRow, object]]) -> None:
    for row, value in values:
        if value != values[0][1]:
            first = values[0][0].line
            raise InvalidValue("INCONSISTENT_ORDER", f"Lines {first} and {row.line} have a different {what}")


def parse_date(column: str, text: str, order: str | None = None) -> tuple[str, date]:
    """Return the time in UTC, and the day on which it was where it was written. Raises InvalidValue."""
    try:
        moment = parse_moment(text, order)
        return utc_text(moment), moment.date()
    except AmbiguousDate:
        remedy = "set --dates dmy if the day comes first, or --dates mdy"
        raise InvalidValue("AMBIGUOUS_DATE", f"{column} {_quote(text)} has two meanings; {remedy}") from None
    except ValueError:
        expected = "expected 2025-03-31 or 2025-03-31T12:00:00Z"
        raise InvalidValue("INVALID_DATE", f"{column} {_quote(text)} is not a date; {expected}") from None


def _refuse_ambiguous(column: str, text: str, plain: str, numbers: NumberFormat) -> None:
    if not numbers.is_decimal_stated and _AMBIGUOUS.fullmatch(plain):
        whole, _, thousandths = plain.partition(".")
        either = f"{whole} or {whole}{thousandths}"
        raise InvalidValue("INVALID_NUMBER", f"{column} {_quote(text)} is ambiguous; write {either}, or set --decimal")


def parse_decimal(column: str, text: str, numbers: NumberFormat) -> str:
    plain = numbers.plain(text)
    _refuse_ambiguous(column, text, plain, numbers)
    if not _DECIMAL.fullmatch(plain):
        expected = f"expected digits like 1234{numbers.decimal}50{numbers.hint(text)}"
        raise InvalidValue("INVALID_NUMBER", f"{column} {_quote(text)} is not a number; {expected}")
    return plain


def parse_integer(column: str, text: str, numbers: NumberFormat) -> int:
    plain = numbers.plain(text)
    _refuse_ambiguous(column, text, plain, numbers)
    match = _INTEGER.fullmatch(plain)
    if not match or int(match[1]) not in _GRAPHQL_INT:
        expected = f"expected at most {_GRAPHQL_INT[-1]}{numbers.hint(text)}"
        raise InvalidValue("INVALID_NUMBER", f"{column} {_quote(text)} is not a whole number; {expected}")
    return int(match[1])


def _quote(text: str) -> str:
    return (
        repr(text if len(text) <= MAX_SHOWN_CHARACTERS else text[:MAX_SHOWN_CHARACTERS] + "...") if text else "(empty)"
    )


def normalize(text: str) -> str:
    """Return a key that is equal for texts that may be the same to the API."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())

"""Convert rows of a CSV file to inputs of the API, and reject rows that cannot be sent.

Rejected here are only values that GraphQL cannot carry (text in a number column), rows that are not safe to repeat (a
product without SKU), and lines of one order that contradict each other. The API checks everything else. It also decides
which e-mail addresses and SKUs are the same.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crmctl.csv_files import Row, Table
from crmctl.time_arguments import to_utc

MAX_SHOWN_CHARACTERS = 40
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_INTEGER = re.compile(r"([+-]?\d{1,10})(\.0+)?", re.ASCII)  # spreadsheets and pandas write 39.0 for 39
_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}", re.ASCII)  # 1.000 is one in English, and a thousand in German
_GRAPHQL_INT = range(-(2**31), 2**31)  # a number outside of it would fail the whole request


class InvalidValue(Exception):
    """The value cannot be sent."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Record:
    """One input of the API: a customer, a product, or an order with all its lines."""

    input: dict[str, Any]
    rows: tuple[Row, ...]
    key: str
    """Equal keys may be one row to the API, so such records are never sent at the same time."""

    @property
    def line(self) -> int:
        return self.rows[0].line


@dataclass(frozen=True, slots=True)
class Reject:
    rows: tuple[Row, ...]
    code: str
    reason: str


@dataclass(slots=True)
class PreparedRows:
    records: list[Record] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.records) + len(self.rejects)


def prepare_rows(table: Table) -> PreparedRows:
    if table.kind == "orders":
        return _prepare_orders(table)
    if table.kind == "customers":
        return _prepare_singles(table, _customer_input, key="email")
    return _prepare_singles(table, _product_input, key="sku")


def _prepare_singles(table: Table, convert: Callable[[dict[str, str]], dict[str, Any]], *, key: str) -> PreparedRows:
    prepared = PreparedRows()
    for row in table.rows:
        try:
            record = convert(table.values(row))
        except InvalidValue as error:
            prepared.rejects.append(Reject((row,), error.code, str(error)))
        else:
            prepared.records.append(Record(record, (row,), normalize(record[key])))
    return prepared


def _customer_input(values: dict[str, str]) -> dict[str, Any]:
    return {
        "name": values["name"],
        "email": values["email"],
        "phone": values["phone"] or None,
        "createdAt": parse_date("created_at", values["created_at"]),
    }


def _product_input(values: dict[str, str]) -> dict[str, Any]:
    if not values["sku"]:
        raise InvalidValue(
            "MISSING_SKU", "sku is empty; without an SKU a repeated import would create the product again"
        )
    product: dict[str, Any] = {
        "sku": values["sku"],
        "name": values["name"],
        "price": parse_decimal("price", values["price"]),
    }
    if values["stock"]:
        product["stock"] = parse_integer("stock", values["stock"])
    return product


def _prepare_orders(table: Table) -> PreparedRows:
    """Group rows by order_ref. The rows of one order need not be adjacent."""
    prepared = PreparedRows()
    by_reference: dict[str, list[Row]] = {}
    for row in table.rows:
        reference = table.values(row)["order_ref"]
        if reference:
            by_reference.setdefault(reference, []).append(row)
        else:
            prepared.rejects.append(Reject((row,), "MISSING_REFERENCE", "order_ref is empty"))
    for reference, rows in by_reference.items():
        try:
            prepared.records.append(Record(_order_input(table, reference, rows), tuple(rows), reference))
        except InvalidValue as error:
            prepared.rejects.append(Reject(tuple(rows), error.code, str(error)))
    return prepared


def _order_input(table: Table, reference: str, rows: list[Row]) -> dict[str, Any]:
    emails: list[str] = []
    dates: list[str] = []
    lines: list[dict[str, Any]] = []
    for row in rows:
        values = table.values(row)
        try:
            emails.append(values["customer_email"])
            dates.append(values["order_date"])
            parse_date("order_date", dates[-1])
            lines.append(_line_input(values))
        except InvalidValue as error:
            raise InvalidValue(error.code, f"Line {row.line}: {error}") from None
    _check_same("customer", rows, [normalize(email) for email in emails])
    _check_same("date", rows, [datetime.fromisoformat(date).date() for date in dates])
    # Some shops book the lines of one order minutes apart. The order was made when the first of them was.
    date = min((parse_date("order_date", date) for date in dates), key=datetime.fromisoformat)
    return {"reference": reference, "customerEmail": emails[0], "orderDate": date, "lines": lines}


def _check_same(what: str, rows: list[Row], values: Sequence[object]) -> None:
    for row, value in zip(rows, values, strict=True):
        if value != values[0]:
            raise InvalidValue("INCONSISTENT_ORDER", f"Lines {rows[0].line} and {row.line} have a different {what}")


def _line_input(values: dict[str, str]) -> dict[str, Any]:
    return {
        "sku": values["sku"],
        "quantity": parse_integer("quantity", values["quantity"]),
        "unitPrice": parse_decimal("unit_price", values["unit_price"]),
    }


def parse_date(column: str, text: str) -> str:
    try:
        return to_utc(text)
    except ValueError:
        expected = "expected 2025-03-31 or 2025-03-31T12:00:00Z"
        raise InvalidValue("INVALID_DATE", f"{column} {_quote(text)} is not a date; {expected}") from None


def _refuse_ambiguous(column: str, text: str) -> None:
    if _AMBIGUOUS.fullmatch(text):
        whole, _, thousandths = text.partition(".")
        either = f"{whole} or {whole}{thousandths}"
        raise InvalidValue("INVALID_NUMBER", f"{column} {_quote(text)} is ambiguous; write {either}")


def parse_decimal(column: str, text: str) -> str:
    _refuse_ambiguous(column, text)
    if not _DECIMAL.fullmatch(text):
        raise InvalidValue("INVALID_NUMBER", f"{column} {_quote(text)} is not a number; expected digits like 1234.50")
    return text


def parse_integer(column: str, text: str) -> int:
    _refuse_ambiguous(column, text)
    match = _INTEGER.fullmatch(text)
    if not match or int(match[1]) not in _GRAPHQL_INT:
        expected = f"expected at most {_GRAPHQL_INT[-1]}"
        raise InvalidValue("INVALID_NUMBER", f"{column} {_quote(text)} is not a whole number; {expected}")
    return int(match[1])


def _quote(text: str) -> str:
    return (
        repr(text if len(text) <= MAX_SHOWN_CHARACTERS else text[:MAX_SHOWN_CHARACTERS] + "...") if text else "(empty)"
    )


def normalize(text: str) -> str:
    """Return a key that is equal for texts that may be the same to the API."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())

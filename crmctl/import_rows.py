"""What does a row become in the API's terms, and which rows can already be refused here?

Refused here is only what could not be sent (a number that is none), what would not be safe to repeat (a product without
SKU), or what would depend on which row comes first. Everything else is for the API to judge.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from crmctl.csv_files import Row, Table
from crmctl.time_arguments import utc

SHOWN_CHARACTERS = 40
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_INTEGER = re.compile(r"([+-]?\d{1,10})(\.0+)?", re.ASCII)  # spreadsheets and pandas write 39.0 for 39
_GRAPHQL_INT = range(-(2**31), 2**31)  # outside of it the whole request would be refused


class BadValue(Exception):
    """A value that cannot be sent"""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Record:
    """What the API takes as one: a customer, a product, an order with all its lines."""

    input: dict[str, Any]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Reject:
    rows: tuple[Row, ...]
    code: str
    reason: str


@dataclass(slots=True)
class Prepared:
    records: list[Record] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.records) + len(self.rejects)


def prepare(table: Table) -> Prepared:
    if table.kind == "orders":
        return _orders(table)
    if table.kind == "customers":
        return _singles(table, _customer, key="email", normal=_normal_email)
    return _singles(table, _product, key="sku", normal=str)


def _singles(
    table: Table, convert: Callable[[dict[str, str]], dict[str, Any]], *, key: str, normal: Callable[[str], str]
) -> Prepared:
    prepared = Prepared()
    seen: dict[str, tuple[int, dict[str, Any]]] = {}
    for row in table.rows:
        try:
            record = convert(table.values(row))
        except BadValue as problem:
            prepared.rejects.append(Reject((row,), problem.code, str(problem)))
            continue
        line, first = seen.setdefault(normal(record[key]), (row.line, record))
        if record[key] and first != record:
            reason = f"Line {line} has the same {key} with other values"
            prepared.rejects.append(Reject((row,), "DUPLICATE_IN_FILE", reason))
        else:
            prepared.records.append(Record(record, (row,)))
    return prepared


def _customer(values: dict[str, str]) -> dict[str, Any]:
    return {
        "name": values["name"],
        "email": values["email"],
        "phone": values["phone"] or None,
        "createdAt": moment("created_at", values["created_at"]),
    }


def _product(values: dict[str, str]) -> dict[str, Any]:
    if not values["sku"]:
        raise BadValue("MISSING_SKU", "sku is empty; without it a repeated import would create the product again")
    product: dict[str, Any] = {
        "sku": values["sku"],
        "name": values["name"],
        "price": decimal("price", values["price"]),
    }
    if values["stock"]:
        product["stock"] = integer("stock", values["stock"])
    return product


def _orders(table: Table) -> Prepared:
    """An order's lines may lie apart in the file; it takes the place of its first line."""
    prepared = Prepared()
    by_reference: dict[str, list[Row]] = {}
    for row in table.rows:
        reference = table.values(row)["order_ref"]
        if reference:
            by_reference.setdefault(reference, []).append(row)
        else:
            prepared.rejects.append(Reject((row,), "MISSING_REFERENCE", "order_ref is empty"))
    for reference, rows in by_reference.items():
        try:
            prepared.records.append(Record(_order(table, reference, rows), tuple(rows)))
        except BadValue as problem:
            prepared.rejects.append(Reject(tuple(rows), problem.code, str(problem)))
    return prepared


def _order(table: Table, reference: str, rows: list[Row]) -> dict[str, Any]:
    heads: list[tuple[str, str]] = []
    lines: list[dict[str, Any]] = []
    for row in rows:
        values = table.values(row)
        try:
            heads.append((values["customer_email"], moment("order_date", values["order_date"])))
            lines.append(_line(values))
        except BadValue as problem:
            raise BadValue(problem.code, f"Line {row.line}: {problem}") from None
    email, date = heads[0]
    for row, (other_email, other_date) in zip(rows, heads, strict=True):
        if _normal_email(other_email) != _normal_email(email) or other_date != date:
            what = "date" if other_date != date else "customer"
            raise BadValue("INCONSISTENT_ORDER", f"Lines {rows[0].line} and {row.line} name a different {what}")
    return {"reference": reference, "customerEmail": email, "orderDate": date, "lines": lines}


def _line(values: dict[str, str]) -> dict[str, Any]:
    return {
        "sku": values["sku"],
        "quantity": integer("quantity", values["quantity"]),
        "unitPrice": decimal("unit_price", values["unit_price"]),
    }


def moment(column: str, text: str) -> str:
    try:
        return utc(text)
    except ValueError:
        expected = "expected 2025-03-31 or 2025-03-31T12:00:00Z"
        raise BadValue("INVALID_DATE", f"{column} {_shown(text)} is no date; {expected}") from None


def decimal(column: str, text: str) -> str:
    if not _DECIMAL.fullmatch(text):
        raise BadValue("INVALID_NUMBER", f"{column} {_shown(text)} is no number; expected digits like 1234.50")
    return text


def integer(column: str, text: str) -> int:
    match = _INTEGER.fullmatch(text)
    if not match or int(match[1]) not in _GRAPHQL_INT:
        expected = f"expected one of at most {_GRAPHQL_INT[-1]}"
        raise BadValue("INVALID_NUMBER", f"{column} {_shown(text)} is no whole number; {expected}")
    return int(match[1])


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "...") if text else "(empty)"


def _normal_email(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()

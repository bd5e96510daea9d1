"""Make an order of its rows, and a second one of its refund if the source states it beside the order."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from crmctl.import_records import Record
from crmctl.imports.formats import Formats
from crmctl.imports.workspace import StoredRow
from crmctl.order_amounts import AMOUNTS, OrderAmounts, add_up, rounded_difference
from crmctl.row_values import (
    InvalidValue,
    fit_sku,
    instant_of,
    normalize,
    parse_date,
    parse_decimal,
    parse_fraction,
    parse_integer,
    quote,
)

_LINE_FIELDS = ("sku", "quantity", "unit_price")
_REFUND_SUFFIX = "-refund"
Moment = tuple[str, date]
"""The time in UTC or the day without a time, and the day where it was written."""


@dataclass(frozen=True, slots=True)
class OrderOptions:
    rounds_quantities: bool = False
    adds_rounding: bool = False
    """Whether a difference from the total of the file becomes an adjustment."""
    walk_in: str = ""
    """Who gets the orders without an e-mail address."""


@dataclass(slots=True)
class OrderRows:
    """The rows of one order. `to_records` raises InvalidValue."""

    rows: Sequence[StoredRow]
    formats: Formats
    options: OrderOptions
    _warnings: list[str] = field(default_factory=list)
    _rounding: Decimal = Decimal(0)

    def to_records(self) -> list[Record]:
        reference = self.rows[0].values["order_ref"]
        if not reference:
            raise InvalidValue("MISSING_REFERENCE", "order_ref is empty")
        lines: list[dict[str, Any]] = []
        dates: list[tuple[StoredRow, Moment]] = []
        for row in self.rows:
            try:
                lines += self._lines_of(row.values)
                dates += self._dates_of(row, is_needed=not dates and row is self.rows[-1])
            except InvalidValue as error:
                raise InvalidValue(error.code, f"Line {row.line}: {error}") from None
        _check_same("date", [(row, day) for row, (_, day) in dates])
        # Some shops book the lines of one order minutes apart. The order was made when the first of them was.
        first = min((moment for _, (moment, _) in dates), key=instant_of)
        content: dict[str, Any] = {"reference": reference, "customerEmail": self._email(), "orderDate": first}
        refund = self._refund(content)
        # An order may have only a total: then it is one, whatever was refunded.
        is_refund_only = (
            not lines and refund is not None and not any(map(self._amount, (*AMOUNTS, "total", "net_total")))
        )
        if not lines and not refund and any(row.values.get("net_quantity") for row in self.rows):
            remedy = "also export the column of refunds, such as Order Refund Amount"
            raise InvalidValue(
                "MISSING_REFUND", f"all pieces of the order were refunded, but no refund is stated; {remedy}"
            )
        return [*([] if is_refund_only else [self._order(content, lines)]), *([refund] if refund else [])]

    def _order(self, content: dict[str, Any], lines: list[dict[str, Any]]) -> Record:
        amounts = self._amounts(lines)
        if not amounts.agrees:
            self._warnings.append(
                f"total {amounts.stated} in the file, but its lines and adjustments are {amounts.total}"
            )
        order = {**content, "lines": lines}
        if amounts.adjustments:
            order["adjustments"] = amounts.adjustments
        stated = None if amounts.stated is None else _cents(amounts.stated)
        return self._record(order, _cents(amounts.total), stated)

    def _refund(self, content: dict[str, Any]) -> Record | None:
        """Return the refund as an order of its own, on its own day if the file has it."""
        amount = self._amount("refund")
        if not amount:
            return None
        refund = -abs(amount)
        text = self._first("refund_date")
        day = parse_date("refund_date", text, self.formats.dates)[0] if text else content["orderDate"]
        order = {
            "reference": content["reference"] + _REFUND_SUFFIX,
            "customerEmail": content["customerEmail"],
            "orderDate": day,
            "lines": [],
            "adjustments": [{"kind": "REFUND", "amount": str(refund)}],
        }
        return Record(order, self._lines, order["reference"], is_refund=True, cents=_cents(refund))

    def _record(self, order: dict[str, Any], cents: int, stated: int | None) -> Record:
        warnings = tuple(self._warnings)
        return Record(
            order, self._lines, order["reference"], warnings, is_net=self._is_net, cents=cents, stated_cents=stated
        )

    @property
    def _lines(self) -> tuple[int, ...]:
        return tuple(row.line for row in self.rows)

    def _email(self) -> str:
        emails = [(row, row.values["customer_email"]) for row in self.rows if row.values["customer_email"]]
        _check_same("customer", [(row, normalize(email)) for row, email in emails])
        email = emails[0][1] if emails else self.options.walk_in
        if not email:
            raise InvalidValue(
                "MISSING_CUSTOMER", "the order has no e-mail address; use --walk-in to book it to a customer"
            )
        return email

    def _dates_of(self, row: StoredRow, *, is_needed: bool) -> list[tuple[StoredRow, Moment]]:
        """Return the date of the row. Shops write the date, like the e-mail address, only in the first row of an order."""
        text = row.values["order_date"]
        return [(row, parse_date("order_date", text, self.formats.dates))] if text or is_needed else []

    def _lines_of(self, values: dict[str, str]) -> list[dict[str, Any]]:
        """Return the line of a row. A row with nothing but amounts of the order has none."""
        if not any(values[name] for name in _LINE_FIELDS) and any(
            values.get(name) for name in (*AMOUNTS, "total", "net_total", "refund")
        ):
            return []
        if not values["sku"]:
            raise InvalidValue("MISSING_SKU", "sku is empty; every line needs a product")
        price = parse_decimal("unit_price", values["unit_price"], self.formats.numbers)
        quantity = self._quantity(values["quantity"], Decimal(price))
        if not quantity and values.get("net_quantity"):
            self._warnings.append(f"all pieces of {values['sku']} were refunded; the order has no line for them")
            return []
        return [{"sku": fit_sku(values["sku"]), "quantity": quantity, "unitPrice": price}]

    def _quantity(self, text: str, price: Decimal) -> int:
        exact = parse_fraction("quantity", text, self.formats.numbers)
        if exact is None:
            return parse_integer("quantity", text, self.formats.numbers)
        if not self.options.rounds_quantities:
            raise InvalidValue(
                "FRACTIONAL_QUANTITY", f"quantity {quote(text)} is not a whole number; use --round-quantities"
            )
        sign = 1 if exact > 0 else -1
        rounded = sign * max(int(abs(exact) + Decimal("0.5")), 1)
        self._rounding += rounded_difference(exact, rounded, price)
        self._warnings.append(f"quantity {text} was rounded to {rounded}; an adjustment keeps the amount")
        return rounded

    def _amounts(self, lines: list[dict[str, Any]]) -> OrderAmounts:
        names = (*AMOUNTS, "total")
        given = {name: amount for name in names if (amount := self._amount(name)) is not None}
        refunded = abs(self._amount("refund") or Decimal(0))
        if "total" not in given and (net := self._amount("net_total")) is not None:
            given["total"] = net + refunded
        kept = refunded if self._is_net else Decimal(0)
        amounts = add_up(lines, given, rounding=self._rounding, adds_rounding=self.options.adds_rounding, refunded=kept)
        if amounts.kept:
            self._warnings.append(f"{amounts.kept} of the total is kept as an adjustment: its pieces were refunded")
        return amounts

    @property
    def _is_net(self) -> bool:
        """Whether the lines lack the pieces that were refunded: then the file has no other quantity than the net one."""
        found = [row.values for row in self.rows if row.values.get("net_quantity")]
        return bool(found) and all(values["net_quantity"] == values["quantity"] for values in found)

    def _amount(self, name: str) -> Decimal | None:
        text = self._first(name)
        return Decimal(parse_decimal(name, text, self.formats.numbers)) if text else None

    def _first(self, name: str) -> str:
        """Return the first text of the field: amounts of an order stand in its first row, or in all."""
        return next((text for row in self.rows if (text := row.values.get(name, ""))), "")


def _cents(amount: Decimal) -> int:
    return int((amount * 100).to_integral_value())


def _check_same(what: str, values: Sequence[tuple[StoredRow, object]]) -> None:
    for row, value in values:
        if value != values[0][1]:
            first = values[0][0].line
            raise InvalidValue("INCONSISTENT_ORDER", f"Lines {first} and {row.line} have a different {what}")

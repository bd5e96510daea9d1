"""Convert rows of a file to inputs of the API, and reject rows that cannot be sent.

Rejected here are only values that GraphQL cannot carry (text in a number column), rows that are not safe to repeat (a
product without SKU), and lines of one order that contradict each other. The API checks everything else. It also decides
which e-mail addresses and SKUs are the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from crmctl.import_records import Record
from crmctl.imports.expressions import SUM
from crmctl.imports.fields import IMPLIED_LINE
from crmctl.imports.formats import Formats
from crmctl.imports.number_format import NumberFormat
from crmctl.imports.phone_text import read_phone
from crmctl.imports.workspace import StoredRow
from crmctl.order_rows import OrderOptions, OrderRows
from crmctl.row_values import InvalidValue, fit_sku, normalize, parse_date, parse_decimal, parse_integer, quote

MAX_REFERENCE_LENGTH = 64
_PLAIN = NumberFormat(is_decimal_stated=True)


@dataclass(slots=True)
class Converter:
    """Turns the rows of one file into records. `to_records` raises InvalidValue."""

    formats: Formats = field(default_factory=Formats)
    order_options: OrderOptions = field(default_factory=OrderOptions)
    _warnings: list[str] = field(default_factory=list)
    _numbers: NumberFormat = field(default_factory=NumberFormat)

    def to_records(self, kind: str, rows: Sequence[StoredRow]) -> list[Record]:
        """Return the record, and for an order also its refund if there is one."""
        if kind == "orders":
            return OrderRows(rows, self.formats, self.order_options).to_records()
        self._warnings = []
        # A row that stands in no file was made with plain numbers, whatever the format of the table is.
        self._numbers = _PLAIN if rows[0].line <= IMPLIED_LINE else self.formats.numbers
        content = self._customer(rows[0].values) if kind == "customers" else self._product(rows[0].values)
        key = normalize(content["email" if kind == "customers" else "sku"])
        return [Record(content, tuple(row.line for row in rows), key, tuple(self._warnings))]

    def _customer(self, values: dict[str, str]) -> dict[str, Any]:
        phone = read_phone(values.get("phone", ""), values.get("phone_note", ""))
        self._warnings += [phone.warning] if phone.warning else []
        customer: dict[str, Any] = {"name": values["name"], "email": values["email"], "phone": phone.number}
        if phone.note:
            customer["phoneNote"] = phone.note
        if values.get("created_at"):
            customer["createdAt"], _ = parse_date("created_at", values["created_at"], self.formats.dates)
        if reference := values.get("reference"):
            if len(reference) <= MAX_REFERENCE_LENGTH:
                customer["reference"] = reference
            else:
                self._warnings.append(f"reference {quote(reference)} is too long and was left out")
        return customer

    def _product(self, values: dict[str, str]) -> dict[str, Any]:
        if not values["sku"]:
            raise InvalidValue(
                "MISSING_SKU", "sku is empty; without an SKU a repeated import would create the product again"
            )
        price = parse_decimal("price", values["price"], self._numbers)
        sku = fit_sku(values["sku"])
        if sku != values["sku"]:
            self._warnings.append(f"sku {quote(values['sku'])} is too long and was shortened to {sku}")
        product: dict[str, Any] = {"sku": sku, "name": values["name"], "price": price}
        if values.get("stock"):
            product["stock"] = self._stock(values["stock"])
        return product

    def _stock(self, text: str) -> int:
        # Several columns, such as one for each location, are added up.
        stock = sum(parse_integer("stock", each, self._numbers) for each in text.split(SUM))
        stock = parse_integer("stock", str(stock), _PLAIN)  # the sum is in the range of the API, too
        if stock < 0:  # shops that sell more than they have write it so
            self._warnings.append(f"stock {stock} is taken as 0")
        return max(stock, 0)

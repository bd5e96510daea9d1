"""Compare a row of a file with the row that the CRM has already."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crmctl.import_records import Record
from crmctl.imports.fields import IMPLIED_LINE

COMPARED = {"customers": ("name", "phone", "phoneNote"), "products": ("name", "price")}
STOCK = "stock"
EMAIL = "email"
EMPTY = "(empty)"


@dataclass(frozen=True, slots=True)
class Difference:
    column: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.column} {_show(self.old)} → {_show(self.new)}"


def compare(
    kind: str, record: Record, existing: dict[str, Any], *, with_stock: bool, is_moved: bool = False
) -> tuple[Difference, ...]:
    """Return what the file says otherwise. An empty cell says nothing, and neither does a row that stands in no file.

    `is_moved` says that the customer was found by the reference, and has another e-mail address.
    Stock is compared only if it is to be written: orders change it, so an older file is expected to differ.
    """
    if kind == "orders" or record.line <= IMPLIED_LINE:
        return ()
    wanted = record.input
    more = (STOCK,) if kind == "products" and with_stock else (EMAIL,) if is_moved else ()
    columns = (*COMPARED[kind], *more)
    return tuple(
        Difference(column, existing[column], wanted[column])
        for column in columns
        if wanted.get(column) not in {None, ""} and not _is_same(column, existing[column], wanted[column])
    )


def _is_same(column: str, old: Any, new: Any) -> bool:
    return Decimal(old) == Decimal(new) if column == "price" else bool(old == new)


def _show(value: Any) -> str:
    return EMPTY if value is None else str(value)

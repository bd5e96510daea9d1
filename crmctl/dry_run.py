"""Find out what an import would do: what it would create and change, and what it would refuse. Nothing is written."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import click

from crmctl import grown_refunds
from crmctl.client import Client
from crmctl.differences import compare
from crmctl.existing_rows import CUSTOMERS_BY_REFERENCE, LOOKUPS, ROWS_PER_REQUEST, find_existing
from crmctl.import_records import Record
from crmctl.import_updates import UpdateOptions
from crmctl.importer import CONFLICT_CODE, REFUND_REMEDY
from crmctl.imports.workspace import Workspace
from crmctl.known_keys import KnownKeys
from crmctl.order_comparison import has_same_content, was_refunded_since
from crmctl.prepared_rows import PreparedRows
from crmctl.row_values import normalize
from crmctl.tally import RowResult, Tally
from crmctl.text import escape_unprintable

MAX_SHOWN = 10
KEYS = {"customers": "email", "products": "sku", "orders": "reference"}
_MOVED = "moved"
"""Marks a customer who was found by the reference only."""
_CONFLICT = "The order exists already, with other content (reference)"
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


@dataclass(slots=True)
class DryRun:
    client: Client
    with_stock: bool = False

    def examine(self, prepared: PreparedRows) -> list[Record]:
        """Note in the tally what would happen to each record. Return the first records."""
        shown: list[Record] = []
        for get_records in (prepared.first_records, prepared.other_records):
            for batch in _batches(get_records()):
                shown += batch[: MAX_SHOWN - len(shown)]
                prepared.tally.add(self._results(prepared, batch))
        return shown

    def _results(self, prepared: PreparedRows, batch: Sequence[Record]) -> list[RowResult]:
        wanted = [record for record in batch if _find_fault(prepared.kind, record) is None]
        existing = find_existing(self.client, LOOKUPS[prepared.kind], [_key(prepared.kind, each) for each in wanted])
        # Not by line: an order and its refund have the same.
        found = {id(record): row for record, row in zip(wanted, existing, strict=True)}
        if prepared.kind == "orders":
            self._look_up_related(prepared, wanted)
        if prepared.kind == "customers":
            found.update(self._find_moved(wanted, found))
        return [self._result(prepared, record, found.get(id(record))) for record in batch]

    def _find_moved(
        self, records: Sequence[Record], found: Mapping[int, dict[str, Any] | None]
    ) -> dict[int, dict[str, Any]]:
        """Return the customers who have the reference of a record, but another e-mail address."""
        referenced = [record for record in records if record.input.get("reference")]
        rows = find_existing(self.client, CUSTOMERS_BY_REFERENCE, [each.input["reference"] for each in referenced])
        return {
            id(record): {**row, _MOVED: True}
            for record, row in zip(referenced, rows, strict=True)
            if row and row["id"] != (found[id(record)] or {}).get("id")
        }

    def _result(self, prepared: PreparedRows, record: Record, existing: dict[str, Any] | None) -> RowResult:
        kind = prepared.kind
        if fault := _find_fault(kind, record):
            return RowResult(record, code=fault[0], reason=fault[1])
        if kind == "orders" and existing and not _is_same_order(prepared.tally.workspace, existing, record):
            return self._refund_result(record) if record.is_refund else _conflict(record)
        if existing is None and kind == "orders" and (missing := _find_missing(prepared.tally.workspace, record)):
            return RowResult(record, code=missing[0], reason=missing[1])
        if existing is None:
            return RowResult(record, id=f"new {record.key}", created=True)
        is_moved = existing.get(_MOVED, False)
        differences = compare(kind, record, existing, with_stock=self.with_stock, is_moved=is_moved)
        return RowResult(record, id=existing["id"], row=existing, differences=differences)

    def _refund_result(self, record: Record) -> RowResult:
        """Return what would become of a refund that is booked with another amount."""
        known = grown_refunds.find(self.client, record)
        if known is None:
            return _conflict(record, f"; {REFUND_REMEDY}")
        if known.missing is None:
            return RowResult(record, known.first_id)
        return RowResult(record, id=f"new {known.missing.key}", created=True)

    def _look_up_related(self, prepared: PreparedRows, records: Sequence[Record]) -> None:
        """Find the customers and products of these orders, in the files or in the CRM."""
        names = {
            "customers": [record.input["customerEmail"] for record in records],
            "products": [line["sku"] for record in records for line in record.input["lines"]],
        }
        for kind, texts in names.items():
            known = KnownKeys(prepared.tally.workspace, kind)
            new = {normalize(text): text for text in texts if text and known.get(normalize(text)) is None}
            for keys in _chunks(list(new)):
                rows = find_existing(self.client, LOOKUPS[kind], [new[key] for key in keys])
                known.add((key, row is not None) for key, row in zip(keys, rows, strict=True))


def _conflict(record: Record, remedy: str = "") -> RowResult:
    return RowResult(record, code=CONFLICT_CODE, reason=f"{_CONFLICT}{remedy}")


def _find_missing(workspace: Workspace, record: Record) -> tuple[str, str] | None:
    email = record.input["customerEmail"]
    if not KnownKeys(workspace, "customers").get(normalize(email)):
        return "INVALID_CUSTOMER_ID", f"There is no customer {email!r}"
    products = KnownKeys(workspace, "products")
    for line in record.input["lines"]:
        if not products.get(normalize(line["sku"])):
            return "INVALID_PRODUCT_IDS", f"There is no product {line['sku']!r}"
    return None


def _is_same_order(workspace: Workspace, existing: dict[str, Any], record: Record) -> bool:
    email = record.input["customerEmail"]
    statement = "SELECT 1 FROM results WHERE kind = 'customers' AND key = ? AND id = ?"
    customer = existing["customer"]
    if customer and workspace.query(statement, (normalize(email), customer["id"])):
        # The import would have changed the address before.
        existing = {**existing, "customer": {**customer, "email": email}}
    return has_same_content(existing, record) or was_refunded_since(existing, record)


def note_changes(tally: Tally, options: UpdateOptions) -> None:
    """Count the rows that an import with these options would change, and print how."""
    for row in list(tally.differing_rows()):
        changes = [each for each in row.differences if options.includes(each)]
        if changes:
            found = ", ".join(map(str, changes))
            click.echo(escape_unprintable(f"Line {row.line} of the {tally.kind} would change: {found}"))
            tally.mark_updated(row, tuple(each for each in row.differences if each not in changes))


def _find_fault(kind: str, record: Record) -> tuple[str, str] | None:
    """Return code and reason of what the API would surely refuse. It checks more when it imports."""
    content = record.input
    if kind != "orders" and not content["name"]:
        return "INVALID_INPUT", "Name cannot be blank"
    if kind == "customers" and not _EMAIL.fullmatch(content["email"]):
        return "INVALID_EMAIL", "Invalid email format. Use name@example.com"
    if kind == "products" and Decimal(content["price"]) <= 0:
        return "INVALID_PRICE", "Price must be positive"
    return None


def _key(kind: str, record: Record) -> str:
    return str(record.input[KEYS[kind]])


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), ROWS_PER_REQUEST):
        yield keys[start : start + ROWS_PER_REQUEST]


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    remaining = iter(records)
    while batch := list(itertools.islice(remaining, ROWS_PER_REQUEST)):
        yield batch

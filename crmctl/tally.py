"""Count what became of the rows of one file, and keep it in the workspace."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from crmctl.differences import EMAIL, Difference
from crmctl.import_records import Record, Reject
from crmctl.imports.fields import IMPLIED_LINE
from crmctl.imports.workspace import Workspace
from crmctl.moved_customers import MovedCustomers
from crmctl.row_values import normalize

NOT_FOUND = {"INVALID_CUSTOMER_ID": "customers", "INVALID_PRODUCT_IDS": "products"}
"""Code of an order that is refused -> the kind of row that it lacks."""
_ALWAYS_ACTIVE = "9999"


@dataclass(frozen=True, slots=True)
class RowResult:
    """Without a code the record is in the CRM, under `id`. `created` is true if it is new, `restored` if it had been deleted.

    `row` has some fields of the row in the CRM. `differences` are between the record and a row that was there before.
    """

    record: Record
    id: str | None = None
    created: bool = False
    restored: bool = False
    row: dict[str, Any] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    code: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DifferingRow:
    """A row that the CRM has with other content. `stock` is what the CRM had, and `version` when it was changed last."""

    id: str
    line: int
    differences: tuple[Difference, ...]
    stock: int | None
    version: str | None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two records of one file that are one row to the API. The API has the content of `kept_key`."""

    key: str
    line: int
    kept_key: str
    kept_line: int


@dataclass(slots=True)
class Tally:
    kind: str
    workspace: Workspace
    progress: Callable[[int], None]
    duplicates: list[Duplicate] = field(default_factory=list)
    created: int = 0
    restored: int = 0
    updated: int = 0
    rejected: int = 0
    warned: int = 0
    skipped: int = 0
    refunds: int = 0
    unread: int = 0
    """Rows that were rejected before they could be sent."""
    cents: int = 0
    """What the accepted orders amount to."""
    file_cents: int = 0
    """What the orders amount to by the totals of the file, or by its lines if it has no totals."""
    states_totals: bool = False
    _accepted: int = 0
    _copies: int = 0
    """Rows that say the same as an earlier row of the file."""
    _differing: int = 0
    _lock: RLock = field(default_factory=RLock)

    @property
    def existing(self) -> int:
        """Rows that were there already, and are as the file says."""
        return self._accepted - self.created - self.updated - self._differing + self._copies

    @property
    def accepted(self) -> int:
        """Rows that are in the CRM now."""
        return self._accepted

    @property
    def is_complete(self) -> bool:
        """Whether all rows are in the CRM as the file says."""
        return not (self.rejected or self._differing)

    @property
    def differing(self) -> int:
        return self._differing

    def differing_rows(self) -> Iterator[DifferingRow]:
        """Yield the rows that were there already with other content, in the order of the file."""
        found = self.workspace.stream(
            "SELECT id, line, differences, stock, version FROM results WHERE kind = ? AND differences IS NOT NULL ORDER BY line",
            (self.kind,),
        )
        for row_id, line, differences, stock, version in found:
            read = tuple(Difference(*each) for each in json.loads(differences))
            yield DifferingRow(row_id, line, read, stock, version)

    def reject(self, rejects: Sequence[Reject]) -> None:
        """Note rows that cannot be sent."""
        for each in rejects:
            self._add_reject(each)
        with self._lock:
            self.unread += len(rejects)
            self.progress(len(rejects))

    def refuse_refunds(self, count: int) -> None:
        """Count refunds that are not booked because their orders were rejected."""
        with self._lock:
            self.rejected += count

    def note(self, record: Record) -> None:
        """Note a record that will be sent: its warnings, and what its source says that it amounts to."""
        if record.warnings:
            rows = [(self.kind, record.line, warning) for warning in record.warnings]
            self.workspace.execute_many("INSERT OR IGNORE INTO warnings VALUES (?, ?, ?)", rows)
        with self._lock:
            self.warned += bool(record.warnings)
            self.file_cents += record.cents if record.stated_cents is None else record.stated_cents
            self.states_totals = self.states_totals or record.stated_cents is not None

    def skip(self, record: Record) -> None:
        """Note a record that is left out on request."""
        with self._lock:
            self.skipped += not record.is_refund
            self.progress(not record.is_refund)

    def add(self, results: list[RowResult]) -> None:
        for result in results:
            if result.code is not None or result.id is None:
                self._add_reject(self._with_cause(result))
            elif not self._add_to_known(result):
                self._store(result)
        with self._lock:
            self.progress(sum(not result.record.is_refund for result in results))

    def mark_updated(self, row: DifferingRow, remaining: tuple[Difference, ...]) -> None:
        """Note that the differences of the row are written to the CRM, but for those that remain."""
        text = json.dumps([(each.column, each.old, each.new) for each in remaining]) if remaining else None
        self.workspace.execute(
            "UPDATE results SET differences = ? WHERE kind = ? AND id = ?", (text, self.kind, row.id)
        )
        if any(each.column == EMAIL for each in row.differences if each not in remaining):
            MovedCustomers(self.workspace).remove(row.id)
        if not remaining:
            self._differing -= 1
            self.updated += 1

    def mark_rejected(self, row: DifferingRow, code: str, reason: str) -> None:
        """Note that a row that differs could not be changed."""
        self.workspace.execute("DELETE FROM results WHERE kind = ? AND id = ?", (self.kind, row.id))
        self._accepted -= 1
        self._differing -= 1
        self._add_reject(Reject((row.line,), code, reason))

    def _add_reject(self, reject: Reject) -> None:
        rows = [(self.kind, line, reject.code, reject.reason, reject.because) for line in reject.lines]
        self.workspace.execute_many("INSERT OR REPLACE INTO rejects VALUES (?, ?, ?, ?, ?)", rows)
        with self._lock:
            self.rejected += 1

    def _with_cause(self, result: RowResult) -> Reject:
        """Return the reject. An order whose customer or product was rejected names that row."""
        record = result.record
        reject = Reject(record.lines, result.code or "", result.reason)
        kind = NOT_FOUND.get(reject.code)
        if kind is None:
            return reject
        wanted = (
            [record.input["customerEmail"]] if kind == "customers" else [line["sku"] for line in record.input["lines"]]
        )
        for text in wanted:
            found = self.workspace.query(
                "SELECT rejects.line, rejects.code, rejects.reason FROM rows JOIN rejects USING (kind, line) "
                "WHERE kind = ? AND key = ? ORDER BY line LIMIT 1",
                (kind, normalize(text)),
            )
            if found and text:
                line, code, reason = found[0]
                where = f"Line {line} of the {kind}" if line > IMPLIED_LINE else f"One of the {kind} of the orders"
                return Reject(record.lines, reject.code, reject.reason, f"{where} was rejected: {code}, {reason}")
        return Reject(
            record.lines, reject.code, f"{reject.reason}; use --create-missing to create the {kind} of orders"
        )

    def _add_to_known(self, result: RowResult) -> bool:
        """Note a second row of the file that is the same row to the API. Return whether there is a first one."""
        known = self.workspace.query(
            "SELECT line, key, created, input FROM results WHERE kind = ? AND id = ?", (self.kind, result.id)
        )
        if not known:
            return False
        line, key, created, content = known[0]
        before = Record(json.loads(content), (line,), key)
        # Requests run at the same time, so the row that created the other may be answered last.
        if result.created and not created:
            self.workspace.execute("DELETE FROM results WHERE kind = ? AND id = ?", (self.kind, result.id))
            self._accepted -= 1
            self._store(result)
            self._add_duplicate(before, result.record)
        else:
            self._add_duplicate(result.record, before)
        return True

    def _add_duplicate(self, record: Record, kept: Record) -> None:
        if self.kind == "orders" or record.input == kept.input:  # a reference has one content, or is refused
            self._copies += 1
            return
        column = "sku" if "sku" in record.input else _shared_column(record, kept)
        self.duplicates.append(Duplicate(record.input[column], record.line, kept.input[column], kept.line))
        reason = f"To the CRM, this is the {column} of line {kept.line} ({kept.input[column]}), which has other values"
        self._add_reject(Reject(record.lines, "DUPLICATE_IN_FILE", reason))

    def _store(self, result: RowResult) -> None:
        record, row = result.record, result.row
        is_customer = self.kind == "customers"
        active_at = max(filter(None, (record.input.get("createdAt"), row.get("lastOrderAt"))), default=_ALWAYS_ACTIVE)
        differences = json.dumps([(each.column, each.old, each.new) for each in result.differences])
        self.workspace.execute(
            "INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self.kind,
                result.id,
                record.line,
                record.key,
                result.created,
                active_at if is_customer else None,
                row.get("inactiveFrom"),
                json.dumps(record.input) if self.kind != "orders" else "{}",
                differences if result.differences else None,
                row.get("stock"),
                row.get("updatedAt"),
            ),
        )
        self._accepted += 1
        self.cents += record.cents
        self.refunds += record.is_refund
        self.created += result.created
        self.restored += result.restored
        self._differing += bool(result.differences)
        if self.kind == "orders":
            self._note_order(record)
        if any(each.column == EMAIL for each in result.differences):
            MovedCustomers(self.workspace).add(record.key, row["email"])

    def _note_order(self, record: Record) -> None:
        self.workspace.execute(
            "INSERT INTO last_orders VALUES (?, ?) ON CONFLICT DO UPDATE SET at = MAX(at, excluded.at)",
            (MovedCustomers(self.workspace).key_in_files(record.input["customerEmail"]), record.input["orderDate"]),
        )


def _shared_column(record: Record, kept: Record) -> str:
    """Return the field by which two customers of a file are the same: the reference if their addresses differ."""
    reference = record.input.get("reference")
    return "reference" if reference and record.key != kept.key and reference == kept.input.get("reference") else "email"

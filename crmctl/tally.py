"""Count what became of the rows of one file."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from crmctl.differences import Difference
from crmctl.import_rows import Record, Reject


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
class Duplicate:
    """Two records of one file that are one row to the API. The API has the content of `kept`."""

    record: Record
    kept: Record


@dataclass(slots=True)
class Tally:
    progress: Callable[[int], None]
    rejects: list[Reject] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    updated: int = 0
    copies: int = 0
    """Rows that say the same as an earlier row of the file."""
    _results: dict[str, RowResult] = field(default_factory=dict)

    @property
    def created(self) -> int:
        return sum(result.created for result in self._results.values())

    @property
    def existing(self) -> int:
        """Rows that were there already, and are as the file says."""
        return len(self._results) - self.created - self.updated - len(self.differing) + self.copies

    @property
    def differing(self) -> list[RowResult]:
        """Rows that were there already with other content, in the order of the file."""
        found = (result for result in self._results.values() if result.differences)
        return sorted(found, key=lambda result: result.record.line)

    @property
    def is_complete(self) -> bool:
        """Whether all rows are in the CRM as the file says."""
        return not (self.rejects or self.differing)

    @property
    def accepted(self) -> list[RowResult]:
        """Rows that are in the CRM now."""
        return list(self._results.values())

    def reject(self, rejects: list[Reject]) -> None:
        self.rejects.extend(rejects)
        self.progress(len(rejects))

    def add(self, results: list[RowResult]) -> None:
        for result in results:
            if result.code is not None or result.id is None:
                self.rejects.append(Reject(result.record.rows, result.code or "", result.reason))
            elif before := self._results.get(result.id):
                # Requests run at the same time, so the row that created the other may be answered last.
                kept, other = (result, before) if result.created else (before, result)
                self._results[result.id] = kept
                self._add_duplicate(other.record, kept.record)
            else:
                self._results[result.id] = result
        self.progress(len(results))

    def mark_updated(self, result: RowResult, remaining: tuple[Difference, ...]) -> None:
        """Note that the differences of the row are written to the CRM, but for those that remain."""
        self._results[result.id or ""] = replace(result, differences=remaining)
        self.updated += not remaining

    def mark_rejected(self, result: RowResult, code: str, reason: str) -> None:
        """Note that a row that differs could not be changed."""
        del self._results[result.id or ""]
        self.rejects.append(Reject(result.record.rows, code, reason))

    def _add_duplicate(self, record: Record, kept: Record) -> None:
        if record.input == kept.input:
            self.copies += 1
            return
        self.duplicates.append(Duplicate(record, kept))
        column = "sku" if "sku" in record.input else "email"
        reason = f"To the CRM, this is the {column} of line {kept.line} ({kept.input[column]}), which has other values"
        self.rejects.append(Reject(record.rows, "DUPLICATE_IN_FILE", reason))

"""Refunds that wait for their orders: none is sent before it is known what became of the order that it belongs to."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from crmctl.import_records import Record
from crmctl.imports.workspace import Workspace

_WAITING = """
    SELECT refunds.record FROM refunds LEFT JOIN rejects ON rejects.kind = 'orders' AND rejects.line = refunds.line
    WHERE rejects.line IS NULL ORDER BY refunds.id
"""
_LOST = """
    SELECT refunds.line, refunds.record FROM refunds JOIN rejects ON rejects.kind = 'orders' AND rejects.line = refunds.line
    ORDER BY refunds.id
"""
_EXPLAIN = """
    UPDATE rejects SET because = TRIM(because || '. ' || ?, '. ') WHERE kind = 'orders' AND line = ?
"""


@dataclass(frozen=True, slots=True)
class PendingRefunds:
    workspace: Workspace

    def add(self, refund: Record) -> None:
        self.workspace.execute(
            "INSERT INTO refunds (line, record) VALUES (?, ?)", (refund.line, json.dumps(asdict(refund)))
        )

    def sendable(self) -> Iterator[Record]:
        """Yield the refunds whose orders were not rejected, and those that have no order in the file."""
        for (record,) in self.workspace.stream(_WAITING):
            yield _load(record)

    def refuse_others(self) -> int:
        """Say in the rejected rows of an order that its refund was not booked either. Return the number of such refunds.

        The order and its refund are made of the same rows, so the repaired rows book both.
        """
        lost = [(line, _load(record)) for line, record in self.workspace.query(_LOST)]
        self.workspace.execute_many(
            _EXPLAIN,
            [
                (f"Its refund {refund.input['reference']} was not booked, because line {line} was rejected", each)
                for line, refund in lost
                for each in refund.lines
            ],
        )
        return len(lost)


def _load(text: str) -> Record:
    content = json.loads(text)
    return Record(**{**content, "lines": tuple(content["lines"]), "warnings": tuple(content["warnings"])})

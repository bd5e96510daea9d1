"""Write what the files say otherwise to rows that the CRM has already."""

from dataclasses import dataclass
from typing import Any

from crmctl.client import ApiRefused, Client
from crmctl.differences import STOCK, Difference
from crmctl.request_pool import RequestPool
from crmctl.row_edits import conflict_text
from crmctl.tally import DifferingRow, Tally

DOCUMENTS = {
    "customers": """mutation($id: ID!, $input: UpdateCustomerInput!, $version: DateTime) {
      updateCustomer(id: $id, input: $input, expectedUpdatedAt: $version) { customer { id } }
    }""",
    "products": """mutation($id: ID!, $input: UpdateProductInput!, $expectedStock: Int, $version: DateTime) {
      updateProduct(id: $id, input: $input, expectedStock: $expectedStock, expectedUpdatedAt: $version) { product { id } }
    }""",
}


@dataclass(frozen=True, slots=True)
class UpdateOptions:
    """What to write: the compared columns, or stock, or both."""

    values: bool = False
    stock: bool = False

    def includes(self, difference: Difference) -> bool:
        return self.stock if difference.column == STOCK else self.values


@dataclass(frozen=True, slots=True)
class _Outcome:
    row: DifferingRow
    refusal: str | None = None


def send_updates(client: Client, kind: str, tally: Tally, options: UpdateOptions, *, workers: int) -> None:
    """Write the differences that the options include. A row that cannot be changed becomes a reject."""
    wanted = [row for row in tally.differing_rows() if any(map(options.includes, row.differences))]

    def send(row: DifferingRow) -> _Outcome:
        changes = {each.column: each.new for each in row.differences if options.includes(each)}
        # What somebody has changed since it was compared is not overwritten.
        variables: dict[str, Any] = {"id": row.id, "input": changes, "version": row.version}
        if STOCK in changes:  # a sale since the stock was read must not be undone
            variables["expectedStock"] = row.stock
        try:
            client.execute_once(DOCUMENTS[kind], variables)
        except ApiRefused as error:
            return _Outcome(row, conflict_text(error.current) if error.current else error.reason)
        return _Outcome(row)

    def collect(outcome: _Outcome) -> None:
        if outcome.refusal is None:
            remaining = tuple(each for each in outcome.row.differences if not options.includes(each))
            tally.mark_updated(outcome.row, remaining)
        else:
            tally.mark_rejected(outcome.row, "NOT_UPDATED", outcome.refusal)

    RequestPool(send, collect, workers=workers, stop=client.stop).run(wanted)

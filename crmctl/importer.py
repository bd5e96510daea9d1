"""Send rows in bulk mutations, and collect the result of each row."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from crmctl import grown_refunds
from crmctl.client import RETRY_CODES, ApiError, Client, RequestTooLarge
from crmctl.differences import compare
from crmctl.existing_rows import LOOKUPS, ROWS_PER_REQUEST, find_existing
from crmctl.import_records import Record
from crmctl.order_comparison import was_refunded_since
from crmctl.prepared_rows import PreparedRows
from crmctl.request_pool import RequestPool
from crmctl.tally import RowResult
from crmctl.text import counted

MAX_ROW_ATTEMPTS = 5
MOVED_CODE = "DUPLICATE_REFERENCE"
"""The customer of this reference has another e-mail address."""
REFUND_REMEDY = (
    "what is booked as its refund is more than the file says: correct the file, or book the difference by hand"
)
CONFLICT_CODE = "REFERENCE_CONFLICT"
"""The order of this reference has another content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowKind:
    """The mutation for one kind of row. `exists_codes` are the error codes of a row that exists already."""

    name: str
    mutation: str
    input_type: str
    row: str = ""
    existing: str = ""
    exists_codes: tuple[str, ...] = ()
    records_per_request: int
    lines_per_request: int = 1_000

    @property
    def document(self) -> str:
        return (
            f"mutation($input: [{self.input_type}]!) {{ {self.mutation}(input: $input) "
            f"{{ results {{ index id created {self.row} {self.existing} error {{ code message field }} }} }} }}"
        )


KINDS = {
    "customers": RowKind(
        name="customers",
        mutation="bulkCreateCustomers",
        input_type="BulkCreateCustomersInput",
        row="restored customer { inactiveFrom lastOrderAt }",
        existing="existing { name email phone phoneNote updatedAt inactiveFrom lastOrderAt }",
        exists_codes=("DUPLICATE_EMAIL", MOVED_CODE),
        records_per_request=100,
    ),
    "products": RowKind(
        name="products",
        mutation="bulkCreateProducts",
        input_type="CreateProductInput",
        existing="existing { name price stock updatedAt }",
        exists_codes=("DUPLICATE_SKU",),
        records_per_request=100,
    ),
    "orders": RowKind(
        name="orders",
        mutation="bulkCreateOrders",
        input_type="BulkCreateOrdersInput",
        records_per_request=50,
    ),
}


@dataclass(frozen=True, slots=True)
class Sender:
    """`with_stock` also compares the stock of products that exist already."""

    client: Client
    workers: int
    with_stock: bool = False

    def send_all(self, prepared: PreparedRows) -> None:
        """Send all records. The tally is updated per response, so it is right even after ApiError or KeyboardInterrupt.

        Of records with the same key only the first is sent together with others. The rest follow one after another,
        so that the first row of the file is the one that is kept. Refunds follow their orders.
        """
        kind = KINDS[prepared.kind]

        def send(batch: list[Record]) -> list[RowResult]:
            return self.send_batch(kind, batch)

        other_workers = self.workers if prepared.kind == "orders" else 1
        for get_records, workers in ((prepared.first_records, self.workers), (prepared.other_records, other_workers)):
            pool = RequestPool(send, prepared.tally.add, workers=workers, stop=self.client.stop)
            pool.run(split_into_batches(get_records(), kind))

    def send_batch(self, kind: RowKind, batch: list[Record]) -> list[RowResult]:
        """Send a batch, and retry only the rows that failed with a transient error."""
        final: list[RowResult] = []
        waiting = batch
        attempt = 1
        while waiting:
            to_retry: list[RowResult] = []
            for result in self._request_batch(kind, waiting):
                again = result.code in RETRY_CODES and attempt < MAX_ROW_ATTEMPTS
                (to_retry if again else final).append(result)
            waiting = [result.record for result in to_retry]
            if to_retry:
                reason = to_retry[0].reason.rstrip(".")
                self.client.wait_before_retry(
                    attempt, reason=f"{len(waiting)} of {counted(len(batch), 'row')}: {reason}."
                )
            attempt += 1
        return self._accept_refunded(final) if kind.name == "orders" else final

    def _accept_refunded(self, results: list[RowResult]) -> list[RowResult]:
        """Accept orders that conflict with themselves as they were before a refund, and refunds that have grown."""
        conflicts = [each for each in results if each.code == CONFLICT_CODE and each.record.is_net]
        accepted: dict[int, RowResult] = {}
        for start in range(0, len(conflicts), ROWS_PER_REQUEST):
            part = conflicts[start : start + ROWS_PER_REQUEST]
            found = find_existing(self.client, LOOKUPS["orders"], [each.record.input["reference"] for each in part])
            for each, row in zip(part, found, strict=True):
                if row and was_refunded_since(row, each.record):
                    accepted[id(each)] = RowResult(each.record, row["id"])
        for each in results:
            if each.code == CONFLICT_CODE and each.record.is_refund:
                accepted[id(each)] = self._complete_refund(each)
        return [accepted.get(id(each), each) for each in results]

    def _complete_refund(self, conflict: RowResult) -> RowResult:
        """Book what is missing of a refund that has grown. Its order may have been imported with a smaller one."""
        known = grown_refunds.find(self.client, conflict.record)
        if known is None:
            return replace(conflict, reason=f"{conflict.reason}; {REFUND_REMEDY}")
        if known.missing is None:
            return RowResult(conflict.record, known.first_id)
        (result,) = self._request_batch(KINDS["orders"], [known.missing])
        return replace(result, record=conflict.record)

    def _request_batch(self, kind: RowKind, batch: list[Record]) -> list[RowResult]:
        try:
            data = self.client.execute(kind.document, {"input": [record.input for record in batch]})
        except RequestTooLarge as error:
            if len(batch) == 1:
                return [RowResult(batch[0], code="TOO_LARGE", reason=str(error))]
            middle = len(batch) // 2
            return self._request_batch(kind, batch[:middle]) + self._request_batch(kind, batch[middle:])
        try:
            results = {result["index"]: result for result in data[kind.mutation]["results"]}
            return [self._read_result(kind, record, results[index]) for index, record in enumerate(batch)]
        except (KeyError, TypeError) as error:
            raise ApiError(f"The response to {kind.mutation} does not have a result for every row.") from error

    def _read_result(self, kind: RowKind, record: Record, result: dict[str, Any]) -> RowResult:
        error = result["error"]
        if error is None:
            return RowResult(
                record,
                result["id"],
                created=result["created"],
                row=result.get("customer") or {},
                restored=result.get("restored", False),
            )
        existing = result.get("existing")
        if error["code"] in kind.exists_codes and existing:
            is_moved = error["code"] == MOVED_CODE
            differences = compare(kind.name, record, existing, with_stock=self.with_stock, is_moved=is_moved)
            return RowResult(record, result["id"], row=existing, differences=differences)
        where = f" ({error['field']})" if error.get("field") else ""
        return RowResult(record, code=error["code"], reason=f"{error['message']}{where}")


def split_into_batches(records: Iterable[Record], kind: RowKind) -> Iterator[list[Record]]:
    """Split records into requests. A record with too many lines for a request is sent alone."""
    batch: list[Record] = []
    lines = 0
    for record in records:
        full = len(batch) == kind.records_per_request or lines + len(record.lines) > kind.lines_per_request
        if batch and full:
            yield batch
            batch, lines = [], 0
        batch.append(record)
        lines += len(record.lines)
    if batch:
        yield batch

"""Send rows in bulk mutations, and collect the result of each row."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmctl.client import RETRY_CODES, ApiError, Client, RequestTooLarge
from crmctl.import_rows import PreparedRows, Record, Reject
from crmctl.request_pool import RequestPool

MAX_ROW_ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RowKind:
    """The mutation for one kind of row. `exists_code` is the error code for a row that exists already."""

    mutation: str
    input_type: str
    result: str
    exists_code: str | None
    records_per_request: int
    lines_per_request: int = 1_000

    @property
    def document(self) -> str:
        return (
            f"mutation($input: [{self.input_type}]!) {{ {self.mutation}(input: $input) "
            f"{{ results {{ index {self.result} error {{ code message field }} }} }} }}"
        )


KINDS = {
    "customers": RowKind(
        mutation="bulkCreateCustomers",
        input_type="BulkCreateCustomersInput",
        result="customer { id }",
        exists_code="DUPLICATE_EMAIL",
        records_per_request=100,
    ),
    "products": RowKind(
        mutation="bulkCreateProducts",
        input_type="CreateProductInput",
        result="product { id }",
        exists_code="DUPLICATE_SKU",
        records_per_request=100,
    ),
    "orders": RowKind(
        mutation="bulkCreateOrders",
        input_type="BulkCreateOrdersInput",
        result="order { id } created",
        exists_code=None,
        records_per_request=50,
    ),
}


@dataclass(frozen=True, slots=True)
class RowResult:
    """Without a code the record is in the CRM. `created` is true if it is new."""

    record: Record
    created: bool = False
    code: str | None = None
    reason: str = ""


@dataclass(slots=True)
class Tally:
    progress: Callable[[int], None]
    created: int = 0
    existing: int = 0
    rejects: list[Reject] = field(default_factory=list)

    def reject(self, rejects: list[Reject]) -> None:
        self.rejects.extend(rejects)
        self.progress(len(rejects))

    def add(self, results: list[RowResult]) -> None:
        for result in results:
            if result.code is not None:
                self.rejects.append(Reject(result.record.rows, result.code, result.reason))
            elif result.created:
                self.created += 1
            else:
                self.existing += 1
        self.progress(len(results))


def send_all(client: Client, kind: str, prepared: PreparedRows, tally: Tally, *, workers: int) -> None:
    """Send all records. The tally is updated per response, so it is right even after ApiError or KeyboardInterrupt."""
    tally.reject(prepared.rejects)

    def send(batch: list[Record]) -> list[RowResult]:
        return send_batch(client, KINDS[kind], batch)

    RequestPool(send, tally.add, workers=workers, stop=client.stop).run(
        split_into_batches(prepared.records, KINDS[kind])
    )


def split_into_batches(records: Sequence[Record], kind: RowKind) -> Iterator[list[Record]]:
    """Split records into requests. A record with too many lines for a request is sent alone."""
    batch: list[Record] = []
    lines = 0
    for record in records:
        full = len(batch) == kind.records_per_request or lines + len(record.rows) > kind.lines_per_request
        if batch and full:
            yield batch
            batch, lines = [], 0
        batch.append(record)
        lines += len(record.rows)
    if batch:
        yield batch


def send_batch(client: Client, kind: RowKind, batch: list[Record]) -> list[RowResult]:
    """Send a batch, and retry only the rows that failed with a transient error."""
    final: list[RowResult] = []
    waiting = batch
    attempt = 1
    while waiting:
        to_retry: list[RowResult] = []
        for result in _request_batch(client, kind, waiting):
            again = result.code in RETRY_CODES and attempt < MAX_ROW_ATTEMPTS
            (to_retry if again else final).append(result)
        waiting = [result.record for result in to_retry]
        if to_retry:
            reason = to_retry[0].reason.rstrip(".")
            client.wait_before_retry(attempt, reason=f"{len(waiting)} of {len(batch)} rows: {reason}.")
        attempt += 1
    return final


def _request_batch(client: Client, kind: RowKind, batch: list[Record]) -> list[RowResult]:
    try:
        data = client.execute(kind.document, {"input": [record.input for record in batch]})
    except RequestTooLarge as error:
        if len(batch) == 1:
            return [RowResult(batch[0], code="TOO_LARGE", reason=str(error))]
        middle = len(batch) // 2
        return _request_batch(client, kind, batch[:middle]) + _request_batch(client, kind, batch[middle:])
    try:
        results = {result["index"]: result for result in data[kind.mutation]["results"]}
        return [_read_result(kind, record, results[index]) for index, record in enumerate(batch)]
    except (KeyError, TypeError) as error:
        raise ApiError(f"The response to {kind.mutation} has no result for each row.") from error


def _read_result(kind: RowKind, record: Record, result: dict[str, Any]) -> RowResult:
    error = result["error"]
    if error is None:
        return RowResult(record, created=result.get("created", True))
    if error["code"] == kind.exists_code:
        return RowResult(record)
    where = f" ({error['field']})" if error.get("field") else ""
    return RowResult(record, code=error["code"], reason=f"{error['message']}{where}")

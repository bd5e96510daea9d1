"""How do many rows get into the API quickly, and what became of each of them?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmctl.client import RETRY_CODES, ApiError, Client, RequestTooLarge
from crmctl.import_rows import Prepared, Record, Reject
from crmctl.request_pool import InFlight

ROW_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of row is sent, and which answer means that it was there before."""

    mutation: str
    input_type: str
    result: str
    known_code: str | None
    records_per_request: int
    lines_per_request: int = 1_000

    @property
    def document(self) -> str:
        return (
            f"mutation($input: [{self.input_type}]!) {{ {self.mutation}(input: $input) "
            f"{{ results {{ index {self.result} error {{ code message field }} }} }} }}"
        )


KINDS = {
    "customers": Kind("bulkCreateCustomers", "BulkCreateCustomersInput", "customer { id }", "DUPLICATE_EMAIL", 100),
    "products": Kind("bulkCreateProducts", "CreateProductInput", "product { id }", "DUPLICATE_SKU", 100),
    "orders": Kind("bulkCreateOrders", "BulkCreateOrdersInput", "order { id } created", None, 50),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Without a code the record is in the API now; `created` tells whether it is new there."""

    record: Record
    created: bool = False
    code: str | None = None
    reason: str = ""


@dataclass(slots=True)
class Tally:
    progress: Callable[[int], None]
    created: int = 0
    known: int = 0
    rejects: list[Reject] = field(default_factory=list)

    def reject(self, rejects: list[Reject]) -> None:
        self.rejects.extend(rejects)
        self.progress(len(rejects))

    def add(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.code is not None:
                self.rejects.append(Reject(outcome.record.rows, outcome.code, outcome.reason))
            elif outcome.created:
                self.created += 1
            else:
                self.known += 1
        self.progress(len(outcomes))


def send_all(client: Client, kind: str, prepared: Prepared, tally: Tally, *, workers: int) -> None:
    """Fills the tally as answers arrive, so that it is right also when this ends with ApiError or KeyboardInterrupt."""
    tally.reject(prepared.rejects)

    def send_batch(batch: list[Record]) -> list[Outcome]:
        return send(client, KINDS[kind], batch)

    InFlight(send_batch, tally.add, workers=workers, stop=client.stop).run(split(prepared.records, KINDS[kind]))


def split(records: Sequence[Record], kind: Kind) -> Iterator[list[Record]]:
    """A record with more lines than a request may have travels alone; the API says whether it is too long."""
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


def send(client: Client, kind: Kind, batch: list[Record]) -> list[Outcome]:
    """Rows that met with bad luck are sent again, without the others."""
    settled: list[Outcome] = []
    waiting = batch
    attempt = 1
    while waiting:
        unlucky: list[Outcome] = []
        for outcome in _request(client, kind, waiting):
            again = outcome.code in RETRY_CODES and attempt < ROW_ATTEMPTS
            (unlucky if again else settled).append(outcome)
        waiting = [outcome.record for outcome in unlucky]
        if unlucky:
            reason = unlucky[0].reason.rstrip(".")
            client.pause(attempt, reason=f"{len(waiting)} of {len(batch)} rows: {reason}.")
        attempt += 1
    return settled


def _request(client: Client, kind: Kind, batch: list[Record]) -> list[Outcome]:
    try:
        data = client.execute(kind.document, {"input": [record.input for record in batch]})
    except RequestTooLarge as problem:
        if len(batch) == 1:
            return [Outcome(batch[0], code="TOO_LARGE", reason=str(problem))]
        middle = len(batch) // 2
        return _request(client, kind, batch[:middle]) + _request(client, kind, batch[middle:])
    try:
        results = {result["index"]: result for result in data[kind.mutation]["results"]}
        return [_outcome(kind, record, results[index]) for index, record in enumerate(batch)]
    except (KeyError, TypeError) as problem:
        raise ApiError(f"The answer to {kind.mutation} does not tell what became of each row.") from problem


def _outcome(kind: Kind, record: Record, result: dict[str, Any]) -> Outcome:
    error = result["error"]
    if error is None:
        return Outcome(record, created=result.get("created", True))
    if error["code"] == kind.known_code:
        return Outcome(record)
    where = f" ({error['field']})" if error.get("field") else ""
    return Outcome(record, code=error["code"], reason=f"{error['message']}{where}")

"""The records of one kind, converted while they are sent. Rows that cannot be sent are rejected on the way."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from crmctl.import_records import Record, Reject
from crmctl.import_rows import Converter
from crmctl.imports.workspace import StoredRow
from crmctl.moved_customers import MovedCustomers
from crmctl.pending_refunds import PendingRefunds
from crmctl.row_values import InvalidValue, instant_of
from crmctl.tally import Duplicate, Tally


@dataclass(frozen=True, slots=True)
class PreparedRows:
    tally: Tally
    converter: Converter
    since: str | None = None
    """Only orders from this time on."""
    ambiguous_skus: Mapping[str, Duplicate] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.tally.kind

    @property
    def _refunds(self) -> PendingRefunds:
        return PendingRefunds(self.tally.workspace)

    def __len__(self) -> int:
        """How many records and rejects there are."""
        workspace = self.tally.workspace
        return workspace.count_keys(self.kind) if self.kind == "orders" else workspace.count_rows(self.kind)

    def first_records(self) -> Iterator[Record]:
        """Yield the first record of each key. Refunds are kept for later."""
        workspace = self.tally.workspace
        if self.kind == "orders":
            return self._records(workspace.rows_by_key("orders"))
        return self._records([row] for row in workspace.first_rows(self.kind))

    def other_records(self) -> Iterator[Record]:
        """Yield the records whose key an earlier one has. Begin when it is known what became of the first ones.

        Of orders, these are the refunds. The refund of an order that was rejected is refused, too.
        """
        if self.kind == "orders":
            self.tally.refuse_refunds(self._refunds.refuse_others())
            return self._refunds.sendable()
        return self._records([row] for row in self.tally.workspace.other_rows(self.kind))

    def _records(self, groups: Iterable[Sequence[StoredRow]]) -> Iterator[Record]:
        for rows in groups:
            for each in _split_unnamed(self.kind, rows):
                yield from self._convert(each)

    def _convert(self, rows: Sequence[StoredRow]) -> Iterator[Record]:
        try:
            records = self.converter.to_records(self.kind, rows)
            for record in records:
                self._complete(record)
        except InvalidValue as error:
            self.tally.reject([Reject(tuple(row.line for row in rows), error.code, str(error))])
            return
        for record in records:
            if self._is_older(record):
                self.tally.skip(record)
            else:
                self.tally.note(record)
                if record.is_refund:
                    self._refunds.add(record)
                else:
                    yield record

    def _is_older(self, record: Record) -> bool:
        if not self.since or self.kind != "orders":
            return False
        # Not as texts: the fraction of a second, if there is one, sorts before the Z.
        return instant_of(record.input["orderDate"]) < instant_of(self.since)

    def _complete(self, record: Record) -> None:
        if self.kind == "orders":
            record.input["customerEmail"] = MovedCustomers(self.tally.workspace).email_in_crm(
                record.input["customerEmail"]
            )
            self._check_skus(record)

    def _check_skus(self, record: Record) -> None:
        """Refuse orders of a product that was rejected as a duplicate: the API would book them to the other product."""
        if not self.ambiguous_skus:
            return
        for line in record.input["lines"]:
            if found := self.ambiguous_skus.get(line["sku"]):
                raise InvalidValue(
                    "AMBIGUOUS_SKU",
                    f"{found.key!r} is the same SKU as {found.kept_key!r} to the CRM: "
                    f"see lines {found.kept_line} and {found.line} of the products",
                )


def _split_unnamed(kind: str, rows: Sequence[StoredRow]) -> Iterable[Sequence[StoredRow]]:
    """Return the rows of one record. Rows without a reference are no order together: each is refused by itself."""
    if kind == "orders" and not rows[0].values["order_ref"]:
        return [[row] for row in rows]
    return [rows]

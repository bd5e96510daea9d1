"""Weekly reports: a stored revision is never calculated again; making a report again adds one.

Only an erasure changes one: it takes the name of a customer out, and leaves the figures.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from chalicelib import clock
from chalicelib.errors import Unavailable
from chalicelib.store import reads, tables, timestamps
from chalicelib.store.index_keys import SEPARATOR
from chalicelib.store.index_scan import IndexRange
from chalicelib.store.pagination import Listing
from chalicelib.store.put_once import put_once
from chalicelib.store.put_request import to_item
from chalicelib.store.retries import retry_delays
from chalicelib.store.tables import Report as ReportRow
from chalicelib.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`period` is an ISO week such as 2026-W47, `content` is JSON with amounts in cents, `token` names the run that made it."""

    kind: str
    period: str
    revision: int
    made_at: str
    content: dict[str, Any]
    token: str


def save(kind: str, period: str, content: dict[str, Any], token: str, *, again: bool = False) -> Report:
    """Write the first revision, or the next one with `again`. Without `again`, return the report if there is one.

    Safe to repeat: a report with the same `token` is written only once. Raises Unavailable.
    """
    for _ in retry_delays():
        existing = revisions(kind, period)
        own = next((report for report in existing if report.token == token), None)
        if own or (existing and not again):
            return own or existing[0]
        revision = existing[0].revision + 1 if existing else 1
        row = tables.Report(kind, _key(period, revision), made_at=timestamps.to_text(clock.now()))
        row.content, row.token = content, token
        if put_once(row) is None:
            return _load(to_item(row))
    raise Unavailable


def find(kind: str, period: str, revision: int | None = None) -> Report | None:
    """Return a revision of a report, or the latest one without `revision`."""
    existing = revisions(kind, period)
    return next((report for report in existing if revision in {None, report.revision}), None)


def forget_customers(report: Report, customer_ids: Collection[str]) -> None:
    """Take the names of an erased person out of a report. The figures stay. Raises Stale, Unavailable."""
    entries = [
        {**entry, "name": None} if entry["id"] in customer_ids else entry for entry in report.content["top_customers"]
    ]
    content = {**report.content, "top_customers": entries}

    def was_applied() -> bool:
        stored = find(report.kind, report.period, report.revision)
        return stored is not None and stored.content == content

    write, row = Transaction(was_applied), ReportRow
    key = row(report.kind, _key(report.period, report.revision))
    write.update(key, [row.content.set(content)], row.content == report.content)
    write.commit()


def list_reports(kind: str) -> Listing[Report]:
    """List all revisions, the newest first."""
    index_range = IndexRange(tables.Report, None, "kind", "period", (kind,), id_name="period")
    return Listing(
        index_range=index_range,
        descending=True,
        query=f"reports {kind}",
        fetch=lambda keys: _find_all(kind, keys),
        passes=lambda _: True,
        exact=True,
    )


def revisions(kind: str, period: str) -> list[Report]:
    """Return all revisions of a period, the latest first. There are few. An erased customer has no name in them."""
    items = reads.query(
        TableName=reads.table_name(tables.Report),
        KeyConditionExpression="kind = :kind AND begins_with(period, :period)",
        ExpressionAttributeValues={":kind": {"S": kind}, ":period": {"S": period + SEPARATOR}},
        ScanIndexForward=False,
        ConsistentRead=True,
    )
    return [_load(item) for item in items]


def _find_all(kind: str, keys: Iterable[str]) -> dict[str, Report]:
    wanted = [{"kind": {"S": kind}, "period": {"S": key}} for key in keys]
    return {item["period"]["S"]: _load(item) for item in reads.get_all(tables.Report, wanted)}


def _key(period: str, revision: int) -> str:
    return f"{period}{SEPARATOR}{revision:04d}"


def _load(item: reads.Item) -> Report:
    period, _, revision = item["period"]["S"].partition(SEPARATOR)
    return Report(
        kind=item["kind"]["S"],
        period=period,
        revision=int(revision),
        made_at=item["made_at"]["S"],
        content=reads.json_of(item, "content"),
        token=item["token"]["S"],
    )

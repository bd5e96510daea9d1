"""Traces that the words and the orders of a customer lead to: the search index, reasons of refunds, and reports."""

from collections.abc import Iterator
from functools import partial
from itertools import islice

from chalicelib.crm import calendar_days, orders, reports, search_index, text
from chalicelib.crm.orders import Order
from chalicelib.crm.search_words import RowWords
from chalicelib.jobs import weekly_report
from chalicelib.privacy import change_places, rewriting
from chalicelib.privacy.person import Person
from chalicelib.privacy.traces import Found, Search, Trace, TraceKind
from chalicelib.store import ids, partition_pages, tables, timestamps
from chalicelib.store.cursors import Position
from chalicelib.store.index_keys import SEPARATOR
from chalicelib.store.index_scan import IndexRange, IndexScan

_ORDERS_PER_STEP = 20


def search_words(search: Search, after: str) -> Found:
    """Find rows of the search index, those that a crash has left of former names included: one word a step."""
    words = _words(search.person)
    number, _, last = after.partition(" ")
    place = int(number or 0)
    if place >= len(words):
        return Found()
    bucket = search_index.partition(ids.CUSTOMER, words[place])
    items, rest = partition_pages.read(bucket, last, prefix=f"{words[place]}{SEPARATOR}")
    own = [item for item in items if item["sk"]["S"].rpartition(SEPARATOR)[2] in search.person.ids]
    traces = [Trace(TraceKind.SEARCH_WORD, words[place], partial(rewriting.delete, item)) for item in own]
    if rest:
        return Found(traces, f"{place} {rest}")
    return Found(traces, f"{place + 1} " if place + 1 < len(words) else None)


def orders_and_reports(search: Search, after: str) -> Found:
    """Find reasons of refunds that name the person, and reports that have the customer among the best."""
    owners = search.person.order_owners
    size = _ORDERS_PER_STEP // min(len(owners), 2)  # several owners cost more calls for the same orders
    by_customer = IndexRange(tables.Order, "by_customer", "customer_id", "date_k", owners, has_changing_shards=True)
    start = Position(after, 0, after.rpartition(SEPARATOR)[2]) if after else None
    scan = IndexScan(by_customer, up=True, start=start, batch=max(size // len(owners), 1))
    positions = list(islice(scan.positions(), size))
    found = list(orders.find_all(position.row_id for position in positions).values())
    traces = [trace for order in found if order.refunded for trace in change_places.reasons_of(order.id, search.person)]
    traces += [trace for period in sorted(_periods(found)) for trace in _traces_of_report(period, search.person)]
    return Found(traces, positions[-1].key if len(positions) == size else None)


def _words(person: Person) -> list[str]:
    """Return the words by which the index may have the person: each alone, so that none depends on the others."""
    rows = [RowWords.of(name) for name in person.names]
    rows += [RowWords.of("", text.normalize_email(email)) for email in person.emails]
    rows += [RowWords.of("", "", phone) for phone in person.phones]
    return sorted({key for row in rows for key in row.keys})


def _periods(found: list[Order]) -> set[str]:
    """Return the weeks in whose reports the orders count."""
    return {weekly_report.period_of(calendar_days.day_of(timestamps.from_text(order.date))) for order in found}


def _traces_of_report(period: str, person: Person) -> Iterator[Trace]:
    for report in reports.revisions(weekly_report.KIND, period):
        entries = [entry for entry in report.content["top_customers"] if entry["id"] in person.ids]
        # There are several if customers were merged later. One write takes all of them out.
        names = [entry["name"] for entry in entries if entry["name"]]
        if names:
            text_ = f"report {report.period}, revision {report.revision}: {', '.join(names)}"
            yield Trace(TraceKind.REPORT, text_, partial(reports.forget_customers, report, person.ids))

"""Are the books right? What is stored at the end of a soak, compared with what the clients were told and with itself."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import partial

from chalicelib.crm import deleted_customers, orders, reports, unique_values
from chalicelib.crm.orders import Order
from chalicelib.jobs import catalog, queue, run_records, slots, weekly_report
from chalicelib.jobs.run_records import Status
from chalicelib.store import index_keys, tables
from tests.builders import rows_of
from tests.crm import merge_books
from tests.faults.shop_books import Books, Person, comparable
from tests.localdev.servers import wait_for
from tests.soak.client import Client
from tests.soak.journal import Journal

HISTORY = """query ($id: ID!, $after: String) { product(id: $id) { stock history(first: 100, after: $after) {
  edges { node { action delta } } pageInfo { hasNextPage endCursor } } } }"""
REMAKE = "mutation ($period: String!) { remakeReport(period: $period) { run { slot } } }"
CHECK = "mutation ($after: String) { checkSearchIndex(after: $after) { checked written after } }"
RESTOCK = "updateLowStockProducts"


def problems(client: Client, journal: Journal) -> Iterator[str]:
    """Yield what is wrong. Nobody may work meanwhile."""
    yield from merge_books.problems()
    stored = {order.id: order for order in merge_books.stored_orders()}
    yield from _wrong_orders(journal, stored)
    yield from _wrong_stock(client, journal)
    yield from _wrong_customers(journal)
    yield from _wrong_reports(client, journal, list(stored.values()))
    yield from _wrong_search(client)


def run_problems(due: Iterable[tuple[str, slots.Slot]]) -> Iterator[str]:
    """Yield what is wrong with the runs, of which those of the jobs and slots that were due must have succeeded."""
    rows = rows_of(tables.Run)
    statuses = {(key[0], key[1]): row["status"]["S"] for key, row in rows.items()}
    for pair in due:
        if statuses.get(pair) != Status.SUCCEEDED:
            yield f"{pair}: {statuses.get(pair)}"
    for key, row in rows.items():
        if row["status"]["S"] in {Status.FAILED, Status.WAITING, Status.RUNNING, Status.CANCELLED}:
            yield f"{key} is {row['status']['S']}: {row.get('error')}"
    if queue.depth()["dead"]:
        yield f"dead letters: {queue.depth()}"


def _wrong_orders(journal: Journal, stored: dict[str, Order]) -> Iterator[str]:
    if journal.orders.keys() != stored.keys():
        yield f"orders told and not stored, or the other way round: {list(journal.orders.keys() ^ stored.keys())[:5]}"
    for order_id in journal.orders.keys() & stored.keys():
        told, order = journal.orders[order_id], stored[order_id]
        quantities = Counter[str]()
        for line in order.lines:
            quantities[line.product_id] += line.quantity
        found = (Decimal(order.cents) / 100, order.status, dict(quantities))
        if found != (told.total, told.status, told.lines):
            yield f"order {order_id} is {found} instead of {told}"
        if order.cents != sum(line.cents * line.quantity for line in order.lines):
            yield f"order {order_id}: {order.cents} cents are not the sum of its lines"


def _wrong_stock(client: Client, journal: Journal) -> Iterator[str]:
    """Compare the stock with what the answers have moved, plus the restocks, and with the sum of its history."""
    for (product_id,), row in rows_of(tables.Product).items():
        stock, deltas = int(row["stock"]["N"]), Counter[str]()
        after, more = None, True
        while more:
            page = client.read("history of stock", HISTORY, id=product_id, after=after)["product"]["history"]
            for edge in page["edges"]:
                deltas[edge["node"]["action"]] += edge["node"]["delta"] or 0
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        told = journal.stock[product_id] + deltas[RESTOCK]
        if (told, deltas.total()) != (stock, stock):
            yield f"stock of {product_id}: {stock}; told {told}; its history {dict(deltas)}"


def _wrong_customers(journal: Journal) -> Iterator[str]:
    """Those whom nobody has deleted or merged are stored, with their names and addresses, unless the clean-up took them."""
    rows, aux = rows_of(tables.Customer), rows_of(tables.AuxRow)
    for (customer_id,), row in rows.items():
        if journal.customers.get(customer_id) != row["name"]["S"] and "(" not in row["name"]["S"]:
            yield f"customer {customer_id} is stored as {row['name']['S']}, told {journal.customers.get(customer_id)}"
        if "merge_id" in row:
            yield f"customer {customer_id} is still locked by a merge"
        claim = aux.get((unique_values.EMAIL, row["email_n"]["S"]))
        if claim is None or claim["owner"]["S"] != customer_id:
            yield f"the address of {customer_id} is claimed by {claim}"
    taken = {key for partition, key in aux if partition == deleted_customers.PARTITION}
    lost = journal.customers.keys() - {key for (key,) in rows} - taken
    if lost:
        yield f"customers are lost: {list(lost)[:5]}"
    if {key for (key,) in rows} - journal.customers.keys():
        yield f"customers came back: {list({key for (key,) in rows} - journal.customers.keys())[:5]}"


def _wrong_reports(client: Client, journal: Journal, stored: list[Order]) -> Iterator[str]:
    """Make each report again, since orders of its week were changed after it was made, and compare it with a plain sum."""
    books = Books()
    for customer_id, created in journal.created.items():
        books.people[customer_id] = Person(date.fromisoformat(created[:10]), date.fromisoformat(created[:10]))
    for order in stored:
        books.add_order(order)
        books.sales[order.id].is_cancelled = order.status == orders.CANCELLED
    for period in sorted({key.partition(index_keys.SEPARATOR)[0] for _, key in rows_of(tables.Report)}):
        data = client.change("remake report", REMAKE, period=period)
        assert data
        slot = slots.of(datetime.fromisoformat(data["remakeReport"]["run"]["slot"]))
        wait_for(partial(_is_finished, slot), f"the report of {period}")
        report, monday = reports.find(weekly_report.KIND, period), weekly_report.monday_of(period)
        assert report
        assert monday
        found, expected = comparable(report.content), books.report(monday)
        for content in (found, expected):
            del content["totals"]["customers"]  # of past days: those of today are compared above
        if found != expected:
            yield f"report of {period}: {found} instead of {expected}"


def _is_finished(slot: slots.Slot) -> bool | None:
    run = run_records.find(catalog.WEEKLY_REPORT.name, slot)
    return (run is not None and run.finished) or None


def _wrong_search(client: Client) -> Iterator[str]:
    after, more = None, True
    while more:
        data = client.change("check search index", CHECK, after=after)
        assert data
        page = data["checkSearchIndex"]
        if page["written"]:
            yield f"{page['written']} rows were missing in the search index"
        after, more = page["after"], page["after"] is not None

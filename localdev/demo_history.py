"""The last four weeks of the demo shop: orders are placed and jobs run, each at its time, before the server is up.

So the first start shows a shop in which something has happened. The marker counts the sales that were begun, and the ledger
knows the runs: an interrupted start continues, and sells nothing twice.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from localdev import demo, replay
from localdev.console import print_error
from localdev.demo import DemoError, Seed, SeedMarker
from localdev.demo_rows import LIVE_DAYS, DemoRows, Row, Sale, make_demo_rows, opening
from localdev.lambda_events import ChaliceApp
from localdev.past_runs import FIRING_DELAY, PastRuns
from localdev.replay import Event

LOSSES = (
    ("DEMO-003", 4, "broken in transport"),
    ("DEMO-006", 2, "counted: two boxes fewer"),
    ("DEMO-015", 7, "returned to the supplier"),
    ("DEMO-019", 3, "lent to the trade fair"),
)
"""SKU, what is left in stock, and why. It happens after the latest restock, so the next one has something to do."""
FAILURE = "Demo: the stock was locked while it was being counted. Run it again: crmctl retry low_stock"
MISSED = "Demo: this computer was off. Run it now: crmctl retry order_reminders"

CREATE_CUSTOMER = """mutation DemoNewcomer($input: CreateCustomerInput!) {
  result: createCustomer(input: $input) { customer { id } }
}"""
CREATE_ORDER = "mutation DemoSale($input: CreateOrderInput!) { result: createOrder(input: $input) { order { id } } }"
ADJUST_STOCK = """mutation DemoLoss($id: ID!, $delta: Int!, $reason: String!) {
  result: adjustStock(productId: $id, delta: $delta, reason: $reason) { product { stock } }
}"""


def create(app: ChaliceApp) -> None:
    """Let the shop work up to now, once, after its rows were created. An error is reported and does not stop the server."""
    marker = SeedMarker.of_settings()
    seed = marker.read() if demo.is_wanted() else None
    if seed is None or not seed.rows_done or seed.history_done:
        return
    from chalicelib import clock

    history = _History(app, make_demo_rows(seed.day), marker, seed, clock.now())
    try:
        replay.play(history.events(), f"Letting the shop work for {LIVE_DAYS} days")
    except DemoError as error:
        print_error(f"The demo data is incomplete. The next start continues it: {error}")
    else:
        marker.finish_history()


class _History:
    def __init__(self, app: ChaliceApp, rows: DemoRows, marker: SeedMarker, seed: Seed, now: datetime) -> None:
        from chalicelib.crm import customers, products

        self._rows, self._marker, self._sold, self._now = rows, marker, seed.sold, now
        self._runs = PastRuns(app, opening(seed.day), now, heartbeat_since=now)  # it needs the server
        emails = [row["email"] for row in (*rows.customers, *rows.newcomers)]
        self._customers = {email: row.id for email, row in customers.find_all_by_email(emails).items()}
        found = products.find_all_by_sku(row["sku"] for row in rows.products).values()
        self._products = {str(row.sku): row.id for row in found}

    def events(self) -> Iterator[Event]:
        yield from self._ended_badly("low_stock", -2, "FAILED", error=FAILURE)
        yield from self._ended_badly("order_reminders", -1, "MISSED", reason=MISSED)
        yield from self._runs.events()
        for newcomer in self._rows.newcomers:
            if newcomer["email"] not in self._customers:
                yield datetime.fromisoformat(newcomer["createdAt"]), partial(self._welcome, newcomer)
        for number, sale in enumerate(self._rows.sales):
            if number >= self._sold:
                yield sale.at, partial(self._sell, number, sale)
        for sku, left, reason in LOSSES:
            yield self._now, partial(self._lose, sku, left, reason)

    def _ended_badly(self, job: str, place: int, status: str, **why: str) -> Iterator[Event]:
        """Have one of the latest runs of a job end so. The schedule's event would run it."""
        slot = self._runs.slots(job)[place]
        self._runs.leave_out(job, slot)
        yield slot + FIRING_DELAY, partial(_end, job, slot, status, **why)

    def _welcome(self, row: Row) -> None:
        given = {name: row[name] for name in ("name", "email", "phone")}
        self._customers[row["email"]] = demo.execute(CREATE_CUSTOMER, {"input": given})["customer"]["id"]

    def _sell(self, number: int, sale: Sale) -> None:
        """Sell what is in stock. The sale is counted first: one that is interrupted is lost, not repeated."""
        from chalicelib.crm import products

        self._marker.count_sales(number + 1)
        found = products.find_all([self._products[sku] for sku, _ in sale.lines], consistent=True)
        lines = [
            {"productId": self._products[sku], "quantity": quantity}
            for sku, quantity in sale.lines
            if found[self._products[sku]].stock >= quantity
        ]
        if lines:
            demo.execute(CREATE_ORDER, {"input": {"customerId": self._customers[sale.email], "lines": lines}})

    def _lose(self, sku: str, left: int, reason: str) -> None:
        from chalicelib.crm import products

        stock = products.require(self._products[sku]).stock
        if stock > left:
            demo.execute(ADJUST_STOCK, {"id": self._products[sku], "delta": left - stock, "reason": reason})


def _end(job: str, slot: datetime, status: str, **why: str) -> None:
    from chalicelib.jobs import ledger, run_records, slots
    from chalicelib.jobs.run_records import Status, Trigger

    if run_records.find(job, slots.of(slot)) is None:
        ledger.end(run_records.new(job, slots.of(slot), Trigger.SCHEDULE), Status(status), **why)

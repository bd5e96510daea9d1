"""A year of a shop: its files are imported, people order, return, cancel and edit, and the jobs run at their times."""

import csv
import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from chalicelib.crm import cancellation, customers, deleted_customers, imported_orders, orders, products, reports, stock
from chalicelib.errors import InsufficientStock
from chalicelib.jobs import catalog, run_records
from chalicelib.jobs.job import Job
from chalicelib.store import reads, tables
from crmctl.client import Client
from crmctl.import_rows import Converter
from crmctl.importer import Sender
from crmctl.imports.loader import ReadOptions, load_files
from crmctl.imports.workspace import Workspace
from crmctl.prepared_rows import PreparedRows
from crmctl.tally import Tally
from tests.as_operator import execute
from tests.builders import moment
from tests.faults.environment import MINUTE, Environment, Fault
from tests.faults.shop_books import Books, Sale, comparable

BEGIN = moment("2026-01-05T00:00:00")
"""A Monday, after the last order of the companies' books."""
WEEKS = 53
FAULTY = 0.002
FAULTS = 8 * (Fault.LOSE_REQUEST, Fault.LOSE_ANSWER) + (Fault.DIE_BEFORE, Fault.DIE_AFTER)
RETRIES = (timedelta(), MINUTE, 3 * MINUTE)
"""When Lambda invokes a function that failed."""
DAY = timedelta(days=1)


class InProcessClient:
    """What `crmctl import` needs of its client, without HTTP."""

    def execute(self, document: str, variables: dict[str, Any]) -> dict[str, Any]:
        answer = execute(document, variables)
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    def stop(self) -> None:
        """Nothing waits here."""


def import_files(directory: Path) -> None:
    """Import a directory as `crmctl import` does. Every row must be accepted."""
    sender = Sender(cast("Client", InProcessClient()), workers=1)
    with Workspace() as workspace:
        for kind, table in load_files([directory], ReadOptions(), workspace).items():
            sender.send_all(PreparedRows(Tally(kind, workspace, lambda _: None), Converter(table.formats)))
        assert not workspace.query("SELECT * FROM rejects LIMIT 3")


def totals_of(directory: Path) -> tuple[int, int, Decimal]:
    """Return the numbers of customers and orders, and the revenue, as the files have them."""
    rows = {
        kind: list(csv.DictReader((directory / f"{kind}.csv").read_text("utf-8").splitlines()))
        for kind in ("customers", "orders")
    }
    revenue = sum((int(row["quantity"]) * Decimal(row["unit_price"]) for row in rows["orders"]), Decimal(0))
    return len(rows["customers"]), len({row["order_ref"] for row in rows["orders"]}), revenue


@dataclass
class ShopYear:
    environment: Environment
    actions_per_day: int
    dice: random.Random = field(default_factory=lambda: random.Random(7))
    books: Books = field(default_factory=Books)
    jobs: dict[str, Job] = field(
        default_factory=lambda: {k: v for k, v in catalog.JOBS.items() if v is not catalog.HEARTBEAT}
    )
    quiet: list[str] = field(default_factory=list)
    """Customers who do not order again. One of them returns, after all."""
    returned: list[str] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    """How often people did what."""
    product_ids: list[str] = field(default_factory=list)
    outages: list[tuple[datetime, datetime]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    reported: int = 0
    faults: int = 0

    def open(self, *directories: Path) -> None:
        for directory in directories:
            import_files(directory)
        for row in self.environment.memory.rows_of(tables.Customer).values():
            self.books.add_customer(customers.load(row), self.today)
        for row in self.environment.memory.rows_of(tables.Order).values():
            self.books.add_order(orders.load(row))
        stocked = sorted(key for (key,) in self.environment.memory.rows_of(tables.Product))
        self.product_ids = self.dice.sample(stocked, min(80, len(stocked)))
        self.quiet = self.dice.sample(sorted(self.books.people), len(self.books.people) // 7)
        self.outages = [_outage(self.dice, month) for month in range(12)]
        self.environment.run_checks()

    @property
    def today(self) -> date:
        return self.environment.now.date()

    def run(self) -> None:
        self.environment.choose = self.choose
        for number in range(7 * WEEKS):
            for when, job in self._events(BEGIN + number * DAY):
                self._advance(when)
                if job is None:
                    with self.environment.without_faults():
                        self._act()
                else:
                    self._fire(job, when)
            self.environment.sent.clear()
        self.environment.choose = lambda _: None
        self._advance(self.environment.now + timedelta(hours=4))

    def choose(self, _number: int) -> Fault | None:
        if self.was_out(self.environment.now):
            return Fault.LOSE_REQUEST
        if self.dice.random() >= FAULTY:
            return None
        self.faults += 1
        return self.dice.choice(FAULTS)

    def was_out(self, when: datetime) -> bool:
        return any(begin <= when < end for begin, end in self.outages)

    def _events(self, day: datetime) -> list[tuple[datetime, Job | None]]:
        """Return what happens that day after midnight, in order: slots of jobs, and actions of people."""
        slots = [(due, job) for job in self.jobs.values() for due in job.schedule.between(day, day + DAY)]
        people = [(day + timedelta(minutes=self.dice.randrange(541, 1200)), None) for _ in range(self.actions_per_day)]
        return sorted([*slots, *people], key=lambda event: event[0])

    def _fire(self, job: Job, due: datetime) -> None:
        for delay in RETRIES:
            self.environment.now = max(self.environment.now, due + delay)
            if self.environment.fire(job, due):
                return

    def _advance(self, until: datetime) -> None:
        """Let time pass, with the queue and the watchdog while there is something to do, and once a day."""
        environment = self.environment
        while environment.now < until:
            environment.deliver_messages()
            environment.now = min(self._next_moment(), until)
            if environment.now < until or environment.now.hour == 0:
                environment.run_checks()
        environment.deliver_messages()
        with environment.without_faults():
            self._check_reports()
            if self.today.weekday() in {6, 0}:  # the clean-up is due on Sundays
                self._check_archive()

    def _next_moment(self) -> datetime:
        """Return when the watchdog looks next. In reality that is every five minutes."""
        now = self.environment.now
        for begin, end in self.outages:
            if begin <= now < end:
                return end
        with self.environment.without_faults():
            is_busy = self.environment.messages.waiting or run_records.unfinished()
        return now + 5 * MINUTE if is_busy else datetime.combine(now.date() + DAY, time(), now.tzinfo)

    def _check_reports(self) -> None:
        monday = BEGIN.date() + self.reported * timedelta(days=7) - timedelta(days=7)
        found = reports.find("weekly", f"{monday:%G-W%V}") if monday + timedelta(days=7) <= self.today else None
        if found:
            self.reported += 1
            if comparable(found.content) != self.books.report(monday):
                self.wrong.append(f"{monday}: {comparable(found.content)} instead of {self.books.report(monday)}")

    def _check_archive(self) -> None:
        """Compare whom the clean-up has taken with whom it may take."""
        condition, archive = "pk = :pk", {":pk": {"S": deleted_customers.PARTITION}}
        items = reads.query(
            TableName=reads.table_name(tables.AuxRow),
            KeyConditionExpression=condition,
            ExpressionAttributeValues=archive,
        )
        taken = {item["sk"]["S"] for item in items}
        for key in taken:
            if self.books.people[key].deleted is None:
                if not self.books.has_lapsed(key, self.today):
                    self.wrong.append(f"{self.today}: took {key} too early")
                self.books.people[key].deleted = self.today

    def _act(self) -> None:
        if self.environment.now > BEGIN + 200 * DAY and not self.returned:
            self.returned.append(self.quiet.pop())
        if self.was_out(self.environment.now):
            return
        chances = ((self.order, 60), (self.give_back, 8), (self.cancel, 8), (self.edit, 12), (self.join, 4))
        action = self.dice.choices([action for action, _ in chances], [weight for _, weight in chances])[0]
        if action():
            self.done[action.__name__] = self.done.get(action.__name__, 0) + 1

    def order(self) -> bool:
        buyers = [key for key, person in self.books.people.items() if not person.deleted and key not in self.quiet]
        chosen = self.dice.sample(self.product_ids, self.dice.randint(1, 3))
        try:
            placed = orders.place(self.dice.choice(buyers), {key: self.dice.randint(1, 4) for key in chosen})
        except InsufficientStock:
            return False
        self.books.add_order(placed.order)
        return True

    def give_back(self) -> bool:
        """Write a credit note for a line of an order of the last weeks."""
        sale = self._recent_sale(30)
        customer = customers.find(sale.customer_id) if sale else None
        if not sale or not customer:
            return False
        product_id, quantity, cents = self.dice.choice(sale.lines)
        product = products.find(product_id)
        assert product
        line = imported_orders.ImportedLine(product, -abs(quantity), Decimal(cents) / 100)
        note = imported_orders.ImportedOrder(
            reference=f"CN-{len(self.books.sales)}", customer=customer, date=self.environment.now, lines=(line,)
        )
        self.books.add_order(imported_orders.record(note)[0])
        return True

    def cancel(self) -> bool:
        sale = self._recent_sale(10)
        if not sale:
            return False
        (order_id,) = [key for key, each in self.books.sales.items() if each is sale]
        cancellation.cancel(order_id)
        sale.is_cancelled = True
        return True

    def edit(self) -> bool:
        """Change a customer and a product."""
        number = len(self.books.sales)
        living = [key for key, person in self.books.people.items() if not person.deleted]
        customers.update(self.dice.choice(living), {"name": f"Renamed {number}", "phone": f"+49 30 {1000000 + number}"})
        product_id = self.dice.choice(self.product_ids)
        products.update(product_id, {"name": f"Thing {number}", "price": Decimal(self.dice.randint(100, 9999)) / 100})
        stock.adjust(product_id, self.dice.randint(1, 20), "received")
        return True

    def join(self) -> bool:
        number = len(self.books.people)
        self.books.add_customer(customers.create(f"New {number}", f"new{number}@example.com"), self.today)
        return True

    def _recent_sale(self, days: int) -> Sale | None:
        first = self.today - timedelta(days=days)
        found = [
            sale
            for sale in list(self.books.sales.values())[-400:]
            if sale.day >= first and sale.cents > 0 and not sale.is_cancelled
        ]
        return self.dice.choice(found) if found else None


def _outage(dice: random.Random, month: int) -> tuple[datetime, datetime]:
    begin = BEGIN + timedelta(days=30 * month + 5 + dice.randrange(20), minutes=dice.randrange(24 * 60))
    return begin, begin + timedelta(hours=dice.choice((1, 5, 15)))

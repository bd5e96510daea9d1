"""A week of all jobs, minute by minute, with new orders, while every twentieth call to AWS meets a fault.

By default only a Sunday and a Monday until 16:00, in which each job is due; CRM_FULL_SIZE=1 has the week.
"""

import os
import random
import resource
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.crm import counters, deleted_customers, orders, products, reports
from chalicelib.crm.orders import Order
from chalicelib.jobs import catalog, operator_actions, run_records, slots
from chalicelib.jobs.job import Job
from chalicelib.jobs.slots import Slot
from chalicelib.store import tables
from tests.builders import a_customer, a_product, moment
from tests.faults.environment import MINUTE, Environment, FakeQueue, Fault, fake_aws
from tests.faults.memory import Memory
from tests.faults.sample_company import numbered_ids, small_pages

pytestmark = pytest.mark.no_database

HOURS = 7 * 24 if os.environ.get("CRM_FULL_SIZE") else 40
BEGIN = moment("2026-11-15T00:00:00")
"""A Sunday. Its slots at midnight belong to the week before."""
END = BEGIN + timedelta(hours=HOURS)
SEED = 7
FAULTY = 0.05
FAULTS = 9 * (Fault.LOSE_REQUEST, Fault.LOSE_ANSWER) + (Fault.DIE_BEFORE, Fault.DIE_AFTER)
START_STOCK = (3, 8, 12, 20, 40)
EXTRA_RUNS = {(15, 7): catalog.ORDER_REMINDERS, (18, 0): catalog.LOW_STOCK}
"""Started by an operator each day."""
EXPECTED_SLOTS = {
    "heartbeat": HOURS * 12,
    "low_stock": HOURS // 12,
    "order_reminders": (HOURS + 16) // 24,
    "customer_cleanup": 1,
    "weekly_report": 1,
}


@dataclass
class Week:
    """`placed` is the expected result, in plain Python."""

    environment: Environment
    dice: random.Random = field(default_factory=lambda: random.Random(SEED))
    buyers: list[str] = field(default_factory=list)
    goods: list[str] = field(default_factory=list)
    placed: list[Order] = field(default_factory=list)
    faults: int = 0

    def prepare(self) -> None:
        self.goods = [a_product(f"Good {number}", stock=stock).id for number, stock in enumerate(START_STOCK)]
        long_ago = BEGIN - timedelta(days=600)
        self.buyers = [a_customer(f"Buyer {number}", created_at=long_ago).id for number in range(3)]
        for number in range(5):
            a_customer(f"Gone {number}", created_at=long_ago)
        for days in (2, 4, 9):
            self.order(BEGIN - timedelta(days=days))
        self.environment.run_checks()

    def order(self, moment_of_order: datetime | None = None) -> None:
        product = products.find(self.dice.choice(self.goods))
        assert product
        if product.stock:
            quantity = self.dice.randint(1, min(3, product.stock))
            self.placed.append(
                orders.place(self.dice.choice(self.buyers), {product.id: quantity}, moment_of_order).order
            )

    def choose(self, _number: int) -> Fault | None:
        """Sometimes place an order between two calls of a job."""
        roll = self.dice.random()
        if roll < 0.001:
            with self.environment.without_faults():
                self.order()
        if roll < 1 - FAULTY:
            return None
        self.faults += 1
        return self.dice.choice(FAULTS)

    def run(self) -> None:
        environment = self.environment
        environment.choose = self.choose
        environment.messages = FakeQueue(doubled=lambda: self.dice.random() < 0.1)
        due = {job: set(job.schedule.between(BEGIN, END)) for job in catalog.JOBS.values()}
        while environment.now < END:
            environment.now += MINUTE
            for job, slots_of_job in due.items():
                if environment.now in slots_of_job:
                    self.fire(job, environment.now, firings=3)
                    if self.dice.random() < 0.05:
                        self.fire(job, environment.now, firings=1)
            with environment.without_faults():
                self.people()
            environment.deliver_messages()
            environment.sent.clear()

    def people(self) -> None:
        """Let customers order, and an operator start extra runs."""
        now = self.environment.now
        if now.minute % 30 == 0:
            self.order()
        if (now.hour, now.minute) in EXTRA_RUNS:
            operator_actions.run_now(EXTRA_RUNS[now.hour, now.minute], "operator", {})

    def fire(self, job: Job, due: datetime, firings: int) -> None:
        """Lambda retries a failed function at most twice. The watchdog runs with the heartbeat."""
        for _ in range(firings):
            done = self.environment.fire(job, due)
            if done and job is catalog.HEARTBEAT:
                self.environment.run_checks()
            if done:
                return


def _resident_memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.fixture(scope="module")
def week() -> Iterator[Week]:
    with small_pages(20), numbered_ids(), fake_aws() as built:
        environment = Environment(Memory(knows_tokens=False), BEGIN)
        with built.run(environment):
            lived = Week(environment)
            lived.prepare()
            began, before = time.process_time(), _resident_memory()
            lived.run()
            seconds = time.process_time() - began
            print(
                f"{lived.faults} faults, {len(lived.placed)} orders, {seconds:.1f} s, {_resident_memory() - before:.0f} MiB more"
            )
            environment.choose = lambda _: None
            environment.settle()
            yield lived


def _runs(week: Week, job: Job) -> dict[Slot, Any]:
    rows = week.environment.memory.rows_of(tables.Run)
    within = {slots.of(due) for due in job.schedule.between(BEGIN, END)}
    return {Slot(slot): row for (name, slot), row in rows.items() if name == job.name and slot in within}


def _lines(job: Job, slot: Slot) -> list[str]:
    return [line for kept in run_records.step_records(job.name, slot) for line in kept.lines]


def _all_lines(job: Job, day: str = "") -> list[str]:
    """Include the runs that the operator started."""
    first = datetime.fromisoformat(day or "2026-11-01").replace(tzinfo=UTC)
    end = first + timedelta(days=1 if day else 30)
    return [line for slot in run_records.between(job.name, first, end) for line in _lines(job, slot)]


def test_every_slot_of_the_week_has_ended(week: Week) -> None:
    assert week.environment.unfinished() == []
    for job in catalog.JOBS.values():
        statuses = Counter(row["status"]["S"] for row in _runs(week, job).values())
        print(job.name, dict(statuses))
        assert statuses.total() == EXPECTED_SLOTS[job.name]
        share = 0.9 if job is catalog.HEARTBEAT else 1  # a heartbeat that dies is not made up for
        assert statuses["SUCCEEDED"] >= statuses.total() * share


def test_each_successful_heartbeat_logged_one_line(week: Week) -> None:
    for slot, row in _runs(week, catalog.HEARTBEAT).items():
        told = row["status"]["S"] == "SUCCEEDED"
        assert [line[20:] for line in _lines(catalog.HEARTBEAT, slot)] == ["CRM is alive"] * told


def test_stock_equals_start_minus_orders_plus_restocks(week: Week) -> None:
    lines = _all_lines(catalog.LOW_STOCK)
    added = Counter(line.partition("Product: ")[2].partition(",")[0] for line in lines)
    ordered = Counter[str]()
    for order in week.placed:
        ordered.update({line.product_id: line.quantity for line in order.lines})
    for product_id, start in zip(week.goods, START_STOCK, strict=True):
        product = products.find(product_id)
        assert product
        assert product.stock == start - ordered[product_id] + 10 * added[product.name]
    assert added.total() >= 10
    assert all(10 <= int(line.rpartition(" ")[2]) < 20 for line in lines)


def test_totals_match_the_orders(week: Week) -> None:
    stats = counters.stats()
    assert (stats.orders, stats.cents) == (len(week.placed), sum(order.cents for order in week.placed))
    assert stats.customers == len(week.environment.memory.rows_of(tables.Customer)) == 3
    archived = [key for key in week.environment.memory.rows_of(tables.AuxRow) if key[0] == deleted_customers.PARTITION]
    assert len(archived) == 5


def test_each_due_order_is_reminded_once_a_day(week: Week) -> None:
    for slot in _runs(week, catalog.ORDER_REMINDERS):
        due = slots.moment_of(slot)
        told = Counter(line.split()[5].rstrip(",") for line in _all_lines(catalog.ORDER_REMINDERS, slot[:10]))
        first = (due - timedelta(days=7)).date().isoformat()
        extra = slot.replace("T08:00", "T15:07")  # the operator's run
        certain = {order.id for order in week.placed if first <= order.date < extra}
        possible = {order.id for order in week.placed if first <= order.date < slot.replace("T08", "T16")}
        assert certain <= told.keys() <= possible
        assert set(told.values()) == {1}


def test_there_is_one_report_of_the_week_before(week: Week) -> None:
    assert len(week.environment.memory.rows_of(tables.Report)) == 1
    report = reports.find("weekly", "2026-W46")
    assert report
    counted = [order for order in week.placed if "2026-11-09" <= order.date < "2026-11-16"]
    assert report.content["week"]["orders"] == len(counted) > 2
    assert report.content["week"]["cents"] == sum(order.cents for order in counted)

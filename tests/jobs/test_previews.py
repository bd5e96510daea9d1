"""A dry run announces what the run then does: all jobs, in states that a seed chooses."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.crm import cancellation, customers, deleted_customers, email_suppressions, orders
from chalicelib.crm.customers import Customer
from chalicelib.crm.email_suppressions import Reason
from chalicelib.crm.orders import Order
from chalicelib.jobs import catalog, customer_cleanup, email, job_state, low_stock, operator_actions, order_reminders
from chalicelib.jobs.job import Job, Preview
from chalicelib.jobs.run_arguments import RunArguments
from chalicelib.jobs.run_records import Run, Status
from chalicelib.settings import settings
from tests.builders import a_customer, a_product
from tests.jobs.job_runs import Clock, Consumer, dump, find_run, preview_of, stored_lines, with_page_size
from tests.jobs.loopback import Api, serving

PAGE = 4
"""So few rows a page that many previews have more than they show."""


@pytest.fixture
def api() -> Iterator[Api]:
    with serving() as served:
        yield served


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (low_stock, order_reminders, customer_cleanup):
        for name in ("SELECT", "PREVIEW"):
            monkeypatch.setattr(module, name, with_page_size(getattr(module, name), PAGE))


@pytest.fixture
def emailed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Set a sender, and return the list that gets the address of each e-mail."""
    found: list[str] = []
    with_sender = replace(settings, mail_sender="orders@crm.example", api_url="https://crm.example/graphql")
    for module in (email, order_reminders):
        monkeypatch.setattr(module, "settings", with_sender)
    monkeypatch.setattr(email, "_request", lambda message: found.extend(message.to))
    return found


class Company:
    """Customers, products and orders, changed at random."""

    def __init__(self, chance: random.Random, clock: Clock) -> None:
        self.chance, self.clock = chance, clock
        clock.at("2024-01-05T10:00:00")
        self.customers: list[Customer] = [a_customer(f"Old {number}") for number in range(chance.randint(0, 9))]
        clock.at("2026-11-16T07:00:00")
        self.customers += [a_customer(f"New {number}") for number in range(3)]
        self.lamp = a_product("Lamp", stock=900)
        self.orders: list[Order] = []

    def change(self) -> None:
        self.customers = [one for one in self.customers if customers.find(one.id)]  # the clean-up may have had them
        for _ in range(self.chance.randint(0, 7)):
            self.chance.choice((self._order, self._order, self._product, self._cancel, self._delete, self._suppress))()
        self.clock.later(hours=self.chance.choice((0, 1, 2, 9, 30)), minutes=1)

    def _order(self) -> None:
        when = self.clock.now - timedelta(days=self.chance.randint(0, 9))
        if self.customers:
            customer = self.chance.choice(self.customers)
            self.orders.append(orders.place(customer.id, {self.lamp.id: 1}, when).order)

    def _product(self) -> None:
        a_product(f"Product {self.chance.random()}", stock=self.chance.randint(0, 15))

    def _cancel(self) -> None:
        if self.orders:
            cancellation.cancel(self.orders.pop(self.chance.randrange(len(self.orders))).id)

    def _suppress(self) -> None:
        if self.customers:
            customer = self.chance.choice(self.customers)
            if email_suppressions.find(customer.email):
                email_suppressions.lift(customer.id, "checked", frozenset(Reason))
            else:
                email_suppressions.suppress(customer.email, self.chance.choice([*Reason]), clock.now())

    def _delete(self) -> None:
        if len(self.customers) > 1:
            deleted_customers.delete(self.customers.pop(self.chance.randrange(len(self.customers))).id)


def check_restock(shown: Preview, run: Run) -> None:
    announced = {tuple(re.findall(r"Product: (.*), Stock: (-?\d+)", line)[0]) for line in shown.lines}
    lines = [re.findall(r"Product: (.*), New Stock: (-?\d+)", line)[0] for line in stored_lines(run.job, run.slot)]
    done = {(name, str(int(stock) - 10)) for name, stock in lines}
    assert len(announced) == number_in(shown)
    assert announced <= done if shown.more else announced == done


def check_reminders(shown: Preview, run: Run) -> None:
    done = stored_lines(run.job, run.slot)
    assert len(shown.lines) == number_in(shown)
    assert set(shown.lines) <= set(done) if shown.more else list(shown.lines) == done
    for pattern, name in (
        (r"(\d+) had theirs", "already_reminded"),
        (r"(\d+) of them (?:is|are) not", "mails_suppressed"),
    ):
        found = re.search(pattern, shown.summary)
        told, counted = int(found[1]) if found else 0, run.counts.get(name, 0)
        assert told <= counted if shown.more else told == counted
    suppressed = [line for line in done if "not e-mailed" in line]
    assert len(suppressed) == run.counts.get("mails_suppressed", 0)


def check_cleanup(shown: Preview, run: Run) -> None:
    if "the run would stop" in shown.summary:
        assert (run.status, run.counts) == (Status.FAILED, {})
    else:
        assert (run.status, run.counts.get("deleted", 0)) == (Status.SUCCEEDED, number_in(shown))
        assert shown.more == (number_in(shown) > PAGE)
        assert len(shown.lines) == min(number_in(shown), PAGE)


def check_report(shown: Preview, run: Run) -> None:
    assert list(shown.lines) == stored_lines(run.job, run.slot)
    assert ("would not make it again" in shown.summary) == (run.counts["reports_made"] == 0)


def check_heartbeat(shown: Preview, run: Run) -> None:
    assert list(shown.lines) == stored_lines(run.job, run.slot)


CHECKS: dict[str, Callable[[Preview, Run], None]] = {
    "heartbeat": check_heartbeat,
    "low_stock": check_restock,
    "order_reminders": check_reminders,
    "customer_cleanup": check_cleanup,
    "weekly_report": check_report,
}


def number_in(shown: Preview) -> int:
    return int(re.findall(r"\d+", shown.summary)[0])


@pytest.mark.parametrize("seed", range(5))
def test_a_run_does_what_its_preview_announced(seed: int, time: Clock, api: Api, emailed: list[str]) -> None:
    chance = random.Random(seed)
    company = Company(chance, time)
    assert CHECKS.keys() == catalog.JOBS.keys()
    for _ in range(5):
        company.change()
        api.status = chance.choice((200, 502))
        for job in chance.sample([*catalog.JOBS.values()], 3):
            arguments: RunArguments = {}
            if job is catalog.CUSTOMER_CLEANUP:
                arguments = {"cap": chance.randint(1, 9)}
            emailed.clear()
            compare(job, arguments)
            assert not email_suppressions.find_all(emailed), "none of them was suppressed, then or now"


def compare(job: Job, arguments: RunArguments) -> None:
    before = dump()
    shown = preview_of(job, arguments)
    assert dump() == before, "a preview writes nothing"
    started = operator_actions.run_now(job, "ann", arguments)
    Consumer().deliver_all()
    CHECKS[job.name](shown, find_run(job.name, started.slot))


def test_orders_that_were_reminded_of_earlier_that_day_are_not_announced(time: Clock) -> None:
    customer, lamp = a_customer(), a_product(stock=900)
    for _ in range(3):
        orders.place(customer.id, {lamp.id: 1})
    operator_actions.run_now(catalog.ORDER_REMINDERS, "ann", {})
    Consumer().deliver_all()
    time.later(hours=1)
    again = preview_of(catalog.ORDER_REMINDERS)
    assert (again.summary, again.lines) == ("0 orders are due for a reminder; 3 had theirs earlier today", ())
    time.later(days=1)
    assert preview_of(catalog.ORDER_REMINDERS).summary == "3 orders are due for a reminder"


@pytest.mark.usefixtures("time")
def test_the_preview_of_a_paused_job_says_so() -> None:
    a_product(stock=1)
    job_state.pause("low_stock", "stock-taking", "ann")
    assert preview_of(catalog.LOW_STOCK).summary == (
        "1 product would be restocked. The job is paused by ann: stock-taking: no run starts until it is resumed"
    )

"""What a disclosure and an erasure cost: the same in a company of any size, and a request stays within its limits.

The larger company has 100 other customers, and 300 with CRM_FULL_SIZE=1.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.rows import IS_FULL
from chalicelib.crm import customers, orders
from chalicelib.crm.customers import Customer
from chalicelib.jobs import catalog
from chalicelib.privacy import erasures
from chalicelib.settings import settings
from chalicelib.store import change_marks
from tests.as_operator import execute
from tests.builders import a_customer, a_product
from tests.database import empty_tables
from tests.jobs.job_runs import make_runner, manual_clock
from tests.metering import Meter, metered

SMALL, LARGE = 5, 300 if IS_FULL else 100
TRACES = """query($id: ID!, $after: String) {
  personalData(customerId: $id) { orderCount traces(after: $after) { nodes { kind text } after } } }"""


@contextmanager
def company(others: int) -> Iterator[Customer]:
    """Yield a customer with an order and a change, among others who have changes, too, and orders of other days."""
    empty_tables()
    with manual_clock("2026-11-10T09:00:00") as time, change_marks.made_by("test"):
        lamp = a_product(stock=10_000)
        people = [a_customer(f"Bob Stone {number}") for number in range(others)]
        for each in people:
            customers.update(each.id, {"phone": "+49 30 1234567"})
            orders.place(each.id, {lamp.id: 1})
        time.at("2026-11-18T09:00:00")
        zoe = a_customer("Zoë Quist", "zoe@example.com")
        customers.update(zoe.id, {"name": "Zoë Quistgaard"})
        orders.place(zoe.id, {lamp.id: 1})
        make_runner().fire(catalog.ORDER_REMINDERS, time.at("2026-11-19T08:00:00"))
        time.later(minutes=10)
        yield zoe


def cost_of_erasing(others: int) -> tuple[Meter, int]:
    """Return what all pages of the erasure cost, and how many traces there were."""
    with company(others) as zoe, metered() as meter:
        count, after = 0, None
        while True:
            page = erasures.erase_page(zoe.id, after)
            count, after = count + page.erased, page.after
            if after is None:
                return meter, count


def test_an_erasure_costs_the_same_among_few_and_many_customers() -> None:
    few, count = cost_of_erasing(SMALL)
    many, same = cost_of_erasing(LARGE)
    assert count == same == 2, "a change and a log line; the transaction has removed the search rows"
    assert (many.calls, many.rows) == (few.calls, few.rows)
    assert few.total_calls < 80
    assert few.rows < 80


def test_a_page_of_a_disclosure_stays_within_the_limits_of_a_request() -> None:
    with company(SMALL) as zoe:
        pages, after = 0, None
        while True:
            with metered() as meter:
                answer = execute(TRACES, {"id": zoe.id, "after": after})
            assert "errors" not in answer, answer
            assert meter.total_calls <= settings.calls_per_request
            after = answer["data"]["personalData"]["traces"]["after"]
            pages += 1
            if after is None:
                break
        assert 1 <= pages <= 3

"""A run over more rows than one Lambda has time for continues from Lambda to Lambda and misses no row.

5,000 orders, a tenth of a real second for each Lambda; CRM_FULL_SIZE=1 has 100,000 and five seconds.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from benchmarks.rows import IS_FULL, a_customer, an_order, row_id
from chalicelib.crm import customer_rows, order_rows
from chalicelib.jobs import catalog, run_records, slots
from chalicelib.store import ids
from tests.faults.environment import Environment, fake_aws
from tests.faults.memory import Memory
from tests.faults.sample_company import SLOTS

pytestmark = pytest.mark.no_database

ORDERS, SECONDS = (100_000, 5.0) if IS_FULL else (5_000, 0.1)
JOB = catalog.ORDER_REMINDERS
DUE = SLOTS[JOB]
CUSTOMERS = 100


@dataclass
class Countdown:
    """The time that a Lambda has left."""

    until: float = 0.0
    lambdas: int = 0

    def begin(self) -> None:
        self.until = time.monotonic() + SECONDS
        self.lambdas += 1

    def __call__(self) -> float:
        return self.until - time.monotonic()


@pytest.fixture
def environment() -> Iterator[Environment]:
    left = Countdown()
    with fake_aws() as built:
        made = Environment(Memory(), DUE, begin=left.begin, seconds_left=left)
        for number in range(CUSTOMERS):
            made.memory.put(customer_rows.to_row(a_customer(number, DUE)))
        for number in range(ORDERS):
            date = DUE - timedelta(days=2, seconds=number)
            made.memory.put(order_rows.to_row(an_order(number, number % CUSTOMERS, date)))
        with built.run(made):
            yield made


def test_many_orders_are_each_reminded_once_over_many_hand_overs(environment: Environment) -> None:
    began = time.perf_counter()
    environment.fire(JOB, DUE)
    environment.deliver_messages()
    left = environment.seconds_left
    assert isinstance(left, Countdown)
    print(f"{ORDERS} orders in {time.perf_counter() - began:.0f} s by {left.lambdas} Lambdas of {SECONDS} s")
    run = run_records.find(JOB.name, slots.of(DUE))
    assert run
    assert (run.status, run.attempts, run.counts["reminded"]) == ("SUCCEEDED", 1, ORDERS)
    kept = run_records.step_records(JOB.name, slots.of(DUE))
    lines = Counter(line.split()[5].rstrip(",") for page in kept for line in page.lines)
    assert lines == {row_id(ids.ORDER, number): 1 for number in range(ORDERS)}
    assert left.lambdas > 1

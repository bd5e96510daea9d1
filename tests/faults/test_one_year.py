"""A year of a shop: nobody is archived who should stay, every report equals a plain sum, and every slot is answered.

The shop imports files, and then lives 53 weeks with the jobs of the catalog, on the database in memory. The heartbeat has a
week of its own, see `test_one_week`. CRM_FULL_SIZE=1 imports real companies' files instead, and is ten times as busy.
"""

import logging
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.rows import IS_FULL
from chalicelib.crm import counters, customers
from chalicelib.jobs import catalog, slots
from chalicelib.store import tables
from tests.conftest import DATA
from tests.crmctl.import_files import write
from tests.faults.environment import Environment, FakeQueue, fake_aws
from tests.faults.memory import Memory
from tests.faults.sample_company import numbered_ids, small_pages
from tests.faults.shop_year import BEGIN, WEEKS, ShopYear, totals_of

pytestmark = pytest.mark.no_database

SLOTS = {"low_stock": 14 * WEEKS, "order_reminders": 7 * WEEKS, "customer_cleanup": WEEKS, "weekly_report": WEEKS}
LAST_SUNDAY = (BEGIN + timedelta(weeks=WEEKS, days=-1)).date()
ACTIONS_PER_DAY = 30 if IS_FULL else 2


def generated_files(directory: Path) -> list[Path]:
    """Write the files of a small shop with orders of many years."""
    dice = random.Random(5)
    people = [f"Person {number},p{number}@example.com,,{2010 + number % 15}-03-01" for number in range(45)]
    goods = [f"SKU-{number},Product {number},{dice.randint(1, 90)}.50,{dice.randint(0, 60)}" for number in range(40)]
    sold = [
        f"R{number // 2},p{number // 2 % 40}@example.com,{2012 + number // 2 % 13}-05-01,SKU-{dice.randrange(40)},"
        f"{dice.choice((1, 2, 5, -1))},{dice.randint(0, 90)}.00"
        for number in range(240)
    ]
    write(
        directory,
        customers="\n".join(["name,email,phone,created_at", *people, ""]),
        products="\n".join(["sku,name,price,stock", *goods, ""]),
        orders="\n".join(["order_ref,customer_email,order_date,sku,quantity,unit_price", *sold, ""]),
    )
    return [directory]


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopYear]:
    if IS_FULL and not DATA.exists():
        pytest.skip("not beside this checkout: the companies' books")
    directories = sorted(DATA.iterdir()) if IS_FULL else generated_files(tmp_path_factory.mktemp("shop"))
    with (
        pytest.MonkeyPatch.context() as patch,
        small_pages(100 if IS_FULL else 50),
        numbered_ids(),
        fake_aws() as built,
    ):
        without_heartbeat = {name: job for name, job in catalog.JOBS.items() if job is not catalog.HEARTBEAT}
        patch.setattr(catalog, "JOBS", without_heartbeat)
        patch.setattr(logging.getLogger("crm"), "disabled", True)
        began = time.process_time()
        with built.run(Environment(Memory(), BEGIN, messages=FakeQueue())) as environment:
            lived = ShopYear(environment, ACTIONS_PER_DAY)
            lived.open(*directories)
            imported = [sum(each) for each in zip(*map(totals_of, directories), strict=True)]
            stats = counters.stats()
            assert [stats.customers, stats.orders, stats.revenue] == imported
            lived.run()
            runs = Counter(job for job, _ in environment.memory.rows_of(tables.Run))
            print(
                f"{WEEKS} weeks, {len(lived.books.sales)} orders of {len(lived.books.people)} customers, "
                f"{runs.total()} runs, {lived.faults} faults, {time.process_time() - began:.1f} s: {lived.done}"
            )
            yield lived


def test_every_slot_is_answered(year: ShopYear) -> None:
    rows = year.environment.memory.rows_of(tables.Run)
    assert year.environment.unfinished() == []
    assert Counter(job for job, _ in rows) == SLOTS
    for job in year.jobs.values():
        due = {slots.of(slot) for slot in job.schedule.between(BEGIN, BEGIN + timedelta(weeks=WEEKS))}
        assert due == {slot for name, slot in rows if name == job.name}
    statuses = Counter((job, row["status"]["S"]) for (job, _), row in rows.items())
    print(dict(statuses))
    assert statuses["weekly_report", "SUCCEEDED"] == WEEKS
    missed = {key for key, row in rows.items() if row["status"]["S"] != "SUCCEEDED"}
    assert all(year.was_out(slots.moment_of(slots.Slot(slot))) for _, slot in missed)
    assert 0 < len(missed) < 40


def test_every_report_equals_a_plain_sum(year: ShopYear) -> None:
    assert year.wrong == []
    assert year.reported == WEEKS


def test_the_cleanup_takes_those_who_lapsed_and_nobody_else(year: ShopYear) -> None:
    assert year.wrong == []
    deleted = {key for key, person in year.books.people.items() if person.deleted}
    assert deleted == set(year.quiet) == {key for key in year.books.people if year.books.has_lapsed(key, LAST_SUNDAY)}
    assert len(deleted) >= 5
    assert year.returned[0] not in deleted


def test_totals_and_latest_orders_are_exact(year: ShopYear) -> None:
    stats, sales = counters.stats(), [sale for sale in year.books.sales.values() if not sale.is_cancelled]
    assert (stats.orders, stats.cents) == (len(sales), sum(sale.cents for sale in sales))
    living = {key: customers.load(row) for (key,), row in year.environment.memory.rows_of(tables.Customer).items()}
    assert living.keys() == {key for key, person in year.books.people.items() if not person.deleted}
    assert {key: row.active_on for key, row in living.items()} == {
        key: str(year.books.last_active(key)) for key in living
    }
    assert min(year.done[name] for name in ("order", "give_back", "cancel", "edit", "join")) >= 10

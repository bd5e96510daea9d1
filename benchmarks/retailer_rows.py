"""Puts a retailer's year into the database in memory: the rows that its import leaves, in a tenth of the time.

Customers and products are created by the domain. Orders, of which there are many more, are put as rows, and what they add to
customers and totals is added up first. `tests/benchmarks/test_year.py` compares the tables with those of an import.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal

from benchmarks.counted_memory import CountedMemory
from benchmarks.retailer import FIRST_DAY, IMPORTED, OPENED, Invoice, Person, Retailer
from chalicelib import clock
from chalicelib.crm import (
    calendar_days,
    counters,
    customer_activity,
    customer_rows,
    customers,
    order_lines,
    order_rows,
    orders,
    products,
    search_index,
    unique_values,
)
from chalicelib.crm.customers import Customer
from chalicelib.crm.products import Product
from chalicelib.settings import settings
from chalicelib.store import change_marks, ids, index_keys, tables, timestamps
from chalicelib.store.put_request import to_item
from chalicelib.store.reads import Item
from tests.as_operator import OPERATOR
from tests.faults.environment import Environment

_AMOUNTS = ("orders", "cents")


def put_retailer(environment: Environment, memory: CountedMemory, retailer: Retailer) -> None:
    """Put what the opening files have as of `OPENED`, and what those of the year have as of `IMPORTED`."""
    with change_marks.made_by(OPERATOR.name):
        environment.now = OPENED
        known = _create_people(each for each in retailer.people if each.created < FIRST_DAY)
        goods = {
            each.sku: products.create(each.name, Decimal(each.cents) / 100, each.stock, each.sku)
            for each in retailer.articles
        }
        environment.now = IMPORTED
        known |= _create_people(each for each in retailer.people if each.created >= FIRST_DAY)
        _put_orders(memory, _orders(retailer.invoices(), known, goods), {row.id: row for row in known.values()})


def _create_people(people: Iterable[Person]) -> dict[str, Customer]:
    return {
        each.email: customers.create(
            each.name, each.email, each.phone or None, datetime.combine(each.created, time(), UTC)
        )
        for each in people
    }


def _orders(
    invoices: Iterable[Invoice], known: dict[str, Customer], goods: dict[str, Product]
) -> Iterator[orders.Order]:
    for each in invoices:
        found = [(goods[line.article.sku], line) for line in each.lines]
        lines = tuple(orders.OrderLine(row.id, row.name, line.quantity, line.cents, row.sku) for row, line in found)
        customer = known[each.person.email]
        order_id, date = ids.new_id(ids.ORDER), timestamps.to_text(each.at)
        order = orders.new_order(order_id, customer.id, date, lines, each.reference)
        yield replace(order, updated_at=timestamps.to_text(clock.now()))


def _put_orders(memory: CountedMemory, made: Iterable[orders.Order], people: dict[str, Customer]) -> None:
    totals: Counter[tuple[str, str, str]] = Counter()
    for order in made:
        memory.put_rows(tables.Order, [to_item(order_rows.to_row(order))])
        memory.put_rows(tables.Line, _lines(order))
        memory.put_rows(tables.AuxRow, [*search_index.items_of(order), _claim(order)])
        people[order.customer_id] = customer_activity.with_order(people[order.customer_id], order.date)
        totals[*_day(order), "orders"] += 1
        totals[*_day(order), "cents"] += order.cents
    memory.put_rows(tables.Customer, (to_item(customer_rows.to_row(row)) for row in people.values()))
    for pk, sk in {(pk, sk) for pk, sk, _ in totals}:
        before = memory.row_of(tables.AuxRow, (pk, sk)) or {"pk": {"S": pk}, "sk": {"S": sk}}
        added = {name: {"N": str(totals[pk, sk, name])} for name in _AMOUNTS}
        memory.put_rows(tables.AuxRow, [before | added])


def _lines(order: orders.Order) -> list[Item]:
    return order_lines._keys(order.date, order.id, (each.product_id for each in order.lines))  # noqa: SLF001 - as the domain writes them


def _day(order: orders.Order) -> tuple[str, str]:
    """Return the key of the counters of its day."""
    shard = index_keys.shard(counters._PREFIX, order.id, settings.counter_shards)  # noqa: SLF001 - likewise
    return shard, calendar_days.day_of_text(order.date)


def _claim(order: orders.Order) -> Item:
    return {"pk": {"S": unique_values.REFERENCE}, "sk": {"S": order.reference or ""}, "owner": {"S": order.id}}

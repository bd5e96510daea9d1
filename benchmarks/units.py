"""Measure what each piece of work asks of AWS, and print it as JSON: `python -m benchmarks.cost --measure` runs this.

It needs the environment that `benchmarks.cost` gives it: an emulator of its own, with nothing in it.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from benchmarks.firing import at, day, fire, queue_url, succeeded
from benchmarks.metering import metered, row_bytes
from benchmarks.served import in_process
from chalicelib import aws, clock
from chalicelib.access import api_keys
from chalicelib.access.authorization import Caller
from chalicelib.access.roles import Role
from chalicelib.api.graphql.execution import execute_as
from chalicelib.api.http.endpoint import respond
from chalicelib.api.http.http_types import Request
from chalicelib.crm import customers, email_suppressions, orders, products
from chalicelib.jobs import (
    catalog,
    dispatcher,
    heartbeat,
    operator_schedules,
    queue,
    run_records,
    schedule_cap,
    schedule_changes,
    slots,
    watchdog,
)
from chalicelib.jobs.job import Job
from chalicelib.jobs.runner import Runner
from chalicelib.settings import settings
from chalicelib.store import connection

FEW, MANY = 100, 300
BEATS, WARM = 12, 25
MINUTES = 20
SCHEDULES = 10
"""What a stage is assumed to have."""
OVERHEAD = 100
"""Bytes that DynamoDB adds to each row, and to each entry of an index, when it stores them."""
ORDER = """mutation ($c: ID!, $p: ID!, $q: ID!) {
  createOrder(input: {customerId: $c, lines: [{productId: $p, quantity: 1}, {productId: $q, quantity: 2}]}) {
    order { id totalAmount } } }"""
PAGE = """{ allOrders(first: 100, orderBy: ["-orderDate"]) {
  edges { node { id orderDate totalAmount customer { name email } lines { quantity product { name stock } } } }
  pageInfo { hasNextPage endCursor } } }"""
CUSTOMER = "query ($e: String!) { customer(email: $e) { id name email phone } }"
Units = dict[str, float]
_seconds = count()
"""Requests come a second apart: at one instant a key's bucket would not be full."""


def stored() -> Units:
    """Bytes that stay, in tables and in indexes, and bytes times days of the rows that DynamoDB deletes in time."""
    found = {"table_bytes": 0.0, "index_bytes": 0.0, "byte_days": 0.0}
    for table in connection.TABLES:
        schema = table._get_schema()  # noqa: SLF001 - the models' own account of their keys
        keys = {entry["AttributeName"] for entry in schema["key_schema"]}
        indexes = [keys | {e["AttributeName"] for e in i["key_schema"]} for i in schema["global_secondary_indexes"]]
        for page in connection.client().get_paginator("scan").paginate(TableName=table.Meta.table_name):
            for row in page["Items"]:
                size = row_bytes(row) + OVERHEAD
                entries = [{name: row[name] for name in names} for names in indexes if names <= row.keys()]
                indexed = sum(row_bytes(entry) + OVERHEAD for entry in entries)
                if "ttl" in row:
                    days = (int(row["ttl"]["N"]) - clock.now().timestamp()) / 86400
                    found["byte_days"] += (size + indexed) * max(0.0, days)
                else:
                    found["table_bytes"] += size
                    found["index_bytes"] += indexed
    return found


def measured(work: Callable[[], None], *, requests: int = 0, invocations: int = 0) -> Units:
    before = stored()
    with metered() as usage:
        work()
    after = stored()
    if usage.scans:
        raise SystemExit("something scans a table")
    counted = {name: getattr(usage, name) for name in ("write_units", "read_units", "calls", "sqs_calls")}
    kept = {name: after[name] - before[name] for name in after}
    return {**counted, "requests": requests, "invocations": invocations + requests, **kept}


def each(units: Units, times: int) -> Units:
    return {name: round(value / times, 3) for name, value in units.items()}


@dataclass(frozen=True)
class Company:
    key: str
    buyers: list[customers.Customer]
    goods: list[products.Product]

    def post(self, query: str, number: int, **variables: Any) -> None:
        headers = {
            "content-type": "application/json",
            "authorization": f"Bearer {self.key}",
            "idempotency-key": f"order-{number}",
        }
        body = json.dumps({"query": query, "variables": variables}).encode()
        with at(day("2026-11-09T12:00:00") + timedelta(seconds=next(_seconds))):
            answer = respond(Request("POST", headers, {}, body))
        if answer.status != 200 or '"errors"' in answer.body:  # noqa: PLR2004
            raise SystemExit(answer.body)

    def orders_of(self, moment: datetime, many: int) -> None:
        for number in range(many):
            first, second = self.goods[number % 20], self.goods[(number + 7) % 20]
            with at(moment + timedelta(seconds=number)):
                orders.place(self.buyers[number % len(self.buyers)].id, {first.id: 1, second.id: 2})

    def over_the_api(self) -> dict[str, Units]:
        def order() -> None:
            for number in range(20):
                pair = self.goods[number % 20].id, self.goods[(number + 3) % 20].id
                self.post(ORDER, number, c=self.buyers[100 + number].id, p=pair[0], q=pair[1])

        self.orders_of(clock.now(), 60)  # makes the counters of the day
        self.post("{ hello }", 0)  # the key's last use is written once an hour
        return {
            "order": each(measured(order, requests=20), 20),
            "orders_page": measured(lambda: self.post(PAGE, 0), requests=1),
            "customer_by_email": measured(lambda: self.post(CUSTOMER, 0, e=self.buyers[3].email), requests=1),
            "hello": measured(lambda: self.post("{ hello }", 0), requests=1),
        }


def founded() -> tuple[Company, dict[str, Units]]:
    """What its customers and products take to store, too."""
    buyers: list[customers.Customer] = []
    goods: list[products.Product] = []
    key = api_keys.create("web shop", Role.EDITOR, "operator").key

    def buy() -> None:
        names = [f"Customer Number {number}" for number in range(MANY)]
        buyers.extend(customers.create(name, f"{name.replace(' ', '.')}@example.com", "+12025550123") for name in names)

    def make() -> None:
        goods.extend(products.create(f"Product {n}", Decimal("12.50"), 9000, f"SKU-{n:05d}") for n in range(20))

    email_suppressions.suppress("gone@example.com", email_suppressions.Reason.BOUNCE, clock.now())  # reminders ask then
    kept = {"a_customer": each(measured(buy), MANY), "a_product": each(measured(make), 20)}
    return Company(key, buyers, goods), kept


def measured_run(job: Job, slot: datetime, rows: int) -> Units:
    with at(slot + timedelta(seconds=5)):
        units = measured(lambda: fire(job, slot), invocations=1 + job.queued)
    succeeded(job, slot, rows)
    return units


def fitted(few: Units, many: Units) -> tuple[Units, Units]:
    """(of a run, of each of its rows)"""
    run: Units = {}
    row: Units = {}
    for name in few:
        slope = (many[name] - few[name]) / (MANY - FEW)
        run[name] = few[name] - FEW * slope
        if run[name] < 0:  # rounding to pages and to 4 KB: all of it is the rows'
            run[name], slope = 0.0, many[name] / MANY
        row[name] = slope
    return each(run, 1), each(row, 1)


def work_for_the_jobs(company: Company, rows: int, ordered: str, sunday: str) -> None:
    company.orders_of(day(f"{ordered}T12:00:00"), rows)
    with at(day(f"{sunday}T00:00:00")):
        for number in range(rows):
            products.create(f"Low {sunday} {number}", Decimal("3.50"), 3, f"LOW-{sunday}-{number:05d}")
            email = f"gone.{sunday}.number.{number}@example.com"
            long_ago = day("2025-01-01T00:00:00")
            customers.create(f"Gone {sunday} {number}", email, created_at=long_ago, added_at=long_ago)


def all_jobs(company: Company) -> dict[str, Units]:
    found: dict[str, list[Units]] = {}
    for rows, ordered, sunday, monday in (
        (FEW, "2026-10-29", "2026-11-01", "2026-11-02"),
        (MANY, "2026-11-05", "2026-11-08", "2026-11-09"),
    ):
        work_for_the_jobs(company, rows, ordered, sunday)
        for job, slot in (
            (catalog.LOW_STOCK, f"{sunday}T00:00:00"),
            (catalog.CUSTOMER_CLEANUP, f"{sunday}T02:00:00"),
            (catalog.ORDER_REMINDERS, f"{sunday}T08:00:00"),
            (catalog.WEEKLY_REPORT, f"{monday}T06:00:00"),
        ):
            found.setdefault(job.name, []).append(measured_run(job, day(slot), rows))
    both = {name: fitted(*pair) for name, pair in found.items()}
    return {
        f"{name}.{part}": units for name, pair in both.items() for part, units in zip(("run", "row"), pair, strict=True)
    }


def beats() -> Units:
    runner = Runner(lambda _actor: execute_as(Caller.system("benchmark")), lambda: 60)
    slot = day("2026-11-09T12:00:00")

    def beat(times: int) -> None:
        nonlocal slot
        for _ in range(times):
            slot += timedelta(minutes=5)
            with at(slot + timedelta(seconds=5)):
                runner.fire(catalog.HEARTBEAT, slot)
                watchdog.run_checks()

    with in_process(respond) as url:
        object.__setattr__(settings, "api_url", url)
        beat(WARM)
        run = run_records.find(heartbeat.NAME, slots.of(slot))
        if run is None or not run.counts.get(heartbeat.UP):
            raise SystemExit(f"the heartbeat found nobody: {run}")
        with at(slot):
            units = measured(lambda: beat(BEATS), requests=BEATS, invocations=BEATS)
    return each(units, BEATS)


def minutes_of_the_dispatcher() -> dict[str, Units]:
    """A minute in which nothing is due, with few schedules and with as many as there may be, and a slot that is served."""
    found: dict[str, Units] = {}
    begin = day("2026-11-09T00:00:00")

    def minutes() -> None:
        for number in range(MINUTES):
            with at(begin + timedelta(minutes=number)):
                dispatcher.serve()

    def serve() -> None:
        with at(begin + timedelta(hours=3)):
            dispatcher.serve()

    for name, count_ in (("dispatch", SCHEDULES), ("dispatch_full", schedule_cap.MAX_SCHEDULES)):
        while len(operator_schedules.find_all()) < count_:
            with at(begin):
                schedule_changes.create(catalog.LOW_STOCK, {"crontab": "0 3 * * *"}, "operator")
        found[name] = each(measured(minutes, invocations=MINUTES), MINUTES)
    found["dispatch_slot"] = each(measured(serve), schedule_cap.MAX_SCHEDULES)
    return found


def main() -> int:
    connection.create_tables()
    queue.create()
    queue.send(heartbeat.NAME, slots.Slot("warm"))
    aws.client("sqs").purge_queue(QueueUrl=queue_url())
    with at(day("2026-10-01T00:00:00")):
        company, units = founded()
    units |= all_jobs(company)
    with at(day("2026-11-09T12:00:00")):
        units |= company.over_the_api()
    units["heartbeat"] = beats()
    units |= minutes_of_the_dispatcher()
    print(json.dumps(units, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())

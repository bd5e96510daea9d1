"""Measure what each piece of work asks of AWS, and print it as JSON: `python -m benchmarks.cost --measure` runs this.

It needs the environment that `benchmarks.cost` gives it: an emulator of its own, with nothing in it.
"""

import json
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from benchmarks import office
from benchmarks.cost_model import Units
from benchmarks.firing import at, day, fire, queue_url, succeeded
from benchmarks.sample_company import CUSTOMERS, Company, founded
from benchmarks.served import in_process
from benchmarks.unit_meter import each, measured
from chalicelib import aws
from chalicelib.access import api_keys
from chalicelib.access.authorization import Caller
from chalicelib.access.roles import Role
from chalicelib.api.graphql.execution import execute_as
from chalicelib.api.http.endpoint import respond
from chalicelib.crm import customers, products
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

FEW, MANY = 100, CUSTOMERS
BEATS, WARM = 12, 25
MINUTES = 20
SCHEDULES = 10
"""What a stage is assumed to have."""


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
    with at(day("2026-11-09T14:00:00")):
        units |= office.over_the_api(replace(company, key=api_keys.create("office", Role.OPERATOR, "operator").key))
    units |= minutes_of_the_dispatcher()
    print(json.dumps(units, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())

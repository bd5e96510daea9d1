"""The console with a few days of runs, written into its tables by this process: served here, or by the real `chalice local`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from chalicelib import clock
from chalicelib.crm import deleted_customers, imported_orders, reports
from chalicelib.jobs import heartbeat, queue, run_records, slots, weekly_report
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.settings import settings
from chalicelib.store import connection, tables, timestamps
from chalicelib.store.put_request import to_item
from localdev.state import State
from tests import database
from tests.browser import served_here
from tests.builders import a_customer, a_past_order, a_product
from tests.conftest import connected_to, in_memory
from tests.faults.memory import Memory
from tests.jobs.job_runs import send_body
from tests.localdev.crm_server import Api, Served
from tests.localdev.servers import Place

SCRIPT = "<script>window.owned = 1</script><img src=x onerror=window.owned=1>"
QUOTES = '"O\'Neil" & `sons` ${1} {{x}}'
RIGHT_TO_LEFT = "\u05e9\u05dc\u05d5\u05dd evil"
LONG = "W" * 180
HOSTILE = (SCRIPT, QUOTES, RIGHT_TO_LEFT, LONG)
HOSTILE_NAMES = tuple(text.replace("\u202e", "") for text in HOSTILE)
"""Names cannot have controls of the direction of text. Reports that were made earlier may."""
DAYS = 7
WEEKS = 6


@dataclass
class Console:
    served: Api

    @property
    def url(self) -> str:
        return self.served.url.replace("/graphql", "/console")

    def ask(self, document: str, **variables: object) -> dict[str, Any]:
        return self.served.ask(document, **variables)


@dataclass
class LocalConsole(Console):
    served: Served
    place: Place


@contextmanager
def console(*, open_access: bool = True, read_budget: int = settings.read_budget) -> Iterator[Console]:
    """Serve the console from empty tables in memory. Needs the fixture `moto` for the queues."""
    with connected_to(None), in_memory(Memory()):
        database.empty_moto()
        with (
            served_here.served() as url,
            served_here.settings_of(url, open_access=open_access, read_budget=read_budget),
            served_here.consumed(),
        ):
            yield Console(Api(url))


@contextmanager
def local_console(root: Path, **variables: str) -> Iterator[LocalConsole]:
    """Start a server that uses the same table names as this process."""
    place = Place(root, {"CRM_JOBS": "asked", "CRM_STAGE": "test", **variables})
    served = Served(place)
    shown = LocalConsole(served, place)
    try:
        backend = State(place.state).running_emulator()
        assert backend is not None
        with connected_to(backend.endpoint):
            yield shown
    finally:
        shown.served.end()
        place.clear()


def furnish() -> None:
    """Create data for each page."""
    now = clock.now()
    for number, name in enumerate(("Peppermint tea", *HOSTILE_NAMES)):
        a_product(name, stock=number, sku=f"T-{number}")
    long_ago = now - timedelta(days=500)
    for name in ("Ida Late", *HOSTILE_NAMES):
        a_customer(name, created_at=long_ago)
    for name in ("Gone Girl", SCRIPT):
        deleted_customers.delete(a_customer(name).id)
    regular = a_customer("Rita Regular")
    lamp = a_product("Lamp", "40.00", stock=50)
    for days in range(1, 7 * WEEKS, 3):
        date = now - timedelta(days=days)
        imported_orders.record(a_past_order(regular, (lamp, 1 + days % 4, "40.00"), reference=f"T-{days}", date=date))
    put_heartbeats(now)
    put_runs(list(_restocks(now)))
    write_reports(now)
    failed = a_failed_run(now - timedelta(hours=30))
    dead_letter({"job": failed.job, "slot": failed.slot})
    dead_letter({"what": SCRIPT})


def put_runs(made: list[Run]) -> None:
    """Write many runs at once, without the ledger's checks."""
    table = tables.Run.Meta.table_name
    puts = [{"PutRequest": {"Item": to_item(run_records.to_row(replace(run, token="t")))}} for run in made]
    for start in range(0, len(puts), 25):
        connection.client().batch_write_item(RequestItems={table: puts[start : start + 25]})


def a_run(job: str, moment: datetime, status: Status = Status.SUCCEEDED, **more: Any) -> Run:
    begun = {} if status in {Status.SKIPPED, Status.MISSED} else _times(moment)
    return Run(job, slots.of(moment), Trigger.SCHEDULE, timestamps.to_text(moment), status, **begun | more)


def _times(moment: datetime) -> dict[str, Any]:
    took = timedelta(milliseconds=300 + moment.hour * 40)
    return {"started_at": timestamps.to_text(moment), "finished_at": timestamps.to_text(moment + took), "attempts": 1}


def a_failed_run(moment: datetime, error: str = f"ValueError: {SCRIPT}") -> Run:
    """Create a failed run of low_stock that succeeds when it is repeated."""
    trace = f'Traceback (most recent call last):\n  File "app.py", line 1, in step\n{error}'
    run = a_run("low_stock", moment, Status.FAILED, error=error, trace=trace)
    put_runs([run])
    return run


def dead_letter(content: dict[str, str]) -> None:
    send_body(json.dumps(content), queue.DEAD)


def put_heartbeats(now: datetime) -> None:
    put_runs(list(_heartbeats(now)))


def _heartbeats(now: datetime) -> Iterator[Run]:
    """Create a heartbeat every 15 minutes. Two days ago the API was down for an hour."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    for number in range(1, DAYS * 24 * 4):
        up = not 190 < number < 195
        counts = {heartbeat.UP: int(up), heartbeat.LATENCY: 30 + number % 40}
        yield a_run("heartbeat", hour - timedelta(minutes=15 * number), counts=counts)


def _restocks(now: datetime) -> Iterator[Run]:
    noon = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for number in range(60):
        yield a_run("low_stock", noon - timedelta(hours=12 * number), counts={"restocked": number % 3})
    missed = noon - timedelta(hours=5)
    yield a_run("order_reminders", missed, Status.MISSED, reason="nobody was there to start it")
    yield a_run("order_reminders", missed - timedelta(days=1), Status.SKIPPED, reason=f"paused by Ann: {QUOTES}")


def write_reports(now: datetime) -> None:
    """Create the reports of all weeks but the latest, which a test makes."""
    for back in range(2, WEEKS + 2):
        monday = now.date() - timedelta(days=now.weekday() + 7 * back)
        week = {"new_customers": back % 4, "orders": 3 + back, "cents": 12_000 + 3_100 * (back % 5)}
        content = {
            "from": str(monday),
            "to": str(monday + timedelta(days=6)),
            "totals": {"customers": 90 - back, "orders": 400 - 8 * back, "cents": 9_000_000 - 20_000 * back},
            "week": week,
            "before": {"new_customers": 2, "orders": 4, "cents": 10_000},
            "top_customers": [
                {"id": f"cus_{n}", "name": name, "cents": 900, "count": 1} for n, name in enumerate(HOSTILE)
            ],
            "top_products": [
                {"id": "prd_0", "name": "=1+1", "cents": 900, "count": 3},
                {"id": "prd_1", "name": None, "cents": 500, "count": 1},
            ],
        }
        reports.save(weekly_report.KIND, weekly_report.period_of(monday), content, token=f"t{back}")

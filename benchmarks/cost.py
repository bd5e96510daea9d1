"""What does a stage cost a month? `python -m benchmarks.cost` prints the tables of docs/costs.md.

What each piece of work asks of AWS was measured on MiniStack and is kept in `units.json`; `--measure` does it again. How
often each is done, and what cannot be measured here, is assumed below; prices are in `prices`.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import backend
from benchmarks.prices import NOTED, bill

UNITS = Path(__file__).with_name("units.json")
Units = dict[str, float]
Quantities = dict[str, float]
"""What is metered, by the names in `prices`."""

YEARS = 2
DAYS = 365 / 12
SECONDS = DAYS * 86400
GB = 2**30
FIRINGS = {"low_stock": 2 * DAYS, "order_reminders": DAYS, "customer_cleanup": 52 / 12, "weekly_report": 52 / 12}
BEATS = 288 * DAYS
MINUTES = 1440 * DAYS
CALLS = {"order": 1, "orders_page": 4, "customer_by_email": 10, "hello": 5}
"""Requests with a key, for each order that is placed."""
LOW, LAPSING, WEEK = 0.01, 0.3 / 52, 7 / (YEARS * 365)
"""Of the products, those low at each restock; of the customers, those cleaned up a week; of the orders, those of a week."""

MEMORY = {"api": 1.0, "heartbeat": 0.5, "dispatch": 0.5, "job": 1.0}
WARM, A_CALL, COLD = 0.05, 0.01, 2.0
"""Seconds of a function that starts from memory, that each call of DynamoDB or SQS adds, and that a cold start adds."""
COLD_SHARE = 0.01
LOG_BYTES = {"request": 1000, "invocation": 2000, "idle": 500, "line": 400}
LOG_MONTHS = 3
POLLS = 2 * 5 * SECONDS / 20
"""Of two queues: five pollers of Lambda each, each asking every 20 seconds."""
ALL_ALARMS = {"alarm_metrics": 21.0, "dashboards": 1.0}
FEW_ALARMS = {"alarm_metrics": 8.0, "dashboards": 0.0}
"""What `"alarms": "few"` leaves."""
STEADY_METRICS, RUN_METRICS = 4, 3
"""Three of the heartbeat and the total of successful runs; three of a run of another job, each paid for an hour."""


WORK = {
    "order": "an order of 2 lines, with an Idempotency-Key",
    "orders_page": "a page of 100 orders with customers and products",
    "customer_by_email": "a customer by e-mail",
    "hello": "`hello`, with a key",
    "heartbeat": "a heartbeat with its watch, two functions",
    "dispatch": "a minute of the dispatcher with nothing due and 10 schedules",
    "dispatch_full": "… and with 100, the most there may be",
    "dispatch_slot": "… and each slot that it serves",
    "low_stock.run": "`low_stock`: a run",
    "low_stock.row": "… and each product",
    "order_reminders.run": "`order_reminders`: a run",
    "order_reminders.row": "… and each order",
    "customer_cleanup.run": "`customer_cleanup`: a run",
    "customer_cleanup.row": "… and each customer",
    "weekly_report.run": "`weekly_report`: a run, two functions",
    "weekly_report.row": "… and each order of the week",
}


@dataclass(frozen=True, slots=True)
class Size:
    name: str
    customers: int
    products: int
    orders: int
    few_alarms: bool = False

    def times(self, factor: int) -> "Size":
        return Size(self.name, int(self.customers * factor), int(self.products * factor), int(self.orders * factor))

    @property
    def placed(self) -> float:
        """Orders a month."""
        return self.orders / YEARS / 12


SMALL = Size("small", 10_000, 1_000, 100_000)
SIZES = (
    replace(SMALL, name="small, few alarms", few_alarms=True),
    SMALL,
    replace(SMALL.times(10), name="medium"),
    replace(SMALL.times(100), name="large"),
)


def kept_units() -> dict[str, Units]:
    found: dict[str, Units] = json.loads(UNITS.read_text())
    return found


def work_of(units: Units, times: float, *, memory: float, cold: float, log: float) -> Quantities:
    """What a piece of work uses when it is done so often a month; `log` is bytes, `cold` how many of 1 start cold."""
    seconds = (units["calls"] + units["sqs_calls"]) * A_CALL
    starts = units["invocations"] * (WARM + COLD * cold)
    logged = log * times / GB
    return {
        "write_units": units["write_units"] * times,
        "read_units": units["read_units"] * times,
        "sqs_calls": units["sqs_calls"] * times,
        "requests": units["requests"] * times,
        "invocations": units["invocations"] * times,
        "gb_seconds": (seconds + starts) * memory * times,
        "stored_gb": units["byte_days"] * times / DAYS / GB,
        "table_gb": units["byte_days"] * times / DAYS / GB,
        "log_gb": logged,
        "kept_log_gb": logged * LOG_MONTHS,
    }


def together(parts: Iterable[Quantities]) -> Quantities:
    found: Quantities = {}
    for part in parts:
        for name, quantity in part.items():
            found[name] = found.get(name, 0.0) + quantity
    return found


def heartbeat(units: Mapping[str, Units]) -> Quantities:
    """With its watch, and what it asks of the API: the same for every size."""
    log = LOG_BYTES["invocation"] + LOG_BYTES["request"]
    return work_of(units["heartbeat"], BEATS, memory=MEMORY["heartbeat"], cold=0, log=log)


def dispatcher(units: Mapping[str, Units]) -> Quantities:
    """Every minute, with nothing due."""
    return work_of(units["dispatch"], MINUTES, memory=MEMORY["dispatch"], cold=0, log=LOG_BYTES["idle"])


def fixed(units: Mapping[str, Units]) -> Quantities:
    """What is paid whatever the size."""
    metrics = STEADY_METRICS + RUN_METRICS * sum(FIRINGS.values()) * 3600 / SECONDS
    standing = {"sqs_calls": POLLS, "custom_metrics": metrics}
    log = LOG_BYTES["invocation"]
    runs = (
        work_of(units[f"{job}.run"], times, memory=MEMORY["job"], cold=1, log=log) for job, times in FIRINGS.items()
    )
    return together([standing, heartbeat(units), dispatcher(units), *runs])


def asked(size: Size, units: Mapping[str, Units]) -> Quantities:
    """Requests with a key."""
    log = LOG_BYTES["request"]
    return together(
        work_of(units[name], calls * size.placed, memory=MEMORY["api"], cold=COLD_SHARE, log=log)
        for name, calls in CALLS.items()
    )


def rows_of_a_run(size: Size) -> dict[str, float]:
    """Of each job."""
    return {
        "low_stock": LOW * size.products,
        "order_reminders": WEEK * size.orders,
        "customer_cleanup": LAPSING * size.customers,
        "weekly_report": WEEK * size.orders,
    }


def rows_worked_on(size: Size, units: Mapping[str, Units]) -> Quantities:
    """By the jobs. A line is logged for each product and each order that is due."""
    logged = {"low_stock": LOG_BYTES["line"], "order_reminders": LOG_BYTES["line"]}
    return together(
        work_of(units[f"{job}.row"], rows * FIRINGS[job], memory=MEMORY["job"], cold=0, log=logged.get(job, 0))
        for job, rows in rows_of_a_run(size).items()
    )


def kept(size: Size, units: Mapping[str, Units]) -> Quantities:
    table = index = 0.0
    for name, count in (("a_customer", size.customers), ("a_product", size.products), ("order", size.orders)):
        table += units[name]["table_bytes"] * count / GB
        index += units[name]["index_bytes"] * count / GB
    return {"table_gb": table, "stored_gb": table + index}


def proportional(size: Size, units: Mapping[str, Units]) -> Quantities:
    """What twice the customers, products and orders use twice of."""
    return together([asked(size, units), rows_worked_on(size, units), kept(size, units)])


def watched(size: Size) -> Quantities:
    """Alarms and the dashboard."""
    return dict(FEW_ALARMS if size.few_alarms else ALL_ALARMS)


def quantities(size: Size, units: Mapping[str, Units]) -> Quantities:
    return together([fixed(units), watched(size), proportional(size, units)])


def traces(size: Size, units: Mapping[str, Units]) -> Quantities:
    """What X-Ray would take if it was on: all of the heartbeat and the dispatcher, and of the requests and jobs, here spread
    evenly, the first of each second and 5 % of the others.
    """
    steady = heartbeat(units)["invocations"] + dispatcher(units)["invocations"]
    others = quantities(size, units)["invocations"] - steady
    first = min(others, SECONDS)
    return {"traces": steady + first + 0.05 * (others - first)}


def table(units: Mapping[str, Units]) -> str:
    used = [quantities(size, units) for size in SIZES]
    bills = [bill(each) for each in used]
    free = [sum(bill(each, free=True).values()) for each in used]
    x_ray = [bill(traces(size, units))["X-Ray"] for size in SIZES]
    share, minutes = (sum(bill(each(units)).values()) for each in (heartbeat, dispatcher))
    rows = [
        ("", [size.name for size in SIZES]),
        ("---", ["---:"] * len(SIZES)),
        ("customers / products", [f"{size.customers:,} / {size.products:,}" for size in SIZES]),
        ("orders in two years", [f"{size.orders:,}" for size in SIZES]),
        ("API requests a month", [f"{size.placed * sum(CALLS.values()):,.0f}" for size in SIZES]),
        *((name, [f"{each[name]:,.2f}" for each in bills]) for name in bills[0] if name != "X-Ray"),
        ("**together, USD a month**", [f"**{sum(each.values()):,.2f}**" for each in bills]),
        ("of it the heartbeat with its watch", [f"{share:,.2f}"] * len(SIZES)),
        ("of it the dispatcher", [f"{minutes:,.2f}"] * len(SIZES)),
        ("together, after what an account has free", [f"{each:,.2f}" for each in free]),
        ("X-Ray would add, if it was on", [f"{each:,.2f}" for each in x_ray]),
    ]
    return _markdown(rows)


def measured(units: Mapping[str, Units]) -> str:
    columns = {
        "write_units": "write units",
        "read_units": "read units",
        "calls": "calls of DynamoDB",
        "sqs_calls": "of SQS",
    }
    rows = [
        ("measured", list(columns.values())),
        ("---", ["---:"] * len(columns)),
        *((text, [f"{units[name][column]:.4g}" for column in columns]) for name, text in WORK.items()),
    ]
    return _markdown(rows)


def _markdown(rows: Iterable[tuple[str, list[str]]]) -> str:
    return "\n".join("| " + " | ".join([name, *cells]) + " |" for name, cells in rows)


def measure() -> str:
    return "".join(backend.run("benchmarks.units", CRM_STAGE="cost", CRM_CLEANUP_FLOOR="1000"))


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.cost", description="What a stage costs a month.")
    parser.add_argument("--measure", action="store_true", help="measure the units again, on an emulator, and keep them")
    if parser.parse_args().measure:
        UNITS.write_text(measure())
    units = kept_units()
    print(f"us-east-1, prices noted on {NOTED}\n\n{table(units)}\n\n{measured(units)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What a stage of some size uses in a month: how often each piece of work is done, times what it asks of AWS.

What each piece of work asks of AWS was measured on MiniStack and is kept in `units.json`. How often each is done, and what
cannot be measured here, is assumed below.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

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
"""Requests of other programs, such as a web shop, for each order that is placed."""
LOW, LAPSING, WEEK = 0.01, 0.3 / 52, 7 / (YEARS * 365)
"""Of the products, those low at each restock; of the customers, those cleaned up a week; of the orders, those of a week."""

WORKDAYS = 21
DESK = {
    "console_file": 80,
    "search": 120,
    "list_page": 60,
    "customer_page": 40,
    "order_page": 40,
    "customer_edit": 10,
    "order_edit": 10,
    "refund": 2,
    "status": 48,
}
"""What somebody in the office does on a workday, with the console open for eight hours. A search is sent about twice as it is typed."""
OPERATORS = {"overview": 240, "status": 480, "audit_log": 5}
"""What the operator of a stage does on a workday: an open console, and an hour of the overview, which is read every 15 seconds."""
SYSTEMS = {"changed": 2 * BEATS, "notification": 100}
"""What other systems do in a month: two ask every 5 minutes what has changed, and notifications are sent to a chat."""
IMPORTED = {"imported_order": 0.05, "imported_customer": 0.05}
"""Rows of CSV files, for each order that is placed."""

MEMORY = {"api": 1.0, "heartbeat": 0.5, "dispatch": 0.5, "job": 1.0}
WARM, A_CALL, COLD = 0.02, 0.01, 1.5
"""Seconds of a function that starts from memory, that each call of DynamoDB or SQS adds, and that a cold start adds.

Measured: 1.7 ms of CPU for `hello`, 5 for a customer by e-mail, 14 for an order and 22 for a page of orders, which is 8 on average;
1.0 s for a start. A function of 1 GB has 0.58 of a CPU, and a whole one while it starts.
"""
COLD_SHARE = 0.01
LOG_BYTES = {"request": 700, "invocation": 2000, "idle": 500, "line": 400}
LOG_MONTHS = 3
POLLS = 2 * 5 * SECONDS / 20
"""Of two queues: five pollers of Lambda each, each asking every 20 seconds."""
ALL_ALARMS = {"alarm_metrics": 21.0, "dashboards": 1.0}
FEW_ALARMS = {"alarm_metrics": 8.0, "dashboards": 0.0}
"""What `"alarms": "few"` leaves."""
STEADY_METRICS, RUN_METRICS = 4, 3
"""Three of the heartbeat and the total of successful runs; three of a run of another job, each paid for an hour."""


@dataclass(frozen=True, slots=True)
class Size:
    name: str
    customers: int
    products: int
    orders: int
    desks: float
    """People who work with the console all day."""
    few_alarms: bool = False

    def times(self, factor: int) -> "Size":
        more = {name: getattr(self, name) * factor for name in ("customers", "products", "orders", "desks")}
        return replace(self, **more)

    @property
    def placed(self) -> float:
        """Orders a month."""
        return self.orders / YEARS / 12


SMALL = Size("small", 10_000, 1_000, 100_000, desks=2)
SIZES = (
    replace(SMALL, name="small, few alarms", few_alarms=True),
    SMALL,
    replace(SMALL.times(10), name="medium", desks=6),
    replace(SMALL.times(100), name="large", desks=20),
)
"""Of ten times as many orders, the office needs three times as many people."""


def kept_units() -> dict[str, Units]:
    found: dict[str, Units] = json.loads(UNITS.read_text())
    return found | {"console_file": {**dict.fromkeys(found["hello"], 0.0), "requests": 1, "invocations": 1}}


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
    others = {name: times * WORKDAYS for name, times in OPERATORS.items()} | SYSTEMS
    return together([standing, heartbeat(units), dispatcher(units), _over_the_api(others, units), *runs])


def asked(size: Size, units: Mapping[str, Units]) -> Quantities:
    """Requests of other programs."""
    return _over_the_api({name: calls * size.placed for name, calls in CALLS.items()}, units)


def office(size: Size, units: Mapping[str, Units]) -> Quantities:
    """What people do with the console, and what they import."""
    of_desks = {name: times * size.desks * WORKDAYS for name, times in DESK.items()}
    imported = {name: share * size.placed for name, share in IMPORTED.items()}
    return _over_the_api({**of_desks, **imported}, units)


def _over_the_api(times: Mapping[str, float], units: Mapping[str, Units]) -> Quantities:
    log = LOG_BYTES["request"]
    return together(
        work_of(units[name], often, memory=MEMORY["api"], cold=COLD_SHARE, log=log * units[name]["invocations"])
        for name, often in times.items()
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
    return together([asked(size, units), office(size, units), rows_worked_on(size, units), kept(size, units)])


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

"""What does a stage cost a month? `python -m benchmarks.cost` prints the tables of docs/costs.md.

The assumptions are in `cost_model`, the prices in `prices`. `--measure` measures again what each piece of work asks of AWS.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping

from benchmarks import backend
from benchmarks.cost_model import SIZES, UNITS, Units, dispatcher, heartbeat, kept_units, office, quantities, traces
from benchmarks.prices import NOTED, bill

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
    "search": "a search while typing, 8 hits",
    "list_page": "the console's list of 25 orders",
    "customer_page": "its page of a customer with orders and history, 5 requests",
    "order_page": "its page of an order with history, 2 requests",
    "customer_edit": "an edit of a customer, with its change row",
    "order_edit": "other lines of an order, 2 requests",
    "refund": "a refund",
    "imported_customer": "an imported customer",
    "imported_order": "an imported order of 2 lines",
    "changed": "a look for changed orders that finds none",
    "status": "the console's look for what is wrong, every minute",
    "overview": "the overview with its timeline, every 15 seconds",
    "audit_log": "a page of the audit log",
    "notification": "a notification to a chat",
}


def table(units: Mapping[str, Units]) -> str:
    used = [quantities(size, units) for size in SIZES]
    bills = [bill(each) for each in used]
    free = [sum(bill(each, free=True).values()) for each in used]
    desks = [sum(bill(office(size, units)).values()) for size in SIZES]
    x_ray = [bill(traces(size, units))["X-Ray"] for size in SIZES]
    share, minutes = (sum(bill(each(units)).values()) for each in (heartbeat, dispatcher))
    rows = [
        ("", [size.name for size in SIZES]),
        ("---", ["---:"] * len(SIZES)),
        ("customers / products", [f"{size.customers:,} / {size.products:,}" for size in SIZES]),
        ("orders in two years", [f"{size.orders:,}" for size in SIZES]),
        ("people in the office", [f"{size.desks:,.0f}" for size in SIZES]),
        ("API requests a month", [f"{quantities(size, units)['requests']:,.0f}" for size in SIZES]),
        *((name, [f"{each[name]:,.2f}" for each in bills]) for name in bills[0] if name != "X-Ray"),
        ("**together, USD a month**", [f"**{sum(each.values()):,.2f}**" for each in bills]),
        ("of it the heartbeat with its watch", [f"{share:,.2f}"] * len(SIZES)),
        ("of it the dispatcher", [f"{minutes:,.2f}"] * len(SIZES)),
        ("of it the work of the office", [f"{each:,.2f}" for each in desks]),
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

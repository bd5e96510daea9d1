"""weekly_report: the books as they stood at the end of a week (Monday to Sunday), and what happened in it.

The schedule only puts a request on the queue. The consumer reads the week's orders page by page; each page leaves its
sums in the ledger, and the last one adds them up and stores the report, which then never changes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from heapq import nsmallest
from typing import Any, TypeAlias

from chalicelib import clock
from chalicelib.crm import reports
from chalicelib.jobs import email, report_email
from chalicelib.jobs.job import Execute, Preview, RunRefused, StepContext, StepResult, ask
from chalicelib.settings import settings

NAME = "weekly_report"
KIND = "weekly"
TOP = 5
ORDERS = """
query WeekOrders($from: Date!, $to: Date!, $after: String) {
  allOrders(orderDateAfter: $from, orderDateBefore: $to, status: PLACED, first: 100, after: $after) {
    edges { node { customerId totalAmount lines { productId quantity lineTotal } } }
    pageInfo { hasNextPage endCursor }
  }
}"""
TOTALS = """
query Totals($from: Date!, $to: Date!, $before: Date!, $beforeTo: Date!) {
  all: crmStats(to: $to) { customers orders revenue }
  week: crmStats(from: $from, to: $to) { newCustomers }
  before: crmStats(from: $before, to: $beforeTo) { newCustomers orders revenue }
}"""
NAMES = "query Names($id: ID!) { node(id: $id) { ... on Customer { name } ... on Product { name } } }"

_Sums: TypeAlias = dict[str, tuple[int, ...]]
"""(cents, orders) of each customer, (cents, pieces) of each product: of everybody who ordered, so it must be small."""


def step(work: StepContext) -> StepResult:
    first, last = week_of(work.due, work.arguments)
    if work.state.get("added_up"):
        return _finish(work, first, last)
    variables = {"from": str(first), "to": str(last), "after": work.state.get("after")}
    page = work.ask(ORDERS, **variables)["allOrders"]
    sums = _sums(edge["node"] for edge in page["edges"])
    after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
    return StepResult({"after": after} if after else {"added_up": True}, (), {}, sums)


def preview(execute: Execute, now: datetime, arguments: Mapping[str, Any]) -> Preview:
    first, last = week_of(now, arguments)
    totals = _totals(execute, first, last)["all"]
    return Preview(f"The report of {period_of(first)}, {first} to {last}", (line(totals),))


def week_of(moment: datetime, arguments: Mapping[str, Any]) -> tuple[date, date]:
    """Monday and Sunday of the week that is asked for, or of the last one that was over. Raises Refused."""
    period = arguments.get("period")
    monday = monday_of(period) if period else moment.date() - timedelta(days=moment.weekday() + 7)
    if monday is None:
        raise RunRefused(f"{period!r} is no week: use one such as 2026-W47")
    return monday, monday + timedelta(days=6)


def monday_of(period: str) -> date | None:
    """Of an ISO week such as 2026-W47, None for anything else."""
    try:
        year, week = period.split("-W")
        monday = date.fromisocalendar(int(year), int(week), 1)
    except ValueError:
        return None
    return monday if period == period_of(monday) else None


def period_of(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def line(totals: Mapping[str, Any]) -> str:
    now = f"{clock.now():%Y-%m-%d %H:%M:%S}"
    revenue = Decimal(totals["revenue"])
    return f"[{now}] Report: {totals['customers']} customers, {totals['orders']} orders, ${revenue:.2f} revenue"


def _sums(orders: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Text keys and whole numbers, as JSON keeps them."""
    customers: _Sums = {}
    products: _Sums = {}
    for order in orders:
        _add(customers, order["customerId"], _cents(order["totalAmount"]), 1)
        for entry in order["lines"]:
            _add(products, entry["productId"], _cents(entry["lineTotal"]), entry["quantity"])
    return {"customers": customers, "products": products}


def _add(sums: _Sums, key: str, *amounts: int) -> None:
    sums[key] = tuple(old + new for old, new in zip(sums.get(key, (0,) * len(amounts)), amounts, strict=True))


def _finish(work: StepContext, first: date, last: date) -> StepResult:
    customers: _Sums = {}
    products: _Sums = {}
    for content in work.step_data(work.slot):
        for sums, part in ((customers, content["customers"]), (products, content["products"])):
            for key, amounts in part.items():
                _add(sums, key, *amounts)
    totals = _totals(work.execute, first, last)
    week = {
        "new_customers": totals["week"]["newCustomers"],
        "orders": sum(orders for _, orders in customers.values()),
        "cents": sum(cents for cents, _ in customers.values()),
    }
    content = {
        "from": str(first),
        "to": str(last),
        "totals": _stored(totals["all"], "customers"),
        "week": week,
        "before": _stored(totals["before"], "newCustomers"),
        "top_customers": _top(work, customers),
        "top_products": _top(work, products),
    }
    again = bool(work.arguments.get("again"))
    report = reports.save(KIND, period_of(first), content, token=work.slot, again=again)
    made = Counter(reports_made=int(report.token == work.slot), orders=week["orders"])
    if report.token == work.slot and settings.mail_sender and settings.report_recipients:
        made[email.send_once(f"report#{report.period}", str(report.revision), report_email.write(report))] += 1
    return StepResult(None, (line(totals["all"]),), made)


def _totals(execute: Execute, first: date, last: date) -> dict[str, Any]:
    week = timedelta(days=7)
    days = {"from": first, "to": last, "before": first - week, "beforeTo": last - week}
    return ask(execute, TOTALS, **{name: str(day) for name, day in days.items()})


def _stored(stats: Mapping[str, Any], people: str) -> dict[str, int]:
    name = "new_customers" if people == "newCustomers" else people
    return {name: stats[people], "orders": stats["orders"], "cents": _cents(stats["revenue"])}


def _top(work: StepContext, sums: _Sums) -> list[dict[str, Any]]:
    """The five with the highest sums; the names as they are now, None for who is gone."""
    best = nsmallest(TOP, sums.items(), key=lambda entry: (-entry[1][0], entry[0]))
    rows = [work.ask(NAMES, id=key)["node"] for key, _ in best]
    return [
        {"id": key, "name": row["name"] if row else None, "cents": cents, "count": count}
        for (key, (cents, count)), row in zip(best, rows, strict=True)
    ]


def _cents(amount: str) -> int:
    return int(Decimal(amount) * 100)

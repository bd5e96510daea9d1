"""weekly_report: the totals at the end of a week (Monday to Sunday), and what happened in that week.

The schedule only puts a message on the queue. The consumer reads the week's orders page by page, and each step stores
the sums of its page. The last step adds them up and saves the report, which never changes afterwards.

The sums must agree with the totals, which each order changes as it is written. If they do not, the orders are read again,
now day by day: so people who go on changing orders disturb only the day that they work on, for as long as it is read.
"""

import json
import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypedDict, cast

from chalicelib import clock
from chalicelib.crm import calendar_days, money, reports
from chalicelib.jobs import email, report_content, report_email
from chalicelib.jobs.job import Preview, RunRefused, StepContext, StepResult, StepsInVain
from chalicelib.jobs.operations import Connection, Execute, SavedOperation, next_cursor, nodes
from chalicelib.jobs.report_content import OrderSums, ReportContent, Sums, TopEntry, WeekOrder, to_cents
from chalicelib.jobs.run_arguments import Argument, ArgumentType, RunArguments
from chalicelib.settings import settings
from chalicelib.store import timestamps


class ReportState(TypedDict, total=False):
    after: str
    """The next step reads the page of orders after this cursor."""
    added_up: bool
    """All orders of the day or week were read, and the next step compares them with the totals."""
    walk: int
    """The number of this reading, of a day or the week; the first one if it is left out."""
    day: str
    """The day that is read; the whole week if it is left out."""
    accepted: list[int]
    """The readings of the days before `day` that agreed with the totals."""


class OrdersAnswer(TypedDict):
    allOrders: Connection[WeekOrder]


class DayStats(TypedDict):
    orders: int
    revenue: str


class AllStats(DayStats):
    customers: int


class PeriodStats(DayStats):
    newCustomers: int


class DayAnswer(TypedDict):
    crmStats: DayStats


class TotalsAnswer(TypedDict):
    all: AllStats
    week: PeriodStats
    before: PeriodStats


class Named(TypedDict):
    name: str


class NameAnswer(TypedDict):
    node: Named | None


NAME = "weekly_report"
KIND = "weekly"
MAX_SUMS_BYTES = 300_000
"""A row has at most 400 kB. 100 imported orders can name 100,000 products, with 46 bytes each; one order at most 1,000."""
MAX_WALKS = 4
"""How often the readings of an attempt may disagree with the totals. The people who change orders may be gone by the next
attempt."""
INDEX_LAG = 2.0
"""Seconds to wait before the orders are read again: until then, the index has caught up."""
ORDERS = SavedOperation(
    """
query WeekOrders($from: Date!, $to: Date!, $after: String) {
  allOrders(orderDateAfter: $from, orderDateBefore: $to, status: PLACED, first: 100, after: $after) {
    edges { node { customerId totalAmount lines { productId quantity lineTotal } } }
    pageInfo { hasNextPage endCursor }
  }
}""",
    OrdersAnswer,
)
TEN_ORDERS, ONE_ORDER = (
    replace(ORDERS, document=ORDERS.document.replace("first: 100", f"first: {size}")) for size in (10, 1)
)
TOTALS = SavedOperation(
    """
query Totals($from: Date!, $to: Date!, $before: Date!, $beforeTo: Date!) {
  all: crmStats(to: $to) { customers orders revenue }
  week: crmStats(from: $from, to: $to) { newCustomers orders revenue }
  before: crmStats(from: $before, to: $beforeTo) { newCustomers orders revenue }
}""",
    TotalsAnswer,
)
DAY_TOTALS = SavedOperation(
    "query DayTotals($day: Date!) { crmStats(from: $day, to: $day) { orders revenue } }", DayAnswer
)
NAMES = SavedOperation(
    "query Names($id: ID!) { node(id: $id) { ... on Customer { name } ... on Product { name } } }", NameAnswer
)


def step(context: StepContext) -> StepResult:
    week = week_of(context.due, context.arguments)
    state = context.state_as(ReportState)
    if state.get("added_up"):
        return _finish_day(context, week, state["day"]) if "day" in state else _finish_week(context, week)
    page, sums = _next_orders(context, week, state)
    walk = state.get("walk", 1)
    after = next_cursor(page)
    following = state | ReportState(after=after, walk=walk) if after else state | ReportState(added_up=True, walk=walk)
    return StepResult(following, (), {}, {**sums, "walk": walk})


def _next_orders(
    context: StepContext, week: tuple[date, date], state: ReportState
) -> tuple[Connection[WeekOrder], OrderSums]:
    """Return a page of the orders and its sums: a smaller page if the sums are too large for one row."""
    first, last = (state["day"], state["day"]) if "day" in state else map(str, week)
    variables = {"from": first, "to": last, "after": state.get("after")}
    for operation in (ORDERS, TEN_ORDERS, ONE_ORDER):
        page = context.ask(operation, **variables)["allOrders"]
        sums = report_content.sum_orders(nodes(page))
        if len(json.dumps(sums)) <= MAX_SUMS_BYTES:
            break
    return page, sums


def preview(context: StepContext) -> Preview:
    first, last = week_of(context.due, context.arguments)
    totals = _totals(context.execute, first, last)["all"]
    summary = f"The report of {period_of(first)}, {first} to {last}"
    if reports.find(KIND, period_of(first)) and not context.arguments.get("again"):
        summary += ", exists already: the run would not make it again"
    return Preview(summary, (line(totals),))


def week_of(moment: datetime, arguments: RunArguments) -> tuple[date, date]:
    """Return Monday and Sunday of the requested week, or of the last week that had ended. Raises RunRefused."""
    period = arguments.get("period")
    today = calendar_days.day_of(moment)
    monday = monday_of(period) if period else today - timedelta(days=today.weekday() + 7)
    if monday is None:
        raise RunRefused(f"{period!r} is not a week: use one such as 2026-W47")
    return monday, monday + timedelta(days=6)


def monday_of(period: str) -> date | None:
    """Return the Monday of an ISO week such as 2026-W47, or None for any other text."""
    try:
        year, week = period.split("-W")
        monday = date.fromisocalendar(int(year), int(week), 1)
    except ValueError:
        return None
    return monday if period == period_of(monday) else None


def period_of(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def is_past_week(period: str) -> bool:
    """Return whether the week is over. A report made before that would take the place of the scheduled one."""
    monday = monday_of(period)
    return monday is not None and timestamps.EARLIEST.date() <= monday <= calendar_days.today() - timedelta(days=7)


ARGUMENTS = (
    Argument(
        name="period",
        type=ArgumentType.WEEK,
        help="The ISO week to report on, such as 2026-W47. The default is the last week that had ended.",
        is_valid=is_past_week,
    ),
)


def line(totals: AllStats) -> str:
    now = f"{clock.now():%Y-%m-%d %H:%M:%S}"
    revenue = Decimal(totals["revenue"])
    amount = f"{money.currency_mark()}{revenue:.2f}"
    return f"[{now}] Report: {totals['customers']} customers, {totals['orders']} orders, {amount} revenue"


def _finish_week(context: StepContext, week: tuple[date, date]) -> StepResult:
    walk = context.state_as(ReportState).get("walk", 1)
    sums = _sums(context, (walk,))
    totals = _totals(context.execute, *week)
    if not _agree(sums, totals["week"]):
        return _read_again(context, str(week[0]), period_of(week[0]))
    return _save(context, week, totals, sums)


def _finish_day(context: StepContext, week: tuple[date, date], day: str) -> StepResult:
    state = context.state_as(ReportState)
    if not _agree(_sums(context, (state["walk"],)), context.ask(DAY_TOTALS, day=day)["crmStats"]):
        return _read_again(context, day, period_of(week[0]))
    accepted = [*state["accepted"], state["walk"]]
    if day == str(week[1]):
        return _save(context, week, _totals(context.execute, *week), _sums(context, accepted))
    following = date.fromisoformat(day) + timedelta(days=1)
    return StepResult(ReportState(walk=state["walk"] + 1, day=str(following), accepted=accepted))


def _sums(context: StepContext, walks: Collection[int]) -> OrderSums:
    return report_content.merge(cast("Iterator[OrderSums]", context.step_data(context.slot)), walks)


def _save(context: StepContext, week: tuple[date, date], totals: TotalsAnswer, sums: OrderSums) -> StepResult:
    content = dict(_content(context, week, totals, sums))
    again = bool(context.arguments.get("again"))
    report = reports.save(KIND, period_of(week[0]), content, token=context.slot, again=again)
    is_own = report.token == context.slot
    counts = Counter(reports_made=int(is_own), orders=sum(orders for _, orders in sums["customers"].values()))
    if is_own and settings.mail_sender and settings.report_recipients:
        counts[email.send_once(f"report#{report.period}", str(report.revision), report_email.write(report))] += 1
    return StepResult(None, (line(totals["all"]),), counts)


def _agree(sums: OrderSums, totals: DayStats) -> bool:
    """Compare the orders that were read with the counters, which each order changes as it is written.

    They differ if the index lagged behind the orders, or if an order was placed or cancelled while they were read.
    """
    amounts = sums["customers"].values()
    found = sum(orders for _, orders in amounts), sum(cents for cents, _ in amounts)
    return found == (totals["orders"], to_cents(totals["revenue"]))


def _read_again(context: StepContext, day: str, period: str) -> StepResult:
    """Read that day from its beginning. Raises StepsInVain after too many times in this attempt."""
    state = context.state_as(ReportState)
    walk, accepted = state.get("walk", 1), state.get("accepted", [])
    in_vain = walk - len(accepted)
    if in_vain >= MAX_WALKS * max(context.attempts, 1):
        raise StepsInVain(
            f"The orders of {period} did not add up to its totals, {in_vain} times: somebody keeps changing them. Make the "
            f'report later: remakeReport(period: "{period}"), or crmctl remake-report {period}'
        )
    time.sleep(INDEX_LAG)
    return StepResult(ReportState(walk=walk + 1, day=day, accepted=accepted))


def _content(context: StepContext, week: tuple[date, date], totals: TotalsAnswer, sums: OrderSums) -> ReportContent:
    end, before = totals["all"], totals["before"]
    amounts = sums["customers"].values()
    return {
        "from": str(week[0]),
        "to": str(week[1]),
        "totals": {"customers": end["customers"], "orders": end["orders"], "cents": to_cents(end["revenue"])},
        "week": {
            "new_customers": totals["week"]["newCustomers"],
            "orders": sum(orders for _, orders in amounts),
            "cents": sum(cents for cents, _ in amounts),
        },
        "before": {
            "new_customers": before["newCustomers"],
            "orders": before["orders"],
            "cents": to_cents(before["revenue"]),
        },
        "top_customers": _top(context, sums["customers"]),
        "top_products": _top(context, sums["products"]),
    }


def _totals(execute: Execute, first: date, last: date) -> TotalsAnswer:
    week = timedelta(days=7)
    days = {"from": first, "to": last, "before": first - week, "beforeTo": last - week}
    return TOTALS.run(execute, **{name: str(day) for name, day in days.items()})


def _top(context: StepContext, sums: Sums) -> list[TopEntry]:
    highest = report_content.highest(sums)
    rows = [context.ask(NAMES, id=key)["node"] for key, _ in highest]
    return [
        {"id": key, "name": row["name"] if row else None, "cents": cents, "count": count}
        for (key, (cents, count)), row in zip(highest, rows, strict=True)
    ]

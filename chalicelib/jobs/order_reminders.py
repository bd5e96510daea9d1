"""order_reminders: a line, and if there is a sender address an e-mail, for each order of the last days.

Once for an order and a day, also when the job is run again that day; cancelled orders, and those whose customer is gone,
are left out.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from chalicelib import clock
from chalicelib.jobs import email
from chalicelib.jobs.job import Execute, Preview, StepContext, StepResult, ask
from chalicelib.settings import settings

NAME = "order_reminders"
SELECT = """
query Due($day: Date!, $after: String) {
  ordersDueForReminder(day: $day, first: 100, after: $after) {
    edges { node { id orderDate totalAmount customer { name email } } }
    pageInfo { hasNextPage endCursor }
  }
}"""
SHOW = SELECT.replace(" endCursor", "")
"""The first cursor ever makes the secret that it is signed with: a preview writes not even that."""
_KNOWN = "reminded before"


def window(day: date) -> tuple[date, date]:
    """The first and the last day whose orders are due on `day`."""
    return day - timedelta(days=settings.reminder_days), day


def step(work: StepContext) -> StepResult:
    day = work.due.date()
    page = work.ask(SELECT, day=day.isoformat(), after=work.state.get("after"))["ordersDueForReminder"]
    known = _reminded_before(work)
    due = [edge["node"] for edge in page["edges"] if edge["node"]["id"] not in known]
    orders = [order for order in due if order["customer"]]
    counts = {"reminded": len(orders), "already_reminded": len(page["edges"]) - len(due)}
    if len(orders) < len(due):
        counts["customer_gone"] = len(due) - len(orders)
    if settings.mail_sender:
        counts |= email.remind(day, orders)
    after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
    return StepResult({"after": after} if after else None, _lines(orders), counts, [order["id"] for order in orders])


def preview(execute: Execute, now: datetime, _arguments: Mapping[str, Any]) -> Preview:
    page = ask(execute, SHOW, day=now.date().isoformat())["ordersDueForReminder"]
    orders = [edge["node"] for edge in page["edges"] if edge["node"]["customer"]]
    more = page["pageInfo"]["hasNextPage"]
    return Preview(f"{'At least ' * more}{len(orders)} orders are due for a reminder", _lines(orders), more)


def _lines(orders: list[dict[str, Any]]) -> tuple[str, ...]:
    now = f"{clock.now():%Y-%m-%d %H:%M:%S}"
    return tuple(f"[{now}] - Order ID: {order['id']}, Customer Email: {order['customer']['email']}" for order in orders)


def _reminded_before(work: StepContext) -> set[str]:
    """By other runs of this day: usually there are none, and then this costs one read. Kept for the next pages, as no other
    run of the job goes on meanwhile.
    """
    if _KNOWN not in work.cache:
        step_data = (content for slot in work.other_slots_today() for content in work.step_data(slot))
        work.cache[_KNOWN] = {order_id for content in step_data for order_id in content}
    known: set[str] = work.cache[_KNOWN]
    return known

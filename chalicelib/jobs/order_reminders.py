"""order_reminders: logs a line for each order of the last days and, if a sender address is set, sends an e-mail.

There is one reminder per order and day, even if the job runs again on the same day. Orders that were cancelled or
refunded in full, and orders whose customer was deleted, are left out. An order whose customer's address is suppressed
gets its line, which says so, and no e-mail.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TypedDict, cast
from urllib.parse import urljoin

from chalicelib import clock
from chalicelib.crm import calendar_days, money, unsubscribe_tokens
from chalicelib.crm.orders import MAX_REMINDER_DAYS
from chalicelib.jobs import email
from chalicelib.jobs.email import Email, SendingRefused
from chalicelib.jobs.job import Preview, StepContext, StepResult
from chalicelib.jobs.operations import Connection, SavedOperation, next_cursor, nodes
from chalicelib.jobs.run_arguments import Argument
from chalicelib.plurals import counted
from chalicelib.settings import settings


class RemindersState(TypedDict, total=False):
    after: str
    """The page after this cursor is next. Missing: the first page."""
    done: list[str]
    """The orders of that page that earlier steps have reminded of."""


class EmailSuppression(TypedDict):
    reason: str


class OrderCustomer(TypedDict):
    name: str
    email: str
    emailSuppression: EmailSuppression | None


class DueOrder(TypedDict):
    id: str
    orderDate: str
    totalAmount: str
    customer: OrderCustomer


class OrderRow(TypedDict):
    id: str
    orderDate: str
    totalAmount: str
    customer: OrderCustomer | None


class DueAnswer(TypedDict):
    ordersDueForReminder: Connection[OrderRow]


NAME = "order_reminders"
ARGUMENTS = (
    Argument(
        name="days",
        help="How many days back orders are due for a reminder.",
        default=settings.reminder_days,
        minimum=1,
        maximum=max(MAX_REMINDER_DAYS, settings.reminder_days),
    ),
)
SELECT = SavedOperation(
    """
query Due($day: Date!, $days: Int, $after: String) {
  ordersDueForReminder(day: $day, days: $days, first: 100, after: $after) {
    edges { node { id orderDate totalAmount customer { name email emailSuppression { reason } } } }
    pageInfo { hasNextPage endCursor }
  }
}""",
    DueAnswer,
)
PREVIEW = replace(SELECT, document=SELECT.document.replace(" endCursor", ""))
"""Without a cursor, because the first cursor ever makes the secret that signs cursors, and a preview writes nothing."""
_REMINDED = "reminded before"


def window(day: date) -> tuple[date, date]:
    """Return the first and the last day whose orders are due for a reminder on `day`."""
    return day - timedelta(days=settings.reminder_days), day


def step(context: StepContext) -> StepResult:
    day = calendar_days.day_of(context.due)
    state = context.state_as(RemindersState)
    days = context.arguments.get("days")
    page = context.ask(SELECT, day=day.isoformat(), days=days, after=state.get("after"))["ordersDueForReminder"]
    rows = [order for order in nodes(page) if order["id"] not in state.get("done", ())]
    due = _not_reminded(context, rows)
    orders = _with_customer(due)
    outcomes = send_reminders(day, orders, context.has_time) if settings.mail_sender else []
    if settings.mail_sender and len(outcomes) < len(orders):
        return _part_of_page(state, orders[: len(outcomes)], outcomes)
    counts = {"reminded": len(orders), "already_reminded": len(rows) - len(due), **Counter(outcomes)}
    if len(orders) < len(due):
        counts["customer_gone"] = len(due) - len(orders)
    after = next_cursor(page)
    following = RemindersState(after=after) if after else None
    return StepResult(following, _lines(orders), counts, [order["id"] for order in orders])


def preview(context: StepContext) -> Preview:
    days = context.arguments.get("days")
    page = context.ask(PREVIEW, day=calendar_days.day_of(context.due).isoformat(), days=days)["ordersDueForReminder"]
    due = _not_reminded(context, nodes(page))
    orders, more = _with_customer(due), page["pageInfo"]["hasNextPage"]
    are = "is" if len(orders) == 1 else "are"
    summary = f"{'At least ' * more}{counted(len(orders), 'order')} {are} due for a reminder"
    already = len(page["edges"]) - len(due)
    if already:
        summary += f"; {'at least ' * more}{already} had theirs earlier today"
    suppressed = sum(_is_suppressed(order) for order in orders) if settings.mail_sender else 0
    if suppressed:
        summary += f"; {'at least ' * more}{suppressed} of them {'is' if suppressed == 1 else 'are'} not e-mailed, because the address is suppressed"
    return Preview(summary, _lines(orders), more)


def send_reminders(day: date, orders: Sequence[DueOrder], has_time: Callable[[], bool] = lambda: True) -> list[str]:
    """Send the reminders that were not sent yet, see `email.send_all`. Raises Unavailable, SendingRefused.

    Nobody gets a reminder without a link to unsubscribe.
    """
    if orders and not settings.api_url:
        raise SendingRefused(
            "CRM_API_URL is not set, so reminders would have no link to unsubscribe. Set it, then repeat the run"
        )
    emails = ((order["id"], None if _is_suppressed(order) else _reminder(order)) for order in orders)
    return email.send_all(str(day), emails, has_time)


def _part_of_page(state: RemindersState, orders: list[DueOrder], outcomes: list[str]) -> StepResult:
    """Return the result of a step that stopped within a page. The next step reads the page again and continues in it."""
    reminded = [order["id"] for order in orders]
    following = RemindersState(done=[*state.get("done", ()), *reminded])
    if "after" in state:
        following["after"] = state["after"]
    return StepResult(following, _lines(orders), {"reminded": len(orders), **Counter(outcomes)}, reminded)


def _reminder(order: DueOrder) -> Email:
    customer, day = order["customer"], calendar_days.day_of_text(order["orderDate"])
    url = urljoin(settings.api_url, f"unsubscribe?token={unsubscribe_tokens.token_for(customer['email'])}")
    text = (
        f"Hello {customer['name']},\n\nthis is a reminder of your order {order['id']} of {day}: "
        f"{money.currency_mark()}{order['totalAmount']} in total.\n\nTo stop e-mails about your orders: {url}\n"
    )
    return Email((customer["email"],), f"Your order of {day}", text, unsubscribe_url=url)


def _is_suppressed(order: DueOrder) -> bool:
    return order["customer"]["emailSuppression"] is not None


def _with_customer(orders: Iterable[OrderRow]) -> list[DueOrder]:
    return [cast("DueOrder", order) for order in orders if order["customer"]]


def _lines(orders: Iterable[DueOrder]) -> tuple[str, ...]:
    now = f"{clock.now():%Y-%m-%d %H:%M:%S}"
    return tuple(
        f"[{now}] - Order ID: {order['id']}, Customer Email: {order['customer']['email']}{_note(order['customer'])}"
        for order in orders
    )


def _note(customer: OrderCustomer) -> str:
    suppression = customer["emailSuppression"] if settings.mail_sender else None
    return f", not e-mailed: {suppression['reason']}" if suppression else ""


def _not_reminded(context: StepContext, orders: Iterable[OrderRow]) -> list[OrderRow]:
    reminded = _reminded_before(context)
    return [order for order in orders if order["id"] not in reminded]


def _reminded_before(context: StepContext) -> set[str]:
    """Return the orders that other runs of this day have reminded of.

    Usually there are none, and this costs one read. The result is cached for the next steps: no other run of the job
    goes on at the same time.
    """
    if _REMINDED not in context.cache:
        contents = (content for slot in context.other_slots_today() for content in context.step_data(slot))
        context.cache[_REMINDED] = {order_id for content in contents for order_id in cast("list[str]", content)}
    return cast("set[str]", context.cache[_REMINDED])

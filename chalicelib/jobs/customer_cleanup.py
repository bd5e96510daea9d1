"""customer_cleanup: moves customers without an order in the last year to the archive, up to a cap.

The steps of a run: check the cap, then select a page and delete it, page after page.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TypedDict

from chalicelib import clock
from chalicelib.crm import calendar_days
from chalicelib.jobs.job import Preview, RunRefused, StepContext, StepResult
from chalicelib.jobs.log_escaping import escape_phrases
from chalicelib.jobs.operations import Connection, Execute, SavedOperation, next_cursor, nodes
from chalicelib.jobs.run_arguments import Argument, RunArguments
from chalicelib.plurals import counted
from chalicelib.settings import settings


class SelectState(TypedDict):
    """The next step selects customers."""

    before: str
    after: str | None


class DeleteState(TypedDict):
    """The next step deletes these customers. The step after it selects the next page, if `after` has its cursor."""

    before: str
    ids: list[str]
    after: str | None


class Customer(TypedDict):
    id: str
    name: str
    email: str


class CountAnswer(TypedDict):
    inactiveCustomerCount: int


class Totals(TypedDict):
    customers: int


class TotalsAnswer(TypedDict):
    crmStats: Totals


class InactiveAnswer(TypedDict):
    inactiveCustomers: Connection[Customer]


class DeleteResult(TypedDict):
    deleted: list[str]


class DeleteAnswer(TypedDict):
    deleteInactiveCustomers: DeleteResult


NAME = "customer_cleanup"
ARGUMENTS = (
    Argument(
        name="inactive_days",
        help="Delete customers without an order for more than this many days.",
        default=settings.inactive_days,
        minimum=settings.inactive_days,
        maximum=max(36_500, settings.inactive_days),
    ),
    Argument(
        name="cap",
        help="Stop if more customers than this would be deleted. The default depends on the number of all customers.",
        minimum=1,
        maximum=2**31 - 1,
        changeable=True,
    ),
)
COUNT = SavedOperation("query Affected($before: Date!) { inactiveCustomerCount(activeBefore: $before) }", CountAnswer)
ALL = SavedOperation("query All { crmStats { customers } }", TotalsAnswer)
SELECT = SavedOperation(
    """
query Inactive($before: Date!, $after: String) {
  inactiveCustomers(activeBefore: $before, first: 100, after: $after) {
    edges { node { id name email } }
    pageInfo { hasNextPage endCursor }
  }
}""",
    InactiveAnswer,
)
PREVIEW = replace(SELECT, document=SELECT.document.replace(" endCursor", ""))
"""Without a cursor, because the first cursor ever makes the secret that signs cursors, and a preview writes nothing."""
DELETE = SavedOperation(
    """
mutation Delete($before: Date!, $ids: [ID!]!, $slot: DateTime!) {
  deleteInactiveCustomers(activeBefore: $before, ids: $ids, slot: $slot) { deleted }
}""",
    DeleteAnswer,
)


def cutoff(moment: datetime, arguments: RunArguments) -> date:
    """Return the day before which a customer's last activity makes them inactive."""
    return calendar_days.day_of(moment) - timedelta(days=arguments.get("inactive_days", settings.inactive_days))


def step(context: StepContext) -> StepResult:
    if not context.state:
        return _check(context)
    if "ids" in context.state:
        return _delete(context, context.state_as(DeleteState))
    return _select(context, context.state_as(SelectState))


def preview(context: StepContext) -> Preview:
    before = cutoff(context.due, context.arguments).isoformat()
    count, cap = _count_and_cap(context.execute, before, context.arguments)
    page = context.ask(PREVIEW, before=before)["inactiveCustomers"]
    lines = tuple(
        f"Customer: {escape_phrases(customer['name'])}, Email: {customer['email']}" for customer in nodes(page)
    )
    over = f", more than the cap of {cap}: the run would stop" if count > cap else ""
    return Preview(f"{counted(count, 'customer')} would be deleted{over}", lines, page["pageInfo"]["hasNextPage"])


def _check(context: StepContext) -> StepResult:
    before = cutoff(context.due, context.arguments).isoformat()
    count, cap = _count_and_cap(context.execute, before, context.arguments)
    if count > cap:
        raise RunRefused(
            f"{counted(count, 'customer')} would be deleted, more than the cap of {cap}. Look at inactiveCustomers; "
            f'if they are to be deleted, run the job with a higher cap: runJob(name: "{NAME}", cap: {count}), '
            f"or crmctl run {NAME} --cap {count}"
        )
    return StepResult(SelectState(before=before, after=None))


def _count_and_cap(execute: Execute, before: str, arguments: RunArguments) -> tuple[int, int]:
    """Return how many customers would be deleted, and how many may be."""
    count = COUNT.run(execute, before=before)["inactiveCustomerCount"]
    return count, arguments.get("cap") or _default_cap(execute, count)


def _default_cap(execute: Execute, count: int) -> int:
    # Counting all customers adds up every day's counters, so ask for it only if it can matter.
    if count <= settings.cleanup_floor:
        return settings.cleanup_floor
    customers = ALL.run(execute)["crmStats"]["customers"]
    return max(settings.cleanup_floor, customers * settings.cleanup_percent // 100)


def _select(context: StepContext, state: SelectState) -> StepResult:
    """Save which customers are deleted before any of them is: afterwards nobody could say that this run did it."""
    page = context.ask(SELECT, before=state["before"], after=state["after"])["inactiveCustomers"]
    ids, after = [customer["id"] for customer in nodes(page)], next_cursor(page)
    if not ids and after is None:
        return _last(context, [])
    return StepResult(DeleteState(before=state["before"], ids=ids, after=after))


def _delete(context: StepContext, state: DeleteState) -> StepResult:
    answer = context.ask(DELETE, before=state["before"], ids=state["ids"], slot=context.instant)
    deleted = answer["deleteInactiveCustomers"]["deleted"]
    if state["after"] is None:
        return _last(context, deleted)
    following = SelectState(before=state["before"], after=state["after"])
    return StepResult(following, (), {"deleted": len(deleted)}, deleted)


def _last(context: StepContext, deleted: list[str]) -> StepResult:
    total = context.counts.get("deleted", 0) + len(deleted)
    line = f"[{clock.now():%Y-%m-%d %H:%M:%S}] Deleted {total} inactive customers"
    return StepResult(None, (line,), {"deleted": len(deleted)}, deleted or None)

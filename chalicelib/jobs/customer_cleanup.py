"""customer_cleanup: moves customers without an order in the last year to the archive, and no more than a cap of them."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from chalicelib import clock
from chalicelib.jobs.job import Execute, Preview, RunRefused, StepContext, StepResult, ask
from chalicelib.settings import settings

NAME = "customer_cleanup"
COUNT = "query Affected($before: Date!) { inactiveCustomerCount(activeBefore: $before) }"
ALL = "query All { crmStats { customers } }"
SELECT = """
query Inactive($before: Date!, $after: String) {
  inactiveCustomers(activeBefore: $before, first: 100, after: $after) {
    edges { node { id name email } }
    pageInfo { hasNextPage endCursor }
  }
}"""
SHOW = SELECT.replace(" endCursor", "")
"""The first cursor ever makes the secret that it is signed with: a preview writes not even that."""
DELETE = """
mutation Delete($before: Date!, $ids: [ID!]!, $slot: DateTime!) {
  deleteInactiveCustomers(activeBefore: $before, ids: $ids, slot: $slot) { deleted }
}"""


def cutoff(moment: datetime) -> date:
    """Who was last active before this day is inactive."""
    return moment.date() - timedelta(days=settings.inactive_days)


def step(work: StepContext) -> StepResult:
    if not work.state:
        return _check(work)
    chosen = work.state.get("ids")
    return _select(work) if chosen is None else _delete(work, chosen)


def preview(execute: Execute, now: datetime, arguments: Mapping[str, Any]) -> Preview:
    before = cutoff(now).isoformat()
    count, cap = _affected(execute, before, arguments)
    page = ask(execute, SHOW, before=before)["inactiveCustomers"]
    lines = tuple("Customer: {name}, Email: {email}".format(**edge["node"]) for edge in page["edges"])
    over = f", more than the cap of {cap}: the run would stop" if count > cap else ""
    return Preview(f"{count} customers would be deleted{over}", lines, page["pageInfo"]["hasNextPage"])


def _check(work: StepContext) -> StepResult:
    before = cutoff(work.due).isoformat()
    count, cap = _affected(work.execute, before, work.arguments)
    if count > cap:
        raise RunRefused(
            f"{count} customers would be deleted, more than the cap of {cap}. Look at inactiveCustomers; "
            f'if they shall go, run the job with the cap raised: runJob(name: "{NAME}", cap: {count}), '
            f"or crmctl run {NAME} --cap {count}"
        )
    return StepResult({"before": before})


def _affected(execute: Execute, before: str, arguments: Mapping[str, Any]) -> tuple[int, int]:
    """(how many would be deleted, how many may be)"""
    count = ask(execute, COUNT, before=before)["inactiveCustomerCount"]
    return count, arguments.get("cap") or _cap(execute, count)


def _cap(execute: Execute, count: int) -> int:
    """How many customers there are is a sum over all days of the books: it is asked for only if it matters."""
    if count <= settings.cleanup_floor:
        return settings.cleanup_floor
    everybody: int = ask(execute, ALL)["crmStats"]["customers"]
    return max(settings.cleanup_floor, everybody * settings.cleanup_percent // 100)


def _select(work: StepContext) -> StepResult:
    """Kept before it is done: of a customer that is gone nobody could say whether this run took it."""
    before = work.state["before"]
    page = work.ask(SELECT, before=before, after=work.state.get("after"))["inactiveCustomers"]
    ids = [edge["node"]["id"] for edge in page["edges"]]
    after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
    if not ids and after is None:
        return _last(work, 0)
    return StepResult({"before": before, "ids": ids, "after": after})


def _delete(work: StepContext, ids: list[str]) -> StepResult:
    before, after = work.state["before"], work.state["after"]
    deleted = work.ask(DELETE, before=before, ids=ids, slot=work.slot)["deleteInactiveCustomers"]["deleted"]
    if after is None:
        return _last(work, len(deleted), deleted)
    return StepResult({"before": before, "after": after}, (), {"deleted": len(deleted)}, deleted)


def _last(work: StepContext, deleted: int, ids: list[str] | None = None) -> StepResult:
    total = work.counts.get("deleted", 0) + deleted
    line = f"[{clock.now():%Y-%m-%d %H:%M:%S}] Deleted {total} inactive customers"
    return StepResult(None, (line,), {"deleted": deleted}, ids)

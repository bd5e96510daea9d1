"""erasure: the job that calls the API until all data about a person is erased, page by page.

Only `eraseCustomer` starts it; it has no schedule.

The work is in `chalicelib.privacy`. A step that must wait for something that is under way fails, and is attempted again.
"""

import time
from typing import NotRequired, TypedDict

from chalicelib import clock
from chalicelib.jobs.job import Preview, StepContext, StepResult
from chalicelib.jobs.operations import SavedOperation
from chalicelib.plurals import counted


class ErasureState(TypedDict, total=False):
    after: str
    """The next step erases the page after this cursor. Missing: the first page."""


class ErasePage(TypedDict):
    erased: int
    after: str | None


class EraseAnswer(TypedDict):
    erasePersonalData: ErasePage


class Trace(TypedDict):
    kind: str
    text: str


class TracePage(TypedDict):
    nodes: list[Trace]
    after: NotRequired[str | None]
    hasMore: bool


class Named(TypedDict):
    name: str
    email: str


class Found(TypedDict):
    customer: Named | None
    deletedCustomer: Named | None
    orderCount: int
    traces: TracePage


class PreviewAnswer(TypedDict):
    personalData: Found | None


NAME = "erasure"
INDEX_LAG = 5.0
"""Seconds to wait once the customer is removed. The indexes by which traces are found have caught up then."""
ERASE = SavedOperation(
    "mutation Erase($id: ID!, $after: String) { erasePersonalData(customerId: $id, after: $after) { erased after } }",
    EraseAnswer,
)
PREVIEW = SavedOperation(
    """
query Person($id: ID!) {
  personalData(customerId: $id) {
    customer { name email }
    deletedCustomer { name email }
    orderCount
    traces { nodes { kind text } hasMore }
  }
}""",
    PreviewAnswer,
)
"""Without a cursor, because the first cursor ever makes the secret that signs cursors, and a preview writes nothing."""


def step(context: StepContext) -> StepResult:
    customer_id, after = context.arguments["customer"], context.state_as(ErasureState).get("after")
    page = context.ask(ERASE, id=customer_id, after=after)["erasePersonalData"]
    if after is None and page["after"]:
        time.sleep(INDEX_LAG)
    counts = {"erased": page["erased"]}
    if page["after"]:
        return StepResult(ErasureState(after=page["after"]), (), counts)
    return StepResult(None, (f"[{clock.now():%Y-%m-%d %H:%M:%S}] Erased {customer_id}",), counts)


def preview(context: StepContext) -> Preview:
    customer_id = context.arguments["customer"]
    found = context.ask(PREVIEW, id=customer_id)["personalData"]
    if found is None:
        return Preview(f"Nothing is kept about {customer_id}", ())
    row, traces = found["customer"] or found["deletedCustomer"], found["traces"]
    who = f"{row['name']} <{row['email']}>" if row else f"What is left of {customer_id}"
    deleted = ", who is deleted," if found["deletedCustomer"] else ""
    summary = (
        f"{who}{deleted} would be erased for good. {counted(found['orderCount'], 'order')} would stay, without a person"
    )
    lines = tuple(f"{trace['kind']}: {trace['text']}" for trace in traces["nodes"])
    return Preview(summary, lines, traces["hasMore"])

"""Traces in the ledger: lines by which reminders name customers, and errors and reasons of runs.

The orders of a customer say which runs may have reminded of them: those of the days on which the orders were due. Only the
steps of these runs are read. Errors are in the rows of the runs; heartbeats are left out, which ask for nobody.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from chalicelib import clock
from chalicelib.crm import calendar_days, orders
from chalicelib.jobs import catalog, erasure, ledger, run_records, run_writes
from chalicelib.jobs.run_records import Run
from chalicelib.jobs.slots import Slot
from chalicelib.privacy import rewriting
from chalicelib.privacy.person import ERASED, Person
from chalicelib.privacy.traces import Found, Search, Trace, TraceKind
from chalicelib.settings import settings
from chalicelib.store import ids, partition_pages, reads, tables, timestamps
from chalicelib.store.index_keys import SEPARATOR
from chalicelib.store.index_scan import IndexRange, IndexScan
from chalicelib.store.transaction import Transaction, new_token

INDEX_LAG = timedelta(seconds=erasure.INDEX_LAG)
"""A step that began so soon after the erasure may still have read the customer."""
_RUNS_PER_STEP = 20
_STEPS_PER_CALL = 10
_MIN_REMINDER_DAYS = 31
"""Runs without the argument `days` had the setting of their time, which may have been longer than it is now."""
_ORDER = re.compile(r"Order ID: (\w+), ")
_ADDRESS = re.compile(r"(?<=Customer Email: )[^,]+")
_FIRST_STEP = "0"
"""Sorts before the keys of all steps."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Behind a run, or with `step` behind that step of the run."""

    job: int = 0
    slot: str = ""
    step: str = ""

    @classmethod
    def read(cls, text: str) -> "_Place":
        job, slot, step = text.split(SEPARATOR) if text else ("0", "", "")
        return cls(int(job), slot, step)

    def __str__(self) -> str:
        return SEPARATOR.join((str(self.job), self.slot, self.step))


def runs(search: Search, after: str) -> Found:
    """Find log lines about the customer's orders, and texts of runs that name the person."""
    place = _Place.read(after)
    jobs = [name for name, each in catalog.JOBS.items() if not each.has_fixed_schedule]
    job = jobs[place.job]
    if place.step:
        return _lines(search, job, place)
    traces: list[Trace] = []
    limit = _RUNS_PER_STEP // len(search.person.order_owners)  # each costs a call for each of them
    found = _next_runs(job, place.slot or min(map(ids.created_at, search.person.ids))[:10], limit)
    for run in found:
        if _may_still_write(run, search):
            return Found(traces, unfinished=f"the run of {run.job} for {run.slot}")
        traces += _texts(run, search.person)
        if catalog.JOBS[job].personal and _has_due_order(search.person, run):
            return Found(traces, str(replace(place, slot=run.slot, step=_FIRST_STEP)))
    if len(found) == limit:
        return Found(traces, str(replace(place, slot=found[-1].slot)))
    return Found(traces, str(_Place(place.job + 1)) if place.job + 1 < len(jobs) else None)


def _next_runs(job: str, after: str, limit: int) -> list[Run]:
    response = reads.call(
        "query",
        TableName=reads.table_name(tables.Run),
        KeyConditionExpression="job = :job AND slot > :after",
        ExpressionAttributeValues={":job": {"S": job}, ":after": {"S": after}},
        ConsistentRead=True,
        Limit=limit,
    )
    return [run_records.load(item) for item in response["Items"]]


def _lines(search: Search, job: str, place: _Place) -> Found:
    """Find the lines about the customer's orders in a few steps of one run."""
    partition = run_records.partition(job, Slot(place.slot))
    items, rest = partition_pages.read(partition, place.step, limit=_STEPS_PER_CALL)
    contents = [reads.json_of(item, "content") for item in items]
    lines = [line for content in contents for line in content["lines"] if search.person.is_named_in(line)]
    named = {found[1]: line for line in lines if (found := _ORDER.search(line))}
    owners = search.person.order_owners
    own = [named[row.id] for row in orders.find_all(named).values() if row.customer_id in owners]
    traces = [
        trace
        for item, content in zip(items, contents, strict=True)
        for trace in _traces_of_step(item, content, frozenset(own))
    ]
    return Found(traces, str(replace(place, step=rest or "")))


def _traces_of_step(item: reads.Item, content: dict[str, Any], own: Collection[str]) -> Iterator[Trace]:
    named = [line for line in content["lines"] if line in own]
    if named:
        lines = [_ADDRESS.sub(ERASED, line) if line in own else line for line in content["lines"]]
        erase = partial(rewriting.replace_content, item, {**content, "lines": lines})
        yield Trace(TraceKind.LOG_LINE, "\n".join(named), erase)


def _has_due_order(person: Person, run: Run) -> bool:
    """Return whether the customer has an order of which the run may have reminded."""
    longest = max(settings.reminder_days, _MIN_REMINDER_DAYS)
    days = min(run.arguments.get("days", longest), orders.MAX_REMINDER_DAYS)
    last = calendar_days.day_of(run.due)
    low, high = calendar_days.bound_before(last - timedelta(days=days)), calendar_days.bound_after(last)
    owners = person.order_owners
    index_range = IndexRange(tables.Order, "by_customer", "customer_id", "date_k", owners, low=low, high=high)
    return next(IndexScan(index_range, up=True, batch=1).positions(), None) is not None


def _texts(run: Run, person: Person) -> Iterator[Trace]:
    redacted = _without(run, person)
    if redacted != run:
        said = [run.error, run.reason, *(failure.error for failure in run.failures)]
        said += [run.cancellation.reason] if run.cancellation else []
        named = dict.fromkeys(text for text in said if text and person.is_named_in(text))
        text = "; ".join(named) or "its stack trace"
        yield Trace(TraceKind.RUN, f"{run.job} {run.slot}: {text}", partial(_store, run, redacted))


def _without(run: Run, person: Person) -> Run:
    cancellation = run.cancellation and replace(run.cancellation, reason=person.redact(run.cancellation.reason))
    failures = tuple(replace(failure, error=person.redact(failure.error)) for failure in run.failures)
    error, trace, reason = (text and person.redact(text) for text in (run.error, run.trace, run.reason))
    return replace(run, error=error, trace=trace, reason=reason, cancellation=cancellation, failures=failures)


def _store(run: Run, redacted: Run) -> None:
    """Replace the row as it is. `run_writes` would take the other error for another failure."""
    new = replace(redacted, token=new_token())
    write = Transaction(was_applied=lambda: run_writes.was_written(new))
    write.put(run_records.to_row(new), tables.Run.token == run.token)
    write.commit()


def _may_still_write(run: Run, search: Search) -> bool:
    """Return whether a worker is taking a step that may have read the customer before the erasure.

    Nor can a row that names the person be changed while a worker has it.
    """
    if search.erased_at is None or not run.held_at(clock.now()) or run.lease_until is None:
        return False
    began = timestamps.from_text(run.lease_until) - (catalog.JOBS[run.job].lease or ledger.LEASE)
    is_older = began <= timestamps.from_text(search.erased_at) + INDEX_LAG
    return is_older or _without(run, search.person) != run

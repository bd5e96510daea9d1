"""Erasing a person: an operator asks for it, a run of the job `erasure` does it, page by page.

    requested --> the customer is removed, in one transaction with the row that says what to look for
                    |
                    +--> page after page: each trace is erased --> the row is deleted

From the transaction on nobody can place an order of the customer, change or restore them. What was under way at that moment,
a step of a run or a request, may still write what it has read: the erasure waits for it. Each step is safe to repeat, so
the run goes on wherever it was interrupted. Orders stay with an id that leads to nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from chalicelib import clock
from chalicelib.crm import (
    counters,
    customer_activity,
    customer_references,
    customers,
    deleted_customers,
    merge_erasure,
    search_index,
    text,
    unique_values,
)
from chalicelib.crm.customers import Customer
from chalicelib.crm.deleted_customers import DeletedCustomer
from chalicelib.errors import Conflict, InvalidCursor, InvalidInput, NotFound, Unavailable
from chalicelib.jobs import erasure, operator_actions, run_records, run_writes, slots
from chalicelib.jobs.run_records import Run, Trigger
from chalicelib.privacy import erased_people, people, search_all
from chalicelib.privacy.people import KnownPerson
from chalicelib.privacy.search_all import TracePage
from chalicelib.privacy.traces import Search
from chalicelib.store import change_marks, tables, timestamps
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale, Transaction, new_token

MAX_REASON = 200


@dataclass(frozen=True, slots=True)
class ErasedPage:
    """How many traces were erased, and where the next page begins; None at the end."""

    erased: int
    after: str | None


def request(customer_id: str, reason: str, actor: str) -> Run:
    """Start the run that erases a customer. Raises NotFound, InvalidInput, Conflict.

    The change row of the customer says who has asked for it and why, so the reason must not name the person.
    """
    run = _new_run(customer_id, actor)
    made = run_records.find(run.job, run.slot) if change_marks.is_replay() else None
    if made is None or made.arguments != run.arguments:
        made = _store(run, require(customer_id), text.checked_line(reason, "reason", MAX_REASON))
    operator_actions.send(made)
    return made


def erase_page(customer_id: str, after: str | None) -> ErasedPage:
    """Remove the customer if they are still there, or, with `after`, erase a page of traces.

    Safe to repeat. Raises NotFound, Conflict, and Unavailable while something may still write about the person.
    """
    if after is None:
        begun = _begin(customer_id)
        merge_erasure.forget(customer_id)
        return ErasedPage(0, search_all.first_cursor(customer_id) if begun else None)
    search = erased_people.find(customer_id)
    if search is None:
        return ErasedPage(0, None)  # an earlier attempt, or another worker, has come to the end
    page = _read(search, after)
    for trace in page.traces:
        trace.erase()
    if page.unfinished:
        raise Unavailable(f"The erasure waits for {page.unfinished}. It goes on by itself, or repeat it in a minute")
    if page.after is None:
        erased_people.delete(customer_id)
    return ErasedPage(len(page.traces), page.after)


def _read(search: Search, after: str | None) -> TracePage:
    """Return a page of traces. A cursor of another release may not fit: then begin anew, which does no harm."""
    try:
        return search_all.read_page(search, after)
    except InvalidCursor:
        return search_all.read_page(search, None)


def require(customer_id: str) -> KnownPerson:
    """Return a person who can be erased. Raises NotFound, also for one who was erased, and InProgress during a merge."""
    merge_erasure.refuse_if_merged(customer_id)
    known = people.find(customer_id)
    if known is None or (known.row is None and known.person.is_nameless):
        raise NotFound(f"There is no customer {customer_id!r}", field="id")
    return known


def _new_run(customer_id: str, actor: str) -> Run:
    slot = slots.of_request(change_marks.moment())
    return run_records.new(erasure.NAME, slot, Trigger.OPERATOR, actor=actor, arguments={"customer": customer_id})


def _store(run: Run, known: KnownPerson, reason: str) -> Run:
    if known.person.is_named_in(reason):
        raise InvalidInput("The reason is kept, so it must not name the person", field="reason")
    for _ in retry_delays():
        slot = operator_actions.free_slot(run.job, slots.moment_of(run.slot))
        run = replace(run, slot=slot, token=new_token())
        write = Transaction(
            was_applied=lambda run=run: run_writes.was_written(run),  # type: ignore[misc]
            subject=known.person.customer_id,
            after={"erasure": run.slot},
            reason=reason,
        )
        write.put(run_records.to_row(run), tables.Run.job.does_not_exist())
        try:
            write.commit()
        except Stale:
            continue
        return run
    raise Conflict


def _begin(customer_id: str) -> Search | None:
    """Remove the customer, unless an earlier attempt has. Return None if there is nobody left to look for."""
    for _ in retry_delays():
        search = erased_people.find(customer_id)
        if search or change_marks.is_done(customer_id):
            return search
        known = people.find(customer_id)
        merge_erasure.refuse_if_merged(customer_id)  # after the reading: a merge that begins later makes it stale
        if known is None:
            raise NotFound(f"There is no customer {customer_id!r}", field="id")
        if known.row is None and known.person.is_nameless:
            return None
        write = Transaction(was_applied=_is_begun(customer_id), subject=customer_id)
        if known.customer:
            _remove(write, known.customer)
        elif known.deleted:
            _remove_archived(write, known.deleted)
        else:
            # A deletion of nothing, because the policy of the worker allows no condition checks.
            write.delete(customers.key(customer_id), tables.Customer.id.does_not_exist())
        erased_people.put(write, known.person)
        try:
            write.commit()
        except Stale:  # an order, a change, a deletion or a restoration came first
            continue
    raise Conflict


def _is_begun(customer_id: str) -> Callable[[], bool]:
    return lambda: erased_people.find(customer_id) is not None


def _remove(write: Transaction, customer: Customer) -> None:
    write.delete(customers.key(customer.id), customer_activity.is_unchanged(customer))
    search_index.remove(write, customer)
    unique_values.release(write, unique_values.EMAIL, text.normalize_email(customer.email), customer.id)
    customer_references.release_all(write, customer)
    counters.add(write, timestamps.to_text(clock.now()), customer.id, customers=-1)


def _remove_archived(write: Transaction, deleted: DeletedCustomer) -> None:
    customer = deleted.customer
    row = tables.AuxRow
    write.delete(row(pk=deleted_customers.PARTITION, sk=customer.id), row.token == customer.token)
    email = text.normalize_email(customer.email)
    # The address may name somebody who had it after this customer.
    if unique_values.owner_of(unique_values.ARCHIVED_EMAIL, email) == customer.id:
        unique_values.release(write, unique_values.ARCHIVED_EMAIL, email, customer.id)
    customer_references.release_all(write, customer)

"""Merge two customers who are the same person, and undo that for 90 days.

The customer who is kept gets the orders of the other one, whose id, e-mail address and references lead to the kept one
from then on. It begins with a transaction that locks both: from then on new orders of either belong to the kept one. Then
the orders move, page by page (see `merge_steps`). A request takes a few steps; sending it again takes the next ones,
whatever interrupted it. Between any two steps both customers are as they should be, and the books are right.
"""

import time
from dataclasses import replace
from functools import partial

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.crm import (
    counters,
    customers,
    deleted_customers,
    email_claims,
    merge_records,
    merge_steps,
    merged_customers,
    text,
)
from chalicelib.crm.customers import Customer
from chalicelib.crm.merge_records import MergeRecord, Status
from chalicelib.errors import Conflict, InProgress, InvalidInput, NotFound
from chalicelib.store import change_marks, tables, timestamps
from chalicelib.store.retries import retry_delays
from chalicelib.store.transaction import Stale, Transaction, new_token

MAX_STEPS = 5
"""Steps that one request takes: 450 orders, in a few seconds."""
MAX_SECONDS = 10.0
"""No further step begins after this time: each may wait for others as long, and the API has 29 seconds."""
MAX_ABSORBED = merged_customers.MAX_CHAIN
"""Customers whom one customer may have absorbed, chains included: all of them expire in the transaction of a deletion."""


def merge(kept_id: str, absorbed_id: str) -> MergeRecord:
    """Merge a customer into another one, or go on with that. Safe to repeat, until the record is DONE.

    Raises InvalidInput, NotFound, InProgress, Conflict, Unavailable.
    """
    if change_marks.is_done(absorbed_id):
        return _go_on(_require_record(absorbed_id))
    for _ in retry_delays():
        record = merge_records.find(absorbed_id)
        if record and record.kept_id == kept_id and record.status in {Status.MOVING, Status.DONE}:
            return _go_on(record)
        kept, absorbed = check(kept_id, absorbed_id)
        try:
            record = _start(kept, absorbed)
        except Stale:
            continue
        return _go_on(record)
    raise Conflict


def plan(kept_id: str, absorbed_id: str) -> tuple[Customer, Customer]:
    """Return both customers of a merge that `merge` would start or continue. Raises what that raises."""
    record = merge_records.find(absorbed_id)
    if record and record.kept_id == kept_id and record.status is Status.MOVING:
        return _require(kept_id, "keep"), _require(absorbed_id, "absorb")
    return check(kept_id, absorbed_id)


def check(kept_id: str, absorbed_id: str) -> tuple[Customer, Customer]:
    """Return both customers, if they can be merged. Raises InvalidInput, NotFound, InProgress."""
    if kept_id == absorbed_id:
        raise InvalidInput("Give two different customers", field="absorb")
    kept, absorbed = _require(kept_id, "keep"), _require(absorbed_id, "absorb")
    refuse_if_locked(kept)
    refuse_if_locked(absorbed)
    if sum(map(_absorbed_count, (kept, absorbed))) >= MAX_ABSORBED:
        raise InvalidInput(f"A customer can absorb at most {MAX_ABSORBED} others", field="keep")
    return kept, absorbed


def undo(absorbed_id: str) -> MergeRecord:
    """Give the absorbed customer back, with the orders that had moved, or go on with that. Safe to repeat.

    Orders that were placed after the merge stay. Raises NotFound, InvalidInput, DuplicateEmail, InProgress, Conflict,
    Unavailable.
    """
    if change_marks.is_done(absorbed_id):
        return _go_on(_require_record(absorbed_id))
    for _ in retry_delays():
        record = _require_record(absorbed_id)
        if record.status in {Status.UNDOING, Status.UNDONE}:
            return _go_on(record)
        try:
            record = _start_undoing(record)
        except Stale:
            continue
        return _go_on(record)
    raise Conflict


def check_undo(absorbed_id: str) -> tuple[MergeRecord, Customer]:
    """Return the record of a merge that can be undone, and the customer who was kept.

    Raises NotFound, InvalidInput, DuplicateEmail, InProgress.
    """
    record = _require_record(absorbed_id)
    if record.status not in {Status.MOVING, Status.DONE}:
        raise InvalidInput("The merge is already undone or being undone", field="absorbed")
    if merged_customers.follow(record.kept_id) != record.kept_id:
        raise InvalidInput(
            f"The customer {record.kept_id!r} was merged into another one since. Undo that merge first",
            field="absorbed",
        )
    kept = _require(record.kept_id, "absorbed")
    if kept.merge_id != absorbed_id:
        refuse_if_locked(kept)
    _refuse_if_swapped(record, kept)
    return record, kept


def _refuse_if_swapped(record: MergeRecord, kept: Customer) -> None:
    """Refuse to give back a customer while the kept one uses the address of somebody whom the former had absorbed.

    The address of the kept one leads to that third customer, and would lead to the one who is given back.
    """
    if not record.absorbed.get("absorbed"):
        return
    led = {each.absorbed_id: each.absorbed["email"] for each in merge_records.all_absorbed_by(record.absorbed_id)}
    used = text.normalize_email(kept.email)
    for third in merge_records.find_all(led).values():
        if text.normalize_email(third.absorbed["email"]) == used:
            raise InvalidInput(
                f"The customer {kept.id!r} uses the address of {third.absorbed_id!r}, who was merged into "
                f"{record.absorbed_id!r} before. Set the address of {kept.id!r} to {led[third.absorbed_id]} first, "
                f"which gives it back; then undo this merge, and that of {third.absorbed_id!r} last",
                field="absorbed",
            )


def plan_undoing(absorbed_id: str) -> tuple[MergeRecord, Customer]:
    """Return the record and the kept customer of a merge whose undoing `undo` would start or continue."""
    record = _require_record(absorbed_id)
    if record.status is Status.UNDOING:
        return record, _require(record.kept_id, "absorbed")
    return check_undo(absorbed_id)


def name_of(record: MergeRecord) -> str:
    """Return the name and the e-mail address of the absorbed customer."""
    return f"{record.absorbed['name']} <{record.absorbed['email']}>"


def _go_on(record: MergeRecord) -> MergeRecord:
    """Take the next steps. Return the record as it is then: if others are faster, or the index lags, it is not finished."""
    end = time.monotonic() + MAX_SECONDS
    for number in range(MAX_STEPS):
        if record.is_finished or (number and time.monotonic() > end):
            break
        try:
            record = _retried(record.absorbed_id)
        except Stale:
            break
    return record


def _retried(absorbed_id: str) -> MergeRecord:
    for _ in retry_delays():
        record = _require_record(absorbed_id)
        if record.is_finished:
            return record
        try:
            return merge_steps.take(record)
        except Conflict:  # Stale is one
            continue
    raise Stale


def _start(kept: Customer, absorbed: Customer) -> MergeRecord:
    """Lock both customers, and send new orders of the absorbed one to the kept one. Raises Stale."""
    now = timestamps.to_text(change_marks.moment())
    record = MergeRecord(
        absorbed_id=absorbed.id,
        kept_id=kept.id,
        status=Status.MOVING,
        started_at=now,
        started_by=change_marks.actor(),
        absorbed={"name": absorbed.name, "email": absorbed.email, "references": list(absorbed.references)},
        token=new_token(),
    )
    write = Transaction(
        was_applied=partial(merge_records.was_written, record),
        subject=absorbed.id,
        before={"mergedInto": None},
        after={"mergedInto": kept.id},
    )
    write.lead_from([kept.id])
    merge_records.put(write, record)
    merge_records.put_entry(write, record)
    row = tables.Customer
    _lock(write, kept, absorbed.id, 1)
    write.update(
        customers.key(absorbed.id),
        [row.merge_id.set(absorbed.id), row.merged_into.set(kept.id), row.token.set(new_token())],
        row.token == absorbed.token,
    )
    write.commit()
    return record


def _lock(write: Transaction, kept: Customer, merge_id: str, absorbed: int) -> None:
    """Refuse other merges, and whoever has read the customer before, such as a deletion. Count whom they have absorbed."""
    row = tables.Customer
    actions: list[Action] = [row.merge_id.set(merge_id), row.token.set(new_token()), row.absorbed.add(absorbed)]
    write.update(customers.key(kept.id), actions, row.token == kept.token)


def _start_undoing(before: MergeRecord) -> MergeRecord:
    """Let the absorbed customer be one again, who has no orders yet. Raises what `check_undo` raises, and Stale."""
    record, kept = check_undo(before.absorbed_id)
    after = replace(record, status=Status.UNDOING, position=None, token=new_token())
    write = Transaction(
        was_applied=partial(merge_records.was_written, after),
        subject=record.absorbed_id,
        before={"mergedInto": kept.id},
        after={"mergedInto": None},
    )
    write.lead_from([kept.id])
    merge_records.put(write, after, record)
    merge_records.delete_entry(write, kept.id, record.absorbed_id)
    _lock(write, kept, record.absorbed_id, -1)
    if record.status is Status.MOVING:
        row = tables.Customer
        write.update(
            customers.key(record.absorbed_id),
            [row.merged_into.remove(), row.token.set(new_token())],
            row.merged_into == kept.id,
        )
    else:
        _put_back(write, record, kept)
    write.commit()
    return after


def _put_back(write: Transaction, record: MergeRecord, kept: Customer) -> None:
    """Write the row of the absorbed customer again. It counts as active today, so that the clean-up does not take it."""
    now = clock.now()
    token = new_token()
    customer = Customer(
        id=record.absorbed_id,
        last_order=None,
        orders=0,
        token=token,
        search_mark=token,
        restored_at=timestamps.to_text(now),
        updated_at=timestamps.to_text(now),
        merge_id=record.absorbed_id,
        **{**record.absorbed, "references": tuple(record.absorbed["references"])},
    )
    merged_customers.remove(write, customer.id, kept.id)
    email_claims.give_back(write, customer.email, customer.id, merge_records.email_of(record), kept.id)
    customers.put_again(write, customer)
    counters.add(write, timestamps.to_text(now), customer.id, customers=1)


def _absorbed_count(customer: Customer) -> int:
    return sum(1 for _ in merge_records.all_absorbed_by(customer.id)) if customer.absorbed else 0


def refuse_if_locked(customer: Customer | None) -> None:
    if customer and customer.merge_id:
        raise InProgress(
            f"A merge of {customer.id!r} is in progress. Complete that of {customer.merge_id!r} first: "
            "send its mutation again"
        )


def _require(customer_id: str, field: str) -> Customer:
    customer = customers.find(customer_id)
    if customer is None and deleted_customers.find(customer_id):
        raise NotFound(f"The customer {customer_id!r} was deleted. Restore the customer first", field=field)
    if customer is None:
        raise merged_customers.missing(customer_id, field)
    return customer


def _require_record(absorbed_id: str) -> MergeRecord:
    record = merge_records.find(absorbed_id)
    if record is None:
        raise NotFound(f"There is no merge of {absorbed_id!r} that can be undone", field="absorbed")
    return record

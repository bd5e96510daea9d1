"""Merging customers: orders and numbers of both, what is refused, and everything back."""

from dataclasses import fields
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.crm import (
    cancellation,
    counters,
    customer_merges,
    customers,
    deleted_customers,
    merge_steps,
    orders,
    refunds,
    row_history,
    search,
)
from chalicelib.crm.customers import Customer
from chalicelib.crm.merge_records import MergeRecord, Status
from chalicelib.errors import CrmError, InProgress, InvalidInput, NotFound
from chalicelib.store import change_marks, ids
from tests.builders import a_customer, moment
from tests.crm.merge_books import orders_of, problems, reload, stored_orders


def order_of(customer: Customer, lamp: str, date: str | None = None) -> str:
    return orders.place(customer.id, {lamp: 1}, moment(date) if date else None).order.id


def finish(record: MergeRecord) -> MergeRecord:
    while not record.is_finished:
        if record.status is Status.MOVING:
            record = customer_merges.merge(record.kept_id, record.absorbed_id)
        else:
            record = customer_merges.undo(record.absorbed_id)
    return record


def test_orders_move_and_totals_stay(ann: Customer, bob: Customer, lamp: str) -> None:
    own = order_of(ann, lamp, "2026-01-01T10:00:00")
    moved = {order_of(bob, lamp, f"2026-02-0{day}T10:00:00") for day in (1, 2, 3)}
    cancellation.cancel(max(moved))
    before = counters.stats()
    tokens = {order.id: order.token for order in stored_orders()}
    record = customer_merges.merge(ann.id, bob.id)
    assert (record.status, record.moved) == (Status.DONE, 3)
    assert customers.find(bob.id) is None
    assert orders_of(ann.id) == {own, *moved}
    kept = reload(ann)
    assert (kept.name, kept.phone, kept.orders, kept.cancelled) == ("Ann Lee", "+49 30 123456", 4, 1)
    after = counters.stats()
    assert (after.orders, after.cents, after.new_customers) == (before.orders, before.cents, before.new_customers)
    assert after.customers == before.customers - 1
    assert problems() == []
    for order in stored_orders():
        assert (order.token != tokens[order.id]) == (order.id in moved)


def test_a_merge_in_many_pages_is_continued_by_the_same_request(
    ann: Customer, bob: Customer, lamp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge_steps, "MAX_ORDERS", 2)
    placed = {order_of(bob, lamp) for _ in range(13)} | {order_of(ann, lamp) for _ in range(3)}
    record = customer_merges.merge(ann.id, bob.id)
    assert (record.status, record.moved) == (Status.MOVING, 10)
    assert problems() == []
    assert customers.find_current(bob.id) == reload(ann)
    late = order_of(bob, lamp)
    assert late in orders_of(ann.id)
    record = customer_merges.merge(ann.id, bob.id)
    assert (record.status, record.moved) == (Status.DONE, 13)
    assert orders_of(ann.id) == {*placed, late}
    assert problems() == []
    assert customer_merges.merge(ann.id, bob.id) == record
    record = finish(customer_merges.undo(bob.id))
    assert (record.status, record.returned) == (Status.UNDONE, 13)
    assert len(orders_of(bob.id)) == 13
    assert late in orders_of(ann.id)
    assert problems() == []


def test_a_request_that_takes_long_takes_no_further_step(
    ann: Customer, bob: Customer, lamp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge_steps, "MAX_ORDERS", 1)
    monkeypatch.setattr(customer_merges, "MAX_SECONDS", -1.0)
    for _ in range(3):
        order_of(bob, lamp)
    record = customer_merges.merge(ann.id, bob.id)
    assert (record.status, record.moved) == (Status.MOVING, 1)
    assert finish(record).moved == 3


def test_a_page_stays_within_the_size_of_a_transaction(
    ann: Customer, bob: Customer, lamp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge_steps, "MAX_BYTES", 100)
    for _ in range(4):
        order_of(bob, lamp)
    record = customer_merges.merge(ann.id, bob.id)
    assert record.pages == 4
    finish(record)
    record = finish(customer_merges.undo(bob.id))
    assert record.returned == 4
    assert problems() == []


def test_undoing_gives_back_what_was_there_and_new_orders_stay(ann: Customer, bob: Customer, lamp: str) -> None:
    order_of(ann, lamp, "2026-01-01T10:00:00")
    early, late = order_of(bob, lamp, "2026-01-02T10:00:00"), order_of(bob, lamp, "2026-03-01T10:00:00")
    customer_merges.merge(ann.id, bob.id)
    new = order_of(bob, lamp, "2026-02-01T10:00:00")
    cancellation.cancel(early)
    note = refunds.refund(late, {lamp: 1}, "broken", restock=True)
    record = customer_merges.undo(bob.id)
    assert (record.status, record.returned, record.undoable_until) == (Status.UNDONE, 3, None)
    assert orders_of(bob.id) == {early, late, note.id}, "a credit note follows its order"
    assert new in orders_of(ann.id)
    assert problems() == []
    back = reload(bob)
    assert (back.name, back.email, back.phone, back.created_at) == (bob.name, bob.email, bob.phone, bob.created_at)
    assert (back.merge_id, back.merged_into, reload(ann).merge_id) == (None, None, None)
    assert customers.find_by_email(bob.email) == back
    assert [hit.node.id for hit in search.find("annie", [ids.CUSTOMER]).edges] == [bob.id]
    customer_merges.merge(ann.id, bob.id)
    assert problems() == []


def test_a_merge_can_be_undone_before_all_orders_have_moved(
    ann: Customer, bob: Customer, lamp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge_steps, "MAX_ORDERS", 1)
    placed = {order_of(bob, lamp) for _ in range(7)}
    assert customer_merges.merge(ann.id, bob.id).status is Status.MOVING
    finish(customer_merges.undo(bob.id))
    assert orders_of(bob.id) == placed
    assert orders_of(ann.id) == set()
    assert problems() == []


def test_chains_lead_to_the_last_and_are_undone_backwards(ann: Customer, bob: Customer, lamp: str) -> None:
    cleo = a_customer("Cleo", "cleo@example.com")
    of_bob, of_ann = order_of(bob, lamp), order_of(ann, lamp)
    customer_merges.merge(ann.id, bob.id)
    customer_merges.merge(cleo.id, ann.id)
    assert orders_of(cleo.id) == {of_bob, of_ann}
    assert customers.find_by_email(bob.email) == customers.find_current(bob.id) == reload(cleo)
    with pytest.raises(InvalidInput, match="Undo that merge first"):
        customer_merges.undo(bob.id)
    customer_merges.undo(ann.id)
    assert orders_of(ann.id) == {of_bob, of_ann}
    customer_merges.undo(bob.id)
    assert (orders_of(bob.id), orders_of(ann.id)) == ({of_bob}, {of_ann})
    assert problems() == []


def test_what_cannot_be_merged_is_refused(ann: Customer, bob: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    cleo, gone = a_customer(), a_customer()
    deleted_customers.delete(gone.id)
    customer_merges.merge(ann.id, bob.id)

    def refusal(keep: str, absorb: str) -> tuple[str, str | None]:
        with pytest.raises(CrmError) as refused:
            customer_merges.merge(keep, absorb)
        return refused.value.message, refused.value.field

    assert refusal(ann.id, ann.id) == ("Give two different customers", "absorb")
    assert refusal(ann.id, gone.id) == (f"The customer {gone.id!r} was deleted. Restore the customer first", "absorb")
    assert refusal(gone.id, ann.id) == (f"The customer {gone.id!r} was deleted. Restore the customer first", "keep")
    assert refusal(ann.id, "cus_x") == ("There is no customer 'cus_x'", "absorb")
    assert refusal(cleo.id, bob.id) == (f"The customer {bob.id!r} was merged into {ann.id!r}", "absorb")
    assert refusal(bob.id, ann.id) == (f"The customer {bob.id!r} was merged into {ann.id!r}", "keep")
    with pytest.raises(NotFound, match="There is no merge"):
        customer_merges.undo(cleo.id)
    monkeypatch.setattr(customer_merges, "MAX_ABSORBED", 1)
    assert refusal(cleo.id, ann.id)[0] == "A customer can absorb at most 1 others"
    assert refusal(ann.id, cleo.id) == ("A customer can absorb at most 1 others", "keep")


def test_customers_in_the_middle_of_a_merge_are_left_alone(
    ann: Customer, bob: Customer, lamp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge_steps, "MAX_ORDERS", 1)
    cleo = a_customer()
    for _ in range(6):
        order_of(bob, lamp)
    tomorrow = clock.now().date() + timedelta(days=1)

    def check() -> None:
        for customer in (ann, bob):
            with pytest.raises(InProgress):
                deleted_customers.delete(customer.id)
            assert deleted_customers.delete_inactive(customer.id, tomorrow, "run") is None
            with pytest.raises(InProgress):
                customer_merges.merge(cleo.id, customer.id)
            with pytest.raises(InProgress):
                customer_merges.merge(customer.id, cleo.id)

    assert customer_merges.merge(ann.id, bob.id).status is Status.MOVING
    check()
    with pytest.raises(InProgress):
        customers.update(bob.id, {"name": "Robert"})
    finish(customer_merges.merge(ann.id, bob.id))
    assert customer_merges.undo(bob.id).status is Status.UNDOING
    check()
    finish(customer_merges.undo(bob.id))
    assert problems() == []


def test_orders_are_cancelled_and_refunded_while_they_move(
    ann: Customer, bob: Customer, lamp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge_steps, "MAX_ORDERS", 1)
    placed = [order_of(bob, lamp, f"2026-01-{day:02}T10:00:00") for day in range(1, 9)]
    customer_merges.merge(ann.id, bob.id)
    cancellation.cancel(placed[0])
    cancellation.cancel(placed[-1])
    note = refunds.refund(placed[-2], {lamp: 1}, "broken", restock=False)
    assert note.customer_id == ann.id
    assert problems() == []
    finish(customer_merges.merge(ann.id, bob.id))
    assert problems() == []
    finish(customer_merges.undo(bob.id))
    assert orders_of(bob.id) == {*placed, note.id}
    assert problems() == []


def test_the_histories_show_the_merge_and_its_undoing(ann: Customer, bob: Customer, lamp: str) -> None:
    moved = order_of(bob, lamp)
    with change_marks.made_by("Eve"):
        customer_merges.merge(ann.id, bob.id)
        customer_merges.undo(bob.id)

    def history(row: row_history.Row) -> list[tuple[str | None, str | None, str | None]]:
        entries = [edge.node for edge in row_history.read_page(row, 10, None).edges]
        return [(entry.field, entry.before, entry.after) for entry in entries if entry.actor == "Eve"]

    order = orders.find(moved)
    assert order
    assert history(order) == [("customer", ann.id, bob.id), ("customer", bob.id, ann.id)]
    assert history(reload(ann)) == [
        ("movedOrders", None, "1"),
        ("absorbed", bob.id, None),
        ("movedOrders", None, "1"),
        ("absorbed", None, bob.id),
    ]
    assert history(reload(bob)) == [("mergedInto", ann.id, None), ("mergedInto", None, ann.id)]


def test_everything_that_is_known_of_a_customer_is_given_back() -> None:
    """A field that a customer gets in the future belongs to the kept ones, or here."""
    derived = {"id", "last_order", "orders", "cancelled", "token", "updated_at", "restored_at", "search_mark"}
    of_merges = {"merge_id", "merged_into", "references"}
    assert {each.name for each in fields(Customer)} == {*merge_steps.KEPT_FIELDS} | derived | of_merges

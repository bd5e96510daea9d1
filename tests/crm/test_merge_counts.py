"""Merges move the orders that are there, whatever the rows of the customers count, and previews count them."""

import pytest

from chalicelib.crm import customer_merges, merge_preview, merge_steps, refunds
from chalicelib.crm.customers import Customer
from chalicelib.crm.merge_records import Status
from chalicelib.store import tables
from tests.crm.merge_books import orders_of, problems
from tests.crm.test_customer_merges import finish, order_of
from tests.jobs.job_runs import manual_clock


def set_count(customer: Customer, orders: int) -> None:
    """Let the row count another number of orders than there are."""
    row = tables.Customer.get(customer.id)
    row.orders = orders
    row.save()


def test_orders_that_are_not_counted_move_too(ann: Customer, bob: Customer, lamp: str) -> None:
    moved = {order_of(bob, lamp), order_of(bob, lamp)}
    set_count(bob, 0)
    assert finish(customer_merges.merge(ann.id, bob.id)).moved == 2
    assert orders_of(ann.id) == moved
    assert problems() == []


def test_orders_that_are_only_counted_hold_up_no_merge_for_long(
    ann: Customer, bob: Customer, lamp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    own, moved = order_of(ann, lamp), order_of(bob, lamp)
    set_count(bob, 3)
    with manual_clock("2026-11-22T12:00:00") as time:
        assert customer_merges.merge(ann.id, bob.id).status is Status.MOVING
        time.later(minutes=4)
        assert customer_merges.merge(ann.id, bob.id).status is Status.MOVING, "the index may lag"
        time.later(minutes=2)
        assert customer_merges.merge(ann.id, bob.id).status is Status.DONE
        assert problems() == []
        set_count(ann, 5)
        assert customer_merges.undo(bob.id).status is Status.UNDOING
        time.later(minutes=6)
        assert customer_merges.undo(bob.id).status is Status.UNDONE
    assert (orders_of(ann.id), orders_of(bob.id)) == ({own}, {moved})
    assert problems() == []


def test_a_new_order_is_waited_for_again(
    ann: Customer, bob: Customer, lamp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    order_of(bob, lamp)
    with manual_clock("2026-11-22T12:00:00") as time:
        customer_merges.merge(ann.id, bob.id)
        set_count(ann, 2)
        assert customer_merges.undo(bob.id).status is Status.UNDOING
        time.later(minutes=4)
        order_of(ann, lamp)
        time.later(minutes=4)
        assert customer_merges.undo(bob.id).status is Status.UNDOING, "it counts another number now"
        time.later(minutes=6)
        assert customer_merges.undo(bob.id).status is Status.UNDONE
    assert problems() == []


def test_the_preview_of_an_undoing_counts_what_would_go_back(
    ann: Customer, bob: Customer, lamp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = [order_of(bob, lamp, f"2026-01-0{day}T10:00:00") for day in range(1, 8)]
    customer_merges.merge(ann.id, bob.id)
    notes = [refunds.refund(each, {lamp: 1}, "broken", restock=False).id for each in placed]
    monkeypatch.setattr(merge_steps, "MAX_ORDERS", 2)
    with monkeypatch.context() as patch:
        patch.setattr(merge_preview, "_MAX_READ", 5)
        preview = merge_preview.of_undoing(*customer_merges.plan_undoing(bob.id))
        assert "with at least 7 orders that" in preview.summary
        assert preview.more
    for left in (14, 4):
        preview = merge_preview.of_undoing(*customer_merges.plan_undoing(bob.id))
        assert f"would be a customer again, with {left} orders that" in preview.summary
        assert (len(preview.lines), preview.more) == (left, False)
        record = customer_merges.undo(bob.id)
    assert record.returned > record.moved
    assert orders_of(bob.id) == {*placed, *notes}

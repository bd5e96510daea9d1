"""`crmctl customers merge` and `undo-merge` against the real API."""

import pytest

from chalicelib.crm import customer_merges, customers, merge_steps, orders
from tests.builders import a_customer, a_product
from tests.crm.merge_books import orders_of, problems
from tests.crmctl.api_server import ApiServer


def test_customers_are_merged_after_a_preview_and_a_question(crm: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_steps, "MAX_ORDERS", 1)
    ann, bob = a_customer("Ann", "ann@example.com").id, a_customer("Annie", "annie@example.com").id
    lamp = a_product(stock=50).id
    placed = {orders.place(bob, {lamp: 1}).order.id for _ in range(7)}
    command = ("customers", "merge", "ann@example.com", "annie@example.com")
    dry = crm.crmctl(*command, "--dry-run")
    summary = "7 orders would move from Annie <annie@example.com> to Ann <ann@example.com>."
    assert (dry.exit_code, summary in dry.stdout) == (0, True), dry.output
    assert dry.stdout.count("Order: ") == 7
    refused = crm.crmctl(*command, typed="n\n")
    assert (refused.exit_code, "Nothing was merged." in refused.stderr) == (2, True), refused.output
    assert orders_of(bob) == placed
    merged = crm.crmctl(*command, typed="y\n")
    assert (merged.exit_code, f"moved 7 orders to {ann}" in merged.stdout) == (0, True), merged.output
    assert orders_of(ann) == placed
    assert f"Annie <annie@example.com> {bob}" in crm.crmctl("customers", "show", bob).stdout
    undone = crm.crmctl("customers", "undo-merge", bob, "--yes")
    assert (undone.exit_code, f"returned 7 orders to {bob}" in undone.stdout) == (0, True), undone.output
    assert orders_of(bob) == placed
    assert problems() == []
    assert customers.find(bob)


def test_a_merge_that_was_interrupted_is_completed_by_the_same_command(
    crm: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge_steps, "MAX_ORDERS", 1)
    ann, bob = a_customer("Ann", "ann@example.com").id, a_customer("Annie", "annie@example.com").id
    lamp = a_product(stock=50).id
    placed = {orders.place(bob, {lamp: 1}).order.id for _ in range(14)}
    assert customer_merges.merge(ann, bob).moved == 5
    again = crm.crmctl("customers", "merge", ann, "annie@example.com", typed="y\n")
    assert (again.exit_code, "9 orders would move" in again.stdout) == (0, True), again.output
    assert orders_of(ann) == placed
    assert customer_merges.undo(bob).returned == 5
    again = crm.crmctl("customers", "undo-merge", bob, typed="y\n")
    assert (again.exit_code, f"returned 14 orders to {bob}" in again.stdout) == (0, True), again.output
    assert problems() == []


def test_what_cannot_be_merged_is_said(crm: ApiServer) -> None:
    ann = a_customer("Ann", "ann@example.com").id
    for absorb, reason in (
        (ann, "Give two different customers"),
        ("cus_x", "There is no customer 'cus_x'"),
        ("nobody@example.com", "There is no customer 'nobody@example.com'"),
    ):
        refused = crm.crmctl("customers", "merge", "ann@example.com", absorb, "--yes")
        assert (refused.exit_code, reason in refused.stderr) == (2, True), refused.output

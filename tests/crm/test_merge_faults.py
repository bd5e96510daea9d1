"""Answers are lost at every call of a merge and of its undoing: repeating it leads to the same data."""

from collections.abc import Callable

import pytest

from chalicelib.crm import cancellation, customer_merges, merge_steps, orders
from chalicelib.crm.merge_records import MergeRecord
from chalicelib.errors import Unavailable
from tests.builders import a_customer, a_product
from tests.faults.fault_injection import TRIES, Scenario, faults_found

Pair = tuple[str, str]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_steps, "MAX_ORDERS", 2)


def two_customers() -> Pair:
    kept, absorbed, product = a_customer("Ann", "a@example.com"), a_customer("Bo", "b@example.com"), a_product()
    placed = [orders.place(customer.id, {product.id: 1}).order for customer in (kept, absorbed, absorbed, absorbed)]
    cancellation.cancel(placed[1].id)
    return kept.id, absorbed.id


def merged_customers() -> Pair:
    pair = two_customers()
    finish(lambda: customer_merges.merge(*pair))
    return pair


def finish(send: Callable[[], MergeRecord]) -> None:
    """Send a request until it is answered that all is done."""
    for _ in range(10):
        try:
            if send().is_finished:
                break
        except Unavailable:
            continue


SCENARIOS = {
    "merge": Scenario(two_customers, lambda pair: finish(lambda: customer_merges.merge(*pair))),
    "undo": Scenario(merged_customers, lambda pair: finish(lambda: customer_merges.undo(pair[1]))),
}


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("length", [1, TRIES])
def test_losing_answers_of_a_merge_changes_nothing(name: str, length: int) -> None:
    assert faults_found(SCENARIOS[name], length=length, arrives=True) == []

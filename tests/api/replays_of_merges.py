"""Replays of merges of customers, and of their undoing."""

from contextlib import suppress

from chalicelib.crm import customer_merges, customers, merge_records, orders
from chalicelib.crm.merge_records import Status
from chalicelib.errors import NotFound
from tests.api.replay_scenario import Ids, Scenario
from tests.builders import a_customer, a_product
from tests.crm.merge_books import orders_of, problems


def two_customers() -> Ids:
    kept, absorbed, product = a_customer("Ann"), a_customer("Annie"), a_product()
    placed = [orders.place(customer.id, {product.id: 1}).order for customer in (kept, absorbed, absorbed)]
    return {"keep": kept.id, "absorb": absorbed.id, "own": placed[0].id}


def merged_customers() -> Ids:
    ids = two_customers()
    customer_merges.merge(ids["keep"], ids["absorb"])
    return ids


def is_on_the_way(ids: Ids, *statuses: Status) -> bool:
    record = merge_records.find(ids["absorb"])
    return record is not None and record.status in statuses


def undo(ids: Ids) -> None:
    with suppress(NotFound):  # the merge had not begun
        customer_merges.undo(ids["absorb"])


def merge_again(ids: Ids) -> None:
    """The undoing may have begun, or not. A merge that is there already stays."""
    if is_on_the_way(ids, Status.UNDOING):
        customer_merges.undo(ids["absorb"])
    customer_merges.merge(ids["keep"], ids["absorb"])


def is_merged(ids: Ids) -> bool:
    return customers.find(ids["absorb"]) is None and len(orders_of(ids["keep"])) == 3 and not problems()


def is_apart(ids: Ids) -> bool:
    return len(orders_of(ids["absorb"])) == 2 and orders_of(ids["keep"]) == {ids["own"]} and not problems()


SCENARIOS = {
    "mergeCustomers": Scenario(
        document="""mutation ($keep: ID!, $absorb: ID!) {
          mergeCustomers(keep: $keep, absorb: $absorb) { merge { status } customer { id } } }""",
        prepare=two_customers,
        was_made=lambda ids: is_on_the_way(ids, Status.MOVING, Status.DONE),
        meddle=undo,
        is_right=lambda ids, made, reply: (
            reply.data["mergeCustomers"]["customer"] == {"id": ids["keep"]}
            and (is_apart(ids) if made else is_merged(ids))
        ),
    ),
    "mergeCustomers, continued": Scenario(
        document="""mutation ($keep: ID!, $absorb: ID!) {
          mergeCustomers(keep: $keep, absorb: $absorb) { merge { status moved } } }""",
        prepare=two_customers,
        was_made=lambda ids: is_on_the_way(ids, Status.DONE),
        is_right=lambda ids, _, reply: (
            reply.data["mergeCustomers"]["merge"] == {"status": "DONE", "moved": 2} and is_merged(ids)
        ),
    ),
    "undoCustomerMerge": Scenario(
        document="mutation ($absorb: ID!) { undoCustomerMerge(absorbed: $absorb) { merge { status } } }",
        prepare=merged_customers,
        was_made=lambda ids: is_on_the_way(ids, Status.UNDOING, Status.UNDONE),
        meddle=merge_again,
        is_right=lambda ids, made, _: is_merged(ids) if made else is_apart(ids),
    ),
    "undoCustomerMerge, continued": Scenario(
        document="mutation ($absorb: ID!) { undoCustomerMerge(absorbed: $absorb) { merge { status returned } } }",
        prepare=merged_customers,
        was_made=lambda ids: is_on_the_way(ids, Status.UNDONE),
        is_right=lambda ids, _, reply: (
            reply.data["undoCustomerMerge"]["merge"] == {"status": "UNDONE", "returned": 2} and is_apart(ids)
        ),
    ),
}

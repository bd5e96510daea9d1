"""A merge that somebody has given up, or its undoing, is listed where others can go on with it: at the customer who is kept."""

import pytest

from chalicelib.crm import customer_merges, merge_steps, orders
from chalicelib.crm.merge_records import Status
from tests.api.graphql_client import ask
from tests.builders import a_customer, a_product

MERGES = "query ($id: ID!) { customer(id: $id) { merges { absorbedId name status } } }"


@pytest.mark.parametrize("is_undone", [False, True])
def test_it_is_listed_until_it_is_finished(monkeypatch: pytest.MonkeyPatch, *, is_undone: bool) -> None:
    monkeypatch.setattr(merge_steps, "MAX_ORDERS", 1)
    kept, absorbed, lamp = a_customer("Ann").id, a_customer("Bob").id, a_product(stock=9).id
    for _ in range(6):
        orders.place(absorbed, {lamp: 1})

    def listed() -> list[tuple[str, str, str]]:
        found = ask(MERGES, id=kept).data["customer"]["merges"]
        return [(each["absorbedId"], each["name"], each["status"]) for each in found]

    customer_merges.merge(kept, absorbed)
    assert listed() == [(absorbed, "Bob", "MOVING")]
    customer_merges.merge(kept, absorbed)
    assert listed() == [(absorbed, "Bob", "DONE")]
    if is_undone:
        customer_merges.undo(absorbed)
        assert listed() == [(absorbed, "Bob", "UNDOING")]
        assert ask(MERGES, id=absorbed).data["customer"]["merges"] == []
        while customer_merges.undo(absorbed).status is not Status.UNDONE:
            pass
        assert listed() == []

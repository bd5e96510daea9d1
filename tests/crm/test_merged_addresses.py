"""What led to a merged customer leads to the one who was kept: ids, e-mail addresses and references."""

import pytest

from chalicelib.crm import (
    customer_merges,
    customer_references,
    customers,
    deleted_customers,
    email_suppressions,
    imported_orders,
    list_queries,
    merge_erasure,
    merge_records,
    old_ids,
    orders,
    returning_customers,
    search,
    search_index,
    unique_values,
)
from chalicelib.crm.customers import Customer
from chalicelib.crm.email_suppressions import Reason
from chalicelib.crm.list_filters import CustomerFilter
from chalicelib.crm.returning_customers import KnownCustomers, NewCustomer
from chalicelib.errors import DuplicateEmail, InvalidInput, NotFound
from chalicelib.store import tables
from chalicelib.store.pagination import PageArgs, read_page
from tests.builders import a_customer, a_past_order, a_product, rows_of, time_is
from tests.crm.merge_books import problems, reload


def test_the_absorbed_address_leads_to_the_kept_customer(ann: Customer, bob: Customer, lamp: str) -> None:
    customer_references.link("django:customer:7", bob.id)
    customer_merges.merge(ann.id, bob.id)
    kept = reload(ann)
    assert customers.find_by_email("ANNIE@example.com") == kept
    assert customers.find_all_by_email(["annie@example.com", "ann@example.com"]) == {
        "annie@example.com": kept,
        "ann@example.com": kept,
    }
    assert [hit.node for hit in search.find("annie@example.com", search_index.KINDS).edges] == [kept]
    assert [hit.node for hit in search.find(bob.id, search_index.KINDS).edges] == [kept]
    known: dict[str, str] = {}
    old_ids.add_new_ids(["Q3VzdG9tZXJUeXBlOjc="], known)  # CustomerType:7
    assert customers.find_current(known["Q3VzdG9tZXJUeXBlOjc="]) == kept
    customer_references.link("django:customer:7", ann.id)
    imported = a_past_order(kept, (a_product(sku="PEN"), 1, "2.00"))
    assert imported_orders.record(imported)[0].customer_id == ann.id
    assert orders.place(bob.id, {lamp: 1}).order.customer_id == ann.id
    customer_merges.undo(bob.id)
    assert unique_values.owner_of(unique_values.CUSTOMER_REFERENCE, "django:customer:7") == bob.id
    assert problems() == []


def test_nobody_else_can_take_the_address_of_a_merged_customer(ann: Customer, bob: Customer) -> None:
    eve = a_customer("Eve", "eve@example.com")
    customer_merges.merge(ann.id, bob.id)
    with pytest.raises(DuplicateEmail):
        customers.create("Mallory", "annie@example.com")
    with pytest.raises(DuplicateEmail):
        customers.update(eve.id, {"email": "annie@example.com"})
    listed = read_page(list_queries.list_customers(CustomerFilter(), ["email"]), PageArgs())
    assert [edge.node.email for edge in listed.edges] == ["ann@example.com", "eve@example.com"]


def test_what_is_asked_of_a_merged_customer_says_who_was_kept(ann: Customer, bob: Customer) -> None:
    customer_merges.merge(ann.id, bob.id)
    said = f"{bob.id!r} was merged into {ann.id!r}"
    with pytest.raises(NotFound, match=said):
        deleted_customers.restore(bob.id)
    with pytest.raises(NotFound, match=said):
        deleted_customers.delete(bob.id)
    with pytest.raises(NotFound, match=said):
        customers.update(bob.id, {"name": "Bob"})
    with pytest.raises(NotFound, match=said):
        email_suppressions.lift(bob.id, "has called", list(Reason))


def test_the_kept_customer_can_use_the_absorbed_address(ann: Customer, bob: Customer) -> None:
    customer_merges.merge(ann.id, bob.id)
    customers.update(ann.id, {"email": "annie@example.com"})
    assert customers.find_by_email("ann@example.com") == customers.find_by_email("annie@example.com") == reload(ann)
    assert [each.absorbed["email"] for each in merge_records.absorbed_by(ann.id)] == ["ann@example.com"]
    with pytest.raises(DuplicateEmail, match="uses the e-mail address now"):
        customer_merges.undo(bob.id)
    customers.update(ann.id, {"email": "ann@example.com"})
    customer_merges.undo(bob.id)
    assert (reload(bob).email, reload(ann).email) == ("annie@example.com", "ann@example.com")


def test_a_deleted_kept_customer_takes_the_addresses_along(ann: Customer, bob: Customer) -> None:
    customer_merges.merge(ann.id, bob.id)
    deleted_customers.delete(ann.id)
    given = NewCustomer(name="Annie", email=bob.email)
    with pytest.raises(DuplicateEmail, match="former address"):
        returning_customers.create_or_restore(given, KnownCustomers({}))
    with pytest.raises(NotFound, match="was deleted"):
        customer_merges.undo(bob.id)
    deleted_customers.restore(ann.id)
    assert customers.find_by_email(bob.email) == reload(ann)
    deleted_customers.delete(ann.id)
    tables.AuxRow(pk=deleted_customers.PARTITION, sk=ann.id).delete()  # as its TTL does
    created, is_new = returning_customers.create_or_restore(given, KnownCustomers({}))
    assert is_new
    assert customers.find_by_email(bob.email) == created


def test_after_90_days_a_merge_cannot_be_undone_but_the_address_stays(ann: Customer, bob: Customer) -> None:
    with time_is("2026-11-01T10:00:00"):
        record = customer_merges.merge(ann.id, bob.id)
        assert record.undoable_until == "2027-01-30T10:00:00.000000Z"
    with time_is("2027-01-30T09:59:59"):
        customer_merges.check_undo(bob.id)
    with time_is("2027-01-30T10:00:01"):
        with pytest.raises(NotFound, match="There is no merge"):
            customer_merges.undo(bob.id)
        assert customers.find_by_email(bob.email) == reload(ann)
        (left,) = merge_records.absorbed_by(ann.id)
        assert (left.is_expired, left.absorbed, left.undoable_until) == (
            True,
            {"email": bob.email, "references": []},
            None,
        )


def test_forgetting_leaves_nothing_of_the_absorbed_customers(ann: Customer, bob: Customer) -> None:
    cleo = a_customer("Cleo", "cleo@example.com")
    customer_merges.merge(ann.id, bob.id)
    customer_merges.merge(cleo.id, ann.id)
    merge_erasure.forget(cleo.id)
    merge_erasure.forget(cleo.id)
    left = str(list(rows_of(tables.AuxRow).values()))
    assert "annie@example.com" not in left
    assert "ann@example.com" not in left
    assert customers.find_current(bob.id) is None
    assert a_customer(email="annie@example.com").id


def test_what_leads_to_a_deleted_customer_expires_with_the_archive(ann: Customer, bob: Customer) -> None:
    cleo = a_customer("Cleo", "cleo@example.com")
    customer_merges.merge(ann.id, bob.id)
    customer_merges.merge(cleo.id, ann.id)

    def expiring() -> set[str]:
        rows = rows_of(tables.AuxRow)
        led = {key for key in rows if key[1] in {ann.email, bob.email, ann.id, bob.id} and "merge" not in key[0][:6]}
        led |= {key for key in rows if key[0] == unique_values.MERGED_CUSTOMER}
        assert len(led) == 4
        return {rows[key]["ttl"]["N"] for key in led if "ttl" in rows[key]}

    assert expiring() == set()
    deleted_customers.delete(cleo.id)
    archived = rows_of(tables.AuxRow)[deleted_customers.PARTITION, cleo.id]
    assert expiring() == {archived["ttl"]["N"]}
    deleted_customers.restore(cleo.id)
    assert expiring() == set()
    assert customers.find_by_email(bob.email) == reload(cleo)
    customer_merges.undo(ann.id)
    customer_merges.undo(bob.id)
    assert (reload(cleo).absorbed, reload(ann).absorbed) == (0, 0)


def test_an_absorbed_address_that_the_kept_customer_has_given_up_comes_back(ann: Customer, bob: Customer) -> None:
    customer_merges.merge(ann.id, bob.id)
    for address in ("annie@example.com", "third@example.com"):
        customers.update(ann.id, {"email": address})
    customer_merges.undo(bob.id)
    assert customers.find_by_email("annie@example.com") == reload(bob)
    assert customers.find_by_email("ann@example.com") is None
    assert a_customer(email="ann@example.com").id


def test_an_undoing_says_who_has_the_address_now(ann: Customer, bob: Customer) -> None:
    customer_merges.merge(ann.id, bob.id)
    for address in ("annie@example.com", "third@example.com"):
        customers.update(ann.id, {"email": address})
    eve = a_customer("Eve", "annie@example.com")
    with pytest.raises(DuplicateEmail, match=f"{eve.id!r} uses the e-mail address now"):
        customer_merges.undo(bob.id)


def test_a_chain_is_not_undone_while_its_end_uses_an_address_of_its_beginning(ann: Customer, bob: Customer) -> None:
    cleo = a_customer("Cleo", "cleo@example.com")
    customer_merges.merge(ann.id, bob.id)
    customer_merges.merge(cleo.id, ann.id)
    customers.update(cleo.id, {"email": "Annie@example.com"})
    for check in (customer_merges.undo, customer_merges.plan_undoing):
        with pytest.raises(InvalidInput, match=f"Set the address of '{cleo.id}' to cleo@example.com first"):
            check(ann.id)
    customers.update(cleo.id, {"email": "cleo@example.com"})
    customer_merges.undo(ann.id)
    assert customers.find_by_email("cleo@example.com") == reload(cleo)
    assert customers.find_by_email(bob.email) == customers.find_by_email(ann.email) == reload(ann)
    customer_merges.undo(bob.id)
    assert customers.find_by_email(bob.email) == reload(bob)


def test_a_swap_before_the_second_merge_hinders_no_undoing(ann: Customer, bob: Customer) -> None:
    cleo = a_customer("Cleo", "cleo@example.com")
    customer_merges.merge(ann.id, bob.id)
    customers.update(ann.id, {"email": "annie@example.com"})
    customer_merges.merge(cleo.id, ann.id)
    customer_merges.undo(ann.id)
    assert customers.find_by_email("annie@example.com") == customers.find_by_email("ann@example.com") == reload(ann)


@pytest.mark.parametrize("first", ["bob", "dan"])
def test_addresses_that_merged_customers_have_swapped_go_back_to_each(ann: Customer, bob: Customer, first: str) -> None:
    dan = a_customer("Dan", "dan@example.com")
    for merged in (bob, dan):
        customer_merges.merge(ann.id, merged.id)
    for address in (bob.email, dan.email, ann.email):
        customers.update(ann.id, {"email": address})
    assert {each.absorbed_id: each.absorbed["email"] for each in merge_records.absorbed_by(ann.id)} == {
        bob.id: dan.email,
        dan.id: bob.email,
    }
    one, other = (bob, dan) if first == "bob" else (dan, bob)
    customer_merges.undo(one.id)
    assert customers.find_by_email(one.email) == reload(one)
    assert customers.find_by_email(other.email) == customers.find_by_email(ann.email) == reload(ann)
    customer_merges.undo(other.id)
    assert customers.find_by_email(other.email) == reload(other)
    assert customers.find_by_email(ann.email) == reload(ann)


def test_forgetting_leaves_a_reference_to_whoever_has_it_now(ann: Customer, bob: Customer) -> None:
    customer_references.link("django:customer:7", bob.id)
    customer_merges.merge(ann.id, bob.id)
    deleted_customers.delete(ann.id)
    tables.AuxRow(pk=deleted_customers.PARTITION, sk=ann.id).delete()  # as its TTL does
    dora = a_customer("Dora", "dora@example.com")
    customer_references.link("django:customer:7", dora.id)
    merge_erasure.forget(ann.id)
    assert customer_references.find("django:customer:7") == reload(dora)
    assert a_customer(email=bob.email).id


def test_the_longest_chain_of_merges_can_be_followed() -> None:
    first, *others = [a_customer(f"C{number}", f"c{number}@example.com") for number in range(26)]
    kept = first
    for each in others:
        customer_merges.merge(each.id, kept.id)
        kept = each
    assert customers.find_by_email(first.email) == reload(kept)
    with pytest.raises(InvalidInput, match="at most 25 others"):
        customer_merges.merge(a_customer().id, kept.id)

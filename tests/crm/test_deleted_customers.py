"""Deleted customers are kept for a while, and can be restored with e-mail address and orders."""

import json
from datetime import date, timedelta

import pytest

from chalicelib import clock
from chalicelib.crm import counters, customers, deleted_customers, orders
from chalicelib.crm.customers import Customer
from chalicelib.errors import DuplicateEmail, NotFound
from chalicelib.store import tables
from chalicelib.store.pagination import PageArgs, read_page
from tests.builders import a_customer, a_product, rows_of, time_is


def test_a_deleted_customer_is_archived_until_a_date_and_the_email_is_free() -> None:
    with time_is("2026-11-22T12:00:00"):
        ann = a_customer("Ann", "ann@example.com")
        order = orders.place(ann.id, {a_product().id: 1}).order
        deleted_customers.delete(ann.id)
        assert customers.find(ann.id) is None
        assert customers.find_by_email("ann@example.com") is None
        row = rows_of(tables.AuxRow)[deleted_customers.PARTITION, ann.id]
        assert row["ttl"]["N"] == str(int((clock.now() + timedelta(days=90)).timestamp()))
        content = json.loads(row["content"]["S"])
        assert content == {
            "name": "Ann",
            "email": "ann@example.com",
            "phone": None,
            "created_at": "2026-11-22T12:00:00.000000Z",
            "last_order": "2026-11-22T12:00:00.000000Z",
            "orders": "1",
            "restored_at": None,
            "added_at": "2026-11-22T12:00:00.000000Z",
            "created_by": None,
            "phone_note": None,
            "references": [],
            "absorbed": 0,
            "deleted_at": "2026-11-22T12:00:00.000000Z",
        }
        assert orders.find(order.id) == order
        assert counters.stats().customers == 0
        assert counters.stats().orders == 1
        assert a_customer(email="ann@example.com").id != ann.id


@pytest.fixture
def lapsed() -> Customer:
    with time_is("2025-01-01T12:00:00"):
        return a_customer("Ann", "ann@example.com", phone="+12345678")


def test_a_restored_customer_has_all_attributes_again() -> None:
    ann = a_customer("Ann", "ann@example.com", phone="+12345678")
    orders.place(ann.id, {a_product().id: 1})
    before = customers.find(ann.id)
    deleted_customers.delete(ann.id)
    restored = deleted_customers.restore(ann.id)
    assert restored.token != ann.token
    assert before
    assert (restored.email, restored.phone, restored.last_order, restored.orders) == (
        before.email,
        before.phone,
        before.last_order,
        1,
    )
    assert customers.find_by_email("ANN@example.com") == restored
    assert counters.stats().customers == 1
    assert deleted_customers.find(ann.id) is None


def test_restoring_again_returns_the_customer(lapsed: Customer) -> None:
    deleted_customers.delete(lapsed.id)
    assert deleted_customers.restore(lapsed.id) == deleted_customers.restore(lapsed.id)
    assert counters.stats().customers == 1


def test_a_customer_whose_email_is_taken_stays_in_the_archive(lapsed: Customer) -> None:
    deleted_customers.delete(lapsed.id)
    a_customer("Other", "ann@example.com")
    with pytest.raises(DuplicateEmail):
        deleted_customers.restore(lapsed.id)
    assert deleted_customers.find(lapsed.id)


@pytest.mark.parametrize("customer_id", ["", "42", "cus_01ARZ3NDEKTSV4RRFFQ69G5FAV"])
def test_an_unknown_customer_cannot_be_restored(customer_id: str) -> None:
    with pytest.raises(NotFound):
        deleted_customers.restore(customer_id)


def test_only_inactive_customers_are_deleted_by_the_clean_up(lapsed: Customer) -> None:
    assert deleted_customers.delete_inactive(lapsed.id, date(2025, 1, 1), "t1") is None
    assert deleted_customers.delete_inactive(lapsed.id, date(2025, 1, 2), "t1") == lapsed
    assert customers.find(lapsed.id) is None


def test_repeating_a_deletion_with_the_same_token_returns_the_same(lapsed: Customer) -> None:
    deleted_customers.delete_inactive(lapsed.id, date(2025, 1, 2), "t1")
    again = deleted_customers.delete_inactive(lapsed.id, date(2025, 1, 2), "t1")
    assert again
    assert again.id == lapsed.id
    assert deleted_customers.delete_inactive(lapsed.id, date(2025, 1, 2), "t2") is None
    assert counters.stats().customers == 0


def test_a_concurrent_order_wins_over_the_deletion(lapsed: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    product = a_product()
    find = customers.find

    def find_then_order(customer_id: str) -> Customer | None:
        monkeypatch.setattr(customers, "find", find)
        found = find(customer_id)
        orders.place(lapsed.id, {product.id: 1})
        return found

    monkeypatch.setattr(customers, "find", find_then_order)
    assert deleted_customers.delete_inactive(lapsed.id, date(2026, 1, 1), "t1") is None
    assert customers.find(lapsed.id)


def test_the_archive_lists_the_newest_customers_first() -> None:
    deleted = []
    for day in ("01", "02", "03"):
        with time_is(f"2026-01-{day}T12:00:00"):
            deleted.append(deleted_customers.delete(a_customer().id).id)
    assert [
        edge.node.customer.id for edge in read_page(deleted_customers.list_deleted_customers(), PageArgs()).edges
    ] == deleted[::-1]


def test_a_restored_customer_is_active_from_that_day(lapsed: Customer) -> None:
    deleted_customers.delete(lapsed.id)
    with time_is("2026-11-22T12:00:00"):
        restored = deleted_customers.restore(lapsed.id)
    assert (restored.active_on, restored.created_at) == ("2026-11-22", lapsed.created_at)
    assert deleted_customers.delete_inactive(lapsed.id, date(2026, 11, 22), "t1") is None
    assert deleted_customers.delete_inactive(lapsed.id, date(2026, 11, 23), "t1")


def test_restoring_twice_changes_nothing_more(lapsed: Customer) -> None:
    deleted_customers.delete(lapsed.id)
    assert deleted_customers.restore(lapsed.id) == deleted_customers.restore(lapsed.id)
    assert counters.stats().customers == 1
    assert deleted_customers.find(lapsed.id) is None


def test_a_later_deletion_is_not_the_result_for_an_older_token(lapsed: Customer) -> None:
    assert deleted_customers.delete_inactive(lapsed.id, date(2026, 1, 1), "t1")
    deleted_customers.restore(lapsed.id)
    assert deleted_customers.delete_inactive(lapsed.id, date(2026, 1, 1), "t1") is None
    assert customers.find(lapsed.id)
    assert counters.stats().customers == 1


def test_a_concurrent_change_is_archived_too(lapsed: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    find = customers.find

    def find_then_rename(customer_id: str) -> Customer | None:
        monkeypatch.setattr(customers, "find", find)
        found = find(customer_id)
        customers.update(lapsed.id, {"email": "lee@example.com"})
        return found

    monkeypatch.setattr(customers, "find", find_then_rename)
    deleted = deleted_customers.delete_inactive(lapsed.id, date(2026, 1, 1), "t1")
    assert deleted
    archived = deleted_customers.find(lapsed.id)
    assert archived
    assert deleted.email == archived.customer.email == "lee@example.com"
    assert customers.find_by_email("lee@example.com") is None
    assert customers.find_by_email("ann@example.com") is None
    assert a_customer(email="lee@example.com")

"""Customers: what is accepted, what is unique, what changes, and what a deletion leaves behind."""

from functools import partial

import pytest

from chalicelib.crm import counters, customers, deleted_customers, orders, text, unique_values
from chalicelib.errors import CrmError, DuplicateEmail, InvalidEmail, InvalidInput, InvalidPhone, NotFound
from chalicelib.store import tables
from tests.builders import a_customer, a_product, moment, rows_of

UNKNOWN = "cus_" + "0" * 26


def test_a_customer_is_stored_as_entered_and_found_by_id_and_email() -> None:
    ann = customers.create("  Ann Lee ", " Ann@Example.com ", "+1 (234) 567-890")
    assert (ann.name, ann.email, ann.phone, ann.orders) == ("Ann Lee", "Ann@Example.com", "+1 (234) 567-890", 0)
    assert customers.find(ann.id) == ann == customers.find_by_email("ANN@example.COM")
    assert customers.find_all([ann.id, UNKNOWN]) == {ann.id: ann}


@pytest.mark.parametrize(
    "email",
    [
        "",
        "   ",
        "ann",
        "ann@",
        "@example.com",
        "ann@example",
        "ann@@example.com",
        "ann lee@example.com",
        "ann@example..com",
        "ann@example.com.",
        "ann@exam\x00ple.com",
        "ann\u200b@example.com",
        "ann\uff20x@example.com",
        "\ud800@example.com",
        "a" * 250 + "@example.com",
        "\ufdfa" * 200 + "@example.com",
    ],
)
def test_an_invalid_email_is_rejected(email: str) -> None:
    with pytest.raises(InvalidEmail) as raised:
        customers.create("Ann", email)
    assert (raised.value.code, raised.value.field) == ("INVALID_EMAIL", "email")
    assert rows_of(tables.AuxRow) == {}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "Name cannot be blank"),
        (" \t ", "Name cannot be blank"),
        ("A" * 201, "Name cannot be longer than 200 characters"),
        ("\ufdfa" * 200, "Name cannot be longer than 200 characters"),
        ("Ann\nLee", "Name contains control characters"),
        ("Ann \u202eeel", "Name contains control characters"),
        ("\u2066Ann", "Name contains control characters"),
        ("\u200b\u200d\u00ad", "Name cannot be blank"),
        ("\u0301", "Name cannot be blank"),
        ("Ann\u2028Lee", "Name contains control characters"),
        ("Ann\x1fLee", "Name contains control characters"),
        ("Ann\ud800", "Name contains control characters"),
    ],
)
def test_an_invalid_name_is_rejected(name: str, says: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        customers.create(name, "ann@example.com")
    assert (raised.value.code, raised.value.message, raised.value.field) == ("INVALID_INPUT", says, "name")


@pytest.mark.parametrize("name", ["A" * 200, "\u5f20" * 200, "\U0001f469\u200d\U0001f680", "O'Neil; DROP"])
def test_any_other_name_is_stored_as_it_is(name: str) -> None:
    found = customers.find(a_customer(name).id)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "phone", ["+1234567890", "123-456-7890", "(030) 1234567", "030/123.45.67", "1234567", "1" * 15]
)
def test_a_phone_with_the_usual_separators_is_kept_as_typed(phone: str) -> None:
    assert a_customer(phone=phone).phone == phone


@pytest.mark.parametrize(
    "phone", ["123456", "1" * 16, "12-34", "+", "++12345678", "12345678x", "1234567" + " " * 40 + "8"]
)
def test_an_invalid_phone_is_rejected(phone: str) -> None:
    with pytest.raises(InvalidPhone) as raised:
        a_customer(phone=phone)
    assert raised.value.message == "Invalid phone format. Use +1234567890 or 123-456-7890"
    assert (raised.value.code, raised.value.field) == ("INVALID_PHONE", "phone")


def test_a_blank_phone_is_stored_as_none() -> None:
    assert a_customer(phone="  ").phone is None


@pytest.mark.parametrize("other", ["ann@example.com", "ANN@Example.COM", " ann@example.com", "\uff41nn@example.com"])
def test_an_email_is_unique_in_any_case_and_unicode_form(other: str) -> None:
    a_customer(email="ann@example.com")
    with pytest.raises(DuplicateEmail) as raised:
        a_customer(email=other)
    assert (raised.value.code, raised.value.message, raised.value.field) == (
        "DUPLICATE_EMAIL",
        "Email already exists",
        "email",
    )
    assert counters.stats().customers == 1


@pytest.mark.parametrize(
    ("one", "other"), [("\u0390", "\u03aa\u0301"), ("STRASSE", "stra\u00dfe"), ("\u00e9", "e\u0301")]
)
def test_normalizing_is_idempotent_and_equal_for_equal_looking_texts(one: str, other: str) -> None:
    assert text.normalize(one) == text.normalize(other) == text.normalize(text.normalize(one))


def test_each_field_can_be_changed_alone() -> None:
    ann = a_customer("Ann", "ann@example.com", phone="1234567")
    assert customers.update(ann.id, {"name": "Anna"}).name == "Anna"
    assert customers.update(ann.id, {"phone": "7654321"}).phone == "7654321"
    assert customers.update(ann.id, {"phone": None}).phone is None
    assert customers.update(ann.id, {"email": "anna@example.com"}).email == "anna@example.com"
    stored = customers.find(ann.id)
    assert stored is not None
    assert (stored.name, stored.email, stored.phone, stored.created_at) == (
        "Anna",
        "anna@example.com",
        None,
        ann.created_at,
    )
    assert customers.update(ann.id, {}).name == "Anna"


def test_changing_the_email_releases_the_old_one_and_claims_the_new_one() -> None:
    ann = a_customer(email="ann@example.com")
    customers.update(ann.id, {"email": "anna@example.com"})
    assert unique_values.owner_of(unique_values.EMAIL, "ann@example.com") is None
    assert unique_values.owner_of(unique_values.EMAIL, "anna@example.com") == ann.id
    bob = a_customer(email="ann@example.com")
    with pytest.raises(DuplicateEmail):
        customers.update(bob.id, {"email": "Anna@example.com"})
    assert unique_values.owner_of(unique_values.EMAIL, "ann@example.com") == bob.id


def test_the_owner_may_change_the_spelling_of_an_email() -> None:
    ann = a_customer(email="ann@example.com")
    assert customers.update(ann.id, {"email": "Ann@Example.com"}).email == "Ann@Example.com"
    assert unique_values.owner_of(unique_values.EMAIL, "ann@example.com") == ann.id


@pytest.mark.parametrize("changes", [{"name": None}, {"name": " "}, {"email": None}, {"email": "x"}, {"phone": "x"}])
def test_a_change_is_validated_like_a_new_customer(changes: dict[str, str | None]) -> None:
    ann = a_customer()
    with pytest.raises(InvalidInput) as raised:
        customers.update(ann.id, changes)
    assert raised.value.field == next(iter(changes))
    assert customers.find(ann.id) == ann


@pytest.mark.parametrize("customer_id", [UNKNOWN, "", "42", "prd_" + "0" * 26, "cus_\ud800"])
def test_an_unknown_customer_cannot_be_changed_or_deleted(customer_id: str) -> None:
    for action in (
        partial(customers.update, customer_id, {"name": "X"}),
        partial(deleted_customers.delete, customer_id),
    ):
        with pytest.raises(NotFound) as raised:
            action()
        assert (raised.value.code, raised.value.field) == ("NOT_FOUND", "id")


def test_a_concurrent_change_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    ann = a_customer("Ann")
    before = [ann]
    find = customers.find
    customers.update(ann.id, {"phone": "1234567"})
    monkeypatch.setattr(customers, "find", lambda key: before.pop() if before else find(key))
    changed = customers.update(ann.id, {"name": "Anna"})
    assert (changed.name, changed.phone) == ("Anna", "1234567")


def test_changes_that_always_lose_end_as_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    ann = a_customer()
    customers.update(ann.id, {"name": "Anna"})
    monkeypatch.setattr(customers, "find", lambda _: ann)
    for action in (partial(customers.update, ann.id, {"name": "X"}), partial(deleted_customers.delete, ann.id)):
        with pytest.raises(CrmError) as raised:
            action()
        assert raised.value.code == "CONFLICT"


def test_a_customer_is_deleted_once() -> None:
    ann = a_customer()
    assert deleted_customers.delete(ann.id) == ann
    with pytest.raises(NotFound):
        deleted_customers.delete(ann.id)


def test_an_order_placed_during_a_deletion_is_archived_with_the_customer(monkeypatch: pytest.MonkeyPatch) -> None:
    ann = a_customer()
    orders.place(ann.id, {a_product().id: 1})
    before, find = [ann], customers.find
    monkeypatch.setattr(customers, "find", lambda key: before.pop() if before else find(key))
    assert deleted_customers.delete(ann.id).orders == 1


def test_a_customer_from_another_system_counts_on_the_given_day() -> None:
    ann = a_customer(created_at=moment("2020-02-29T10:00:00"))
    assert ann.created_at == "2020-02-29T10:00:00.000000Z"
    assert rows_of(tables.Customer)[(ann.id,)]["act_k"]["S"][:10] == "2020-02-29"
    day = moment("2020-02-29T00:00:00").date()
    assert counters.stats(day, day).new_customers == 1


@pytest.mark.parametrize("created_at", ["1899-12-31T23:59:59", "2999-01-01T00:00:00"])
def test_an_impossible_creation_date_is_rejected(created_at: str) -> None:
    with pytest.raises(InvalidInput, match="The date must be between 1900 and now"):
        a_customer(created_at=moment(created_at))

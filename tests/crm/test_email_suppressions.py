"""Suppressed e-mail addresses: what suppresses one, for how long, and what is stored."""

import json
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.crm import customers, deleted_customers, email_suppressions
from chalicelib.crm.email_suppressions import Reason, Suppression, lift, suppress
from chalicelib.errors import Forbidden, InvalidInput, NotFound
from chalicelib.store import change_marks, stage_secrets, tables
from tests.builders import a_customer, changes_of, rows_of, time_is
from tests.metering import metered

ANN = "ann@example.com"
NOON, LATER = "2026-11-22T12:00:00", "2026-11-22T13:00:00"
BOUNCE, COMPLAINT, UNSUBSCRIBE = Reason
ALL = frozenset(Reason)


def at(text: str, reason: Reason, email: str = ANN) -> bool:
    with time_is(text):
        return suppress(email, reason, clock.now())


def reason_of(email: str = ANN) -> Reason | None:
    found = email_suppressions.find(email)
    return found.reason if found else None


def state_rows() -> dict[tuple[str, ...], dict[str, dict[str, str]]]:
    return {key: row for key, row in rows_of(tables.AuxRow).items() if key[0].startswith("suppressed#")}


def test_an_address_is_suppressed_however_it_is_spelt() -> None:
    assert at(NOON, BOUNCE, " Ann@BÜCHER2.example ")
    found = email_suppressions.find_all(["ann@xn--bcher2-3ya.example", "ANN@bücher2.example", "bob@example.com"])
    assert {email: each.reason for email, each in found.items()} == {
        "ann@xn--bcher2-3ya.example": BOUNCE,
        "ANN@bücher2.example": BOUNCE,
    }
    assert found["ANN@bücher2.example"].since == "2026-11-22T12:00:00.000000Z"


def test_what_is_stored_names_nobody_and_cannot_be_found_without_the_secret() -> None:
    at(NOON, UNSUBSCRIBE)
    ((key, row),) = state_rows().items()
    assert "ann" not in json.dumps([key, row]).lower()
    assert row.keys() == {"pk", "sk", "reason", "since", "token"}
    tables.AuxRow(stage_secrets.PARTITION, email_suppressions.PURPOSE).delete()
    stage_secrets.forget()
    stage_secrets.read(email_suppressions.PURPOSE)
    assert reason_of() is None, "the key of the row depends on the secret"


@pytest.mark.parametrize(
    ("first", "second", "changes"),
    [
        (BOUNCE, BOUNCE, False),
        (BOUNCE, COMPLAINT, True),
        (BOUNCE, UNSUBSCRIBE, True),
        (COMPLAINT, BOUNCE, False),
        (COMPLAINT, UNSUBSCRIBE, False),
        (UNSUBSCRIBE, BOUNCE, False),
        (UNSUBSCRIBE, COMPLAINT, False),
        (UNSUBSCRIBE, UNSUBSCRIBE, False),
    ],
)
def test_the_wish_of_a_person_replaces_a_bounce_and_nothing_else_replaces_anything(
    first: Reason, second: Reason, *, changes: bool
) -> None:
    assert at(NOON, first)
    assert at(LATER, second) is changes
    found = email_suppressions.find(ANN)
    assert found
    assert (found.reason, found.since[11:13]) == ((second, "13") if changes else (first, "12"))


def test_another_address_of_the_same_customer_gets_emails_again() -> None:
    customer = a_customer(email=ANN)
    at(NOON, COMPLAINT)
    changed = customers.update(customer.id, {"email": "ann.lee@example.com"})
    assert reason_of(changed.email) is None
    assert reason_of() is COMPLAINT


def test_a_suppression_survives_the_customer() -> None:
    customer = a_customer(email=ANN)
    at(NOON, UNSUBSCRIBE)
    deleted_customers.delete(customer.id)
    tables.AuxRow(deleted_customers.PARTITION, customer.id).delete()  # erased
    assert reason_of(a_customer(email=ANN).email) is UNSUBSCRIBE


def test_a_lifted_suppression_is_over_and_its_record_says_who_lifted_it_and_why() -> None:
    customer = a_customer(email=ANN)
    at(NOON, BOUNCE)
    with time_is(LATER), change_marks.made_by("Ops"):
        assert lift(customer.id, "mailbox was full", {BOUNCE}) == customer
    assert reason_of() is None
    ((_, state),) = state_rows().items()
    assert int(state["ttl"]["N"]) > 0
    (change,) = changes_of(customer.id)
    assert (change.actor, change.reason) == ("Ops", "mailbox was full")
    assert (change.before, change.after) == ({"emailSuppression": "BOUNCE"}, {"emailSuppression": None})


def test_after_a_lift_a_late_event_changes_nothing_and_a_new_one_suppresses_again() -> None:
    customer = a_customer(email=ANN)
    at(NOON, BOUNCE)
    with time_is(LATER):
        lift(customer.id, "checked", ALL)
    assert not at("2026-11-22T12:30:00", COMPLAINT), "it happened before the lift"
    assert reason_of() is None
    assert at("2026-11-22T13:00:01", BOUNCE)
    assert reason_of() is BOUNCE
    assert "ttl" not in next(iter(state_rows().values())), "the suppression stays until somebody lifts it"


def test_an_event_dated_in_the_future_counts_from_now() -> None:
    customer = a_customer(email=ANN)
    with time_is(NOON):
        suppress(ANN, BOUNCE, clock.now() + timedelta(days=400))
    found = email_suppressions.find(ANN)
    assert found
    assert found.since == "2026-11-22T12:00:00.000000Z"
    with time_is(LATER):
        lift(customer.id, "checked", ALL)
    assert reason_of() is None


@pytest.mark.parametrize("reason", [COMPLAINT, UNSUBSCRIBE])
def test_who_may_lift_bounces_may_not_lift_what_a_person_wished(reason: Reason) -> None:
    customer = a_customer(email=ANN)
    at(NOON, reason)
    with pytest.raises(Forbidden, match=f"Only an OPERATOR may lift a suppression for {reason}"):
        lift(customer.id, "please", {BOUNCE})
    assert reason_of() is reason


def test_what_cannot_be_lifted_says_why() -> None:
    customer = a_customer(email=ANN)
    with pytest.raises(NotFound, match="is not suppressed"):
        lift(customer.id, "please", ALL)
    with pytest.raises(NotFound, match="no customer"):
        lift("cus_x", "please", ALL)
    at(NOON, BOUNCE)
    for why in ("  ", "x" * 201, "a\nb"):
        with pytest.raises(InvalidInput):
            lift(customer.id, why, ALL)
    assert reason_of() is BOUNCE


def test_a_complaint_that_comes_during_a_lift_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    customer = a_customer(email=ANN)
    at(NOON, BOUNCE)
    find = email_suppressions.find
    raced: list[bool] = []

    def find_then_lose(email: str) -> Suppression | None:
        found = find(email)
        if not raced:
            raced.append(at(LATER, COMPLAINT))
        return found

    monkeypatch.setattr(email_suppressions, "find", find_then_lose)
    with pytest.raises(Forbidden):
        lift(customer.id, "please", {BOUNCE})
    assert find(ANN) is not None


def test_looking_costs_one_call_for_a_hundred_addresses_and_no_write_before_anything_is_suppressed() -> None:
    emails = [f"a{number}@example.com" for number in range(100)]
    with metered() as first:
        assert email_suppressions.find_all(emails) == {}
        assert email_suppressions.find_all(emails) == {}
    assert first.calls == {"GetItem": 1}, "it looks for the secret, and remembers that there is none"
    at(NOON, BOUNCE, emails[3])
    with metered() as second:
        assert email_suppressions.find_all(emails).keys() == {emails[3]}
    assert second.calls == {"BatchGetItem": 1}

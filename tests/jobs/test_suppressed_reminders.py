"""Reminders to suppressed addresses: the line says so, and no e-mail is sent or claimed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.crm import email_suppressions, orders
from chalicelib.crm.email_suppressions import Reason, suppress
from chalicelib.jobs import email, operator_actions, order_reminders
from chalicelib.jobs.catalog import ORDER_REMINDERS
from chalicelib.jobs.email import Email
from chalicelib.jobs.run_records import Status
from chalicelib.jobs.slots import Slot
from chalicelib.settings import settings
from chalicelib.store import tables
from tests.builders import a_customer, a_product, rows_of
from tests.jobs.job_runs import Clock, Consumer, find_run, make_runner, preview_of, stored_lines, with_page_size

NAME = ORDER_REMINDERS.name
SLOT = Slot("2026-11-22T08:00:00Z")
ADDRESSES = ("ann@example.com", "bob@example.com", "cy@example.com")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, time: Clock) -> list[str]:
    """Return the list that gets the address of each e-mail. There is one order of each customer."""
    time.at("2026-11-22T08:00:00")
    with_sender = replace(settings, mail_sender="orders@crm.example", api_url="https://crm.example/graphql")
    for module in (email, order_reminders):
        monkeypatch.setattr(module, "settings", with_sender)
    product = a_product(stock=50)
    for number, address in enumerate(ADDRESSES):
        orders.place(a_customer(email=address).id, {product.id: 1}, time.now - timedelta(minutes=9 - number))
    found: list[str] = []

    def take(message: Email) -> None:
        found.extend(message.to)

    monkeypatch.setattr(email, "_request", take)
    return found


def without_email(address: str, slot: str = SLOT) -> list[str]:
    """Return what follows the address in the lines of a run."""
    return [line.split(address)[1] for line in stored_lines(NAME, slot) if address in line]


def test_a_suppressed_address_gets_a_line_that_says_so_and_no_email(sent: list[str], time: Clock) -> None:
    suppress("Ann@example.com", Reason.COMPLAINT, clock.now())
    make_runner().fire(ORDER_REMINDERS, time.now)
    run = find_run(NAME, SLOT)
    assert sent == ["bob@example.com", "cy@example.com"]
    assert run.counts == {"reminded": 3, "already_reminded": 0, "mails_sent": 2, "mails_suppressed": 1}
    assert without_email("ann@example.com") == [", not e-mailed: COMPLAINT"]
    assert without_email("bob@example.com") == [""]
    assert len([key for key in rows_of(tables.AuxRow) if key[0].startswith("mail#")]) == 2


def test_the_preview_says_who_is_not_emailed_as_the_run_then_does(sent: list[str], time: Clock) -> None:
    suppress("cy@example.com", Reason.UNSUBSCRIBE, clock.now())
    shown = preview_of(ORDER_REMINDERS)
    assert shown.summary == (
        "3 orders are due for a reminder; 1 of them is not e-mailed, because the address is suppressed"
    )
    make_runner().fire(ORDER_REMINDERS, time.now)
    assert list(shown.lines) == stored_lines(NAME, SLOT)
    assert len(sent) == 2


def test_without_a_sender_nothing_is_said_about_emails(
    sent: list[str], time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    suppress("ann@example.com", Reason.BOUNCE, clock.now())
    monkeypatch.setattr(order_reminders, "settings", settings)
    assert preview_of(ORDER_REMINDERS).summary == "3 orders are due for a reminder"
    make_runner().fire(ORDER_REMINDERS, time.now)
    assert sent == []
    assert find_run(NAME, SLOT).counts == {"reminded": 3, "already_reminded": 0}
    assert without_email("ann@example.com") == [""]


def test_a_page_that_stops_at_a_suppressed_address_goes_on_behind_it(
    sent: list[str], time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    suppress("ann@example.com", Reason.BOUNCE, clock.now())
    suppress("bob@example.com", Reason.BOUNCE, clock.now())
    monkeypatch.setattr(order_reminders, "SELECT", with_page_size(order_reminders.SELECT, 2))
    left = iter([300.0, 1.0])
    make_runner(lambda: next(left, 1.0)).fire(ORDER_REMINDERS, time.now)
    Consumer().deliver_all()
    run = find_run(NAME, SLOT)
    assert run.status is Status.SUCCEEDED
    assert run.counts == {"reminded": 3, "already_reminded": 0, "mails_suppressed": 2, "mails_sent": 1}
    assert sent == ["cy@example.com"]
    assert len(set(stored_lines(NAME, SLOT))) == 3


def test_a_lifted_address_gets_the_reminders_of_the_next_day(sent: list[str], time: Clock) -> None:
    suppress("ann@example.com", Reason.BOUNCE, clock.now())
    make_runner().fire(ORDER_REMINDERS, time.now)
    time.later(hours=1)
    (ann,) = [row["id"]["S"] for row in rows_of(tables.Customer).values() if row["email"]["S"] == "ann@example.com"]
    email_suppressions.lift(ann, "checked", {Reason.BOUNCE})
    operator_actions.run_now(ORDER_REMINDERS, "ops", {})
    Consumer().deliver_all()
    assert "ann@example.com" not in sent, "the day's reminder was logged, and is not repeated"
    make_runner().fire(ORDER_REMINDERS, time.at("2026-11-23T08:00:00"))
    assert "ann@example.com" in sent

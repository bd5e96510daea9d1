"""Reminder e-mails: at most one per order and day, even if an outcome is unknown, and none without a sender."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from moto.backends import get_backend

from chalicelib import aws
from chalicelib.api.http.http_types import Request
from chalicelib.api.pages import unsubscribe
from chalicelib.crm import email_suppressions, money, orders, unsubscribe_tokens
from chalicelib.jobs import email, ledger, operator_actions, order_reminders
from chalicelib.jobs.catalog import ORDER_REMINDERS
from chalicelib.jobs.order_reminders import DueOrder, OrderCustomer
from chalicelib.jobs.slots import Slot
from chalicelib.settings import settings
from chalicelib.store import tables
from tests.builders import a_customer, a_product, rows_of
from tests.jobs.job_runs import Clock, Consumer, find_run, make_runner, stored_lines

NAME = ORDER_REMINDERS.name
SLOT = Slot("2026-11-22T08:00:00Z")
TODAY = date(2026, 11, 22)
SENDER = "orders@crm.example"
API = "https://crm.example/api/graphql"


@pytest.fixture(autouse=True)
def _sender(monkeypatch: pytest.MonkeyPatch, time: Clock) -> Iterator[None]:
    """Set and verify the sender, because moto's SES rejects e-mails from any other."""
    time.at("2026-11-22T08:00:00")
    aws.client("sesv2").create_email_identity(EmailIdentity=SENDER)
    with_sender = replace(settings, mail_sender=SENDER, api_url=API)
    monkeypatch.setattr(email, "settings", with_sender)
    monkeypatch.setattr(order_reminders, "settings", with_sender)
    sent_mails().clear()
    yield
    aws.client("sesv2").delete_email_identity(EmailIdentity=SENDER)


def sent_mails() -> list[Any]:
    found: list[Any] = get_backend("ses")["123456789012"]["us-east-1"].sent_messages
    return found


def an_order(name: str = "Ann Lee", email: str = "ann@example.com") -> orders.Order:
    return orders.place(a_customer(name, email).id, {a_product(price="12.50").id: 2}).order


def as_answered(order: orders.Order, email: str = "ann@example.com") -> DueOrder:
    """Return the order as the API answers it."""
    customer: OrderCustomer = {"name": "Ann Lee", "email": email, "emailSuppression": None}
    return {"id": order.id, "orderDate": order.date, "totalAmount": "25.00", "customer": customer}


def test_each_order_gets_an_email_and_the_run_counts_them(time: Clock) -> None:
    order = an_order()
    an_order("Bob", "bob@example.com")
    make_runner().fire(ORDER_REMINDERS, time.now)
    assert find_run(NAME, SLOT).counts == {"reminded": 2, "already_reminded": 0, "mails_sent": 2}
    first, second = sorted(sent_mails(), key=lambda sent: str(sent.destinations))
    assert first.source == second.source == SENDER
    assert (first.destinations, second.destinations) == (
        {"ToAddresses": ["ann@example.com"]},
        {"ToAddresses": ["bob@example.com"]},
    )
    assert first.subject == "Your order of 2026-11-22"
    assert first.body == (
        f"Hello Ann Lee,\n\nthis is a reminder of your order {order.id} of 2026-11-22: $25.00 in total.\n\n"
        f"To stop e-mails about your orders: {link('ann@example.com')}\n"
    )


def test_a_total_in_another_currency_has_its_code(time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(money, "settings", replace(settings, currency="EUR"))
    an_order()
    make_runner().fire(ORDER_REMINDERS, time.now)
    (sent,) = sent_mails()
    assert "EUR 25.00 in total." in sent.body
    assert "$" not in sent.body


def link(address: str) -> str:
    return f"https://crm.example/api/unsubscribe?token={unsubscribe_tokens.token_for(address)}"


def requests_of(work: Callable[[], object]) -> list[dict[str, Any]]:
    """Return the requests for e-mails that reach SES meanwhile."""
    found: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_rest: Any) -> None:
        found.append(json.loads(params["body"]))

    events = aws.client("sesv2", tries=1).meta.events
    events.register("before-call.sesv2.SendEmail", note)
    try:
        work()
    finally:
        events.unregister("before-call.sesv2.SendEmail", note)
    return found


def test_a_reminder_can_be_unsubscribed_from_in_one_click() -> None:
    order = as_answered(an_order())
    (request,) = requests_of(lambda: order_reminders.send_reminders(TODAY, [order]))
    assert request["Content"]["Simple"]["Headers"] == [
        {"Name": "List-Unsubscribe", "Value": f"<{link('ann@example.com')}>"},
        {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
    ]
    token = link("ann@example.com").partition("token=")[2]
    answer = unsubscribe.serve(Request("POST", {}, {"token": token}, "List-Unsubscribe=One-Click"))
    assert answer.status == 200
    assert email_suppressions.find("ann@example.com")


def test_the_name_of_the_customer_is_in_no_header(time: Clock) -> None:
    an_order("=?utf-8?q?Mallory?= List-Unsubscribe: <https://evil.example>")
    (request,) = requests_of(lambda: make_runner().fire(ORDER_REMINDERS, time.now))
    message = request["Content"]["Simple"]
    assert "Mallory" in message.pop("Body")["Text"]["Data"]
    assert "Mallory" not in json.dumps(request)
    assert request["Destination"] == {"ToAddresses": ["ann@example.com"]}


def test_without_https_the_link_is_in_the_text_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 8058 takes https only. Locally there is none."""
    local = replace(settings, mail_sender=SENDER, api_url="http://127.0.0.1:8000/graphql")
    monkeypatch.setattr(order_reminders, "settings", local)
    order = as_answered(an_order())
    (request,) = requests_of(lambda: order_reminders.send_reminders(TODAY, [order]))
    assert request["Content"]["Simple"]["Headers"] == []
    assert "http://127.0.0.1:8000/unsubscribe?token=" in request["Content"]["Simple"]["Body"]["Text"]["Data"]


def test_an_email_is_sent_once_a_day_even_if_the_job_runs_again(time: Clock) -> None:
    an_order()
    make_runner().fire(ORDER_REMINDERS, time.now)
    time.later(hours=1)
    operator_actions.run_now(ORDER_REMINDERS, "ann", {})
    Consumer().deliver_all()
    assert len(sent_mails()) == 1
    make_runner().fire(ORDER_REMINDERS, time.at("2026-11-23T08:00:00"))
    assert len(sent_mails()) == 2


def test_without_a_sender_no_email_is_sent_or_claimed(time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    an_order()
    for module in (email, order_reminders):
        monkeypatch.setattr(module, "settings", settings)
    make_runner().fire(ORDER_REMINDERS, time.now)
    assert sent_mails() == []
    assert find_run(NAME, SLOT).counts == {"reminded": 1, "already_reminded": 0}
    assert not [key for key in rows_of(tables.AuxRow) if key[0].startswith("mail#")]


def test_a_repeated_step_sends_no_email_again_and_counts_the_same() -> None:
    order = as_answered(an_order())
    assert order_reminders.send_reminders(TODAY, [order]) == [email.SENT]
    assert order_reminders.send_reminders(TODAY, [order]) == [email.SENT]
    assert len(sent_mails()) == 1
    row = rows_of(tables.AuxRow)[f"mail#{TODAY}", order["id"]]
    assert row["owner"]["S"] == email.SENT
    assert int(row["ttl"]["N"]) > 0


def test_an_email_whose_sender_died_is_doubtful_and_never_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    order = as_answered(an_order())

    def die(_order: dict[str, Any]) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(email, "_send", die)
        with pytest.raises(KeyboardInterrupt):
            order_reminders.send_reminders(TODAY, [order])
    for _ in range(2):
        assert order_reminders.send_reminders(TODAY, [order]) == [email.DOUBTFUL]
    assert sent_mails() == []
    assert order_reminders.send_reminders(date(2026, 11, 23), [order]) == [email.SENT]


def test_an_email_without_an_answer_is_doubtful_and_not_retried() -> None:
    order = as_answered(an_order())
    tries = []

    def lose(**_: Any) -> None:
        tries.append(1)
        raise ReadTimeoutError(endpoint_url="lost")

    events = aws.client("sesv2", tries=1).meta.events
    events.register_first("before-send.sesv2", lose)
    try:
        assert order_reminders.send_reminders(TODAY, [order]) == [email.DOUBTFUL]
    finally:
        events.unregister("before-send.sesv2", lose)
    assert len(tries) == 1
    assert order_reminders.send_reminders(TODAY, [order]) == [email.DOUBTFUL]
    assert sent_mails() == []


def test_a_worker_that_dies_after_sending_does_not_send_again(time: Clock) -> None:
    order = an_order()
    run = ledger.claim(ORDER_REMINDERS, SLOT)
    assert run
    order_reminders.send_reminders(TODAY, [as_answered(order)])
    time.later(minutes=7)
    make_runner().run(ORDER_REMINDERS, SLOT)
    assert len(sent_mails()) == 1
    assert find_run(NAME, SLOT).counts == {"reminded": 1, "already_reminded": 0, "mails_sent": 1}
    assert len(stored_lines(NAME, SLOT)) == 1
